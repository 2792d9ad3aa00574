"""What a search made of the words, said in a line, and the way to have them taken as they are."""

from __future__ import annotations

import streamlit as st

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.services.asking.language import language_line
from vibeshelf.services.asking.titles import titles_of
from vibeshelf.services.asking.understanding import Understood, understand
from vibeshelf.services.search import clean_query
from vibeshelf.ui.text import plain

# In the address: `words=plain` takes the words as they are.
_WORDS, _PLAIN = "words", "plain"


def reading_of(query: str, mirror: Mirror | None, like: str | None) -> Understood:
    """Return what the words ask for, as they are where the address says so. Raises InputError for words that cannot be searched."""
    if not query and like is not None:
        return Understood("")
    text = clean_query(query)
    return Understood(text) if mirror is None or taken_plainly() else understand(text, mirror)


def explain(wish: Understood, query: str, mirror: Mirror | None, model: str) -> None:
    """Say what was done with the words, where something was, and what the model makes of another language than English."""
    if (line := language_line(query, model)) and not (mirror is not None and titles_of(mirror).knows(query)):
        st.caption(plain(line))
    if not wish.lines and not (taken_plainly() and query):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="reading"):
        st.markdown(" ".join(map(plain, wish.lines)) or "Your words were taken as they are.", width="content")
        if wish.steered:
            st.button("Take my words as they are", key="words-plain", on_click=_take_plainly, type="tertiary")
        elif taken_plainly():
            st.button("Read my words", key="words-read", on_click=read_words, type="tertiary")


def taken_plainly() -> bool:
    return st.query_params.get(_WORDS) == _PLAIN


def read_words() -> None:
    """Read the words of the next search again, whatever was said of the last ones."""
    st.query_params.pop(_WORDS, None)


def _take_plainly() -> None:
    st.query_params[_WORDS] = _PLAIN


def plain_address() -> dict[str, str]:
    """Return what an address needs for the words to be taken as they are."""
    return {_WORDS: _PLAIN}
