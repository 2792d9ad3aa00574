"""Collections: which versions are on the shelf, how new ones come and go, and what changed."""

import streamlit as st

from vibeshelf.ui import resources
from vibeshelf.ui.collections.adding import adding_view
from vibeshelf.ui.collections.changing import said
from vibeshelf.ui.collections.log_view import log_view
from vibeshelf.ui.collections.shelf_view import shelf_view
from vibeshelf.ui.first_run import first_run, is_first_run
from vibeshelf.ui.layout import page

VIEWS = ("Shelf", "Add books", "Logbook")

with page("Collections"):
    st.title("What is on the shelf", anchor=False)
    view = st.segmented_control(
        "View", VIEWS, key="view", default="Shelf", required=True, bind="query-params", label_visibility="collapsed"
    )
    said()
    shelved, sizes = resources.shelved()
    if view == "Add books":
        adding_view(shelved)
    elif view == "Logbook":
        log_view()
    elif is_first_run(resources.collections()):
        first_run()
    else:
        shelf_view(shelved, sizes)
