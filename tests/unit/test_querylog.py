"""The log of searches: every search is in it, whatever ended it, and nothing that happens to the log ends a search."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.command import vibeshelf
from tests.conftest import ROOT, settings_in
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.database import Database
from vibeshelf.adapters.log_writer import LogWriter
from vibeshelf.adapters.querylog import QueryLog, query_log
from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.core.records import Filter
from vibeshelf.core.searches import Baseline, Conditions, LoggedSearch, Objective
from vibeshelf.services.filters import filter_text, parse_filters
from vibeshelf.services.logged_search import logged_search, recent_queries
from vibeshelf.services.shelf import Shelf

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(text: str = "sea", **changes: object) -> LoggedSearch:
    found = LoggedSearch(
        NOW, "page", "starter", "m", "hybrid", 10, ("genre=mystery",), "cpu", "onnx", "fp32", text, len(text), len(text.split()), 5.0,
        encode_ms=2.0, search_ms=1.0, hydrate_ms=0.5, results=2, top_score=0.9, cosine=0.4, book_ids=("a", "b"),
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


def log_in(folder: Path, **options: object) -> QueryLog:
    return QueryLog(folder / "searches.sqlite", **options)  # type: ignore[arg-type]


@pytest.fixture
def fresh(starter: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    """The starter shelf with a log of the test's own."""
    monkeypatch.setattr(starter, "log", log_in(tmp_path))
    return starter


def test_what_is_added_is_read_back_in_the_order_of_time(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    rows = [row("later", at=NOW + timedelta(seconds=1), remembered=True, encode_ms=None), row("море 🐋"), row("", results=None, error="X")]
    for each in rows:
        log.add(each)
    assert log.flush()
    assert log.read() == [rows[1], rows[2], rows[0]]
    assert log.read(since=NOW + timedelta(milliseconds=1)) == [rows[0]]
    assert log.read(limit=1) == [rows[0]]
    assert log.read(collection="other") == []


def test_a_log_that_nobody_wrote_to_is_empty_and_makes_no_file(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    assert (log.read(), log.texts(5), log.objective(), log.health().kept) == ([], [], Objective(), 0)
    assert list(tmp_path.iterdir()) == []


def test_a_thousand_searches_at_eight_at_a_time_leave_a_thousand_rows(fresh: Shelf) -> None:
    queries = list(starter_queries().values())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: logged_search(fresh, queries[at % len(queries)], 5, source="python"), range(1000)))
    assert fresh.log.flush(60)
    rows = fresh.log.read()
    assert len(rows) == 1000
    assert sorted(row.book_ids for row in rows) == sorted(tuple(hit.book_id for hit in result.hits) for result in found)
    assert (fresh.log.health().lost, fresh.log.health().waiting) == (0, 0)


def test_a_search_is_kept_with_all_that_made_it(fresh: Shelf) -> None:
    filters = parse_filters(["year=1900..1950"])
    first = logged_search(fresh, "  an old man\nand a fish ", 12, "hybrid", filters, source="page")
    logged_search(fresh, "an old man and a fish", 12, "dense", source="page", repeat=True)
    logged_search(fresh, "fish", 3, "lexical", source="cli")
    fresh.log.flush()
    kept, again, words = fresh.log.read()
    assert (kept.text, kept.characters, kept.words, kept.k, kept.filters) == ("an old man and a fish", 21, 6, 12, ("year=1900..1950",))
    assert (kept.device, kept.backend, kept.precision, kept.model) == ("cpu", "onnx", "fp32", "all-MiniLM-L6-v2")
    assert kept.book_ids == tuple(hit.book_id for hit in first.hits[:10])
    assert (kept.results, kept.top_score, kept.search_ms) == (12, first.hits[0].score, first.search_ms)
    assert kept.cosine == pytest.approx(sum(hit.dense or 0 for hit in first.hits[:10]) / 10)
    assert kept.total_ms >= first.total_ms
    assert datetime.now(UTC) - kept.at < timedelta(minutes=5)
    # A vector that was remembered was not encoded, and words need none: not 0 ms.
    assert (again.remembered, again.repeat, again.encode_ms) == (True, True, None)
    assert (words.encode_ms, words.cosine, words.source) == (None, None, "cli")


def test_a_search_that_fails_is_kept_with_its_kind_of_error(fresh: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (("", 10), ("sea", 10**30), ("half a pair \ud83d", -1)):
        with pytest.raises(InputError):
            logged_search(fresh, *arguments, source="python")
    monkeypatch.setattr(fresh, "run", lambda *_, **__: (_ for _ in ()).throw(StorageError("gone")))
    with pytest.raises(StorageError):
        logged_search(fresh, "sea", source="page")
    fresh.log.flush()
    assert [each.error for each in fresh.log.read()] == ["InputError"] * 3 + ["StorageError"]
    assert {each.results for each in fresh.log.read()} == {None}


def test_people_are_logged_and_evaluations_are_not(fresh: Shelf) -> None:
    fresh.search("sea", 2)
    fresh.run("storm", 2)
    fresh.log.flush()
    assert [(each.text, each.source) for each in fresh.log.read()] == [("sea", "python")]


def test_the_command_leaves_a_row_when_it_ends(starter: Shelf) -> None:
    settings = starter.store.settings
    before = len(query_log(settings).read())
    assert vibeshelf(settings.data_dir, "search", "a lighthouse", "-k", "2").returncode == 0
    rows = query_log(settings).read()
    assert len(rows) == before + 1
    assert (rows[-1].text, rows[-1].source, rows[-1].results) == ("a lighthouse", "cli", 2)


def test_the_oldest_go_when_there_is_no_more_room(tmp_path: Path) -> None:
    log = log_in(tmp_path, max_rows=10)
    for at in range(25):
        log.add(row(str(at), at=NOW + timedelta(seconds=at)))
    log.flush()
    assert [each.text for each in log.read()] == [str(at) for at in range(15, 25)]


def test_without_texts_none_is_kept_and_those_from_before_are_gone_from_the_disk(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.add(row("a secret wish", filters=("author=Somebody Private",)))
    log.flush()
    silent = log_in(tmp_path, keeps_text=False)
    silent.add(row("another wish", filters=("author=Somebody Else", "year=1900..")))
    silent.flush()
    first, second = silent.read()
    assert (first.text, first.filters) == (None, ("author",))
    assert (second.text, second.filters, second.words, second.book_ids) == (None, ("author", "year"), 2, ("a", "b"))
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(word in on_disk for word in (b"wish", b"Somebody"))
    assert not silent.health().keeps_text


def test_long_texts_are_cut_and_not_offered_to_raters(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.add(row("x" * 5000))
    log.flush()
    assert (len(str(log.read()[0].text)), log.read()[0].characters) == (2000, 5000)
    assert log.texts(5) == []


def test_recent_queries_are_distinct_and_the_newest_come_first(fresh: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.services.logged_search.query_log", lambda _: fresh.log)
    for text in ("sea", "storm", "Sea", "train"):
        logged_search(fresh, text, 1, source="page")
    with pytest.raises(InputError):
        logged_search(fresh, "sea", 0, source="page")
    assert recent_queries(fresh.store.settings) == ["train", "Sea", "storm"]
    assert recent_queries(fresh.store.settings, 1) == ["train"]
    assert recent_queries(fresh.store.settings, collection="other") == []


def test_a_log_that_cannot_be_written_is_one_warning_and_the_search_goes_on(
    fresh: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    # A file where the folder should be: refused to root as to anybody.
    (tmp_path / "file").write_text("")
    log = QueryLog(tmp_path / "file" / "searches.sqlite")
    monkeypatch.setattr(fresh, "log", log)
    with caplog.at_level(logging.WARNING, "vibeshelf"):
        for _ in range(2):
            assert fresh.search("sea", 3)
            log.flush()
    assert len([record for record in caplog.records if "are not kept" in record.message]) == 1
    health = log.health()
    assert (health.lost, health.waiting) == (2, 0)
    assert "cannot make" in str(health.problem)


def test_a_full_disk_loses_rows_aloud_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_in(tmp_path)
    log.add(row("before"))
    log.flush()
    real = Database.transaction
    monkeypatch.setattr(Database, "transaction", lambda _: (_ for _ in ()).throw(StorageError("database or disk is full")))
    log.add(row("lost"))
    log.flush()
    assert (log.health().lost, log.health().kept) == (1, 1)
    assert "full" in str(log.health().problem)
    monkeypatch.setattr(Database, "transaction", real)
    log.add(row("after"))
    log.flush()
    assert [each.text for each in log.read()] == ["before", "after"]
    assert (log.health().lost, log.health().problem) == (1, None)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "searches.sqlite").write_bytes(b"this is not a database, and longer than a header " * 30)
    log = log_in(tmp_path)
    log.add(row())
    log.flush()
    assert log.health().kept is None
    assert "not a database" in str(log.health().problem)
    with pytest.raises(StorageError, match="not a database"):
        log.read()


def test_a_log_whose_file_was_taken_away_begins_anew(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.add(row("old"))
    log.flush()
    for path in tmp_path.iterdir():
        path.unlink()
    log.add(row("new"))
    log.flush()
    assert [each.text for each in log.read()] == ["new"]


def test_adding_never_waits_for_the_disk(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.add(row())
    log.flush()
    held = sqlite3.connect(log.path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    adding = threading.Thread(target=lambda: list(map(log.add, (row(str(at)) for at in range(100)))))
    adding.start()
    adding.join(20)
    assert not adding.is_alive()
    assert not log.flush(0.5)
    held.execute("ROLLBACK")
    assert log.flush(60)
    assert log.health().kept == 101


def test_the_thread_that_writes_makes_the_records_and_the_texts_stay_whole_for_nobody(tmp_path: Path) -> None:
    made_by: list[str] = []

    def make() -> LoggedSearch:
        made_by.append(threading.current_thread().name)
        return row("x" * 5000, filters=("author=Somebody Private",))

    for keeps_text in (True, False):
        log = log_in(tmp_path / str(keeps_text), keeps_text=keeps_text)
        log.add_made(make)
        log.flush()
        (kept,) = log.read()
        assert (kept.text, kept.filters) == (("x" * 2000, ("author=Somebody Private",)) if keeps_text else (None, ("author",)))
        assert kept.characters == 5000
    assert len(made_by) == 2
    assert threading.current_thread().name not in made_by


def test_a_queue_that_is_full_counts_what_it_loses() -> None:
    going_on = threading.Event()
    written: list[int] = []

    def write(batch: object) -> None:
        going_on.wait(30)
        written.extend(batch)  # type: ignore[arg-type]

    writer: LogWriter[int] = LogWriter(write, "numbers", room=5)
    writer.add(0)
    deadline = time.monotonic() + 30
    while writer._waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    for number in range(1, 9):
        writer.add(number)
    assert (writer.waiting, writer.lost) == (6, 3)
    going_on.set()
    assert writer.flush(30)
    assert written == [0, 1, 2, 3, 4, 5]


def test_a_writer_that_fell_asleep_is_woken_by_the_next_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.adapters.log_writer._AWAKE_SECONDS", 0.0)
    monkeypatch.setattr("vibeshelf.adapters.log_writer._GATHER_SECONDS", 0.005)
    written: list[int] = []
    writer: LogWriter[int] = LogWriter(written.extend, "numbers")
    for number in range(30):
        writer.add(number)
        deadline = time.monotonic() + 30
        # Nobody flushes: the row itself has to wake it, or to be seen before it sleeps.
        while (len(written) <= number or (number % 2 and writer._awake.is_set())) and time.monotonic() < deadline:
            time.sleep(0.001)
    assert written == list(range(30))
    assert writer.waiting == 0


_ADD = """
import sys
from pathlib import Path
from tests.unit.test_querylog import row
from vibeshelf.adapters.querylog import QueryLog
log = QueryLog(Path(sys.argv[1]))
for at in range(250):
    log.add(row(f"{sys.argv[2]} {at}"))
sys.exit(not log.flush(60))
"""


def test_several_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "searches.sqlite"
    arguments = [[sys.executable, "-c", _ADD, str(path), name] for name in ("a", "b", "c")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    processes = [subprocess.Popen(each, cwd=ROOT, env=env) for each in arguments]
    assert [process.wait(200) for process in processes] == [0, 0, 0]
    texts = {each.text for each in QueryLog(path).read()}
    assert texts == {f"{name} {at}" for name in "abc" for at in range(250)}


def test_the_objective_and_the_newest_baseline_are_kept(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.promise(Objective(0.9, 50))
    log.promise(Objective(0.99, 250))
    conditions = Conditions("starter", "hybrid", "m", "cpu", "onnx", "fp32")
    old = Baseline(conditions, "machine", NOW, NOW, NOW, (1.0, 2.0))
    log.record(old)
    log.record(replace(old, samples_ms=(3.0, 4.5)))
    again = log_in(tmp_path)
    assert again.objective() == Objective(0.99, 250)
    assert again.baseline(conditions, "machine") == replace(old, samples_ms=(3.0, 4.5))
    assert again.baseline(conditions, "another machine") is None
    assert again.baseline(replace(conditions, backend="torch"), "machine") is None


def test_a_process_has_one_log_for_a_folder(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert query_log(settings) is query_log(settings_in(tmp_path))
    assert query_log(settings) is not query_log(settings_in(tmp_path, query_text="off"))


@pytest.mark.parametrize("text", ["genre=mystery", "year=1900..1950", "year=1950..", "year=..0", "described=true", "pages=300"])
def test_filters_are_kept_as_they_are_written(text: str) -> None:
    (parsed,) = parse_filters([text])
    assert filter_text(parsed) == text
    assert filter_text(Filter("genre", ("mystery", "horror"))) == "genre=mystery|horror"
