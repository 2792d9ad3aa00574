"""What the pages share: opened once a process, refused with a reason when it cannot be. Tests put fakes here."""

from __future__ import annotations

import streamlit as st

from vibeshelf.adapters.index import CollectionInfo, Store
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.pooling import Filler
from vibeshelf.services.shelf import Shelf, open_shelf


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return load_settings()


@st.cache_resource(show_spinner="Opening the collection and its model", on_release=lambda shelf: shelf.store.close())
def shelf(collection: str) -> Shelf:
    """Return the opened collection; a refusal is raised again on every call, until it is mended."""
    return open_shelf(collection, settings=settings())


@st.cache_data(ttl=5, show_spinner=False)
def collections() -> list[CollectionInfo]:
    """Return what is there, at most five seconds old."""
    return Store(settings()).collections()


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Return the desk where raters work."""
    return open_desk(settings())


@st.cache_resource(show_spinner=False)
def filler() -> Filler:
    """Return what makes pools in the background."""
    return Filler(desk().tasks)
