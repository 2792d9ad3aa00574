"""Reports: what is counted, what is compared, what is said."""

from __future__ import annotations

import pytest

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Ranking, Run
from vibeshelf.services.evaluation import Comparison, evaluate, paired_differences, summarise
from vibeshelf.services.measures import parse_measures


def run_of(name: str, **found: str) -> Run:
    """A run of letters: `q1="ab"` ranks book a before book b."""
    return Run(name, {query: Ranking(tuple(books), tuple(float(-at) for at in range(len(books)))) for query, books in found.items()})


JUDGED = {f"q{at}": {"a": 1, "b": 0} for at in range(20)}
GOOD = run_of("good", **dict.fromkeys(JUDGED, "ab"))
BAD = run_of("bad", **dict.fromkeys(JUDGED, "ba"))


def test_every_judged_query_counts_and_the_unjudged_are_named() -> None:
    half = run_of("half", **dict.fromkeys([f"q{at}" for at in range(10)], "ab"))
    report = evaluate([half], JUDGED, parse_measures("RR@10,Judged@10"), query_ids=[*JUDGED, "q99"])
    summary = report.measured["half"].summaries["RR@10"]
    assert (summary.mean, summary.n) == (0.5, 20)
    assert summary.ci_low is not None
    assert summary.ci_high is not None
    assert 0.2 < summary.ci_low < 0.5 < summary.ci_high < 0.8
    coverage = report.measured["half"].summaries["Judged@10"]
    assert (coverage.mean, coverage.n) == (1.0, 10)
    assert report.queries == 20
    assert report.unjudged == ("q99",)
    assert report.comparisons == ()
    assert report.baseline is None


def test_queries_without_relevant_books_are_counted_and_named() -> None:
    report = evaluate([GOOD], {**JUDGED, "q20": {"a": 0}}, parse_measures("RR@10"))
    assert report.without_relevant == ("q20",)
    assert report.measured["good"].summaries["RR@10"].n == 21
    assert report.measured["good"].values["RR@10"]["q20"] == 0.0


def test_what_the_unjudged_could_change_stands_beside_the_mean() -> None:
    report = evaluate([run_of("s", **dict.fromkeys(JUDGED, "xa"))], JUDGED, parse_measures("RR@10,AP"))
    summary = report.measured["s"].summaries["RR@10"]
    assert (summary.mean, summary.upper) == (0.5, 1.0)
    assert report.measured["s"].summaries["AP"].upper is None


def test_a_clear_difference_is_decided_and_said_in_plain_words() -> None:
    report = evaluate([BAD, GOOD], JUDGED, parse_measures("RR@10,P@1,Judged@10"), baseline="bad")
    assert [(each.system, each.measure) for each in report.comparisons] == [("good", "RR@10"), ("good", "P@1")]
    first = report.comparisons[0]
    assert (first.difference, first.n, first.needed) == (0.5, 20, None)
    assert first.p_value is not None
    assert first.p_adjusted == pytest.approx(2 * first.p_value)
    assert first.sentence == "good beats bad: +0.500 RR@10, p < .001, 20 queries"
    assert evaluate([BAD, GOOD], JUDGED, parse_measures("RR@10"), baseline="good").comparisons[0].sentence == (
        "bad loses to good: -0.500 RR@10, p < .001, 20 queries"
    )


def test_a_difference_of_one_query_is_not_told_apart() -> None:
    nearly = run_of("nearly", **{**dict.fromkeys(JUDGED, "ab"), "q3": "ba"})
    found = evaluate([GOOD, nearly], JUDGED, parse_measures("RR@10")).comparisons[0]
    assert (found.baseline, found.p_value) == ("good", 1.0)
    # The standard deviation is .5 / sqrt(20), so (2.80 x .1118 / .025)^2 = 157 queries, of which there are 20.
    assert found.needed == 137
    assert found.sentence == (
        "nearly and good cannot be told apart (-0.025 RR@10, p = 1.000, 20 queries): about 137 more judged queries would be needed"
    )


def test_equal_systems_and_undefined_measures_are_said_as_they_are() -> None:
    same = Run("same", GOOD.rankings)
    assert evaluate([GOOD, same], JUDGED, parse_measures("RR@10")).comparisons[0].sentence.endswith("their results score the same")
    only_relevant = {"q0": {"a": 1}}
    nothing = evaluate([GOOD, same], only_relevant, parse_measures("Bpref,RR@10"))
    assert nothing.measured["good"].summaries["Bpref"].mean is None
    assert nothing.measured["good"].summaries["Bpref"].n == 0
    assert nothing.comparisons[0].p_value is None
    assert nothing.comparisons[0].sentence == "same and good: Bpref is undefined on every query"
    # A comparison that could not be made does not count among those that p is adjusted for.
    assert nothing.comparisons[1].p_adjusted == nothing.comparisons[1].p_value == 1.0


def test_the_usual_baseline_is_dense() -> None:
    dense = Run("dense", BAD.rankings)
    assert evaluate([GOOD, dense, BAD], JUDGED, parse_measures("RR@10")).baseline == "dense"
    assert evaluate([GOOD, BAD], JUDGED, parse_measures("RR@10")).baseline == "good"


def test_pairs_are_made_of_queries_that_both_have() -> None:
    assert paired_differences({"a": 1.0, "b": None, "c": 0.5, "d": 1.0}, {"c": 0.25, "a": 0.0, "b": 1.0}) == [1.0, 0.25]


def test_a_summary_of_one_query_has_no_interval() -> None:
    assert summarise({"a": 0.5, "b": None}).ci_low is None
    assert summarise({"a": 0.5, "b": None}).n == 1


def test_what_cannot_be_evaluated_is_refused() -> None:
    with pytest.raises(InputError, match="no judged query"):
        evaluate([GOOD], {}, parse_measures("RR@10"))
    with pytest.raises(InputError, match="baseline 'x' is not among the systems: good, bad"):
        evaluate([GOOD, BAD], JUDGED, parse_measures("RR@10"), baseline="x")
    with pytest.raises(InputError, match="two systems are called 'good'"):
        evaluate([GOOD, GOOD], JUDGED, parse_measures("RR@10"))


@pytest.mark.parametrize(("p_value", "words"), [(0.0004, "p < .001"), (0.001, "p = .001"), (0.0496, "p = .050"), (1.0, "p = 1.000")])
def test_p_is_said_to_three_digits(p_value: float, words: str) -> None:
    assert f", {words}, 80 queries" in Comparison("a", "b", "nDCG@10", 0.061, p_value, p_value, 80).sentence
