"""Long work of the Health page: one job for each thing that is asked for, shared by all visitors, watched and called off here."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import streamlit as st

from vibeshelf.ui import resources
from vibeshelf.ui.jobs import Job, Work
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

Result = TypeVar("Result")
_LOOK_SECONDS = 0.5
_AT_ONCE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Words:
    """What a piece of work is called: what its button says, what is being done, and what is said about it before it begins.

    `first`: nothing on the page is more to be pressed.
    """

    button: str
    doing: str
    before: str
    icon: str = ":material/play_arrow:"
    first: bool = True


def outcome(name: str, key: str, kept: MutableMapping[str, Result], work: Work[Result], words: Words, *, unasked: bool) -> Result | None:
    """Return what is kept under `key`. Until it is there, draw its button (unless it begins `unasked`), how far it is, or its error.

    `name` tells the widgets of one kind of work from those of another.
    """
    if (known := kept.get(key)) is not None:
        return known
    if unasked and key not in resources.jobs():
        begin(key, work)
    if (made := carry_on(name, key, work, words)) is not None:
        kept[key] = made
    return made


def carry_on(name: str, key: str, work: Work[Result], words: Words) -> Result | None:
    """Return what the job of this key gave, once, when it has just ended. Else draw its button, how far it is, or its error."""
    job: Job[Result] | None = resources.jobs().get(key)
    if job is None:
        _button(name, words, key, work)
    elif not job.wait(_AT_ONCE_SECONDS):
        _watch(name, job, words)
    elif job.result is not None:
        del resources.jobs()[key]
        return job.result
    else:
        _unfinished(name, job, words, work)
    return None


def begin(key: str, work: Work[Result]) -> None:
    """Start the job of this key, unless it runs already."""
    running = resources.jobs().get(key)
    if running is None or running.ended:
        resources.jobs()[key] = Job(key, work).start()


def _button(name: str, words: Words, key: str, work: Work[Result]) -> None:
    kind: Literal["primary", "secondary"] = "primary" if words.first else "secondary"
    st.button(words.button, type=kind, key=f"{name}-begin", icon=words.icon, on_click=begin, args=(key, work))
    if words.before:
        st.caption(words.before)


def _unfinished(name: str, job: Job[Result], words: Words, work: Work[Result]) -> None:
    if job.stopped:
        st.info(f"Stopped after {job.done:,} of {job.total:,}.", icon=":material/stop_circle:")
    elif job.error is not None:
        show_error(job.error)
    st.button(words.button, key=f"{name}-again", icon=":material/replay:", on_click=begin, args=(job.key, work))


@st.fragment(run_every=_LOOK_SECONDS)
def _watch(name: str, job: Job[Any], words: Words) -> None:
    if job.ended:
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{name}-watch"):
        st.progress(share, text=f"{words.doing}: {plain(f'{job.done:,} of {job.total:,}')}" if job.total else words.doing)
        st.button("Stop", key=f"{name}-stop", icon=":material/stop:", on_click=job.stop)
