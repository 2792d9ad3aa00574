"""A search of the page: results at once, then which sentences match, then the next ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from threading import Event

import streamlit as st

from vibeshelf.adapters.mirror import mirror_key
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.records import Book, Filter, SearchResult
from vibeshelf.core.wishes import Steering
from vibeshelf.services.asking.titles import titles_of
from vibeshelf.services.closeness import Closeness, nothing_close
from vibeshelf.services.facets import filters_text
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.search import MAX_K
from vibeshelf.services.shelf import DEFAULT_COLLECTION, Shelf
from vibeshelf.services.suggestions import suggest, suggested
from vibeshelf.ui import resources
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.search import window
from vibeshelf.ui.search.asking import nothing_found
from vibeshelf.ui.search.cards import KEY, LIKED, THUMBED, card_of, draw_cards, draw_marks
from vibeshelf.ui.search.covers import cover_picture
from vibeshelf.ui.search.explain import explained
from vibeshelf.ui.search.narrowing import filters_of_address, narrowing
from vibeshelf.ui.search.reading import explain, reading_of
from vibeshelf.ui.search.waiting import opened_shelf
from vibeshelf.ui.text import plain
from vibeshelf.ui.visitor import visitor

PAGE = 10
# Which results get their marked sentences together: the first that a screen shows, then the rest; every round more costs its own start.
_ROUNDS = ((0, 2), (2, MAX_K))
_SHOWN, _SHOWN_FOR, _LOGGED = "shown", "shown-for", "logged"


def make_ready(collection: str = DEFAULT_COLLECTION) -> None:
    """Open what a search shows its results with, and search once, which is logged nowhere. Raises VibeshelfError as opening does."""
    shelf = resources.shelf(collection)
    _closeness(shelf)
    if (mirror := shelf.mirror()) is not None:
        titles_of(mirror)
    shelf.run("the first search of a process loads what later ones find loaded", PAGE, remember=False)
    resources.sentences(collection)
    resources.desk()


def learn(ended: Event, collection: str = DEFAULT_COLLECTION) -> None:
    """Encode the sentences of a small collection while nobody searches; takes as long as there is to do, or until `ended` is set."""
    if (mirror := resources.shelf(collection).mirror()) is not None:
        resources.sentences(collection).learn(mirror, ended)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: `name` tells it from any other, `typed` are the words as they were typed."""

    name: str
    typed: str
    like: str | None
    steering: Steering


def results(collection: str, query: str, like: str | None) -> None:
    """Draw what a query, a book that others are to be like, or both, find."""
    narrow = st.container(horizontal=True, gap="xsmall", key="narrow")
    try:
        with narrow:
            shelf = opened_shelf(collection)
        mirror = shelf.mirror()
        filters, problems = filters_of_address(mirror)
        wish = reading_of(query, mirror, like)
        asked = "\n".join((collection, query, like or "", filters_text(filters), str(wish.steered)))
        if st.session_state.get(_SHOWN_FOR) != asked:
            st.session_state[_SHOWN_FOR], st.session_state[_SHOWN] = asked, PAGE
        # Drawing the page again, or more of the same results, is no other search.
        repeat = st.session_state.get(_LOGGED) == asked
        found = logged_search(
            shelf, wish.text, st.session_state[_SHOWN], filters=filters, source="page", repeat=repeat, like=like, steering=wish.steering,
            typed=query,
        )  # fmt: skip
        st.session_state[_LOGGED] = asked
    except VibeshelfError as error:
        show_error(error)
        return
    if problems:
        st.warning("  \n".join(map(plain, problems)))
    for note in found.notes:
        st.warning(note)
    if like:
        _seed_line(shelf, like, query)
    explain(wish, query, mirror, found.model)
    left = len(mirror.select(filters)) if mirror is not None and filters else None
    _draw(shelf, found, Asked(asked, query, like, wish.steering), filters, left)
    if mirror is not None and len(mirror):
        # The results are on their way: what their counts need is read now, and drawn above them where its place is kept.
        with narrow:
            narrowing(mirror, filters)
        # The next words may name a book; this search does not wait for what knows them.
        titles_of(mirror)


def _draw(shelf: Shelf, found: SearchResult, asked: Asked, filters: Sequence[Filter], left: int | None) -> None:
    closeness = _closeness(shelf)
    if not found.hits:
        empty_state(
            "No book is left with these filters; take some of them back."
            if found.count
            else "This collection has no books yet. Fill it: vibeshelf ingest SOURCE"
        )
        return
    aimless = not asked.like and not asked.steering.like
    nothing = closeness is not None and aimless and nothing_close(found.query, found.hits, closeness)
    shown = not nothing or nothing_found(asked.name, asked.typed, narrowed=left is not None)
    explained(found, filters, left, asked.steering)
    if not shown:
        return
    try:
        _cards_and_marks(shelf, found, asked, closeness)
    except VibeshelfError as error:
        show_error(error)
        return
    _next_page(found)


def _closeness(shelf: Shelf) -> Closeness | None:
    return resources.closeness(shelf.name, mirror_key(shelf.manifest))


def _cards_and_marks(shelf: Shelf, found: SearchResult, asked: Asked, closeness: Closeness | None) -> None:
    sentences = resources.sentences(found.collection)
    books, floor = [hit.book for hit in found.hits], closeness.sentence_floor if closeness else 1.0
    thumbs = suggested(resources.desk(), found.collection, asked.typed, visitor()) if asked.typed else {}
    template = resources.settings().link_template
    cards = [card_of(hit, found.hits, closeness, found.collection, thumbs.get(hit.book_id), template) for hit in found.hits]
    known = sentences.knows(books)
    aim = shelf.aim(found.query, asked.like, asked.steering)
    marks = sentences.matching(aim, books, floor) if known else None
    draw_cards(cards, asked.name, marks, _liked, _thumbed)
    if not known:
        # The results are on their way to the browser; the marks follow them, those of the books on the screen first.
        with st.container(gap=None):
            for start, end in _ROUNDS:
                if books[start:end]:
                    draw_marks(asked.name, sentences.matching(aim, books[start:end], floor), start, end >= len(books))


def _seed_line(shelf: Shelf, like: str, query: str) -> None:
    book: Book = shelf.index().books([like])[like]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="seed"):
        direction = ", moved towards your words" if query else ""
        title, author = escape(book.title or "Untitled"), escape(book.author or "an unknown author")
        said = f"Books near to <strong>{title}</strong> by {author}{direction}"
        st.html(f'<div class="vs-seed">{cover_picture(book)}<p>{said}</p></div>', width="content")
        st.button("Search anew", key="unlike", on_click=forget_like, type="tertiary", icon=":material/close:")


def _next_page(found: SearchResult) -> None:
    if len(found.hits) < st.session_state[_SHOWN] or len(found.hits) >= MAX_K:
        st.caption("These are all there are.")
    else:
        st.button("Show ten more", key="more", on_click=_more)


def _more() -> None:
    st.session_state[_SHOWN] = min(st.session_state[_SHOWN] + PAGE, MAX_K)


def _liked() -> None:
    _like(st.session_state[KEY].get(LIKED))


def liked_in_window() -> None:
    """Show more like the book of the shop window that was pressed."""
    _like(st.session_state[window.KEY].get(window.CHOSEN))


def _like(book_id: object) -> None:
    if isinstance(book_id, str):
        st.query_params["like"] = book_id
        st.session_state["q"] = ""


def forget_like() -> None:
    st.query_params.pop("like", None)


def _thumbed() -> None:
    pressed = st.session_state[KEY].get(THUMBED) or {}
    book_id, up, query = pressed.get("id"), pressed.get("up"), st.session_state.get("q") or ""
    if isinstance(book_id, str) and up in (True, False, None) and query.strip():
        suggest(resources.desk(), st.session_state["collection"], query, book_id, up, visitor())
