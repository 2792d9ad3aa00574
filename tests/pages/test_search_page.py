"""The Search page over the starter collection and the real model, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.adapters.querylog import QueryLog
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.judging import open_desk
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources

Visit = Callable[..., AppTest]


@pytest.fixture
def visit(starter: Shelf, log: QueryLog, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Open the page at an address: `visit(q="robots", genre=["mystery"])`."""
    st.cache_resource.clear()
    st.cache_data.clear()
    desk = open_desk(starter.store.settings)
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "settings", lambda: starter.store.settings)
    monkeypatch.setattr(resources, "desk", lambda: desk)

    def opened(**address: str | list[str]) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for key, value in address.items():
            at.query_params[key] = value
        return drawn(at.run())

    return opened


def drawn(at: AppTest) -> AppTest:
    assert not at.exception
    assert not at.error
    return at


def said(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*at.markdown, *at.caption, *at.warning, *at.info]) + "".join(
        box.label for box in at.expander
    )


def test_a_link_with_filters_searches_what_they_leave(visit: Visit, log: QueryLog, starter: Shelf) -> None:
    at = visit(q="robots", genre=["mystery", "crime"], year="1900..1949")
    mirror = starter.mirror()
    assert mirror is not None
    left = len(mirror.select(parse_filters(["genre=mystery", "genre=crime", "year=1900..1949"])))
    assert f"10 of the {left} books that the filters leave of 945" in said(at)
    assert at.button_group(key="choose-genre").value == ["mystery", "crime"]
    log.flush()
    (row,) = log.read()
    assert sorted(row.filters) == ["genre=mystery|crime", "year=1900..1949"]


def test_choosing_and_taking_back_changes_the_address(visit: Visit) -> None:
    at = visit(q="robots")
    at = drawn(at.button_group(key="choose-genre").set_value(["science fiction"]).run())
    assert at.query_params["genre"] == "science fiction"
    at = drawn(at.button_group(key="choose-year").set_value("1950..1999").run())
    assert at.query_params["year"] == "1950..1999"
    assert at.number_input(key="from-year").value == 1950
    at = drawn(at.number_input(key="to-year").set_value(1960.0).run())
    assert at.query_params["year"] == "1950..1960"
    at = drawn(at.button(key="narrow-clear").click().run())
    assert "genre" not in at.query_params
    assert "year" not in at.query_params


def test_what_the_address_holds_that_cannot_be_used_is_said_in_one_box(visit: Visit) -> None:
    at = visit(q="robots", year="soon", country="<script>alert(1)</script>", genre="crime")
    (box,) = at.warning
    assert "filter 'year\\=soon'\\: expected a number or a range" in str(box.value)
    assert "\\<script\\>alert\\(1\\)\\</script\\>" in str(box.value)
    assert at.button_group(key="choose-genre").value == ["crime"]


def test_a_filter_without_a_box_can_be_taken_back(visit: Visit) -> None:
    at = visit(q="a man wakes up", author="Franz Kafka")
    assert "the 2 books that the filters leave" in said(at)
    at = drawn(at.button(key="drop-author").click().run())
    assert "author" not in at.query_params


def test_filters_that_leave_nothing_say_so(visit: Visit) -> None:
    at = visit(q="robots", genre="western", language="Sanskrit")
    assert "No book is left with these filters" in said(at)


def test_a_named_book_is_explained_and_the_words_can_be_taken_as_they_are(visit: Visit, log: QueryLog) -> None:
    at = visit(q="like The Old Man and the Sea but funny")
    assert "The vector of The Old Man and the Sea by Ernest Hemingway plus that of your words" in said(at)
    at = drawn(at.button(key="words-plain").click().run())
    assert at.query_params["words"] == "plain"
    assert "Your words were taken as they are" in said(at).replace("\\", "")
    at = drawn(at.text_input(key="q").set_value("a heist, no romance").run())
    assert "words" not in at.query_params
    assert "Kept away from\\: romance\\." in said(at)
    log.flush()
    assert [row.text for row in log.read()][-1] == "a heist, no romance"


def test_hostile_words_that_name_a_book_are_shown_as_text(visit: Visit) -> None:
    at = visit(q="like <img src=x onerror=alert(1)> but :red[sad] $x$")
    assert "\\<img src\\=x onerror\\=alert\\(1\\)\\>" in said(at)


def test_covers_under_an_empty_box_lead_to_more_like_them(visit: Visit, starter: Shelf) -> None:
    at = visit()
    assert not window_of(at), "nobody waits for the collection to be opened"
    resources.opened()["starter"] = starter
    shown = window_of(drawn(at.run()))
    mirror = starter.mirror()
    assert mirror is not None
    assert len({each["id"] for each in shown} & set(mirror.ids)) == 8
    assert shown == window_of(drawn(at.run())), "the same for the whole visit"


def window_of(at: AppTest) -> list[dict[str, str]]:
    data = [json.loads(each.proto.json)[0] for each in at.get("bidi_component")]
    return next((each["books"] for each in data if "books" in each), [])


def test_another_language_is_told_how_well_the_model_does(visit: Visit) -> None:
    assert "This looks like German" in said(visit(q="ein Kloster im Mittelalter"))
    # A title of the collection is no wish in French.
    assert "This looks like" not in said(visit(q="Les Misérables"))


def test_a_surprise_searches_a_good_wish_and_says_why(visit: Visit) -> None:
    at = drawn(visit().button(key="surprise").click().run())
    first = at.text_input(key="q").value
    assert "Why this one" in said(at)
    at = drawn(at.button(key="surprise-again").click().run())
    assert at.text_input(key="q").value != first
    at = drawn(at.text_input(key="q").set_value("robots").run())
    assert "Why this one" not in said(at)
