"""The logbook: what changed, when, to which version, with which figures; filtered and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator

import streamlit as st

from vibeshelf.core.logbook import KINDS, Entry, Figures
from vibeshelf.services.logbook import as_csv, entries, parse_since, row_of
from vibeshelf.ui import resources
from vibeshelf.ui.collections.words import moment_text
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain

_SINCE = {"ever": None, "a day": "1d", "a week": "7d", "a month": "30d"}
_COLOURS = {
    "build": "blue",
    "swap": "violet",
    "rollback": "orange",
    "repair": "orange",
    "evaluation": "green",
    "bench": "gray",
    "health": "red",
}
_SHOWN = 20
_COUNT = " n"


def log_view() -> None:
    """Draw the filters, the entries that pass, and their export."""
    kinds = st.pills("Kinds", KINDS, selection_mode="multi", key="log-kinds")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="log-filters"):
        since = st.selectbox("Since", list(_SINCE), key="log-since", width=160)
        span = _SINCE[str(since)]
        found = entries(resources.settings(), since=parse_since(span) if span else None)
        collections = sorted({entry.collection for entry in found if entry.collection})
        collection = st.selectbox("Collection", ["all", *collections], key="log-collection", width=220)
    passing = [entry for entry in found if _passes(entry, list(kinds or ()), str(collection))]
    if not passing:
        empty_state("No such entry. Builds, swaps, roll-backs, repairs, evaluations, benchmarks and changed verdicts are written here.")
        return
    _export(passing)
    for entry in passing[:_SHOWN]:
        _line(entry)
    if len(passing) > _SHOWN:
        st.caption(f"The latest {_SHOWN} of {len(passing):,}; the exports have all of them.")


def _passes(entry: Entry, kinds: list[str], collection: str) -> bool:
    return (not kinds or entry.kind in kinds) and collection in ("all", entry.collection)


def _export(found: list[Entry]) -> None:
    with st.container(horizontal=True, gap="small", key="log-export"):
        st.download_button("CSV", as_csv(found), "logbook.csv", "text/csv", key="log-csv", icon=":material/download:", on_click="ignore")
        rows = json.dumps([row_of(entry) for entry in found], ensure_ascii=False, indent=1)
        st.download_button("JSON", rows, "logbook.json", "application/json", key="log-json", icon=":material/download:", on_click="ignore")


def _line(entry: Entry) -> None:
    of_version = f" · version {entry.version}" if entry.version else ""
    with st.container(key=f"entry-{entry.number}", gap="xxsmall"):
        colour = _COLOURS.get(entry.kind, "gray")
        st.markdown(f":{colour}-badge[{entry.kind}] :small[{plain(moment_text(entry.at) + of_version)}]  \n{plain(entry.summary)}")
        if entry.figures:
            st.caption(plain(", ".join(_figures(entry.figures))))


def _figures(figures: Figures) -> Iterator[str]:
    """Yield each figure that is known, with the number of samples behind it where there is one ('NAME n' beside 'NAME')."""
    for name, value in figures.items():
        if value is None or (name.endswith(_COUNT) and any(_is_counted(other, name) for other in figures)):
            continue
        count = next((figures[other] for other in figures if other.endswith(_COUNT) and _is_counted(name, other)), None)
        yield f"{name.replace('_', ' ')} {_figure(value)}{f' (n={count})' if count is not None else ''}"


def _is_counted(name: str, count: str) -> bool:
    bare = count.removesuffix(_COUNT)
    return name != count and name in (bare, f"{bare} encode_p50_ms")


def _figure(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
