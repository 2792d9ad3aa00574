"""How books and searches are drawn."""

from __future__ import annotations

import streamlit as st

from vibeshelf.core.records import Hit, SearchResult
from vibeshelf.ui.text import plain, year_text


def book_card(hit: Hit) -> None:
    """Draw one result: title, author, year, genres, description."""
    book = hit.book
    with st.container(border=True, key=f"hit-{hit.rank}"):
        st.markdown(f"#### {plain(book.title or 'Untitled')}", anchors=False)
        facts = [plain(book.author), year_text(book.year), plain(book.country or "")]
        st.caption(" · ".join(fact for fact in facts if fact) or "author and year unknown")
        if book.description:
            st.markdown(plain(book.description))
        else:
            st.caption("No description: found by its title, author and genres.")
        if book.genres:
            st.markdown(" ".join(f":gray-badge[{plain(genre)}]" for genre in book.genres[:6]))


def timing_line(result: SearchResult) -> None:
    """Say how many, how fast, on what."""
    encode = "vector remembered" if result.remembered else f"encode {result.encode_ms:.0f}"
    st.caption(
        f"{len(result.hits)} of {result.count:,} books in {result.total_ms:.0f} ms "
        f"({encode}, search {result.search_ms:.0f}, fetch {result.hydrate_ms:.0f}) · "
        f"{plain(result.model)} on {result.backend}, {result.device} · collection {plain(result.collection)}"
    )
