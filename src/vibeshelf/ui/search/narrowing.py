"""Narrowing a search by what the collection has of genre, year, language and so on. The address is the truth, so that a link
shows the same page and the browser's back button works; the boxes follow it and change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.stored_books import FILTER_KEYS
from vibeshelf.core.records import Filter
from vibeshelf.services.facets import LISTS, Facet, facets, within
from vibeshelf.services.filters import filter_text, read_filters
from vibeshelf.ui.text import plain, shortened, year_text

# The label of a box, and how its numbers are said.
_LABELS = {"genre": "Genre", "year": "Year", "language": "Language", "country": "Country", "pages": "Length", "average_rating": "Rating"}
_LONGEST_CHARS, _PILLS = 28, 45


def filters_of_address(mirror: Mirror | None) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """Return the filters that the address asks for, and a line for each part of it that cannot be used."""
    conditions = [f"{key}={value}" for key in FILTER_KEYS for value in st.query_params.get_all(key) if value.strip()]
    filters, lines = read_filters(conditions)
    if mirror is None:
        return filters, lines
    known, unknown = within(mirror, filters)
    return known, (*lines, *unknown)


def narrowing(mirror: Mirror, filters: Sequence[Filter]) -> None:
    """Draw a box for each key that tells books apart, with how many books every choice would leave."""
    offered = facets(mirror, filters)
    chosen = {each.key: each for each in filters}
    for facet in offered:
        now = chosen.pop(facet.key, None)
        with st.popover(_label(facet.key, now), key=f"narrow-{facet.key}", type="primary" if now else "secondary", wrap=False):
            (_list_box if facet.key in LISTS else _range_box)(facet, now)
    # What has no box of its own, such as an author, comes from a link and can be taken back.
    for each in chosen.values():
        said = shortened(filter_text(each).replace("=", ": ", 1), _LONGEST_CHARS)
        st.button(
            plain(said), key=f"drop-{each.key}", type="primary", icon=":material/close:",
            on_click=forget, args=(each.key,), help="Take this filter back",
        )  # fmt: skip
    if filters:
        st.button("Clear", key="narrow-clear", on_click=forget, args=FILTER_KEYS, type="tertiary", icon=":material/filter_alt_off:")


def forget(*keys: str) -> None:
    """Take filters out of the address."""
    for key in keys:
        st.query_params.pop(key, None)


def _list_box(facet: Facet, now: Filter | None) -> None:
    """Draw the values of a key: all at once where they fit, else a box that is searched by typing."""
    counts = {str(each.values[0]): count for each, count in facet.choices}
    key = f"choose-{facet.key}"
    st.session_state[key] = [str(value) for value in now.values] if now else []
    choices: dict[str, Any] = {
        "key": key,
        "on_change": _put_values,
        "args": (facet.key, key),
        "format_func": lambda value: f"{plain(value)} · {counts.get(value, 0):,}",
    }
    if len(counts) <= _PILLS:
        st.pills(_LABELS[facet.key], list(counts), selection_mode="multi", wrap=True, **choices)
    else:
        st.multiselect(_LABELS[facet.key], list(counts), placeholder="any; type to search", **choices)


def _range_box(facet: Facet, now: Filter | None) -> None:
    counts = {filter_text(each).partition("=")[2]: count for each, count in facet.choices}
    bounds = {filter_text(each).partition("=")[2]: each for each, _ in facet.choices}
    key, low, high = (f"{part}-{facet.key}" for part in ("choose", "from", "to"))
    asked = filter_text(now).partition("=")[2] if now else None
    st.session_state[key] = asked if asked in counts else None
    st.session_state[low], st.session_state[high] = (None if now is None else now.low), (None if now is None else now.high)
    st.pills(
        _LABELS[facet.key], list(counts), key=key, on_change=_put_choice, args=(facet.key, key), wrap=True,
        format_func=lambda name: f"{range_words(bounds[name])} · {counts[name]:,}",
    )  # fmt: skip
    step = 0.25 if facet.key == "average_rating" else 1.0
    shown = "%.2f" if facet.key == "average_rating" else "%.0f"
    with st.container(horizontal=True, gap="small"):
        for part, name in ((low, "From"), (high, "To")):
            st.number_input(name, key=part, step=step, format=shown, value=None, placeholder="any", on_change=_put_ends,
                            args=(facet.key, low, high))  # fmt: skip
    if facet.key == "year":
        st.caption("Years before our era are negative: -750.")


def range_words(each: Filter) -> str:
    """Return a range as people say it: 'before 1800', '750 BCE to 500 BCE', 'under 200 pages', '4 and up'."""
    if each.key == "year":
        return _years_said(*(None if bound is None else int(bound) for bound in (each.low, each.high)))
    low, high = ("" if bound is None else f"{bound:g}" for bound in (each.low, each.high))
    unit = {"pages": " pages"}.get(each.key, "")
    if each.low is None and each.high is not None:
        return f"under {each.high + 1:g}{unit}"
    if each.high is None:
        return f"{low}{unit} and up"
    return low if low == high else f"{low} to {high}{unit}"


def _years_said(low: int | None, high: int | None) -> str:
    if high is None:
        return f"since {year_text(low)}"
    if low is None:
        return f"until {year_text(high)}" if high < 0 else f"before {high + 1}"
    return year_text(low) if low == high else f"{year_text(low)} to {year_text(high)}"


def _label(key: str, now: Filter | None) -> str:
    if now is None:
        return _LABELS[key]
    if not now.values:
        return range_words(now)
    return plain(shortened(", ".join(map(str, now.values)), _LONGEST_CHARS))


def _put_values(key: str, box: str) -> None:
    """Write what a box holds into the address."""
    if values := st.session_state[box]:
        st.query_params[key] = values
    else:
        forget(key)


def _put_choice(key: str, box: str) -> None:
    choice = st.session_state[box]
    if choice is None:
        forget(key)
    else:
        st.query_params[key] = choice


def _put_ends(key: str, low: str, high: str) -> None:
    ends = [st.session_state[low], st.session_state[high]]
    if ends == [None, None]:
        forget(key)
        return
    # Whoever types the later end first, or swaps them, means the same range.
    if None not in ends:
        ends.sort()
    st.query_params[key] = "..".join("" if end is None else f"{end:g}" for end in ends)
