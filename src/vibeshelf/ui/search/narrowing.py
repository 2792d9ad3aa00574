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
    _take_from_address(mirror)
    chosen = _chosen(mirror)
    label = f"Narrow ({len(chosen)})" if chosen else "Narrow"
    with st.popover(label, icon=":material/filter_list:", key="narrow", width=420):
        for key, name in _LISTS.items():
            _list_box(mirror, key, name, chosen)
        for key, name in _SPANS.items():
            if (bounds := span(mirror, key)) is not None:
                st.slider(name, *bounds, key=key, on_change=_put_in_address, args=(key, bounds))
        st.caption(f"{len(mirror.select(_chosen(mirror))):,} of {len(mirror):,} books")
    return _chosen(mirror)


def _list_box(mirror: Mirror, key: str, name: str, chosen: tuple[Filter, ...]) -> None:
    counts = choices(mirror, key, chosen)
    if len(counts) > 1:
        st.multiselect(
            name, list(counts), key=key, placeholder="any", on_change=_put_in_address, args=(key,),
            format_func=lambda value: f"{value} ({counts.get(value, 0):,})",
        )  # fmt: skip


def _take_from_address(mirror: Mirror) -> None:
    """Set what is not set yet to what the address says. Streamlit's own binding would write the counts into it as well."""
    for key in _LISTS:
        if key not in st.session_state:
            st.session_state[key] = [value for value in st.query_params.get_all(key) if value in mirror.labels(key)]
    for key in _SPANS:
        if key not in st.session_state and (bounds := span(mirror, key)) is not None:
            st.session_state[key] = _bounded(st.query_params.get(key, ""), bounds)


def _bounded(text: str, bounds: tuple[int, int]) -> tuple[int, int]:
    """Return the range of '1900..1950' within the bounds; the bounds for what is no range."""
    low, dots, high = text.partition("..")
    try:
        found = max(bounds[0], int(low)), min(bounds[1], int(high))
    except ValueError:
        return bounds
    return found if dots and found[0] <= found[1] else bounds


def _put_in_address(key: str, bounds: tuple[int, int] | None = None) -> None:
    value = st.session_state[key]
    if bounds is None:
        st.query_params[key] = value
    elif tuple(value) == bounds:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = f"{value[0]}..{value[1]}"


def _chosen(mirror: Mirror) -> tuple[Filter, ...]:
    """Return the filters that the session has; values that the collection does not have are left out."""
    known = {key: tuple(value for value in st.session_state[key] if value in mirror.labels(key)) for key in _LISTS}
    filters = [Filter(key, values) for key, values in known.items() if values]
    for key in _SPANS:
        bounds, now = span(mirror, key), st.session_state.get(key)
        if bounds is not None and now is not None and tuple(now) != bounds:
            filters.append(Filter(key, low=float(now[0]), high=float(now[1])))
    return tuple(filters)
