"""The results as one component: drawn at once, marked when the sentences are known, with what a visitor can do to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import streamlit as st

from vibeshelf.core.records import Hit
from vibeshelf.services.closeness import Closeness
from vibeshelf.services.matching import sentences_of
from vibeshelf.services.systems import DENSE_WEIGHT
from vibeshelf.ui.layout import alone, style
from vibeshelf.ui.search.covers import cover_svg
from vibeshelf.ui.text import year_text

Card = dict[str, Any]
Marks = Mapping[str, Sequence[int]]
Pressed = Callable[[], None]
KEY, LIKED, THUMBED = "cards", "liked", "thumbed"


def card_of(
    hit: Hit, hits: Sequence[Hit], closeness: Closeness | None, collection: str, thumb: bool | None = None, link_template: str = ""
) -> Card:
    """Return what the component draws of a hit: text as it is, which the script sets as text and never as markup."""
    book = hit.book
    return {
        "id": book.book_id,
        "rank": hit.rank,
        "title": book.title or "Untitled",
        "facts": " · ".join(fact for fact in (book.author, year_text(book.year), book.country or "") if fact) or "author and year unknown",
        "genres": list(book.genres[:5]),
        "sentences": sentences_of(book.description),
        "cover": cover_svg(book),
        "word": closeness.word(hit.dense) if closeness and hit.dense is not None else "",
        "cosine": None if hit.dense is None else round(hit.dense, 3),
        "parts": parts_of(hit, hits),
        "thumb": thumb,
        "like": f"?{urlencode({'collection': collection, 'like': book.book_id})}",
        "out": link_out(link_template, hit),
    }


def parts_of(hit: Hit, hits: Sequence[Hit]) -> list[float]:
    """Return how much of a hybrid score comes from meaning and how much from words, of 100; empty where a part was not looked at.

    The shares are those of the books on this page: the best one's part is the whole of that part.
    """
    if hit.dense is None or hit.lexical is None:
        return []
    most_dense = max((each.dense or 0.0 for each in hits), default=0.0)
    most_lexical = max((each.lexical or 0.0 for each in hits), default=0.0)
    meaning = DENSE_WEIGHT * max(hit.dense, 0) / most_dense if most_dense > 0 else 0.0
    words = (1 - DENSE_WEIGHT) * hit.lexical / most_lexical if most_lexical > 0 else 0.0
    return [round(100 * meaning), round(100 * words)]


def link_out(template: str, hit: Hit) -> str:
    """Return the address of a book elsewhere, from a template with {title} and {author}; empty without one."""
    if not template:
        return ""
    return template.replace("{title}", quote(hit.title, safe="")).replace("{author}", quote(hit.author, safe=""))


def draw_cards(cards: Sequence[Card], asked: str, marks: Marks | None, on_like: Pressed, on_thumb: Pressed) -> None:
    """Draw the results of a search; `asked` names it. What was pressed lies in the session under KEY."""
    data = {"asked": asked, "cards": list(cards), "marks": _lists(marks or {}), "whole": marks is not None}
    _cards()(key=KEY, data=alone(data), on_liked_change=on_like, on_thumbed_change=on_thumb)


def draw_marks(asked: str, marks: Marks, start: int, whole: bool) -> None:
    """Mark the sentences of some of the results that were drawn for the same search, from place `start` on; `whole`: no more come."""
    _marks()(key=f"marks-{start}", data=alone({"asked": asked, "marks": _lists(marks), "whole": whole}))


def _lists(marks: Marks) -> dict[str, list[int]]:
    return {book_id: list(places) for book_id, places in marks.items()}


@cache
def _cards() -> Any:
    return st.components.v2.component("vibeshelf_cards", css=style("search/cards.css"), js=style("search/cards.js"), isolate_styles=False)


@cache
def _marks() -> Any:
    return st.components.v2.component("vibeshelf_marks", js=style("search/marks.js"), isolate_styles=False)
