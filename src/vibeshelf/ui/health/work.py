"""Long work of the Health page: one job for each thing that is asked for, shared by all visitors, watched and called off here."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TypeVar

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
    """What a piece of work is called: what its button says, what is being done, and what is said about it before it begins."""

    button: str
    doing: str
    before: str
    icon: str = ":material/play_arrow:"


def outcome(name: str, key: str, kept: MutableMapping[str, Result], work: Work[Result], words: Words, *, unasked: bool) -> Result | None:
    """Return what is kept under `key`. Until it is there, draw its button (unless it begins `unasked`), how far it is, or its error.

    `name` tells the widgets of one kind of work from those of another.
    """
    if (known := kept.get(key)) is not None:
        return known
    job: Job[Result] | None = resources.jobs().get(key)
    if job is None and unasked:
        job = _begin(key, work)
    if job is None:
        _button(name, words, key, work)
        return None
    if not job.wait(_AT_ONCE_SECONDS):
        _watch(name, job, words)
        return None
    if job.result is not None:
        kept[key] = job.result
        resources.jobs().pop(key, None)
        return job.result
    _unfinished(name, job, words, work)
    return None


def _begin(key: str, work: Work[Result]) -> Job[Result]:
    job = resources.jobs()[key] = Job(key, work).start()
    return job


def _button(name: str, words: Words, key: str, work: Work[Result]) -> None:
    st.button(words.button, type="primary", key=f"{name}-begin", icon=words.icon, on_click=_begin, args=(key, work))
    if words.before:
        st.caption(words.before)


def _unfinished(name: str, job: Job[Result], words: Words, work: Work[Result]) -> None:
    if job.stopped:
        st.info("Stopped. Nothing was changed.", icon=":material/stop_circle:")
    elif job.error is not None:
        show_error(job.error)
    st.button(words.button, key=f"{name}-again", icon=":material/replay:", on_click=_begin, args=(job.key, work))


@st.fragment(run_every=_LOOK_SECONDS)
def _watch(name: str, job: Job[object], words: Words) -> None:
    if job.ended:
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{name}-watch"):
        st.progress(share, text=f"{words.doing}: {plain(f'{job.done:,} of {job.total:,}')}" if job.total else words.doing)
        st.button("Stop", key=f"{name}-stop", icon=":material/stop:", on_click=job.stop)
