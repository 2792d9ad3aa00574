"""The box, what it suggests while it is empty, and a wish at random."""

from __future__ import annotations

import secrets

import streamlit as st

from vibeshelf.services.surprises import surprise, surprise_of, wishes_for
from vibeshelf.ui.query_box import query_box
from vibeshelf.ui.search.reading import read_words
from vibeshelf.ui.text import plain, shortened

# Each with what it shows about asking.
_EXAMPLES = (
    ("melancholy lighthouse story, slow, beautiful prose", "a mood and a place"),
    ("funny and warm, set in a village where everybody knows everything", "two moods at once"),
    ("a clever murder on a train, snow outside", "half a plot"),
    ("like The Hobbit but for grown-ups", "a book you know, and a turn"),
    ("women who walk out of their marriages", "a theme"),
    ("a man wakes up and has turned into an insect", "a plot you half remember"),
    ("lonely person in a big city at night", "a feeling"),
    ("lush and sensual, full of food", "the senses"),
    ("the last day of summer as a child", "a moment"),
    ("a monastery in the Middle Ages", "a time and a place"),
)
_SHOWN, _OFFSET, _SURPRISED = 5, "examples-from", "surprised"
_INSTEAD, _ANYWAY, _LONGEST_CHARS = 3, "anyway-for", 80


def asking_box() -> str:
    """Draw the heading and the box; return what was typed, without white space around it."""
    st.title("Find a book by its vibe", anchor=False)
    return query_box(on_change=read_words)


def welcome() -> None:
    """Draw examples, others for every visit, each with the kind of wish that it is, and the way to one at random."""
    if _OFFSET not in st.session_state:
        st.session_state[_OFFSET] = secrets.randbelow(len(_EXAMPLES))
    st.caption("Ask the way you would ask a friend who has read everything. For instance")
    with st.container(key="examples", gap="xsmall"):
        for at in range(_SHOWN):
            example, kind = _EXAMPLES[(st.session_state[_OFFSET] + at) % len(_EXAMPLES)]
            with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"example-row-{at}"):
                st.button(example, key=f"example-{at}", on_click=_choose, args=(example,), type="tertiary")
                st.caption(kind, width="content")
    st.button("Surprise me", key="surprise", on_click=surprise_me, icon=":material/casino:", help="A good wish at random, with the reason")


def nothing_found(asked: str, typed: str, narrowed: bool) -> bool:
    """Say that nothing comes close to what was asked, and offer wishes that are known to find something instead of books that do not.

    Return whether the nearest books are shown all the same: whoever narrows wants to see what is left, others are asked. `asked`
    names the search, `typed` are its words.
    """
    said = f"Nothing here comes close to “{plain(shortened(typed, _LONGEST_CHARS))}”."
    if narrowed:
        st.info(f"{said} Fewer filters may find more.", icon=":material/travel_explore:")
        return True
    anyway = bool(st.session_state.get(_ANYWAY) == asked)
    with st.container(key="nothing", border=True, gap="small"):
        st.markdown(f"**{said}** A mood, a place, a time or a plot in other words may. These do find something:")
        for at, wish in enumerate(wishes_for(asked, _INSTEAD)):
            st.button(wish, key=f"instead-{at}", on_click=_choose, args=(wish,), type="tertiary")
        if not anyway:
            st.button("Show the nearest all the same", key="anyway", on_click=_show_anyway, args=(asked,))
    return anyway


def _show_anyway(asked: str) -> None:
    st.session_state[_ANYWAY] = asked


def _choose(example: str) -> None:
    read_words()
    st.session_state["q"] = example


def surprise_me() -> None:
    """Search a good wish at random, another than the last."""
    chosen = surprise(but=st.session_state.get("q") or "")
    _choose(chosen.text)
    st.session_state[_SURPRISED] = chosen.text


def say_why(query: str) -> None:
    """Say why a wish was drawn, where the visitor asked for a surprise, and offer another."""
    drawn = surprise_of(query) if st.session_state.get(_SURPRISED) == query else None
    if drawn is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="surprised"):
            st.caption(drawn.reason, width="content")
            st.button("Another one", key="surprise-again", on_click=surprise_me, type="tertiary", icon=":material/casino:")
