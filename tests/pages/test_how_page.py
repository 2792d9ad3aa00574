"""The walk through one search: its numbers are those of the search, on the real model, and the page shows them."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.walkthrough import walk
from vibeshelf.ui import resources
from vibeshelf.ui.how.pictures import cells, cells_said, heap, share

Open = Callable[..., AppTest]
WORDS = "an old man alone at sea with a great fish"


@pytest.fixture
def how(starter: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "settings", lambda: settings)
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "collections", starter.store.collections)

    def opened(**address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.switch_page("pages/7_How_it_works.py")
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        assert "a defect of ours" not in said(at)
        return at

    return opened


def said(at: AppTest) -> str:
    return "\n".join(str(each.value) for kind in (at.markdown, at.caption, at.header, at.error) for each in kind)


def test_every_number_of_the_walk_is_that_of_the_search(starter: Shelf) -> None:
    taken = walk(starter, WORDS)
    assert float(np.linalg.norm(taken.vector)) == pytest.approx(1, abs=1e-5)
    assert float(taken.vector @ taken.book_vector) == pytest.approx(taken.nearest[0].score, abs=1e-5)
    assert len(taken.cosines) == 945
    assert float(taken.cosines.max()) == pytest.approx(taken.nearest[0].score, abs=1e-5)
    assert [part.hit.book_id for part in taken.parts] == [hit.book_id for hit in starter.run(WORDS, 5).hits]
    for part in taken.parts:
        assert part.meaning + part.words == pytest.approx(part.hit.score, abs=1e-6)
    assert taken.book_text.startswith(f"{taken.nearest[0].title} by ")


def test_words_are_counted_in_books_and_the_empty_ones_left_out(starter: Shelf) -> None:
    words = {each.word: each.books for each in walk(starter, "The lighthouses, the story; a zzzzqq").words}
    assert list(words) == ["the", "lighthouses", "story", "zzzzqq"]
    assert (words["the"], words["story"], words["zzzzqq"]) == (None, None, 0)
    mirror = starter.mirror()
    assert mirror is not None
    assert mirror.lexical is not None
    assert words["lighthouses"] == int((mirror.lexical.scores("lighthouse") > 0).sum()) > 0


def test_what_cannot_be_walked_is_refused_in_words(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="the query is empty"):
        walk(starter, "   ")
    monkeypatch.setattr(Shelf, "mirror", lambda _: None)
    with pytest.raises(InputError, match="its mirror is not there"):
        walk(starter, WORDS)


def test_the_page_walks_the_visitors_own_words(how: Open, starter: Shelf) -> None:
    at = how(q=WORDS)
    taken, text = walk(starter, WORDS), said(at)
    for number in range(1, 8):
        assert f"{number}. " in text
    assert f"**{taken.nearest[0].score:.3f}**" in text
    assert ":violet-badge[fish · " in text
    assert f"1. {taken.parts[0].hit.title}" in text.replace("\u2068", "").replace("\u2069", "").replace("**", "")
    pictures = [json.loads(each.proto.json)[0] for each in at.get("bidi_component")]
    assert len(pictures) == 1 + 3 + 1 + len(taken.parts)
    assert all(each["alt"] and each["svg"].startswith("<svg") for each in pictures)
    assert pictures[0]["svg"] == cells(taken.vector)


def test_without_words_an_example_is_walked_and_said_to_be_one(how: Open) -> None:
    assert "For instance: a lonely lighthouse keeper" in said(how())


def test_words_that_the_search_page_would_read_otherwise_are_said_to_be_taken_as_they_are(how: Open) -> None:
    assert "taken as they are here" in said(how(q="a love story, no vampires"))
    assert "taken as they are here" not in said(how(q=WORDS))


def test_links_take_the_words_along_and_no_markup(how: Open) -> None:
    shown = "".join(str(each.proto.body) for each in how(q='"><b>sea</b>').get("html"))
    assert "./?q=%22%3E%3Cb%3Esea%3C%2Fb%3E&amp;collection=starter" in shown
    assert "<b>sea" not in shown


def test_hostile_words_stay_words(how: Open) -> None:
    text = said(how(q="<script>alert(1)</script> :red[x] $y$"))
    assert ":violet-badge[\\<" in text
    assert "<script>" not in text
    assert "[x]" not in text.replace("\\[x\\]", "")


def test_a_query_that_no_search_takes_is_one_line(how: Open) -> None:
    at = how(q="x" * 9000)
    assert ["9,000 characters" in str(each.value) for each in at.error] == [True]


def test_pictures_hold_numbers_alone_and_say_them() -> None:
    row = np.array([0.5, -0.5, 0.0, 0.25, -0.1, 0.7, 0.1, 0.2, -0.7], dtype=np.float32)
    assert cells(row).count("<rect") == 9
    assert cells(row).count("vs-minus") == 3
    assert cells_said(row, "x").startswith("9 cells, one for each number of x; from -0.70 to 0.70, beginning with 0.500, -0.500")
    assert cells(np.zeros(4, dtype=np.float32)).count("<rect") == 4
    flat = heap(np.full(5, 0.3, dtype=np.float32), [0.3], None)
    assert flat.count("vs-heap") == 1
    assert "nan" not in flat
    marked = heap(np.linspace(0, 1, 50, dtype=np.float32), [1.0, 0.9], 0.5)
    assert (marked.count("vs-near"), marked.count("vs-floor")) == (2, 1)
    assert 'width="0.6000"' in share(0.6, 0.4)
