"""The box for a wish: one on the Search page and on every page that asks for the same words."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def query_box(on_change: Callable[[], None] | None = None) -> str:
    """Draw the box and return what was typed, without white space around it."""
    typed = st.text_input(
        "What should it feel like?", key="q", type="search", bind="query-params", label_visibility="collapsed",
        placeholder="a mood, a place, a half-remembered plot", on_change=on_change,
    )  # fmt: skip
    return (typed or "").strip()
