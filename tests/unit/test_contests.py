"""Blind comparisons: what is dealt is fair and kept, one visitor is heard once a query, and nothing is ever lost."""

from __future__ import annotations

import csv
import io
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vibeshelf.adapters.contests import MIGRATIONS, Contests
from vibeshelf.adapters.database import open_database
from vibeshelf.core.contests import ONE, OTHER, Contender, Contest, Drawn, Round, outcome_of
from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.core.records import Book, Hit
from vibeshelf.core.settings import Settings
from vibeshelf.services.comparing import compare, keys_of
from vibeshelf.services.contests import as_csv, contest_of, deal, open_contests, tally
from vibeshelf.services.shelf import Shelf

DENSE, LEXICAL = Contender("starter", "dense"), Contender("starter", "lexical")
CONTEST = Contest(DENSE, LEXICAL, "state-1")
DRAWN = tuple(Drawn(f"b{at}", "starter", f"Book {at}", at % 2) for at in range(4))


@pytest.fixture
def contests(settings: Settings) -> Contests:
    return open_contests(settings)


def play(contests: Contests, outcome: int, query: str = "sea", visitor: str = "ann", contest: Contest = CONTEST) -> Round:
    """One whole round that ends as wished."""
    dealt = contests.deal(contest, query, visitor, "seed", DRAWN)
    if outcome:
        contests.pick(dealt.round_id, 0 if outcome > 0 else 1, True)
    return contests.settle(dealt.round_id)


def hit(rank: int, book_id: str, title: str = "", author: str = "") -> Hit:
    return Hit(book_id, rank, 1.0, Book(book_id, title or book_id, (author,) if author else ()))


def test_more_likes_win_and_as_many_tie() -> None:
    assert [outcome_of(DRAWN, picked) for picked in ({0}, {1}, {0, 1}, set(), {0, 2, 1}, {1, 3})] == [1, -1, 0, 0, 1, -1]


def test_a_round_is_kept_as_it_was_shown_and_what_was_picked_last_holds(contests: Contests) -> None:
    dealt = contests.deal(CONTEST, "the sea", "ann", "s", DRAWN)
    for place, liked in ((0, True), (3, True), (0, False), (1, True), (1, False), (1, True)):
        contests.pick(dealt.round_id, place, liked)
    found = contests.get(dealt.round_id)
    assert found is not None
    assert (found.drawn, found.query, found.picked, found.outcome) == (DRAWN, "the sea", frozenset({1, 3}), None)
    assert contests.settle(dealt.round_id).outcome == -1


def test_a_verdict_is_given_once_and_stands(contests: Contests) -> None:
    first = play(contests, 1)
    contests.pick(first.round_id, 0, False)
    contests.pick(first.round_id, 1, True)
    again = contests.settle(first.round_id)
    assert (again.outcome, again.settled_at, again.picked) == (1, first.settled_at, frozenset({0}))
    assert len(contests.settled(DENSE, LEXICAL)) == 1


def test_what_was_not_dealt_is_refused_in_words(contests: Contests) -> None:
    assert contests.get("nope") is None
    with pytest.raises(InputError, match="no round 'nope' was dealt here"):
        contests.settle("nope")
    dealt = contests.deal(CONTEST, "sea", "ann", "s", DRAWN)
    for place in (-1, 4):
        with pytest.raises(InputError, match="a round of 4 books"):
            contests.pick(dealt.round_id, place, True)


def test_one_visitor_is_heard_once_a_query_and_the_rest_is_kept(contests: Contests) -> None:
    play(contests, 1)
    play(contests, -1, "Sea")
    play(contests, -1, "hills")
    play(contests, 0, visitor="ben")
    found = tally(contests, CONTEST)
    assert (found.decision.wins, found.decision.losses, found.decision.ties) == (1, 1, 1)
    assert [(each.query, each.wins, each.losses, each.ties) for each in found.queries] == [("sea", 1, 0, 1), ("hills", 0, 1, 0)]
    assert (found.visitors, found.repeated, found.earlier) == (2, 1, 0)


def test_another_state_and_a_new_beginning_count_anew_and_lose_nothing(contests: Contests) -> None:
    play(contests, 1)
    later = Contest(DENSE, LEXICAL, "state-2")
    assert (tally(contests, later).decision.rounds, tally(contests, later).earlier) == (0, 1)
    contests.begin_anew(DENSE, LEXICAL)
    anew = tally(contests, CONTEST)
    assert (anew.decision.rounds, anew.earlier, anew.beginnings) == (0, 1, 1)
    play(contests, -1)
    assert tally(contests, CONTEST).decision.losses == 1
    others = Contest(DENSE, Contender("starter", "hybrid"), "state-1")
    assert (tally(contests, others).earlier, tally(contests, others).beginnings) == (0, 0)
    rows = list(csv.DictReader(io.StringIO(as_csv(contests, CONTEST).decode("utf-8-sig"))))
    assert [(row["outcome"], row["winner"], row["counted"]) for row in rows] == [
        ("1", "dense on starter", "no"),
        ("-1", "lexical on starter", "yes"),
    ]


def test_a_query_in_the_file_is_no_formula(contests: Contests) -> None:
    play(contests, 0, '=HYPERLINK("http://x")\n"quoted", and more')
    row = next(csv.DictReader(io.StringIO(as_csv(contests, CONTEST).decode("utf-8-sig"), newline="")))
    assert row["query"] == '\'=HYPERLINK("http://x")\n"quoted", and more'


def test_rows_are_only_added(contests: Contests, settings: Settings) -> None:
    play(contests, 1)
    contests.begin_anew(DENSE, LEXICAL)
    with sqlite3.connect(settings.data_dir / "contests.sqlite") as raw:
        for table in ("rounds", "picks", "verdicts", "beginnings"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid + 7"):
                with pytest.raises(sqlite3.DatabaseError, match="only added"):
                    raw.execute(statement)


def test_visitors_at_once_lose_nothing(contests: Contests, settings: Settings) -> None:
    """Threads of this process, each with rounds of its own, and another process beside them."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from tests.unit.test_contests import play\n"
        "from vibeshelf.core.settings import load_settings\n"
        "from vibeshelf.services.contests import open_contests\n"
        "contests = open_contests(load_settings(data_dir=sys.argv[1]))\n"
        "for at in range(10): play(contests, -1, f'q{at}', 'elsewhere')\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(settings.data_dir), str(ROOT), str(ROOT / "src")])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda at: play(contests, 1, f"q{at % 5}", f"visitor {at}"), range(30)))
    assert other.wait(60) == 0
    found = tally(contests, CONTEST)
    assert (found.decision.wins, found.decision.losses, found.visitors) == (30, 10, 31)


def test_a_damaged_file_is_said_in_words(settings: Settings) -> None:
    (settings.data_dir / "contests.sqlite").write_text("no database, but a text that is long enough to be read as one" * 9)
    with pytest.raises(StorageError, match=r"contests\.sqlite"):
        open_contests(settings)


def test_two_systems_on_the_real_model_are_mixed_and_counted(starter: Shelf, contests: Contests) -> None:
    shelves = {"starter": starter}
    contest = contest_of((LEXICAL, DENSE), shelves)
    assert contest == contest_of((DENSE, LEXICAL), shelves)
    dealt = deal(contests, contest, shelves, "  an old man alone\nat sea ", "ann")
    assert dealt.query == "an old man alone at sea"
    assert len(dealt.drawn) == 10
    for team, contender in ((ONE, DENSE), (OTHER, LEXICAL)):
        ranked = [each.book_id for each in starter.run(dealt.query, 10, contender.system).hits]
        mine = [each.book_id for each in dealt.drawn if each.team == team]
        assert len(mine) == 5
        assert mine == sorted(mine, key=ranked.index)
    contests.pick(dealt.round_id, next(place for place, each in enumerate(dealt.drawn) if each.team == OTHER), True)
    assert contests.settle(dealt.round_id).outcome == -1
    assert tally(contests, contest).decision.losses == 1


def test_what_cannot_be_compared_is_refused_in_words(starter: Shelf, contests: Contests) -> None:
    shelves = {"starter": starter}
    with pytest.raises(InputError, match="dense on starter cannot be compared with itself"):
        contest_of((DENSE, DENSE), shelves)
    contest = contest_of((DENSE, LEXICAL), shelves)
    with pytest.raises(InputError, match="the query is empty"):
        deal(contests, contest, shelves, "  ", "ann")
    with pytest.raises(InputError, match="lexical on starter found no book for these words"):
        deal(contests, contest, shelves, "qwzx vbnk", "ann")
    assert contests.settled(DENSE, LEXICAL) == []


def test_a_migrated_file_opens_again(tmp_path: Path) -> None:
    for _ in range(2):
        contests = Contests(open_database(tmp_path / "c.sqlite", MIGRATIONS))
    play(contests, 1)
    assert tally(Contests(open_database(tmp_path / "c.sqlite", MIGRATIONS)), CONTEST).decision.wins == 1


def test_moves_are_told_up_down_new_and_gone() -> None:
    left = [hit(rank, book_id) for rank, book_id in enumerate("abcde", 1)]
    right = [hit(rank, book_id) for rank, book_id in enumerate("cadfb", 1)]
    found = compare(left, right, 3)
    assert [(each.hit.book_id, each.up) for each in found.right] == [("c", 2), ("a", -1), ("d", 1)]
    assert [(each.hit.book_id, each.other_rank) for each in found.left] == [("a", 2), ("b", 5), ("c", 1)]
    assert (found.shared, found.k, found.depth) == (2, 3, 5)
    assert compare([], right, 3).left == ()
    assert [each.up for each in compare([], right, 3).right] == [None, None, None]


def test_books_of_other_collections_are_known_by_title_and_author() -> None:
    left = [hit(1, "1", "Emma", "Jane Austen"), hit(2, "2", "Ulysses", "James Joyce"), hit(3, "3", "Emma", "Jane Austen")]
    right = [hit(1, "2", "EMMA ", "Jane  Austen"), hit(2, "1", "Dracula", "Bram Stoker")]
    found = compare(left, right)
    assert [each.other_rank for each in found.left] == [1, None, 1]
    assert [each.other_rank for each in found.right] == [1, None]
    same = [hit(1, "2", "Ulysses"), hit(2, "9", "Emma")]
    assert keys_of(same, [hit(1, "2", "Ulysses")]) == (["2", "9"], ["2"])
