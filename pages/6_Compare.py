"""Compare: two systems, models or collections for the same words, side by side or blind."""

import streamlit as st

from vibeshelf.ui.compare.blind import blind
from vibeshelf.ui.compare.choice import contender_boxes
from vibeshelf.ui.compare.lists import side_by_side
from vibeshelf.ui.layout import empty_state, page
from vibeshelf.ui.query_box import query_box

SIDE_BY_SIDE, BLIND = "Side by side", "Blind"

with page("Compare"):
    st.title("Which finds better?", anchor=False)
    query = query_box()
    contenders = contender_boxes()
    view = st.segmented_control(
        "View", (SIDE_BY_SIDE, BLIND), key="view", default=SIDE_BY_SIDE, required=True, bind="query-params", label_visibility="collapsed"
    )
    if view == BLIND:
        blind(query, contenders)
    elif query:
        side_by_side(query, contenders)
    else:
        empty_state("Type what the book should feel like, and see what each of the two finds for it.")
