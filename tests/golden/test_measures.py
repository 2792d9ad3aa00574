"""Each measure worked out by hand on one small ranking, and what counts how at the edges."""

from __future__ import annotations

from math import log2

import pytest

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Ranking
from vibeshelf.services.measures import parse_measure, parse_measures, query_values, upper_bounds, without_relevant

# Found: b (2), x (unjudged), a (3), d (0), c (1). Not found: e (0) and f (2).
JUDGED = {"a": 3, "b": 2, "c": 1, "d": 0, "e": 0, "f": 2}
FOUND = Ranking(("b", "x", "a", "d", "c"), (9.0, 8.0, 7.0, 6.0, 5.0))


def value(name: str, judged: dict[str, int] = JUDGED, found: Ranking = FOUND) -> float | None:
    return query_values([parse_measure(name)], {"q": judged}, {"q": found})[name]["q"]


def upper(name: str, judged: dict[str, int] = JUDGED, found: Ranking = FOUND) -> float:
    bounds = upper_bounds(parse_measure(name), {"q": judged}, {"q": found})
    assert bounds is not None
    return bounds["q"]


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        # Gains 2, 0, 3, 0, 1 over the discounts of ranks 1 to 5; at best 3, 2, 2, 1, 0.
        ("nDCG@5", (2 + 3 / log2(4) + 1 / log2(6)) / (3 + 2 / log2(3) + 2 / log2(4) + 1 / log2(5))),
        ("nDCG@5", 0.682798),
        ("nDCG@2", 2 / (3 + 2 / log2(3))),
        # The first relevant book is at rank 1; the first of grade 3 at rank 3.
        ("RR@5", 1.0),
        ("RR(rel=3)@5", 1 / 3),
        ("RR(rel=3)@2", 0.0),
        ("RR", 1.0),
        # Relevant among the first five: b, a, c; of grade 2 and more: b, a. A short list is not forgiven: 3 of 10.
        ("P@5", 3 / 5),
        ("P(rel=2)@5", 2 / 5),
        ("P@10", 3 / 10),
        # Relevant in all: a, b, c, f.
        ("R@5", 3 / 4),
        ("R@3", 2 / 4),
        # Precision where a relevant book stands: 1/1, 2/3, 3/5; f adds nothing.
        ("AP", (1 / 1 + 2 / 3 + 3 / 5) / 4),
        # b and a stand before any judged non-relevant book, c behind one (d) of two, f was not found.
        ("Bpref", (1 + 1 + (1 - 1 / 2)) / 4),
        ("Judged@5", 4 / 5),
        ("Judged@2", 1 / 2),
        # Of the five that were shown; nothing is known about the five that were not.
        ("Judged@10", 4 / 5),
    ],
)
def test_a_measure_by_hand(name: str, by_hand: float) -> None:
    assert value(name) == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        # x gets the highest grade, 3, at rank 2; the ideal stays that of the judged.
        ("nDCG@2", (2 + 3 / log2(3)) / (3 + 2 / log2(3))),
        # More than the ideal is 1.
        ("nDCG@5", 1.0),
        ("P@5", 4 / 5),
        ("P@10", 4 / 10),
        ("RR(rel=3)@5", 1 / 2),
        ("RR@5", 1.0),
        ("R@5", 4 / 5),
        ("R@1", 1 / 4),
    ],
)
def test_an_upper_bound_by_hand(name: str, by_hand: float) -> None:
    assert upper(name) == pytest.approx(by_hand, abs=1e-9)
    assert upper(name) >= (value(name) or 0)


def test_a_bound_is_the_value_where_all_that_is_shown_is_judged() -> None:
    found = Ranking(("b", "a", "d"), (3.0, 2.0, 1.0))
    for name in ("nDCG@3", "P@3", "RR@3", "R@3"):
        assert upper(name, found=found) == pytest.approx(value(name, found=found), abs=1e-12)


def test_no_judgment_of_the_unjudged_exceeds_the_bound() -> None:
    names = ("nDCG@4", "nDCG@5", "P@5", "RR(rel=2)@5", "R@5")
    found = Ranking(("x", "d", "a", "y", "c"), (5.0, 4.0, 3.0, 2.0, 1.0))
    for x in range(4):
        for y in range(4):
            for name in names:
                assert (value(name, {**JUDGED, "x": x, "y": y}, found) or 0) <= upper(name, found=found) + 1e-12, (name, x, y)


def test_measures_without_a_bound_say_so() -> None:
    for name in ("AP", "Bpref", "Judged@5", "nDCG(gains={0:0,1:1,2:3,3:7})@5"):
        assert upper_bounds(parse_measure(name), {"q": JUDGED}, {"q": FOUND}) is None


def test_a_query_without_results_is_0_and_its_coverage_undefined() -> None:
    empty = Ranking((), ())
    for name in ("nDCG@5", "RR@5", "RR", "P@5", "R@5", "AP", "Bpref"):
        assert value(name, found=empty) == 0.0, name
        assert query_values([parse_measure(name)], {"q": JUDGED}, {})[name] == {"q": 0.0}
    assert value("Judged@5", found=empty) is None


def test_a_query_without_a_relevant_book_is_0() -> None:
    judged = {"b": 0, "d": 0}
    for name in ("nDCG@5", "RR@5", "P@5", "R@5", "AP", "Bpref"):
        assert value(name, judged) == 0.0, name
    assert without_relevant({"q": judged, "r": JUDGED}) == ["q"]
    assert without_relevant({"r": {"c": 1}}, relevant_from=2) == ["r"]


def test_bpref_without_judged_books_that_are_not_relevant_is_undefined() -> None:
    assert value("Bpref", {"a": 3, "b": 2}) is None
    assert value("Bpref(rel=3)", {"a": 3, "b": 2}) == 0.0


def test_the_order_of_the_ranking_counts_and_not_its_scores() -> None:
    """Libraries break ties in two different ways; none of them must show."""
    for first, second in (("a", "d"), ("d", "a")):
        tied = Ranking((first, second), (1.0, 1.0))
        assert value("RR@5", found=tied) == value("RR", found=tied) == (1.0 if first == "a" else 0.5)


def test_a_result_for_a_query_that_nobody_judged_is_not_scored() -> None:
    assert query_values([parse_measure("P@1")], {"q": JUDGED}, {"q": FOUND, "r": FOUND})["P@1"].keys() == {"q"}


def test_names_are_read_as_people_write_them() -> None:
    parsed = parse_measures(" ndcg@10, RR(rel=2)@10,bpref , MRR, ndcg@10")
    assert [each.name for each in parsed] == ["ndcg@10", "RR(rel=2)@10", "bpref", "MRR"]
    assert [each.kind for each in parsed] == ["nDCG", "RR", "Bpref", "RR"]
    assert [each.cutoff for each in parsed] == [10, 10, None, None]
    assert parsed[1].relevant_from == 2
    both = parse_measures("nDCG@5,NDCG@5")
    values = query_values(both, {"q": JUDGED}, {"q": FOUND})
    assert values["nDCG@5"] == values["NDCG@5"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("foo@10", "unknown measure 'foo@10'; expected names such as nDCG@10"),
        ("P", "unknown measure 'P'"),
        ("P(10)", "unknown measure"),
        ("nDCG@ten", "unknown measure"),
        ("nDCG@1.5", "unknown measure"),
        ("nDCG@", "unknown measure"),
        ("@10", "unknown measure"),
        ("__import__('os')@1", "unknown measure"),
        ("nDCG@0", "looks at 0 results; expected 1 to 10,000"),
        ("nDCG@-1", "unknown measure"),
        ("P@1000000000000", "expected 1 to 10,000"),
        ("RR(rel=0)@10", "expected a grade from 1 up"),
        ("ERR@10", "cannot be computed here"),
        ("alpha_nDCG@10", "cannot be computed here"),
        ("", "no measure is named"),
        (" , ", "no measure is named"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_clear_line(name: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_measures(name)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
