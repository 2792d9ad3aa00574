"""The logbook: what was done is in it, it only grows, and where it cannot be written the work goes on."""

from __future__ import annotations

import csv
import io
import json
import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf
from tests.fakes import FakeEncoder
from tests.latency_results import result as bench_result
from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.logbook import FILE, open_logbook
from vibeshelf.adapters.store import Store
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.errors import Cancelled, InputError
from vibeshelf.core.logbook import Entry
from vibeshelf.core.settings import Settings
from vibeshelf.services.chronicle import note_bench
from vibeshelf.services.evaluating import Request, carry_out
from vibeshelf.services.health import examine
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.logbook import as_csv, entries, note, parse_since
from vibeshelf.services.measures import parse_measure
from vibeshelf.services.repair import repair
from vibeshelf.services.shelf import open_shelf

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def books(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A collection of three books, one row rejected, on a fake encoder."""
    encoder = FakeEncoder("all-MiniLM-L6-v2")
    for module in ("ingest", "shelf", "health", "repair"):
        monkeypatch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda *_, **__: encoder)
    ingest(open_source(str(save(settings, 3))), settings, IngestOptions("books"))
    return settings


def save(settings: Settings, count: int) -> Path:
    path = settings.data_dir / "books.jsonl"
    rows = [{"id": f"b{at}", "title": f"Tale {at}", "summary": f"about harbour {at}"} for at in range(count)] + [{"title": "no id"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_build_is_told_with_its_version_and_figures_and_a_run_that_changes_nothing_is_not(books: Settings) -> None:
    (entry,) = entries(books)
    manifest = open_shelf("books", settings=books).manifest
    assert (entry.number, entry.kind, entry.collection) == (1, "build", "books")
    assert (entry.version, entry.fingerprint, entry.model) == (manifest.version, manifest.encoder.fingerprint, "all-MiniLM-L6-v2")
    assert {name: entry.figures[name] for name in ("read", "added", "rejected", "books")} == {
        "read": 4,
        "added": 3,
        "rejected": 1,
        "books": 3,
    }
    assert "'books' built from books.jsonl: 3 added, 1 rejected; 3 books" in entry.summary
    ingest(open_source(str(save(books, 3))), books, IngestOptions("books"))
    assert len(entries(books)) == 1


def test_an_ingest_that_was_called_off_is_told(books: Settings) -> None:
    def call_off(rows: int, fraction: float) -> None:
        raise Cancelled("the ingest was stopped")

    with pytest.raises(Cancelled):
        ingest(open_source(str(save(books, 600))), books, IngestOptions("books"), call_off)
    latest = entries(books)[0]
    assert latest.kind == "build"
    assert "'books' is not complete" in latest.summary
    assert "the ingest was stopped" in latest.summary


def test_a_verdict_is_told_when_it_changes_and_a_repair_when_it_is_done(books: Settings) -> None:
    examine(open_shelf("books", settings=books))
    examine(open_shelf("books", settings=books))
    assert [entry.kind for entry in entries(books)] == ["health", "build"]
    Store(books).open("books").remove(["b1"])
    examine(open_shelf("books", settings=books))
    failed = entries(books)[0]
    assert "to fail" in failed.summary
    assert isinstance(failed.figures["fail"], int)
    assert failed.figures["fail"] >= 1
    repair(books, "books", "restore")
    assert (entries(books)[0].kind, entries(books)[0].figures["books"]) == ("repair", 1)


def test_an_evaluation_is_told_with_every_mean_and_its_n(books: Settings) -> None:
    ingest(open_source(STARTER), books, IngestOptions(STARTER, limit=40))
    shelf = open_shelf(STARTER, settings=books)
    measures = (parse_measure("nDCG@10"), parse_measure("Judged@10"))
    request = Request(
        "starter", starter_queries(), {starter_qrels_path(): read_qrels(starter_qrels_path())}, ("dense", "lexical"), measures, {}
    )
    report = carry_out(shelf, request, lambda *_: None, lambda: False).report
    entry = entries(books, kind="evaluation")[0]
    assert entry.version == shelf.manifest.version
    assert entry.figures["dense nDCG@10"] == report.measured["dense"].summaries["nDCG@10"].mean
    assert entry.figures["lexical Judged@10 n"] == report.measured["lexical"].summaries["Judged@10"].n
    assert "dense nDCG@10 0." in entry.summary


def test_a_benchmark_is_told_with_the_median_of_each_engine(settings: Settings) -> None:
    made = bench_result()
    note_bench(settings, made, None)
    (entry,) = entries(settings, kind="bench")
    assert entry.version is None
    engines = {str(engine) for engine in made.engines}
    assert {name.removesuffix(" encode_p50_ms") for name in entry.figures if name.endswith("encode_p50_ms")} <= engines
    assert any(name.endswith("encode_p50_ms") for name in entry.figures)


def test_it_is_filtered_by_kind_time_and_collection_and_the_newest_comes_first(settings: Settings) -> None:
    book = open_logbook(settings)
    for days, kind, name in ((9, "build", "one"), (3, "swap", "one"), (1, "build", "two")):
        book.add(Entry(NOW - timedelta(days=days), kind, name, "v", "f", "m", f"{kind} {name}"))
    assert [entry.number for entry in entries(settings)] == [3, 2, 1]
    assert [entry.summary for entry in entries(settings, kind="build")] == ["build two", "build one"]
    assert [entry.summary for entry in entries(settings, since=parse_since("5d", NOW))] == ["build two", "swap one"]
    assert [entry.summary for entry in entries(settings, collection="one", limit=1)] == ["swap one"]
    with pytest.raises(InputError, match="unknown kind 'party'; known: build, swap"):
        entries(settings, kind="party")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-27", "2026-11-27T00:00:00+00:00"),
        ("2026-11-27T10:00+02:00", "2026-11-27T10:00:00+02:00"),
        ("36h", "2026-11-27T00:00:00+00:00"),
    ],
)
def test_a_time_is_a_date_or_a_span_back(text: str, expected: str) -> None:
    assert parse_since(text, NOW).isoformat() == expected


@pytest.mark.parametrize("text", ["", "yesterday", "7x", "d", "99999999999999d"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(InputError, match="is no time; expected a date"):
        parse_since(text, NOW)


def test_it_only_grows(books: Settings) -> None:
    with closing(sqlite3.connect(books.data_dir / FILE)) as database:
        for statement in ("UPDATE entries SET summary = ''", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                database.execute(statement)
    assert len(entries(books)) == 1


def test_where_it_cannot_be_written_the_work_is_done_and_a_warning_says_so(books: Settings, caplog: pytest.LogCaptureFixture) -> None:
    (books.data_dir / FILE).unlink()
    (books.data_dir / FILE).mkdir()
    with caplog.at_level(logging.WARNING, "vibeshelf"):
        report = ingest(open_source(str(save(books, 5))), books, IngestOptions("books"))
    assert report.tally.added == 2
    assert open_shelf("books", settings=books).manifest.count == 5
    assert any("the logbook has no entry of this build" in record.message for record in caplog.records)


def test_csv_has_a_header_and_no_formulas(settings: Settings) -> None:
    note(settings, "swap", "=1+1", None, 'a, "b"\nc', {"books": 3})
    header, row = csv.reader(io.StringIO(as_csv(entries(settings))))
    found = dict(zip(header, row, strict=True))
    assert (found["kind"], found["collection"], found["summary"], json.loads(found["figures"])) == (
        "swap",
        "'=1+1",
        'a, "b"\nc',
        {"books": 3},
    )
    assert (found["version"], found["number"]) == ("", "1")


def test_the_command_filters_exports_and_refuses(settings: Settings) -> None:
    note(settings, "swap", "books", None, "one took the name", {"books": 3})
    note(settings, "build", "books", None, "books were built")
    told = json.loads(vibeshelf(settings.data_dir, "logbook", "--kind", "swap", "--since", "1d", "--json").stdout)
    assert [(entry["kind"], entry["summary"], entry["figures"]) for entry in told] == [("swap", "one took the name", {"books": 3})]
    assert_one_clear_line(vibeshelf(settings.data_dir, "logbook", "--since", "soon"), "is no time", "7d")
