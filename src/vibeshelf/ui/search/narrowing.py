"""Narrowing a search: what the collection has of genre, language, country, year and pages, kept in the address."""

from __future__ import annotations

import streamlit as st

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Filter
from vibeshelf.services.facets import choices, span

_LISTS = {"genre": "Genre", "language": "Language", "country": "Country"}
_SPANS = {"year": "Year", "pages": "Pages"}


def narrowing(mirror: Mirror) -> tuple[Filter, ...]:
    """Draw the choices and return the filters that were chosen."""
    chosen = _chosen(mirror)
    label = f"Narrow ({len(chosen)})" if chosen else "Narrow"
    with st.popover(label, icon=":material/filter_list:", key="narrow", width=420):
        for key, name in _LISTS.items():
            _list_box(mirror, key, name, chosen)
        for key, name in _SPANS.items():
            if (bounds := span(mirror, key)) is not None:
                st.slider(name, *bounds, value=bounds, key=key, bind="query-params")
        st.caption(f"{len(mirror.select(_chosen(mirror))):,} of {len(mirror):,} books")
    return _chosen(mirror)


def _list_box(mirror: Mirror, key: str, name: str, chosen: tuple[Filter, ...]) -> None:
    counts = choices(mirror, key, chosen)
    if len(counts) > 1:
        st.multiselect(
            name,
            list(counts),
            key=key,
            bind="query-params",
            placeholder="any",
            format_func=lambda value: f"{value} ({counts.get(value, 0):,})",
        )


def _chosen(mirror: Mirror) -> tuple[Filter, ...]:
    """Return the filters as the session, or at first the address, has them; values that the collection does not have are left out."""
    filters = []
    for key in _LISTS:
        asked = st.session_state[key] if key in st.session_state else st.query_params.get_all(key)
        if values := tuple(value for value in asked if value in mirror.labels(key)):
            filters.append(Filter(key, values))
    for key in _SPANS:
        bounds, now = span(mirror, key), st.session_state.get(key)
        if bounds is not None and now is not None and tuple(now) != bounds:
            filters.append(Filter(key, low=float(now[0]), high=float(now[1])))
    return tuple(filters)
