"""The map on the Health page: made on first sight, coloured, asked where a query lies and what is near a book."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.probes import FAIL, WARN, Examination
from vibeshelf.services.collection_map import Atlas, Near, is_drawn, map_path, open_atlas
from vibeshelf.ui import resources
from vibeshelf.ui.health.map_view import Colouring, Marks, by_books, by_genre, by_group, draw
from vibeshelf.ui.health.titles import title_of
from vibeshelf.ui.health.work import Words, outcome
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_SHOWN = 10
# Maps of more books take a minute or so, and begin when they are asked for.
_UNASKED = 5000
_BOOK, _QUERY, _COLOUR = "map-book", "map-query", "map-colour"


def map_view(collection: str, examination: Examination | None) -> None:
    """Draw the map of a collection, also of one that the guard refuses; `examination` says which books its probes are about."""
    atlas = _atlas(collection)
    if atlas is not None:
        _map(atlas, collection, examination)


def _atlas(collection: str) -> Atlas | None:
    held = resources.holdings(collection)
    manifest = held.index.manifest
    key = str(map_path(resources.settings(), manifest))
    words = Words(
        f"Draw the map of {manifest.count:,} books", "Drawing the map",
        "About a minute for 36,000 books, once for each state of the collection; then it is there at once.", ":material/map:",
    )  # fmt: skip
    unasked = manifest.count <= _UNASKED or is_drawn(resources.settings(), manifest)
    return outcome(
        "map", key, resources.atlases(), partial(open_atlas, resources.settings(), held.index, held.mirror), words, unasked=unasked
    )


@st.fragment
def _map(atlas: Atlas, collection: str, examination: Examination | None) -> None:
    choices = _colourings(atlas, examination)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        name = st.selectbox("Colours", list(choices), key=_COLOUR)
    with right:
        query = st.text_input("Place a query", key=_QUERY, type="search", placeholder="a mood, a place", on_change=_forget_book)
    marks, near = _marks(atlas, collection, query or "")
    key = f"{collection} {len(atlas.map)} {map_path(resources.settings(), resources.holdings(collection).index.manifest).stem}"
    clicked = draw(atlas.map, key, choices[str(name)], marks, _alt(atlas, str(name), query or ""))
    if clicked is not None and clicked != marks.picked:
        st.session_state[_BOOK] = atlas.map.ids[clicked]
        st.rerun(scope="fragment")
    _facts(atlas)
    _what_is_near(atlas, marks, near, query or "")
    _table(atlas)


def _colourings(atlas: Atlas, examination: Examination | None) -> dict[str, Colouring]:
    drawn = atlas.map
    choices = {"groups of like books": by_group(drawn), "genres": by_genre(drawn)}
    for result in examination.results if examination else ():
        rows = atlas.rows_of(result.book_ids or [each.book_id for each in result.examples])
        if result.status in (WARN, FAIL) and rows:
            name = f"probe: {title_of(result.id)} ({result.status})"
            choices[name] = by_books(name, rows, len(drawn))
    return choices


def _marks(atlas: Atlas, collection: str, query: str) -> tuple[Marks, tuple[Near, ...]]:
    book_id = st.session_state.get(_BOOK)
    row = atlas.row_of(book_id) if book_id else None
    if row is not None:
        near = atlas.neighbours(row, _SHOWN)
        return Marks(row, None, tuple(each.row for each in near)), near
    if not query.strip():
        return Marks(), ()
    try:
        vector = resources.shelf(collection).encoder.encode_queries([query.strip()])[0]
    except VibeshelfError as error:
        # The guard's own line: a query of another model has no place on this map.
        show_error(error)
        return Marks(), ()
    near = atlas.near(vector, _SHOWN)
    return Marks(-1, atlas.place_of(near), tuple(each.row for each in near)), near


def _alt(atlas: Atlas, colours: str, query: str) -> str:
    groups = "; ".join(name for name in atlas.map.group_names if name)
    placed = f" The query '{query}' is marked among its nearest books." if query else ""
    return f"Map of {len(atlas.map):,} books, like ones near each other, coloured by {colours}. Groups: {groups}.{placed}"


def _facts(atlas: Atlas) -> None:
    shown = f"{len(atlas.map):,} of {atlas.map.count:,} books" if len(atlas.map) < atlas.map.count else f"{len(atlas.map):,} books"
    st.caption(
        f"{shown}, placed by t-SNE on their vectors: near means alike, far says little, and the axes mean nothing. "
        "Rest on a dot for its book, click it for its neighbours. Zoom by the buttons or Ctrl and the wheel, then drag."
    )


def _what_is_near(atlas: Atlas, marks: Marks, near: tuple[Near, ...], query: str) -> None:
    if not near:
        return
    about = atlas.map.titles[marks.picked] if marks.picked >= 0 else query
    with st.container(border=True, key="map-near"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**Nearest to {plain(about)}**")
            if marks.picked >= 0:
                st.button("Close", key="map-close", icon=":material/close:", on_click=_forget_book, type="tertiary")
        st.markdown(
            "\n".join(f"{rank}. {plain(atlas.map.titles[each.row])} :small[{each.cosine:.2f}]" for rank, each in enumerate(near, 1))
        )
        st.caption("By cosine similarity, which the map can only follow in part: a near book may lie far away on it.")


def _table(atlas: Atlas) -> None:
    """Draw the map's groups as a table: what the picture says, for those who cannot see it."""
    drawn = atlas.map
    with st.expander("The groups as a table"):
        rows = [
            {"group": name or f"group {at + 1}", "books": int((drawn.groups == at).sum()), "for instance": "; ".join(_examples(atlas, at))}
            for at, name in enumerate(drawn.group_names)
        ]
        st.dataframe(pd.DataFrame(rows).sort_values("books", ascending=False), hide_index=True, alt="Groups of like books with their sizes")


def _examples(atlas: Atlas, group: int) -> list[str]:
    rows = (atlas.map.groups == group).nonzero()[0]
    middle = atlas.middle_of(group)
    return [atlas.map.titles[each.row] for each in atlas.near(middle, 40) if each.row in set(rows.tolist())][:3]


def _forget_book() -> None:
    st.session_state.pop(_BOOK, None)
