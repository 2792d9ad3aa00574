"""What raters are given: pools, their order, the strategies, and a sitting over the starter books."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from vibeshelf.adapters.tasks import Tasks
from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import JudgedQuery, Judgment, Made, Pair, Task
from vibeshelf.core.settings import load_settings
from vibeshelf.services.judging import Desk, check_rater, check_task, made_under, open_desk
from vibeshelf.services.pooling import Filler, fill_pool
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.strategies import STRATEGIES, Known, chosen, hole_weight, known_of, shuffled
from vibeshelf.services.suggestions import searched, suggest, suggested
from vibeshelf.services.task_queries import add_queries, queries_in, queries_of


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(load_settings(data_dir=tmp_path))


@pytest.fixture
def task(desk: Desk) -> Task:
    task = Task("small", ("starter",), ("hybrid", "dense", "lexical"), depth=5)
    desk.tasks.save(task)
    add_queries(desk, task, queries_of("an old man and a great fish\na quiet lighthouse"))
    return task


def known(**changes: object) -> Known:
    ranks = {f"b{at:02}": {"one": at, "two": 11} for at in range(1, 16)}
    return Known(**{"query_id": "q", "ranks": ranks, "others": {}, "settled": (), "thumbs": (), "skipped": (), **changes})  # type: ignore[arg-type]


def test_the_order_is_a_raters_own_kept_and_stable_when_the_pool_grows() -> None:
    ids = [f"b{at}" for at in range(40)]
    ann, bob = shuffled("ann's seed", "q", ids), shuffled("bob's seed", "q", ids)
    assert sorted(ann) == sorted(bob) == sorted(ids)
    assert ann != bob
    grown = shuffled("ann's seed", "q", [*ids, "late"])
    assert [each for each in grown if each != "late"] == ann


def test_the_order_says_nothing_of_ranks() -> None:
    # The mean rank of the book that comes first, over many seeds, is that of a random book.
    firsts = [int(shuffled(f"seed {at}", "q", [f"{rank:02}" for rank in range(1, 21)])[0]) for at in range(2000)]
    assert 10 < sum(firsts) / len(firsts) < 11


def test_a_raters_seed_is_drawn_once(desk: Desk) -> None:
    assert desk.tasks.seed("ann") == desk.tasks.seed("ann") != desk.tasks.seed("bob")


def test_a_hole_weighs_what_its_grade_could_move() -> None:
    assert hole_weight({"one": 1, "two": 1}) == 0
    assert hole_weight({"one": 1, "two": 3}) == pytest.approx(0.5)
    assert hole_weight({"one": 1, "": 11}) == pytest.approx(1)
    assert hole_weight({"one": 12, "two": 30}) == 0


def test_holes_leave_out_what_was_graded_and_what_changes_nothing_and_come_in_shuffled_blocks() -> None:
    found = chosen("holes", "seed", known(others={"b01": [2]}))
    assert set(found) == {f"b{at:02}" for at in range(2, 11)}
    assert found != sorted(found)


def test_the_query_with_the_heaviest_holes_comes_first(desk: Desk, task: Task) -> None:
    for query_id, found in (("q01", {"one": ["a", "b"], "two": ["a", "b"]}), ("q02", {"one": ["a", "b"], "two": ["b", "c"]})):
        desk.tasks.save_pool("small", query_id, "state", found)
    assert list(desk.workload(task, "ann", "holes").queries) == ["q02", "q01"]
    assert list(desk.workload(task, "ann").queries) == ["q01", "q02"]


def test_disagreements_second_opinions_thumbs_and_skips() -> None:
    others = {"b01": [0, 2], "b02": [1, 1], "b03": [3, 0], **{f"c{at}": [1] for at in range(500)}}
    assert chosen("disagreements", "s", known(others=others, settled={"b03"})) == ["b01"]
    second = chosen("second", "s", known(others=others))
    assert 60 < len(second) < 140
    assert set(second) == set(chosen("second", "another rater", known(others=others))), "the sample is the same for everybody"
    assert chosen("thumbs", "s", known(thumbs={"x"})) == ["x"]
    assert chosen("skipped", "s", known(skipped=["y"])) == ["y"]
    assert len(chosen("pool", "s", known())) == 15


def test_others_grades_are_known_and_ones_own_are_not_among_them() -> None:
    standing = [Judgment("q", "b", 1, "ann", "t"), Judgment("q", "b", 2, "bob", "t"), Judgment("q", "c", None, "ann", "t")]
    found = known_of("q", {"b": {"one": 1}}, 2, standing, "ann", {Pair("q", "c"), Pair("other", "b")}, ())
    assert dict(found.others) == {"b": [2]}
    assert (found.settled, found.skipped) == ({"c"}, ["c"])
    assert found.ranks == {"b": {"one": 1, "": 11}}


def test_a_pool_unites_the_systems_and_imported_runs_and_is_made_anew_when_something_changes(
    desk: Desk, task: Task, fake_starter: Shelf
) -> None:
    shelves = {"starter": fake_starter}
    query = desk.tasks.queries("small")[0]
    assert fill_pool(desk.tasks, task, query, shelves)
    assert not fill_pool(desk.tasks, task, query, shelves)
    ids = {hit.book_id for system in task.systems for hit in fake_starter.run(query.text, 5, system).hits}
    assert set(desk.tasks.pools("small")[query.query_id]) == ids
    (outsider, *_) = set(fake_starter.mirror().ids) - ids  # type: ignore[union-attr]
    desk.tasks.save_run("small", "theirs", {query.query_id: [outsider]})
    assert fill_pool(desk.tasks, task, query, shelves)
    assert desk.tasks.pools("small")[query.query_id][outsider] == {"run theirs": 1}


def test_a_sitting_from_the_first_book_to_the_last(desk: Desk, task: Task, fake_starter: Shelf) -> None:
    shelves = {"starter": fake_starter}
    filler = Filler(desk.tasks)
    filler.start(task, shelves)
    filler.wait("small")
    work = desk.workload(task, "ann")
    assert work.complete
    made = made_under(shelves, task)
    first = desk.turn(work, shelves)
    assert first == "q01"
    left = work.remaining(first)
    assert set(desk.books(work, first, shelves)) == set(left)
    for book_id in left:
        desk.grade(work, Pair(first, book_id), random.Random(book_id).randrange(4), " a note ", made)
    assert desk.turn(work, shelves, first) == "q02"
    assert work.counts("q01") == (len(left), len(left))
    undone = desk.undo(work)
    assert undone is not None
    assert work.remaining("q01") == [left[-1]]
    again = desk.workload(task, "ann")
    assert again.queues["q01"] == left, "after a restart the order is the same"
    assert again.counts() == work.counts()
    assert desk.workload(task, "bob").counts()[0] == 0
    (kept, *_) = desk.judgments.standing("small")
    assert (kept.note, kept.made.guideline, kept.made.collection) == ("a note", 1, "starter")


def test_undo_shows_a_pair_again_that_the_strategy_would_not_choose(desk: Desk, task: Task, fake_starter: Shelf) -> None:
    desk.judgments.grade("small", Pair("q02", "the-old-man-and-the-sea-hemingway"), "ann", 1, made=Made())
    work = desk.workload(task, "ann", "disagreements")
    assert desk.undo(work) is not None
    assert work.remaining("q02") == ["the-old-man-and-the-sea-hemingway"]


def test_a_book_that_the_collection_lost_is_taken_off(desk: Desk, task: Task, fake_starter: Shelf) -> None:
    desk.tasks.save_run("small", "old", {"q01": ["no-such-book"]})
    work = desk.workload(task, "ann")
    assert desk.turn(work, {"starter": fake_starter}) == "q01"
    assert "no-such-book" in work.queues["q01"]
    desk.books(work, "q01", {"starter": fake_starter})
    assert "no-such-book" not in work.queues["q01"]


def test_thumbs_suggest_and_are_no_grades(desk: Desk, task: Task) -> None:
    suggest(desk, "starter", "a quiet  lighthouse", "to-the-lighthouse-woolf", up=True)
    suggest(desk, "elsewhere", "a quiet lighthouse", "another-collection", up=True)
    assert desk.workload(task, "ann", "thumbs").remaining("q02") == ["to-the-lighthouse-woolf"]
    assert desk.judgments.standing("small") == []
    assert desk.judgments.count("small") == 0


def test_a_thumb_changes_its_mind_and_is_taken_back_by_its_visitor_alone(desk: Desk, task: Task) -> None:
    for visitor, up in (("v1", True), ("v1", False), ("v2", True)):
        suggest(desk, "starter", "a quiet lighthouse", "b1", up, visitor)
    assert suggested(desk, "starter", "a quiet lighthouse", "v1") == {"b1": False}
    suggest(desk, "starter", "a quiet lighthouse", "b1", None, "v1")
    assert suggested(desk, "starter", "a quiet lighthouse", "v1") == {}
    assert desk.workload(task, "ann", "thumbs").remaining("q02") == ["b1"], "the other visitor's thumb stays"
    suggest(desk, "starter", "a quiet lighthouse", "b1", None, "v2")
    assert desk.workload(task, "ann", "thumbs").remaining("q02") == []
    with pytest.raises(InputError, match="the query is empty"):
        suggest(desk, "starter", "  ", "b1", up=True)


def test_searches_become_queries_those_with_thumbs_first(desk: Desk, task: Task) -> None:
    for query, book_id in (("bees", "b1"), ("bees", "b2"), ("a quiet lighthouse", "b1")):
        suggest(desk, "starter", query, book_id, up=True)
    found = searched(desk, task, ["robots  in love", "bees", "", "an old man and a great fish"])
    assert list(found.items()) == [("bees", 2), ("robots in love", 0)]


def test_the_pace_tells_the_remaining_time_once_there_is_one(desk: Desk, task: Task, fake_starter: Shelf) -> None:
    work = desk.workload(task, "ann")
    assert desk.seconds_left(work) is None
    desk.turn(work, {"starter": fake_starter})
    for book_id in work.remaining("q01"):
        desk.grade(work, Pair("q01", book_id), 1, "", Made())
    done, total = work.counts()
    assert done >= 6
    assert 0 <= (desk.seconds_left(work) or 0.0) < total


def test_queries_are_added_changed_and_kept_once_graded(desk: Desk, task: Task) -> None:
    done = add_queries(
        desk, task, [JudgedQuery("", "a quiet  lighthouse"), JudgedQuery("x1", "robots", "kind ones"), JudgedQuery("", "bees")]
    )
    assert (done.added, done.unchanged) == (2, 1)
    assert [query.query_id for query in desk.tasks.queries("small")] == ["q01", "q02", "x1", "q04"]
    desk.judgments.grade("small", Pair("x1", "b"), "ann", 1)
    refused = add_queries(desk, task, [JudgedQuery("x1", "dragons")])
    assert (refused.refused, desk.tasks.queries("small")[2].text) == (("x1",), "robots")
    assert add_queries(desk, task, [JudgedQuery("x1", "robots", "unkind ones")]).changed == 1
    with pytest.raises(InputError, match="white space"):
        add_queries(desk, task, [JudgedQuery("a b", "robots")])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("bees\n\nrobots\r\n", [("", "bees"), ("", "robots")]),
        ("1\tbees\n2\trobots\n", [("1", "bees"), ("2", "robots")]),
        ('{"_id": "1", "text": "bees"}\n', [("1", "bees")]),
    ],
    ids=["one a line", "tsv", "beir"],
)
def test_query_files(tmp_path: Path, content: str, expected: list[tuple[str, str]]) -> None:
    path = tmp_path / "queries.txt"
    path.write_text(content)
    assert [(query.query_id, query.text) for query in queries_in(path)] == expected


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="1 to 40"):
        check_rater(name)
    assert check_rater(" Zoë  Müller; 'x'=\"y\" ") == "Zoë Müller; 'x'=\"y\""


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (Task("", ("a",), ()), "task name"),
        (Task("t", (), ("dense",)), "no collection"),
        (Task("t", ("a",), ("magic",)), "unknown system 'magic'"),
        (Task("t", ("a",), (), depth=0), "depth is 0"),
        (Task("t", ("a",), (), rule="mean"), "unknown rule 'mean'"),
    ],
)
def test_a_task_that_cannot_be_worked_on_is_refused(task: Task, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_task(task)


def test_the_starter_task_is_there_and_complete(desk: Desk) -> None:
    assert desk.task("starter").systems == ("hybrid", "dense", "lexical")
    assert len(desk.tasks.queries("starter")) == 80
    assert set(STRATEGIES) == {"pool", "holes", "disagreements", "second", "thumbs", "skipped"}
    with pytest.raises(InputError, match="no judging task 'nope'; there: starter"):
        desk.task("nope")
    assert isinstance(desk.tasks, Tasks)
