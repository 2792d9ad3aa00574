"""What stands where the results will be while the first search of a process waits for its collection and its model."""

from __future__ import annotations

import streamlit as st

from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources

_BOOKS = 3
_BOOK = '<div class="vs-ghost"><i></i><div><b></b><b></b><p></p><p></p><p></p></div></div>'


def opened_shelf(collection: str) -> Shelf:
    """Return the collection; while it is opened for the first time, the outlines of books stand where they will be.

    Raises VibeshelfError as opening does.
    """
    if collection in resources.opened():
        return resources.shelf(collection)
    place = st.empty()
    with place.container(key="opening"):
        said = st.container()
        st.html(f'<div class="vs-ghosts" aria-hidden="true">{_BOOK * _BOOKS}</div>')
    try:
        with said:
            return resources.shelf(collection)
    finally:
        place.empty()
