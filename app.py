"""Search: where a visitor lands. A box, and books that feel like what was typed."""

import streamlit as st

from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.layout import page
from vibeshelf.ui.search.asking import asking_box, say_why, welcome
from vibeshelf.ui.search.results import liked_in_window, results
from vibeshelf.ui.search.typing import suggestions
from vibeshelf.ui.search.window import shop_window

with page("Search"):
    query = asking_box()
    collection = collection_box()
    like = st.query_params.get("like")
    say_why(query)
    if query or like:
        results(collection, query, like)
    else:
        welcome()
        shop_window(collection, liked_in_window)
    suggestions(collection)
