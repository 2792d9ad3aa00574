"""Search: where a visitor lands. A box, and books that feel like what was typed."""

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.logged_search import logged_search
from vibeshelf.ui import resources
from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.layout import empty_state, page, show_error
from vibeshelf.ui.results import book_card, timing_line

EXAMPLES = (
    "melancholy lighthouse story, slow, beautiful prose",
    "funny and warm, set in a village where everybody knows everything",
    "a clever murder on a train, snow outside",
    "like The Hobbit but for grown-ups",
    "women who walk out of their marriages",
)


def choose(example: str) -> None:
    st.session_state["q"] = example


def examples() -> None:
    st.caption("For instance")
    with st.container(horizontal=True, gap="small", key="examples"):
        for at, example in enumerate(EXAMPLES):
            st.button(example, key=f"example-{at}", on_click=choose, args=(example,))


def results(query: str) -> None:
    asked = (st.session_state["collection"], query)
    try:
        found = logged_search(resources.shelf(asked[0]), query, source="page", repeat=st.session_state.get("asked") == asked)
    except VibeshelfError as error:
        show_error(error)
        return
    st.session_state["asked"] = asked
    for note in found.notes:
        st.warning(note)
    timing_line(found)
    if not found.hits:
        empty_state("This collection has no books yet. Fill it: vibeshelf ingest SOURCE")
    for hit in found.hits:
        book_card(hit)


with page("Search"):
    st.title("Find a book by its vibe", anchor=False)
    query = st.text_input(
        "What should it feel like?",
        key="q",
        type="search",
        bind="query-params",
        placeholder="a mood, a place, a half-remembered plot",
        label_visibility="collapsed",
    )
    collection_box()
    if query and query.strip():
        results(query)
    else:
        examples()
