"""The map as the browser draws it: what is sent there, and which book comes back when one is clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from vibeshelf.services.collection_map import CollectionMap

# Sixteen hues of middle lightness, near ones far apart in the row; they stand on light and on dark ground.
HUES = (
    "#2f86c1", "#d0761f", "#3f9b52", "#c9504f", "#8d6fc0", "#9a6a4f", "#d573a8", "#7c8a2e",
    "#22a0a5", "#b58a12", "#5a74d8", "#b3487f", "#5f9e7f", "#b8613a", "#8794a8", "#a06bd0",
)  # fmt: skip
GREY = "#8a8178"
_FINE = 65535


@dataclass(frozen=True, slots=True)
class Kind:
    """Books that have one colour. `quiet` ones are the background; `at` is where the name stands on the map, None where it does not."""

    name: str
    colour: str
    quiet: bool = False
    at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Colouring:
    """What the colours mean: each book's place in `kinds`, int (n,)."""

    name: str
    kinds: tuple[Kind, ...]
    of_row: npt.NDArray[np.int32]
    named: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """What is pointed out: the picked book's row (-1: none), or the query's place, with the rows that are near."""

    picked: int = -1
    query: tuple[float, float] | None = None
    near: tuple[int, ...] = ()


def draw(drawn: CollectionMap, key: str, colouring: Colouring, marks: Marks, alt: str) -> int | None:
    """Draw the map and return the row of the book that was just clicked, or None. `key` names the state of the collection."""
    clicked = _component()(key="map", data=payload(drawn, key, colouring, marks, alt), on_picked_change=lambda: None).get("picked")
    return row_picked(clicked, key, len(drawn))


def row_picked(clicked: object, key: str, count: int) -> int | None:
    """Return the row that the browser named, or None for anything that does not name a row of this map."""
    if not isinstance(clicked, dict) or clicked.get("key") != key:
        return None
    row = clicked.get("row")
    return row if isinstance(row, int) and not isinstance(row, bool) and 0 <= row < count else None


def payload(drawn: CollectionMap, key: str, colouring: Colouring, marks: Marks, alt: str) -> dict[str, Any]:
    """Return what is sent: columns as Arrow, the rest as JSON."""
    fine = np.rint(np.clip(drawn.places, 0, 1) * _FINE).astype(np.uint16)
    books = pd.DataFrame({"x": fine[:, 0], "y": fine[:, 1], "kind": colouring.of_row.astype(np.uint8), "title": list(drawn.titles)})
    kinds = [
        {"name": kind.name, "short": _short(kind.name), "colour": kind.colour, "quiet": kind.quiet, "at": kind.at}
        for kind in colouring.kinds
    ]
    return {
        "books": books, "key": key, "kinds": kinds, "coloured": colouring.name, "named": colouring.named, "alt": alt,
        "picked": marks.picked, "query": marks.query, "near": list(marks.near),
    }  # fmt: skip


def by_group(drawn: CollectionMap) -> Colouring:
    """Return the colouring by the groups of k-means, each named in its middle."""
    kinds = [
        Kind(name or f"group {at + 1}", HUES[at % len(HUES)], at=_middle(drawn.places[drawn.groups == at]))
        for at, name in enumerate(drawn.group_names)
    ]
    return Colouring("group", tuple(kinds), drawn.groups, named=True)


def by_genre(drawn: CollectionMap) -> Colouring:
    """Return the colouring by genre; what has another one, or none, is the background."""
    shown = len(drawn.genre_names) - 2
    kinds = [Kind(name, HUES[at % len(HUES)] if at < shown else GREY, quiet=at >= shown) for at, name in enumerate(drawn.genre_names)]
    return Colouring("genre", tuple(kinds), drawn.genres)


def by_books(name: str, rows: Sequence[int], count: int) -> Colouring:
    """Return the colouring that points out some books, such as those that a probe is about, among `count`."""
    of_row = np.ones(count, dtype=np.int32)
    of_row[list(rows)] = 0
    return Colouring(name, (Kind(name, HUES[3]), Kind("all others", GREY, quiet=True)), of_row)


def _middle(places: npt.NDArray[np.float32]) -> tuple[float, float] | None:
    return (float(np.median(places[:, 0])), float(np.median(places[:, 1]))) if len(places) else None


def _short(name: str) -> str:
    """Return the first two terms of a group's name, which is what fits on the map."""
    return ", ".join(name.split(", ")[:2])


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    # Ours alone, and constant: nothing that anybody typed is part of it. Titles go in as data, and are drawn as text.
    parts = {kind: (files("vibeshelf.ui.health") / f"map.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")}
    return st.components.v2.component("vibeshelf_map", html=parts["html"], css=parts["css"], js=parts["js"])
