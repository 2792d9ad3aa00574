"""Health: whether a collection's vectors can be trusted, where its books lie, and what a wrong model would do."""

import streamlit as st

from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.health.drill import drill_view
from vibeshelf.ui.health.map import map_view
from vibeshelf.ui.health.probes import charts_view, probes_view
from vibeshelf.ui.health.repairs import mend_button, repaired_line
from vibeshelf.ui.health.verdict import examined
from vibeshelf.ui.layout import page

VIEWS = ("Probes", "Charts", "Map", "Drill")

with page("Health"):
    st.title("Can it be trusted?", anchor=False)
    name = collection_box()
    examination = examined(name)
    repaired_line(name)
    view = st.segmented_control(
        "View", VIEWS, key="view", default="Probes", required=True, bind="query-params", label_visibility="collapsed"
    )
    if view == "Probes":
        mend_button(examination)
        probes_view(examination)
    elif view == "Charts":
        charts_view(examination)
    elif view == "Map":
        map_view(name, examination)
    else:
        drill_view(name)
