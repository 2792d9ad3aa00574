"""Grades, queries and runs in; grades out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from vibeshelf.adapters.catalog.starter import STARTER
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import Task
from vibeshelf.services.judgment_files import IMPORTS, Imported, export_bytes, import_file
from vibeshelf.ui import resources
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.text import plain

_EXPORTS = {
    "trec": ("TREC qrels", "qrels.trec"),
    "beir": ("BEIR qrels", "qrels.tsv"),
    "csv": ("CSV, everything", "grades.csv"),
    "queries": ("Queries, TSV", "queries.tsv"),
}
_SHOWN = 20


def files_view(task: Task, _rater: str) -> None:
    """Draw the downloads and the import."""
    st.subheader("Out", anchor=False)
    _downloads(task)
    st.subheader("In", anchor=False)
    _uploads(task)


def _downloads(task: Task) -> None:
    standing = resources.desk().judgments.standing(task.name)
    if not standing:
        empty_state("There are no grades to take out yet.")
        return
    too_wide = [each for each in standing if each.book_id.split() != [each.book_id]]
    with st.container(horizontal=True):
        for form, (label, name) in _EXPORTS.items():
            if form == "trec" and too_wide:
                continue
            # Made at the click, so that it has what was graded since the page was drawn.
            st.download_button(
                label, partial(export_bytes, resources.desk(), task, form), f"{task.name}-{name}", key=f"download-{form}",
                on_click="ignore", icon=":material/download:",
            )  # fmt: skip
    if too_wide:
        st.caption("TREC qrels cannot hold book ids with white space, which this collection has; BEIR can.")
    st.caption(
        f"Qrels have one grade a pair: the {task.rule} of its raters, or what was settled (the rule is chosen under Agreement). "
        "CSV has every grade and skip that stands, with rater, time and note. Queries are what vibeshelf eval needs beside the qrels."
    )


def _uploads(task: Task) -> None:
    with st.form("import", clear_on_submit=True):
        uploaded = st.file_uploader("Grades (CSV, TREC or BEIR qrels), queries (one a line, TSV, BEIR) or a TREC run", key="import-file")
        form = st.selectbox("Format", ("auto", *IMPORTS), width=200)
        sent = st.form_submit_button("Import", type="primary")
    st.caption(
        "Imports add: what stands here is never changed, and what differs is reported. "
        "Grades in a file that names no rater are kept under the file's name."
    )
    if sent and uploaded is not None:
        _run(lambda: _take(task, uploaded, form))
    if task.name == STARTER and st.button("Import the grades that come with the starter queries", key="import-starter"):
        _run(lambda: import_file(resources.desk(), task, STARTER))


def _take(task: Task, uploaded: Any, form: str) -> Imported:
    with tempfile.TemporaryDirectory() as folder:
        # The name is the visitor's: only its last part is used, and it says the format to some readers.
        path = Path(folder) / (Path(uploaded.name.replace("\\", "/")).name or "upload")
        path.write_bytes(uploaded.getvalue())
        return import_file(resources.desk(), task, str(path), form)


def _run(job: Callable[[], Imported]) -> None:
    try:
        done = job()
    except VibeshelfError as error:
        show_error(error)
        return
    st.success(f"{plain(Path(done.file).name)} ({done.form}): {done.read:,} read, {done.added:,} added, {done.unchanged:,} there already.")
    if done.conflicts:
        st.warning(f"{len(done.conflicts):,} differ from what the same rater has here, which stays.")
        rows = [
            {
                "query": each.here.query_id,
                "book": each.here.book_id,
                "rater": each.here.rater,
                "here": each.here.grade,
                "in the file": each.there.grade,
            }
            for each in done.conflicts[:_SHOWN]
        ]
        st.dataframe(rows, hide_index=True)
    if done.refused_queries:
        st.warning(f"Kept as they were, because they have grades: {plain(', '.join(done.refused_queries[:_SHOWN]))}")
    if done.unknown_queries:
        st.warning(f"{len(done.unknown_queries):,} queries have no text here: {plain(', '.join(done.unknown_queries[:_SHOWN]))}")
