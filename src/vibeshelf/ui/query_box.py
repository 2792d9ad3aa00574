"""The box of the Search page, on other pages that ask for the same words."""

from __future__ import annotations

import streamlit as st


def query_box() -> str:
    """Draw the box, the same one as the Search page's, and return what was typed."""
    typed = st.text_input(
        "What should it feel like?", key="q", type="search", bind="query-params", label_visibility="collapsed",
        placeholder="a mood, a place, a half-remembered plot",
    )  # fmt: skip
    return (typed or "").strip()
