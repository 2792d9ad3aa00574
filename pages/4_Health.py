"""Health: what the probes say of a collection, its books on a map, and a drill."""

import streamlit as st

from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.health.map import map_view
from vibeshelf.ui.layout import page

with page("Health"):
    st.title("Is it sound?", anchor=False)
    name = collection_box()
    map_view(name, None)
