"""What an app over an empty data folder shows: what this is, and a button that fills the shelf."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.store import CollectionInfo
from vibeshelf.ui.collections.ingesting import Asked, begin, job, watch
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_ADD_PAGE = "pages/5_Collections.py"


def is_first_run(found: Sequence[CollectionInfo]) -> bool:
    """Return whether nothing can be searched yet: there is no collection of ours, or the first one is just being built."""
    ours = [info.manifest for info in found if info.manifest]
    running = job()
    return not ours or (running is not None and not running.ended and not any(manifest.complete for manifest in ours))


def first_run() -> None:
    """Draw the state of a shelf without collections; the starter one is built here, without a shell."""
    with st.container(border=True, key="first-run"):
        st.markdown("## The shelf is empty")
        st.markdown(
            "Vibeshelf searches collections of books, and there is none in its data folder yet. The starter catalogue comes with it: "
            "945 books, encoded on this machine, which takes a minute or so. Nothing is downloaded from a model hub."
        )
        running = job()
        if running is not None and not running.ended:
            watch(running)
            return
        if running is not None and running.error is not None:
            show_error(running.error)
        if running is not None and running.stopped:
            st.info(f"{plain(running.key)} was stopped after {running.done:,} rows; it goes on from there.", icon=":material/stop_circle:")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button("Build the starter collection", type="primary", key="build-starter", icon=":material/auto_stories:", on_click=_build)
            st.page_link(_ADD_PAGE, label="or bring your own books", icon=":material/upload:", query_params={"view": "Add books"})


def _build() -> None:
    begin(Asked(STARTER, "the starter catalogue", STARTER))
