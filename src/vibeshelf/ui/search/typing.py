"""Suggestions while the box is typed in: titles, authors and good wishes; what others searched is never among them."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.asking.titles import titles_of
from vibeshelf.services.surprises import surprises, wishes_with
from vibeshelf.ui import resources
from vibeshelf.ui.layout import alone, style

_KEY, _TYPED = "typing", "typed"
_LEAST_CHARS, _MOST, _ON_EMPTY = 2, 7, 6


@st.fragment
def suggestions(collection: str) -> None:
    """Give the box its focus and its suggestions; only this is run again while somebody types, and nothing is searched or logged."""
    typed = str((st.session_state.get(_KEY) or {}).get(_TYPED) or "")
    data = {"typed": typed, "found": found_for(collection, typed), "wishes": [each.text for each in surprises()[:_ON_EMPTY]]}
    _typing()(key=_KEY, data=alone(data), on_typed_change=lambda: None)


def found_for(collection: str, typed: str) -> list[dict[str, str]]:
    """Return what to suggest: texts to search, each with what it is."""
    if len(typed.strip()) < _LEAST_CHARS:
        return []
    try:
        mirror = resources.shelf(collection).mirror()
    except VibeshelfError:
        # Whoever searches is told why it cannot be opened.
        mirror = None
    names = titles_of(mirror).starting(typed, _MOST) if mirror is not None else []
    wishes = wishes_with(typed, most=max(2, _MOST - len(names)))
    return [*({"text": name, "kind": kind} for name, kind in names), *({"text": wish, "kind": "a wish"} for wish in wishes)]


@cache
def _typing() -> Any:
    return st.components.v2.component(
        "vibeshelf_typing", css=style("search/typing.css"), js=style("search/typing.js"), isolate_styles=False
    )
