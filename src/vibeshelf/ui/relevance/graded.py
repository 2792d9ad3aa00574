"""Grades that raters gave here, made one a pair by their task's rule, which the figures then name."""

from __future__ import annotations

from pathlib import Path

from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.judging import Task
from vibeshelf.services.judgment_files import graded_file
from vibeshelf.ui import resources
from vibeshelf.ui.resources import Judgments


def graded(source: str, task: Task) -> tuple[str, Judgments]:
    """Return what these judgments are called, with the rule that made them, and queries with judgments as they are now."""
    made = graded_file(resources.desk(), task, resources.settings().qrels_dir)
    queries = {query.query_id: query.text for query in resources.desk().tasks.queries(task.name)}
    path = Path(made.file)
    how = f"{made.rule} of {made.raters} raters" if made.raters > 1 else "one rater"
    return f"{source} ({how})", (queries, {path: read_qrels(path)})
