"""Which collection a page is about, in the address of every page that asks."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from vibeshelf.services.shelf import DEFAULT_COLLECTION
from vibeshelf.ui import resources
from vibeshelf.ui.first_run import first_run, is_first_run
from vibeshelf.ui.text import plain

_UNKNOWN = "unknown-collection"


def collection_box() -> str:
    """Draw the choice, where there is one, and return the collection's name; the page ends here when there is none."""
    found = resources.collections()
    if is_first_run(found):
        first_run()
        st.stop()
    names = meant_first(DEFAULT_COLLECTION, sorted(info.name for info in found if info.manifest))
    if st.session_state.get("collection") not in names:
        wanted = st.query_params.get("collection")
        if wanted and wanted not in names:
            st.session_state[_UNKNOWN] = wanted
        st.session_state["collection"] = wanted if wanted in names else names[0]
    # Streamlit takes an unknown name out of the address at once; the page says it until the visitor chooses.
    if unknown := st.session_state.get(_UNKNOWN):
        st.warning(f"There is no collection {plain(unknown)}; this is another one.")
    if len(names) > 1:
        st.selectbox("Collection", names, key="collection", bind="query-params", width=260, on_change=_chosen)
    return str(st.session_state["collection"])


def meant_first(name: str, offered: Iterable[str]) -> list[str]:
    """Return what is offered with the name that is meant when the address has none, where it is among them, as the first.

    Streamlit leaves the first out of the address, and goes back to it.
    """
    return sorted(offered, key=lambda each: each != name)


def _chosen() -> None:
    st.session_state.pop(_UNKNOWN, None)
