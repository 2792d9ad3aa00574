"""The Compare page on the real starter collection, without a browser."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.adapters.contests import Contests
from vibeshelf.core.contests import ONE, OTHER, Contender, Drawn
from vibeshelf.core.records import Book, Hit
from vibeshelf.core.settings import Settings
from vibeshelf.services.comparing import compare
from vibeshelf.services.contests import as_csv, contest_of, open_contests
from vibeshelf.services.deciding import decide
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.compare.lists import links, move_of, overlap
from vibeshelf.ui.compare.standing import bar, missing, verdict

Open = Callable[..., AppTest]
WORDS = "an old man alone at sea with a great fish"
DENSE, HYBRID = Contender("starter", "dense"), Contender("starter", "hybrid")


@pytest.fixture
def contests(settings: Settings) -> Contests:
    return open_contests(settings)


@pytest.fixture
def comparing(starter: Shelf, contests: Contests, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A way to open the page, with an address."""
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "settings", lambda: settings)
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "collections", starter.store.collections)
    monkeypatch.setattr(resources, "contests", lambda: contests)

    def opened(**address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.switch_page("pages/6_Compare.py")
        for name, value in address.items():
            at.query_params[name] = value
        return looked(at.run())

    return opened


def looked(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not [each for each in at.error if "a defect of ours" in str(each.value)]
    return at


def said(at: AppTest) -> str:
    return "\n".join(str(each.value) for kind in (at.markdown, at.caption, at.info, at.success, at.warning, at.error) for each in kind)


def address(at: AppTest, name: str) -> str:
    value = at.query_params[name]
    return value if isinstance(value, str) else value[0]


def drawn_data(at: AppTest, at_least: int = 1) -> dict[str, Any]:
    found = at.get("bidi_component")
    assert len(found) >= at_least
    [data] = json.loads(found[0].proto.json)
    return dict(data)


def hit(rank: int, book_id: str) -> Hit:
    return Hit(book_id, rank, 1.0, Book(book_id, book_id))


def test_without_words_the_page_says_what_to_do(comparing: Open) -> None:
    at = comparing()
    assert "see what each of the two finds" in said(at)
    assert (at.selectbox(key="left").value, at.selectbox(key="right").value) == ("dense on starter", "hybrid on starter")


def test_both_rankings_are_shown_with_what_moved(comparing: Open, starter: Shelf) -> None:
    at = comparing(q=WORDS, left="lexical on starter", right="dense on starter")
    data = drawn_data(at)
    found = compare(starter.run(WORDS, 50, "lexical").hits, starter.run(WORDS, 50, "dense").hits)
    left, right = data["sides"]
    assert (left["name"], right["name"]) == ("lexical on starter", "dense on starter")
    assert [row["title"] for row in right["rows"]] == [each.hit.title for each in found.right]
    assert [row["move"] for row in right["rows"]] == [move_of(each, 1)[1] for each in found.right]
    assert len(data["links"]) == found.shared
    assert f"{found.shared} of 10 books in both" in said(at)
    assert "all-MiniLM-L6-v2 on onnx, cpu · 945 books" in right["facts"]


def test_swapping_swaps_and_the_address_follows(comparing: Open) -> None:
    at = comparing(q=WORDS)
    looked(at.button(key="swap").click().run())
    assert (at.selectbox(key="left").value, at.selectbox(key="right").value) == ("hybrid on starter", "dense on starter")
    assert address(at, "left") == "hybrid on starter"


def test_an_unknown_contender_in_the_address_is_said(comparing: Open) -> None:
    at = comparing(q=WORDS, left="dense on <b>nowhere</b>")
    assert "There is no dense on \\<b\\>nowhere" in said(at)
    assert at.selectbox(key="left").value == "dense on starter"


def test_a_query_that_no_search_takes_is_one_line(comparing: Open) -> None:
    for view in ("Side by side", "Blind"):
        at = comparing(q="x" * 9000, view=view)
        if view == "Blind":
            looked(at.button(key="mix").click().run())
        assert [each.value for each in at.error] == ["the query has 9,000 characters; at most 8,000 can be used\\. Shorten it"]


def test_a_blind_round_from_words_to_verdict(comparing: Open, contests: Contests) -> None:
    at = comparing(q=WORDS, view="Blind")
    looked(at.button(key="mix").click().run())
    dealt = contests.get(address(at, "round"))
    assert dealt is not None
    assert len(at.checkbox) == 10
    # Nobody can see which system found what before the end.
    assert "found by" not in said(at)
    place = next(place for place, each in enumerate(dealt.drawn) if each.team == OTHER)
    looked(at.checkbox(key=f"tick-{dealt.round_id}-{place}").check().run())
    again = contests.get(dealt.round_id)
    assert again is not None
    assert again.picked == {place}
    looked(at.button(key="done").click().run())
    text = said(at)
    assert "**hybrid on starter** wins this round: dense on starter 0, hybrid on starter 1" in text
    assert text.count("found by **") == 10
    assert text.count("you liked it") == 1
    assert not at.checkbox
    assert "n = 1 round of 1 visitor ·" in said(at)
    assert "Not decided: hybrid on starter leads" in said(at)


def test_a_reload_goes_on_with_the_round_and_its_ticks(comparing: Open, contests: Contests) -> None:
    at = comparing(q=WORDS, view="Blind")
    looked(at.button(key="mix").click().run())
    round_id = address(at, "round")
    looked(at.checkbox(key=f"tick-{round_id}-4").check().run())
    fresh = comparing(q=WORDS, view="Blind", round=round_id)
    assert [each.value for each in fresh.checkbox] == [place == 4 for place in range(10)]
    other = comparing(q="robots", view="Blind", round=round_id)
    assert not other.checkbox
    assert other.button(key="mix")


def test_a_disk_that_takes_nothing_is_said_and_the_tick_is_not_shown(
    comparing: Open, contests: Contests, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = comparing(q=WORDS, view="Blind")
    looked(at.button(key="mix").click().run())
    box = f"tick-{address(at, 'round')}-2"
    contests._database.fetch("PRAGMA query_only = ON")
    looked(at.checkbox(key=box).check().run())
    assert "contests.sqlite" in said(at).replace("\\", "")
    assert at.checkbox(key=box).value is False
    contests._database.fetch("PRAGMA query_only = OFF")
    looked(at.checkbox(key=box).check().run())
    assert at.checkbox(key=box).value is True


def test_it_says_when_it_is_decided_and_counts_anew(comparing: Open, contests: Contests, starter: Shelf) -> None:
    contest = contest_of((DENSE, HYBRID), {"starter": starter})
    shown = (Drawn("b1", "starter", "One", ONE), Drawn("b2", "starter", "Other", OTHER))
    for number in range(9):
        dealt = contests.deal(contest, f"<b>words</b> {number}", "ann", "s", shown)
        contests.pick(dealt.round_id, 1, True)
        contests.settle(dealt.round_id)
    at = comparing(view="Blind", left="hybrid on starter", right="dense on starter")
    assert "Decided in round 9: visitors prefer hybrid on starter" in said(at)
    assert "n = 9 rounds of 1 visitor ·" in said(at)
    looked(at.button(key="count-anew").click().run())
    assert "No round of these two was finished yet. The count began anew 1 time" in said(at)
    rows = list(csv.DictReader(io.StringIO(as_csv(contests, contest).decode("utf-8-sig"))))
    assert [(row["winner"], row["counted"]) for row in rows] == [("hybrid on starter", "no")] * 9


def test_a_system_that_finds_nothing_is_said(comparing: Open) -> None:
    at = comparing(q="qwzx vbnk", left="lexical on starter", right="dense on starter")
    assert "lexical on starter found nothing for these words" in said(at)
    blind = comparing(q="qwzx vbnk", left="lexical on starter", right="dense on starter", view="Blind")
    looked(blind.button(key="mix").click().run())
    assert "lexical on starter found no book for these words" in said(blind)


def test_one_against_itself_is_refused_only_where_it_would_be_blind(comparing: Open) -> None:
    same = {"left": "dense on starter", "right": "dense on starter", "q": WORDS}
    assert "The same 10 books in the same order" in said(comparing(**same))
    assert "cannot be compared with itself" in said(comparing(**same, view="Blind"))


def test_the_words_of_moves() -> None:
    found = compare(
        [hit(rank, book_id) for rank, book_id in enumerate("abcdefghijkl", 1)], [hit(1, "c"), hit(2, "b"), hit(3, "z"), hit(4, "l")]
    )
    assert [move_of(each, 1)[1] for each in found.right] == ["▲ 2", "=", "new", "▲ 8"]
    assert [move_of(each, 0)[1] for each in found.left[:3]] == ["gone", "", ""]
    assert [(each["from"], each["to"]) for each in links(found)] == [(2, 0), (1, 1)]
    assert overlap(found, (DENSE, HYBRID)) == "2 of 4 books in both, another book first."
    assert overlap(compare([], [hit(1, "c")]), (DENSE, HYBRID)) == "dense on starter found nothing for these words."


def test_what_is_missing_is_said_as_far_as_it_is_known(starter: Shelf) -> None:
    contest = contest_of((DENSE, HYBRID), {"starter": starter})
    assert missing(decide([1, 1])) == "At the earliest 7 more decide it; how many it takes at this rate cannot be said of so few."
    assert "about 1 more rounds decide it; at the earliest 1" in missing(decide([1] * 8))
    assert "no end in sight" in missing(decide([1, -1] * 10))
    assert "nobody leads" in verdict(decide([1, -1]), contest)
    assert "visitors prefer dense on starter" in verdict(decide([1] * 9), contest)
    assert 'x="50.00"' not in bar(decide([1] * 9))
