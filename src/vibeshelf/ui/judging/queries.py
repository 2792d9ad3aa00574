"""The queries of a task, and where its books come from."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from vibeshelf.core.errors import InputError, VibeshelfError
from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.services.judging import MAX_DEPTH, MAX_NAME, check_task
from vibeshelf.services.systems import SYSTEMS
from vibeshelf.services.task_queries import queries_of
from vibeshelf.ui import resources
from vibeshelf.ui.judging.searches import from_searches
from vibeshelf.ui.judging.taking import say_what_was_done, take_in
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.text import plain


def queries_view(task: Task, _rater: str) -> None:
    """Draw the queries, the means to add and edit them, and the task's sources."""
    say_what_was_done()
    _table(task)
    with st.expander("Add queries", icon=":material/add:"):
        st.text_area(
            "One a line, or an id, a tab and the text",
            key="new-queries",
            placeholder="a quiet book about bees\na heist in Venice",
            height=140,
        )
        st.button("Add", key="add-queries", type="primary", on_click=_add, args=(task,))
        st.caption("A file of queries (one a line, TSV, BEIR) goes in under Files.")
    with st.expander("Take queries from searches", icon=":material/history:"):
        from_searches(task)
    with st.expander("Sources of the pool", icon=":material/pool:"):
        _sources(task)
    with st.expander("A new task", icon=":material/post_add:"):
        _new_task(task)


def _table(task: Task) -> None:
    desk = resources.desk()
    queries = desk.tasks.queries(task.name)
    if not queries:
        empty_state("This task has no queries yet. Add some below, or a file of them under Files.")
        return
    judgments = pd.Series([each.query_id for each in desk.judgments.standing(task.name) if each.grade is not None], dtype=object)
    counts = judgments.value_counts()
    table = pd.DataFrame(
        {
            "id": [query.query_id for query in queries],
            "query": [query.text for query in queries],
            "what is meant": [query.note for query in queries],
            "grades": [int(counts.get(query.query_id, 0)) for query in queries],
        }
    )
    st.data_editor(
        table, key="query-table", hide_index=True, disabled=["id", "grades"], height=min(420, 38 + 35 * len(table)), num_rows="fixed",
        column_config={"query": st.column_config.TextColumn(width="large"), "id": st.column_config.TextColumn(width="small")},
        on_change=_edit, args=(task, queries),
    )  # fmt: skip
    st.caption(
        f"{len(queries):,} queries. What is meant is shown to raters below the query. The text of a query that has grades stays as it is: "
        "another text is another query."
    )


def _edit(task: Task, queries: list[JudgedQuery]) -> None:
    changed = []
    for row, values in st.session_state["query-table"]["edited_rows"].items():
        query = queries[int(row)]
        changed.append(JudgedQuery(query.query_id, values.get("query") or query.text, values.get("what is meant", query.note) or ""))
    take_in(task, changed)


def _add(task: Task) -> None:
    if take_in(task, queries_of(st.session_state["new-queries"])):
        st.session_state["new-queries"] = ""


def _sources(task: Task) -> None:
    names = [info.name for info in resources.collections() if info.manifest]
    with st.form("sources"):
        collections = st.multiselect(
            "Collections of the same books, by any model; the first shows them", names, [name for name in task.collections if name in names]
        )
        systems = st.multiselect("Systems", SYSTEMS, task.systems)
        depth = st.number_input("Books from each source", 1, MAX_DEPTH, task.depth)
        runs = resources.desk().tasks.runs(task.name)
        st.caption(f"Imported runs in the pool: {plain(', '.join(runs)) or 'none'}")
        if st.form_submit_button("Save"):
            _save(replace(task, collections=tuple(collections), systems=tuple(systems), depth=int(depth)))


def _new_task(task: Task) -> None:
    names = [info.name for info in resources.collections() if info.manifest]
    with st.form("task-form"):
        name = st.text_input("Name", max_chars=MAX_NAME)
        collection = st.selectbox("Collection", names)
        if st.form_submit_button("Make it"):
            if resources.desk().tasks.get(name.strip()) is not None:
                show_error(InputError(f"there is a task '{name.strip()}' already; choose another name"))
            elif _save(Task(name.strip(), (collection,) if collection else (), SYSTEMS, rule=task.rule)):
                st.query_params["task"] = name.strip()
                st.session_state.pop("task", None)
                st.rerun()


def _save(task: Task) -> bool:
    try:
        resources.desk().tasks.save(check_task(task))
    except VibeshelfError as error:
        show_error(error)
        return False
    st.success("Saved. The pools are made again as the queries come up.")
    return True
