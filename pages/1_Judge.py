"""Judge: grade what the systems found without knowing which, measure agreement, take the grades along."""

import streamlit as st

from vibeshelf.ui.judging.grading import grading_view
from vibeshelf.ui.judging.rater import ask_rater, known_rater, rater_line
from vibeshelf.ui.layout import page
from vibeshelf.ui import resources

VIEWS = {"Grade": grading_view}


def desk_line(rater: str) -> str:
    names = [task.name for task in resources.desk().tasks.all()]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="desk"):
        view = st.segmented_control(
            "View", list(VIEWS), key="view", default="Grade", required=True, bind="query-params", label_visibility="collapsed"
        )
        rater_line(rater)
    if len(names) > 1:
        st.selectbox("Task", names, key="task", bind="query-params", width=260)
    return str(view)


with page("Judge"):
    rater = known_rater()
    if rater is None:
        st.title("Judge", anchor=False)
        ask_rater()
    else:
        view = desk_line(rater)
        VIEWS[view](resources.desk().task(st.session_state.get("task") or "starter"), rater)
