"""The shop window under an empty box: a few covers of the shelf, each the way to more like it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.records import Book
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.layout import alone, style
from vibeshelf.ui.search.covers import cover_svg

KEY, CHOSEN = "window", "chosen"
_BOOKS, _SEED = 8, "window-seed"


def shop_window(collection: str, on_choice: Callable[[], None]) -> None:
    """Draw covers, others for every visit; nothing for a collection that is not open yet, for which no first visitor waits."""
    opened = resources.opened().get(collection)
    if not isinstance(opened, Shelf):
        return
    try:
        books = _some(opened)
    except VibeshelfError:
        # Whoever searches is told why.
        return
    if books:
        shown = [_shown(collection, book) for book in books]
        _window()(key=KEY, data=alone({"books": shown}), on_chosen_change=on_choice)


def _some(shelf: Shelf) -> list[Book]:
    mirror = shelf.mirror()
    if mirror is None or not len(mirror):
        return []
    if _SEED not in st.session_state:
        st.session_state[_SEED] = secrets.randbits(32)
    rows = random.Random(st.session_state[_SEED]).sample(range(len(mirror)), min(_BOOKS, len(mirror)))
    return list(mirror.books([mirror.ids[row] for row in rows]).values())


def _shown(collection: str, book: Book) -> dict[str, str]:
    name = f"{book.title or 'Untitled'} by {book.author}" if book.author else book.title or "Untitled"
    address = f"?{urlencode({'collection': collection, 'like': book.book_id})}"
    return {"id": book.book_id, "name": name, "cover": cover_svg(book), "like": address}


@cache
def _window() -> Any:
    return st.components.v2.component(
        "vibeshelf_window", css=style("search/window.css"), js=style("search/window.js"), isolate_styles=False
    )
