"""The benchmarks' results: their shape, and the arithmetic of their tables. Never their times."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from eval.corpora import tile
from eval.measuring import Report, interleave, rows_of

from tests.conftest import ROOT
from vibeshelf.core.records import Book

RESULTS = sorted((ROOT / "eval" / "results").glob("bench-*.json"))


def test_systems_take_turns_and_every_call_is_kept() -> None:
    calls: list[str] = []
    samples = interleave({"a": lambda item: calls.append(f"a{item}"), "b": lambda item: calls.append(f"b{item}")}, [1, 2], 3, warm_up=1)
    assert {name: len(seconds) for name, seconds in samples.items()} == {"a": 6, "b": 6}
    assert calls[:2] == ["a1", "b1"]
    assert calls[2:] == ["a1", "b1", "b2", "a2", "b1", "a1", "a2", "b2", "a1", "b1", "b2", "a2"]


@pytest.mark.parametrize(("reach", "ours", "met"), [("<= 0.5", 4, True), ("<= 0.5", 6, False), (">= 1.3", 13, True), (">= 1.3", 12, False)])
def test_a_line_is_met_by_its_ratio(reach: str, ours: float, met: bool) -> None:
    report = Report("x", quick=True)
    report.add("what", ours, 10, "ms", reach, 5)
    assert report.rows[0].met is met
    assert report.rows[0].ratio == ours / 10
    assert f"| {reach} | {'yes' if met else 'no'} | 5 |" in report.table()


def test_tiled_books_are_new_books_near_the_old() -> None:
    books = [Book("a", "A", work_id="w"), Book("b", "B")]
    vectors = np.eye(2, 64, dtype=np.float32)
    tiled, rows = tile(books, vectors, 9)
    assert len({book.book_id for book in tiled}) == 9
    assert {book.work_id for book in tiled} == {None}
    assert all(book.year is not None and 1000 <= book.year < 2000 for book in tiled)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(9), abs=1e-5)
    assert (rows * vectors[np.arange(9) % 2]).sum(axis=1).min() > 0.9


def test_there_are_results_of_the_quick_form() -> None:
    assert {"bench-search", "bench-ingest", "bench-judge"} <= {
        json.loads(path.read_text())["name"] for path in RESULTS if "-quick-" in path.name
    }


def test_the_readmes_quote_the_recorded_figures() -> None:
    """Every full result stands whole in one of them, and of each benchmark one in the first."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "eval/README.md")}
    places: dict[str, list[str]] = {"bench-search": [], "bench-ingest": []}
    for path in RESULTS:
        content = json.loads(path.read_text())
        if not content["quick"]:
            assert content["environment"]["date"] in texts["README.md"]
        if not content["quick"] and content["name"] in places:
            whole = [name for name, text in texts.items() if all(line in text for line in rows_of(content))]
            assert whole, path.name
            places[content["name"]] += whole
    assert all("README.md" in found for found in places.values())


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_recorded_results_have_their_shape(path: Path) -> None:
    content = json.loads(path.read_text())
    assert {"schema", "name", "quick", "environment", "rows", "limits"} <= content.keys()
    assert {"machine", "python", "cores", "versions", "load_average", "date"} <= content["environment"].keys()
    assert content["rows"] or content["limits"]
    for row in content["rows"]:
        assert math.isfinite(row["ratio"])
        assert row["ratio"] == pytest.approx(row["ours"] / row["baseline"])
        assert row["n"] > 0
        sign, bound = row["reach"].split()
        assert row["met"] == (row["ratio"] <= float(bound) if sign == "<=" else row["ratio"] >= float(bound))
    samples = [json.loads(line) for line in path.with_suffix(".samples.jsonl").read_text().splitlines()]
    assert samples
    # What is painted in the same frame as the results came 0 s after them.
    assert all(sample["seconds"] and min(sample["seconds"]) >= 0 for sample in samples)
