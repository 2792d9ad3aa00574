"""A book as raters see it: all that is known of it, and nothing of how it was found."""

from __future__ import annotations

import streamlit as st

from vibeshelf.core.records import Book
from vibeshelf.ui.layout import style
from vibeshelf.ui.text import isolated, plain, year_text

# A longer description scrolls within the card, so that the buttons stay near.
_LONG_CHARS = 3000


def dress() -> None:
    """Bring in the style sheet of the Judge page."""
    st.html(f"<style>{style('judging/judge.css')}</style>")


def book_facts(book: Book) -> None:
    """Draw title, author, year, country, language, the whole description and the genres."""
    st.markdown(f"#### {plain(book.title or 'Untitled')}", anchors=False)
    facts = [isolated(plain(fact)) for fact in (book.author, year_text(book.year), book.country or "", book.language or "") if fact]
    st.caption(" · ".join(facts) or "author and year unknown")
    if book.description:
        long = len(book.description) > _LONG_CHARS
        with st.container(key=f"story-{book.book_id}", height=420 if long else "content", border=False):
            st.markdown(plain(book.description))
    else:
        st.caption("No description: go by title, author and genres, or skip.")
    if book.genres:
        st.markdown(" ".join(f":gray-badge[{plain(genre)}]" for genre in book.genres[:6]))
