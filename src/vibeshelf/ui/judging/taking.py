"""Queries taken into a task at the press of a button, and what became of them once the page is drawn again."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.services.task_queries import QueriesAdded, add_queries
from vibeshelf.ui import resources
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_SAID = "queries-said"


def take_in(task: Task, queries: Iterable[JudgedQuery]) -> bool:
    """Add or change queries; return whether that could be done. What became of them is kept for `say_what_was_done`."""
    try:
        st.session_state[_SAID] = _words(add_queries(resources.desk(), task, queries))
    except VibeshelfError as error:
        st.session_state[_SAID] = error
        return False
    return True


def say_what_was_done() -> None:
    """Show it once."""
    said = st.session_state.pop(_SAID, None)
    if isinstance(said, VibeshelfError):
        show_error(said)
    elif said:
        st.success(plain(said))


def _words(done: QueriesAdded) -> str:
    parts = [f"{done.added} added", f"{done.changed} changed", f"{done.unchanged} there already"]
    said = ", ".join(part for part in parts if not part.startswith("0 ")) or "Nothing to add"
    if done.refused:
        said += f". Kept as they were, because they have grades: {', '.join(done.refused)}"
    return said
