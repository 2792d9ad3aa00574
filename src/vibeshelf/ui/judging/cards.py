"""A book as raters see it: all that is known of it, and nothing of how it was found."""

from __future__ import annotations

import streamlit as st

from vibeshelf.core.records import Book
from vibeshelf.ui.text import isolated, plain, year_text

# A longer description scrolls within the card, so that the buttons stay near.
_LONG_CHARS = 3000
STYLE = """<style>
.st-key-grades, .st-key-reasons { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.5rem; }
.st-key-grades > div, .st-key-reasons > div { width: 100% !important; min-width: 0; }
.st-key-grades button { min-height: 3.2rem; }
.st-key-book, [class*="st-key-listed-"], .st-key-disputed-book { overflow-wrap: anywhere; }
.st-key-book p, [class*="st-key-listed-"] p { unicode-bidi: plaintext; text-align: start; }
.st-key-beside [data-testid="stCaptionContainer"] p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.st-key-beside > div:first-child { min-width: 0; flex: 1 1 0; }
[class*="st-key-unseen"] { display: none; }
.st-key-query { scroll-margin-top: 1rem; }
.st-key-query h3, .st-key-book h4, [class*="st-key-listed-"] h4, .st-key-disputed-book h4 { max-height: 10.5rem; overflow-y: auto; }
.st-key-book [data-testid="stCaptionContainer"], [class*="st-key-listed-"] [data-testid="stCaptionContainer"] {
  max-height: 6rem; overflow-y: auto; }
[data-testid="stMainBlockContainer"] { padding-top: 2.5rem; }
[data-testid="stBottomBlockContainer"] { padding-top: 0.75rem; padding-bottom: 1rem; }
@media (max-width: 640px) {
  .st-key-grades, .st-key-reasons { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .st-key-query h3 { font-size: 1.3rem; padding: 0; }
  .st-key-grades [data-testid="stCaptionContainer"] { display: none; }
}
</style>"""


def book_facts(book: Book) -> None:
    """Draw title, author, year, country, language, the whole description and the genres."""
    st.markdown(f"#### {plain(book.title or 'Untitled')}", anchors=False)
    facts = [isolated(plain(fact)) for fact in (book.author, year_text(book.year), book.country or "", book.language or "") if fact]
    st.caption(" · ".join(facts) or "author and year unknown")
    if len(book.description) > _LONG_CHARS:
        with st.container(height=420, border=False):
            st.markdown(plain(book.description))
    elif book.description:
        st.markdown(plain(book.description))
    else:
        st.caption("No description: go by title, author and genres, or skip.")
    if book.genres:
        st.markdown(" ".join(f":gray-badge[{plain(genre)}]" for genre in book.genres[:6]))
