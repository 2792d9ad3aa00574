"""Swap in and roll back, asked twice, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.swapping import Swapped, roll_back, swap
from vibeshelf.services.versions import Version
from vibeshelf.ui import resources
from vibeshelf.ui.collections.words import version_line
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_SAID = "what a change of versions came to"


def swap_box(at: int, live: Version, others: Sequence[Version]) -> None:
    """Draw the question which version takes this name, and its confirmation; nothing where there is no other."""
    if not others:
        return
    with st.popover("Swap in", icon=":material/swap_horiz:", key=f"swap-{at}"):
        names = {version.name: version for version in others}
        chosen = st.selectbox("Which collection takes the name", list(names), key=f"swap-which-{at}")
        st.markdown(f"Now: {version_line(live)}  \nThen: {version_line(names[str(chosen)])}")
        st.caption("People go on searching meanwhile. What has the name now is kept, in the place of an older one, and can be rolled back.")
        st.button("Swap now", type="primary", key=f"swap-sure-{at}", on_click=_swap, args=(str(chosen), live.name))


def roll_back_box(at: int, live: Version, before: Version) -> None:
    """Draw the confirmation of a roll-back."""
    with st.popover("Roll back", icon=":material/undo:", key=f"back-{at}"):
        st.markdown(f"Now: {version_line(live)}  \nThen: {version_line(before)}")
        st.caption("The present version is kept in its place, so this can be taken back too.")
        st.button("Roll back now", type="primary", key=f"back-sure-{at}", on_click=_roll_back, args=(live.name,))


def said() -> None:
    """Say once what the last change of this visitor came to."""
    outcome = st.session_state.pop(_SAID, None)
    if isinstance(outcome, VibeshelfError):
        show_error(outcome)
    elif isinstance(outcome, Swapped):
        kept = f" The one before is kept as {plain(outcome.kept_as)}." if outcome.kept_as else ""
        now = f"{plain(outcome.collection)} is version {outcome.now.version} now: {outcome.now.count:,} books."
        took = f"The names changed in {1000 * outcome.change_seconds:.0f} ms; searches go there from here on."
        st.success(f"{now}{kept} {took}", icon=":material/check:")


def _swap(new: str, live: str) -> None:
    try:
        st.session_state[_SAID] = swap(resources.settings(), new, live)
    except VibeshelfError as error:
        st.session_state[_SAID] = error
    resources.forget_collections()


def _roll_back(live: str) -> None:
    try:
        st.session_state[_SAID] = roll_back(resources.settings(), live)
    except VibeshelfError as error:
        st.session_state[_SAID] = error
    resources.forget_collections()
