"""The Relevance page on the real starter collection, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries, starter_queries_path
from vibeshelf.adapters.query_sets import query_sets
from vibeshelf.adapters.trec import read_qrels, write_run
from vibeshelf.core.judging import Pair
from vibeshelf.core.records import Run
from vibeshelf.core.settings import Settings
from vibeshelf.services.evaluation import Report, evaluate
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.measures import parse_measures
from vibeshelf.services.runs import make_run
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.relevance import work
from vibeshelf.ui.relevance.choice import OWN
from vibeshelf.ui.text import plain

Open = Callable[..., AppTest]
SYSTEMS = ("dense", "lexical", "hybrid")


@pytest.fixture
def desk(settings: Settings) -> Desk:
    """A desk on which nobody has graded anything yet."""
    return open_desk(settings)


@pytest.fixture
def relevance(starter: Shelf, settings: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A way to open the page, with an address."""
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "collections", starter.store.collections)
    monkeypatch.setattr(resources, "judged_sets", lambda: query_sets(None))
    monkeypatch.setattr(resources, "settings", lambda: settings)
    monkeypatch.setattr(resources, "desk", lambda: desk)

    def opened(**address: str | list[str]) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        at.switch_page("pages/2_Relevance.py")
        for name, value in address.items():
            at.query_params[name] = value
        return finished(at.run())

    return opened


def finished(at: AppTest) -> AppTest:
    """Look again, as the browser does twice a second, until no evaluation runs."""
    deadline = time.monotonic() + 120
    while has(at, "stop") and time.monotonic() < deadline:
        at.run()
    assert not at.exception
    return at


def has(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


def report_of(shelf: Shelf, measures: str) -> tuple[Report, dict[str, Run]]:
    """What the services say, asked without the page."""
    grades, queries = read_qrels(starter_qrels_path()), starter_queries()
    runs = [make_run(shelf, {key: text for key, text in queries.items() if key in grades}, system) for system in SYSTEMS]
    return evaluate(runs, grades, parse_measures(measures), "dense"), {run.name: run for run in runs}


def table_of(at: AppTest) -> dict[str, dict[str, str]]:
    """The shown table: system -> measure -> cell."""
    frame = at.table[0].value
    return {str(row).split()[0]: {str(name): str(cell) for name, cell in cells.items()} for row, cells in frame.to_dict("index").items()}


def markdown(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in at.markdown)


def captions(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in at.caption)


def test_three_systems_give_a_table_with_coverage_and_plain_verdicts(relevance: Open, starter: Shelf) -> None:
    at = relevance()
    report, _ = report_of(starter, "nDCG@10,RR@10,R@100,Judged@10")
    table = table_of(at)
    assert list(table) == list(SYSTEMS)
    for system in SYSTEMS:
        assert list(table[system]) == ["nDCG@10", "RR@10", "Judged@10", "R@100", "Judged@100"]
        of = report.measured[system].summaries["nDCG@10"]
        assert table[system]["nDCG@10"] == f"**{of.mean:.3f}**  \n:small[{of.ci_low:.3f}\u2060–\u2060{of.ci_high:.3f}]"
        judged = report.measured[system].summaries["Judged@10"].mean
        assert judged is not None
        assert abs(float(table[system]["Judged@10"].split()[0]) - 100 * judged) < 0.51
    sentences = [each.sentence for each in report.comparisons if each.measure == "nDCG@10"]
    assert len(sentences) == 2
    for sentence in sentences:
        assert plain(sentence) in markdown(at)
    facts = f"{report.queries} judged queries of starter · collection starter, {starter.manifest.count} books"
    assert plain(facts) in captions(at)
    assert plain("all-MiniLM-L6-v2") in captions(at)


def test_another_measure_and_baseline_are_spoken_of_when_chosen(relevance: Open) -> None:
    at = relevance(by="RR@10", baseline="hybrid")
    said = [line for line in markdown(at).splitlines() if plain("RR@10") in line and "quer" in line]
    assert len(said) == 2
    assert all("hybrid" in line for line in said)


def test_the_address_says_which_systems(relevance: Open) -> None:
    at = relevance(systems=["hybrid", "dense"], measures=["P@10"])
    assert list(table_of(at)) == ["hybrid", "dense"]
    assert list(table_of(at)["dense"]) == ["P@10", "Judged@10"]


def test_an_opened_query_shows_both_rankings_with_their_grades(relevance: Open, starter: Shelf) -> None:
    at = relevance(query="q01", against="hybrid")
    _, runs = report_of(starter, "nDCG@10")
    grades = read_qrels(starter_qrels_path())["q01"]
    assert plain(starter_queries()["q01"]) in markdown(at)
    lists = [str(each.value) for each in at.markdown if str(each.value).startswith("1. ")]
    assert len(lists) == 2
    for shown, system in zip(lists, ("hybrid", "dense"), strict=True):
        ids = runs[system].rankings["q01"].book_ids[:10]
        books = starter.index().books(list(ids))
        for rank, (line, book_id) in enumerate(zip(shown.splitlines(), ids, strict=True), 1):
            grade = f"{grades[book_id]}]" if book_id in grades else "unjudged]"
            assert line.startswith(f"{rank}. :")
            assert f"-badge[{grade} {plain(books[book_id].title)}" in line


def test_a_book_that_nobody_judged_says_so(relevance: Open, starter: Shelf, tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.trec"
    qrels.write_text("q01 0 a-christmas-carol-dickens 0\nq02 0 anne-of-green-gables-montgomery 2\n")
    at = own(relevance(queries=OWN, query="q01"), starter_queries_path().read_bytes(), qrels.read_bytes())
    assert "-badge[unjudged]" in markdown(at)
    assert "were not judged for their query and count as not relevant" in captions(at)
    assert "For 1 of the judged queries no book is relevant" in "".join(str(each.value) for each in at.warning)


def own(at: AppTest, queries: bytes, qrels: bytes) -> AppTest:
    at.file_uploader(key="own-queries").set_value(("queries.tsv", queries, "text/plain"))
    at.file_uploader(key="own-qrels").set_value(("my qrels.trec", qrels, "text/plain"))
    return finished(at.run())


def test_a_bad_judgments_file_is_one_line_with_its_number_and_loses_nothing(relevance: Open) -> None:
    at = relevance(queries=OWN, systems=["hybrid", "lexical"])
    at = own(at, starter_queries_path().read_bytes(), b"q01 0 emma-austen 2\nq01 0 dracula-stoker two\n")
    assert [str(each.value) for each in at.error] == [
        plain("my qrels.trec, line 2: grade 'two'; expected a whole number from 0 to 1,000, such as 0, 1, 2 or 3")
    ]
    assert at.multiselect(key="systems").value == ["hybrid", "lexical"]
    assert not at.table
    at = own(at, starter_queries_path().read_bytes(), starter_qrels_path().read_bytes())
    assert not at.error
    assert len(table_of(at)) == 2


def test_judgments_of_other_books_are_refused_by_the_name_of_their_file(relevance: Open) -> None:
    at = own(relevance(queries=OWN), b"q01\tsea\n", b"q01 0 12345 1\n")
    assert [str(each.value) for each in at.error] == [
        plain("my qrels.trec judges no book of collection 'starter'; expected judgments of its books")
    ]


def test_queries_that_cannot_be_searched_are_said_once_for_all_systems(relevance: Open) -> None:
    at = own(relevance(queries=OWN), b"q01\tsea\nq02\t\nq03\tland\n", b"q01 0 moby-dick-melville 2\nq02 0 moby-dick-melville 1\n")
    said = [str(each.value) for each in at.warning]
    assert len(said) == 1
    assert said[0].startswith(plain("dense, lexical, hybrid cannot search query 'q02' (0 for each): the query is empty"))
    assert "1 more query of the file without any judgment, not scored (q03)" in captions(at)


def test_hostile_queries_are_shown_as_they_were_typed(relevance: Open) -> None:
    text = "<script>alert(1)</script> **sea** :red[x] $y$"
    at = own(relevance(queries=OWN, query="q01"), f"q01\t{text}\n".encode(), b"q01 0 moby-dick-melville 2\n")
    assert f"**{plain(text)}**" in markdown(at)
    assert not any(text in str(each.value) for each in at.markdown)


def test_a_run_of_another_tool_is_measured_beside_ours(relevance: Open, starter: Shelf, tmp_path: Path) -> None:
    report, runs = report_of(starter, "nDCG@10")
    write_run(tmp_path / "other.run", runs["lexical"])
    at = relevance(baseline="lexical")
    at.file_uploader(key="runs").set_value(("other.run", (tmp_path / "other.run").read_bytes(), "text/plain"))
    finished(at.run())
    expected = report.measured["lexical"].summaries["nDCG@10"].mean
    assert table_of(at)["other"]["nDCG@10"].startswith(f"**{expected:.3f}**")
    assert plain("other and lexical cannot be told apart (+0.000 nDCG@10, p = 1.000") in markdown(at)
    assert "other: not measured" in captions(at)


def test_a_bad_run_file_is_one_line_and_the_others_stay(relevance: Open) -> None:
    at = relevance()
    at.file_uploader(key="runs").set_value(("bad.run", b"q01 Q0 emma-austen 1 0.5\n", "text/plain"))
    finished(at.run())
    assert [str(each.value) for each in at.error] == [
        plain("bad.run, line 1: 5 columns; expected a TREC run: 6 columns (query Q0 book rank score name)")
    ]
    assert len(table_of(at)) == 3


def test_a_run_called_like_a_system_is_refused(relevance: Open) -> None:
    at = relevance()
    at.file_uploader(key="runs").set_value(("dense.run", b"q01 Q0 emma-austen 1 0.5 x\n", "text/plain"))
    finished(at.run())
    assert "a system is called dense already" in str(at.error[0].value)
    assert len(table_of(at)) == 3


def test_an_unknown_measure_is_one_line(relevance: Open) -> None:
    at = relevance(measures=["nDCG@10", "Niceness@10"])
    assert "unknown measure" in str(at.error[0].value)
    assert not at.table


def test_queries_that_are_not_here_are_said(relevance: Open) -> None:
    at = relevance(queries="nowhere")
    assert str(at.warning[0].value) == "There are no queries nowhere here; these are others."


def test_what_takes_long_waits_to_be_asked_shows_how_far_it_is_and_can_be_stopped(
    relevance: Open, starter: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "UNASKED", 10)
    original = Shelf.run

    def slow(self: Shelf, *arguments: object) -> object:
        time.sleep(0.05)
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Shelf, "run", slow)
    # Looks further down than any other test, so that no run was kept.
    at = relevance(systems=["dense"], measures=["R@123"])
    assert at.button(key="evaluate").label == "Evaluate: 80 searches"
    at.button(key="evaluate").click().run()
    assert has(at, "stop")
    assert "searches" in str(at.get("progress")[0].proto.text)
    at.button(key="stop").click()
    finished(at.run())
    assert str(at.info[-1].value).startswith("Stopped after ")
    assert not at.table
    monkeypatch.setattr(Shelf, "run", original)
    at.button(key="again").click()
    finished(at.run())
    assert len(table_of(at)) == 1


def test_searches_of_runs_are_timed_with_their_encoding(starter: Shelf) -> None:
    starter.run("a storm at sea")
    assert starter.run("a storm at sea").remembered
    assert not starter.run("a storm at sea", 10, "dense", (), False).remembered


def test_grades_made_here_are_evaluated_and_the_rule_that_made_them_one_is_said(relevance: Open, desk: Desk) -> None:
    for rater, grade in (("ann", 3), ("bob", 1)):
        desk.judgments.grade("starter", Pair("q01", "to-the-lighthouse-woolf"), rater, grade)
    at = relevance(queries="starter, graded here", systems=["dense"])
    assert plain("1 judged query of starter, graded here (median of 2 raters)") in captions(at)
    desk.tasks.save(replace(desk.task("starter"), rule="strictest"))
    desk.judgments.grade("starter", Pair("q02", "emma-austen"), "ann", 1)
    at = finished(at.run())
    assert plain("2 judged queries of starter, graded here (strictest of 2 raters)") in captions(at)
