"""Files of the visitor's own: queries, judgments, runs of other tools. One that cannot be read is said, and the rest goes on."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.trec import read_qrels, read_run
from vibeshelf.core.errors import SourceError, VibeshelfError
from vibeshelf.core.records import Run
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.resources import Judgments
from vibeshelf.ui.text import plain, safe_file_name

_PREFIX = "vibeshelf-upload-"
_FOLDER = re.compile(rf"/[^\s'\"]*{_PREFIX}[^/]+/")
_READERS = {"queries": read_queries, "qrels": read_qrels, "run": read_run}


@dataclass(frozen=True)
class Upload:
    """A file that was read. It stays at `path` as long as it is remembered, so that later notes can name its lines."""

    path: Path
    content: Any
    folder: tempfile.TemporaryDirectory[str]


def own_queries() -> Judgments | None:
    """Ask for queries and judgments; return them, or None as long as one of them is missing or cannot be read."""
    left, right = st.columns(2)
    with left:
        queries = _ask("Queries", "queries", "TSV of id and text, or BEIR jsonl")
    with right:
        qrels = _ask("Judgments", "qrels", "TREC qrels, or BEIR tsv")
    return None if queries is None or qrels is None else (queries.content, {qrels.path: qrels.content})


def other_runs(taken: tuple[str, ...]) -> dict[Path, Run]:
    """Ask for TREC runs of other tools and return those that could be read; each is named after its file."""
    files = st.file_uploader(
        "Runs of other tools", accept_multiple_files=True, key="runs",
        help="TREC run files: query, Q0, book, rank, score, name. They are measured on the same judgments; nothing is searched.",
    )  # fmt: skip
    runs: dict[Path, Run] = {}
    for file in files:
        upload = _read("run", file)
        name = _stem(file.name)
        if upload and name in (*taken, *(run.name for run in runs.values())):
            st.error(f"{plain(file.name)}: a system is called {plain(name)} already; give the file another name", icon=":material/error:")
        elif upload:
            runs[upload.path] = Run(name, upload.content.rankings)
    return runs


def without_folders(text: str) -> str:
    """Return the text without the folders that uploads were put in, of which the visitor knows nothing."""
    return _FOLDER.sub("", text)


def _ask(label: str, kind: str, hint: str) -> Upload | None:
    file = st.file_uploader(f"{label} ({hint})", key=f"own-{kind}")
    return _read(kind, file) if file is not None else None


def _read(kind: str, file: Any) -> Upload | None:
    """Return the file's content, or show the one line that says what is wrong with it."""
    data = file.getvalue()
    name = safe_file_name(file.name)
    try:
        return _parsed(kind, name, data)
    except VibeshelfError as error:
        show_error(SourceError(without_folders(str(error))))
        return None


@st.cache_resource(max_entries=16, show_spinner="Reading the file", on_release=lambda upload: upload.folder.cleanup())
def _parsed(kind: str, name: str, data: bytes) -> Upload:
    folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
    path = Path(folder.name) / name
    path.write_bytes(data)
    return Upload(path, _READERS[kind](path), folder)


def _stem(name: str) -> str:
    return "-".join(Path(safe_file_name(name).removesuffix(".gz")).stem.split()) or "run"
