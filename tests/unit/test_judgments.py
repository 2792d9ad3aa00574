"""Events are only added, what stands is what the last of them says, and many writers lose nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vibeshelf.adapters.database import open_database
from vibeshelf.adapters.judging_tables import MIGRATIONS
from vibeshelf.adapters.judgments import Judgments
from vibeshelf.adapters.suggestions import Suggestions
from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.core.judging import Judgment, Made, Pair

TASK = "t"
PAIR, OTHER = Pair("q1", "b1"), Pair("q1", "b2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "judgments.sqlite"


@pytest.fixture
def judgments(path: Path) -> Judgments:
    return Judgments(open_database(path, MIGRATIONS))


def grades(judgments: Judgments, rater: str = "ann") -> dict[str, int | None]:
    return {each.book_id: each.grade for each in judgments.standing(TASK, rater=rater)}


def test_a_change_stands_and_an_undo_brings_back_what_was_before(judgments: Judgments) -> None:
    assert judgments.grade(TASK, PAIR, "ann", 1)
    assert judgments.grade(TASK, PAIR, "ann", 3, "on second thoughts")
    judgments.skip(TASK, OTHER, "ann", "too little to tell")
    assert grades(judgments) == {"b1": 3, "b2": None}
    assert [judgments.undo(TASK, "ann").pair for _ in range(2)] == [OTHER, PAIR]  # type: ignore[union-attr]
    assert grades(judgments) == {"b1": 1}
    last = judgments.undo(TASK, "ann")
    assert last is not None
    assert (last.grade, last.standing) == (1, None)
    assert judgments.undo(TASK, "ann") is None
    assert judgments.count(TASK) == 6


def test_the_same_key_twice_is_one_judgment(judgments: Judgments) -> None:
    assert judgments.grade(TASK, PAIR, "ann", 2)
    assert not judgments.grade(TASK, PAIR, "ann", 2)
    assert judgments.count(TASK) == 1


def test_raters_tasks_and_undos_are_apart(judgments: Judgments) -> None:
    judgments.grade(TASK, PAIR, "ann", 2)
    judgments.grade(TASK, PAIR, "bob", 0)
    judgments.grade("other", PAIR, "ann", 1)
    judgments.undo(TASK, "bob")
    assert grades(judgments) == {"b1": 2}
    assert grades(judgments, "bob") == {}
    assert len(judgments.standing("other")) == 1


def test_everything_is_kept_with_a_grade(judgments: Judgments) -> None:
    made = Made("starter", "abc", 1)
    judgments.grade(TASK, PAIR, "ann", 2, "nice", made)
    (found,) = judgments.standing(TASK)
    assert (found.grade, found.note, found.made) == (2, "nice", made)
    assert found.judged_at.endswith("+00:00")


def test_events_can_be_neither_changed_nor_deleted(path: Path, judgments: Judgments) -> None:
    judgments.grade(TASK, PAIR, "ann", 2)
    other = sqlite3.connect(path)
    for statement in ("UPDATE events SET grade = 3", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            other.execute(statement)
    other.close()


@pytest.mark.parametrize("grade", [-1, 4, 10**9])
def test_a_grade_outside_the_scale_is_refused(judgments: Judgments, grade: int) -> None:
    with pytest.raises(InputError, match="expected one of 0, 1, 2, 3"):
        judgments.grade(TASK, PAIR, "ann", grade)
    assert judgments.count(TASK) == 0


def test_a_merge_changes_nothing_that_stands_and_reports_what_differs(judgments: Judgments) -> None:
    judgments.grade(TASK, PAIR, "ann", 2)
    judgments.settle(TASK, PAIR, "eve", 2)
    there = [Judgment("q1", book_id, grade, "ann", "2026-01-01", made=Made(origin="file x")) for book_id, grade in (("b1", 0), ("b2", 1))]
    settled = [Judgment("q1", "b1", 1, "eve", "2026-01-01")]
    merged = judgments.merge(TASK, there, settled)
    assert (merged.added, merged.unchanged) == (1, 0)
    assert [(each.here.grade, each.there.grade) for each in merged.conflicts] == [(2, 0), (2, 1)]
    assert grades(judgments) == {"b1": 2, "b2": 1}
    assert judgments.merge(TASK, there[1:]).unchanged == 1
    undone = judgments.undo(TASK, "ann")
    assert undone is not None
    assert undone.pair == PAIR, "an undo takes back what was done here, never an import"


def test_a_settlement_is_undone_by_who_made_it_and_apart_from_grades(judgments: Judgments) -> None:
    judgments.grade(TASK, PAIR, "ann", 1)
    for rater, grade in (("ann", 2), ("eve", 3)):
        judgments.settle(TASK, PAIR, rater, grade)
    undone = judgments.undo_settlement(TASK, "eve")
    assert undone is not None
    assert (undone.pair, undone.grade, undone.standing and undone.standing.grade) == (PAIR, 3, 2)
    assert judgments.undo_settlement(TASK, "eve") is None
    assert {pair: each.grade for pair, each in judgments.settled(TASK).items()} == {PAIR: 2}
    assert judgments.undo(TASK, "ann") is not None, "the grade, not the settlement"
    assert len(judgments.settled(TASK)) == 1


def test_a_merge_that_fails_halfway_adds_nothing(judgments: Judgments) -> None:
    good, bad = Judgment("q1", "b1", 1, "ann", "2026-01-01"), Judgment("q1", "b2", 7, "ann", "2026-01-01")
    with pytest.raises(sqlite3.IntegrityError):
        judgments.merge(TASK, [good, bad])
    assert judgments.count(TASK) == 0


def test_eight_raters_write_two_hundred_grades_each_at_once_while_a_file_comes_in(path: Path) -> None:
    # Half of them through connections of their own, as another process has; all start together.
    start = threading.Barrier(9)
    shared = Judgments(open_database(path, MIGRATIONS))

    def rate(at: int) -> None:
        mine = shared if at % 2 else Judgments(open_database(path, MIGRATIONS))
        start.wait()
        for number in range(200):
            assert mine.grade(TASK, Pair("q1", f"b{number}"), f"rater {at}", number % 4)

    def take_in() -> None:
        rows = [Judgment("q2", f"b{number}", 1, "from a file", "2026-01-01") for number in range(2000)]
        start.wait()
        assert Judgments(open_database(path, MIGRATIONS)).merge(TASK, rows).added == 2000

    with ThreadPoolExecutor(9) as pool:
        for done in [*(pool.submit(rate, at) for at in range(8)), pool.submit(take_in)]:
            done.result(120)
    assert shared.count(TASK) == 1600 + 2000
    standing = [each for each in shared.standing(TASK) if each.query_id == "q1"]
    assert len(standing) == 1600
    assert all(each.grade == int(each.book_id[1:]) % 4 for each in standing)


WRITER = """
import sys
from pathlib import Path
from vibeshelf.adapters.database import open_database
from vibeshelf.adapters.judging_tables import MIGRATIONS
from vibeshelf.adapters.judgments import Judgments
from vibeshelf.core.judging import Pair
judgments = Judgments(open_database(Path(sys.argv[1]), MIGRATIONS))
for number in range(100_000):
    judgments.grade("t", Pair("q1", f"b{number}"), "ann", number % 4)
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_said_to_be_saved(path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for attempt in range(3):
        path = path.with_name(f"killed-{attempt}.sqlite")
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
        process.wait(20)
        stored = len(Judgments(open_database(path, MIGRATIONS)).standing(TASK))
        assert len(said) + 1 <= stored <= len(said) + 2


def test_a_file_that_is_no_database_or_is_too_new_is_one_line(path: Path) -> None:
    path.write_bytes(b"not a database, although it is long enough to be taken for one" * 20)
    with pytest.raises(StorageError, match="not a database"):
        open_database(path, MIGRATIONS)
    path.unlink()
    open_database(path, MIGRATIONS).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StorageError, match=rf"version 99.*knows {len(MIGRATIONS)}"):
        open_database(path, MIGRATIONS)


def test_an_older_database_is_brought_up_with_what_it_holds(path: Path) -> None:
    old = open_database(path, MIGRATIONS[:2])
    Judgments(old).grade(TASK, PAIR, "ann", 2)
    with old.transaction() as connection:
        connection.execute("INSERT INTO thumbs (collection, query, book_id, up, at) VALUES ('c', 'bees', 'b1', 1, '2026-11-24')")
    old.close()
    new = open_database(path, MIGRATIONS)
    assert len(Judgments(new).standing(TASK)) == 1
    assert Suggestions(new).by_query(["c"]) == {"bees": {"b1"}}
