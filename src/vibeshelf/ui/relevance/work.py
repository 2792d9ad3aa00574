"""The evaluation behind the page: begun, watched, called off, remembered."""

from __future__ import annotations

from functools import partial

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.evaluating import Evaluated, Request, carry_out, fingerprint, searches_left
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.jobs import Job
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.relevance.uploads import without_folders
from vibeshelf.ui.text import plain

# More searches than this take a minute or so, and begin when they are asked for.
UNASKED = 1000
_REMEMBERED = 16
_LOOK_SECONDS = 0.5
_AT_ONCE_SECONDS = 0.3
_JOB = "evaluation"


def evaluated(shelf: Shelf, request: Request) -> Evaluated | None:
    """Return the evaluation when it is there. Until then draw how far it is, or what keeps it from being made."""
    key = fingerprint(shelf, request)
    if (known := resources.evaluations().get(key)) is not None:
        return known
    job = _job_for(key)
    if job is None:
        job = _begun(shelf, request, key)
    if job is not None and job.wait(_AT_ONCE_SECONDS):
        return _outcome(job, shelf, request)
    if job is not None:
        _watch(job)
    return None


def _job_for(key: str) -> Job[Evaluated] | None:
    """Return this session's job when it is for this evaluation; one for another is called off."""
    job: Job[Evaluated] | None = st.session_state.get(_JOB)
    if job is not None and job.key != key:
        job.stop()
        st.session_state[_JOB] = job = None
    return job


def _begun(shelf: Shelf, request: Request, key: str) -> Job[Evaluated] | None:
    """Begin what is soon done; draw a button for what takes long."""
    left = searches_left(shelf, request)
    if left <= UNASKED:
        return _start(shelf, request, key)
    st.button(
        f"Evaluate: {left:,} searches", type="primary", key="evaluate", icon=":material/play_arrow:",
        on_click=_begin, args=(shelf, request, key),
    )  # fmt: skip
    st.caption("They can be stopped at any time. A system that was finished is kept and not searched again.")
    return None


def _start(shelf: Shelf, request: Request, key: str) -> Job[Evaluated]:
    job = Job(key, partial(carry_out, shelf, request)).start()
    st.session_state[_JOB] = job
    return job


def _outcome(job: Job[Evaluated], shelf: Shelf, request: Request) -> Evaluated | None:
    if job.result is not None:
        known = resources.evaluations()
        known[job.key] = job.result
        while len(known) > _REMEMBERED:
            known.popitem(last=False)
        return job.result
    if job.stopped:
        st.info(
            f"Stopped after {job.done:,} of {job.total:,} searches. Systems that were finished are kept.", icon=":material/stop_circle:"
        )
    elif job.error is not None:
        show_error(VibeshelfError(without_folders(str(job.error))))
    st.button("Evaluate again", key="again", icon=":material/replay:", on_click=_begin, args=(shelf, request, job.key))
    return None


def _begin(shelf: Shelf, request: Request, key: str) -> None:
    _start(shelf, request, key)


@st.fragment(run_every=_LOOK_SECONDS)
def _watch(job: Job[Evaluated]) -> None:
    if job.ended:
        st.rerun()
    share = job.done / job.total if job.total else 0.0
    searched = f"{job.done:,} of {job.total:,} searches" if job.total else "beginning"
    st.progress(share, text="Measuring and comparing" if share == 1 else f"Searching: {plain(searched)}")
    st.button("Stop", key="stop", icon=":material/stop:", on_click=job.stop)
