"""The starter catalogue and its queries, which travel in the package (CC0)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

STARTER = "starter"


def starter_path() -> Path:
    """Return the catalogue's path: JSON lines, one book each."""
    return Path(str(files("vibeshelf.data") / "books.jsonl"))


def starter_queries_path() -> Path:
    """Return the path of the queries: TSV of id and text."""
    return Path(str(files("vibeshelf.data") / "queries.tsv"))


def starter_qrels_path() -> Path:
    """Return the path of the judgments of these queries: TREC qrels, grades 0 to 3 (eval/GRADING.md)."""
    return Path(str(files("vibeshelf.data") / "qrels.trec"))


def starter_queries() -> dict[str, str]:
    """Return query id -> text, in the file's order."""
    lines = starter_queries_path().read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line)


def starter_grades_path() -> Path:
    """Return the path of every grade that was given to the starter queries: CSV with rater and date."""
    return Path(str(files("vibeshelf.data") / "grades.csv"))
