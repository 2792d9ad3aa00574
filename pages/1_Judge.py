"""Judge: grade what the systems found without knowing which, measure agreement, take the grades along."""

import streamlit as st

from vibeshelf.ui import resources
from vibeshelf.ui.judging.agreement import agreement_view
from vibeshelf.ui.judging.cards import dress
from vibeshelf.ui.judging.files import files_view
from vibeshelf.ui.judging.grading import grading_options, grading_view, guide
from vibeshelf.ui.judging.queries import queries_view
from vibeshelf.ui.judging.rater import ask_rater, known_rater, rater_line
from vibeshelf.ui.layout import page
from vibeshelf.ui.text import plain

VIEWS = {"Grade": grading_view, "Queries": queries_view, "Agreement": agreement_view, "Files": files_view}


def desk_line(rater: str) -> tuple[str, str]:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="desk"):
        view = st.segmented_control(
            "View", list(VIEWS), key="view", default="Grade", required=True, bind="query-params", label_visibility="collapsed"
        )
        task = task_box()
        with st.popover(plain(rater), icon=":material/tune:", key="menu-of-rater"):
            if view == "Grade":
                grading_options(resources.desk().task(task))
            rater_line(rater)
        if view == "Grade":
            guide()
    return str(view), task


def task_box() -> str:
    names = [task.name for task in resources.desk().tasks.all()]
    if "task" not in st.session_state and st.query_params.get("task") not in names:
        st.session_state["task"] = names[0]
    if len(names) == 1:
        return names[0]
    return str(st.selectbox("Task", names, key="task", bind="query-params", width=200, label_visibility="collapsed"))


with page("Judge"):
    dress()
    rater = known_rater()
    if rater is None:
        st.title("Judge", anchor=False)
        ask_rater()
    else:
        view, task = desk_line(rater)
        VIEWS[view](resources.desk().task(task), rater)
