"""How it works: one search of the visitor's own, from the words to the books, with the real numbers."""

import streamlit as st

from vibeshelf.services.asking.understanding import understand
from vibeshelf.services.pooling import fingerprint
from vibeshelf.services.walkthrough import walk
from vibeshelf.ui import resources
from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.how.steps import fusion, neighbours, numbers, pieces, result, towers, words
from vibeshelf.ui.layout import page
from vibeshelf.ui.query_box import query_box

EXAMPLE = "a lonely lighthouse keeper and the sea"

with page("How it works"):
    st.title("How it works", anchor=False)
    st.markdown("You type a wish, and books come that feel like it. Here is what happens in between, with the numbers of your own search.")
    query = query_box()
    name = collection_box()
    if not query:
        st.caption(f"For instance: {EXAMPLE}. Type your own above.")
    shelf = resources.shelf(name)
    taken = walk(shelf, query or EXAMPLE)
    pieces(taken)
    numbers(taken)
    towers(taken, shelf)
    neighbours(taken, resources.closeness(name, fingerprint(shelf)))
    words(taken)
    fusion(taken)
    mirror = shelf.mirror()
    result(taken, steered=mirror is not None and understand(taken.result.query, mirror).steered)
