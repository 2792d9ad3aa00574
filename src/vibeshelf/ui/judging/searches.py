"""Searches that visitors made, as queries to judge."""

from __future__ import annotations

import streamlit as st

from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.services.suggestions import searched
from vibeshelf.ui import resources
from vibeshelf.ui.judging.taking import take_in
from vibeshelf.ui.layout import empty_state

_CHOSEN = "searches-chosen"


def from_searches(task: Task) -> None:
    """Draw the searches that are no queries of the task yet, to choose from."""
    found = searched(resources.desk(), task)
    if not found:
        empty_state("No search is left to take: none of these collections has a thumb that is not here already.")
        return
    with st.form("searches", border=False):
        st.multiselect(
            f"Searches, those with thumbs first ({len(found):,})", list(found), key=_CHOSEN,
            format_func=lambda text: _labelled(text, found.get(text, 0)),
        )  # fmt: skip
        st.form_submit_button("Add them", on_click=_take, args=(task,))


def _labelled(text: str, thumbs: int) -> str:
    return f"{text} · {thumbs} with a thumb" if thumbs else text


def _take(task: Task) -> None:
    if take_in(task, [JudgedQuery("", text) for text in st.session_state[_CHOSEN]]):
        st.session_state[_CHOSEN] = []
