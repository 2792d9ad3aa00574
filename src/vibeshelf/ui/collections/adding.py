"""Books into a collection: from a file that is uploaded, one that lies in the data folder, or the starter catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.encoders.packaged import packaged_here
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestReport
from vibeshelf.services.shelf import DEFAULT_COLLECTION
from vibeshelf.services.versions import Family
from vibeshelf.ui import resources
from vibeshelf.ui.collections.ingesting import Asked, begin, job, keep_upload, watch
from vibeshelf.ui.jobs import Job
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain, safe_file_name

UPLOAD, FOLDER, CATALOGUE = "Upload a file", "A file of the server", "Starter catalogue"
# Below the data folder: what its owner puts there can be chosen by name.
SOURCES = "sources"
_ENDINGS = ("csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "gz", "zst")
_SHOWN_REJECTS = 8
_SEEN = "ingest whose end was seen"
_OWN = "The collection's own, or the default for a new one"


def adding_view(shelved: Sequence[Family]) -> None:
    """Draw the ingest that runs; else what came of the last one, and what the next one needs."""
    running = job()
    if running is not None and not running.ended:
        watch(running)
        return
    if running is not None:
        if st.session_state.get(_SEEN) != id(running):
            # What was listed before it ended is not what is there now.
            st.session_state[_SEEN] = id(running)
            resources.forget_collections()
            st.rerun()
        _outcome(running)
    _ask(shelved)


def _ask(shelved: Sequence[Family]) -> None:
    settings = resources.settings()
    chosen = _files(settings)
    ways = [UPLOAD, *([FOLDER] if chosen else []), CATALOGUE]
    way = st.segmented_control("From where", ways, default=UPLOAD, required=True, key="add-way")
    upload, picked = None, None
    if way == UPLOAD:
        upload = st.file_uploader(
            "Books: CSV, JSON lines or Parquet, also .gz or .zst", key="add-file", type=list(_ENDINGS),
            help="A header with usual column names (id, title, author, description). Rows that cannot be used are listed, not lost.",
        )  # fmt: skip
    elif way == FOLDER:
        picked = st.selectbox(f"Files in the data folder's `{SOURCES}`", [path.name for path in chosen], key="add-picked")
    left, right = st.columns(2)
    name = left.text_input("Into the collection", value=_free_name(shelved), key="add-name", help="A new name builds it beside the others.")
    models = {_OWN: None, settings.model: settings.model, **{model: model for model in packaged_here()}}
    model = right.selectbox("Model", list(models), key="add-model")
    begun = partial(_begin, settings, str(way), upload, picked, name.strip(), models[str(model)])
    ready = bool(name.strip()) and (way != UPLOAD or upload is not None)
    st.button(
        "Begin",
        type="primary" if ready else "secondary",
        key="add-begin",
        icon=":material/library_add:",
        on_click=begun,
        disabled=not ready,
    )


def _begin(settings: Settings, way: str, upload: Any, picked: str | None, collection: str, model: str | None) -> None:
    if way == UPLOAD:
        name = safe_file_name(upload.name)
        path, folder = keep_upload(settings, name, upload.getvalue())
        begin(Asked(path, name, collection, model, folder))
    elif way == FOLDER and picked is not None:
        begin(Asked(str(settings.data_dir / SOURCES / picked), picked, collection, model))
    else:
        begin(Asked(STARTER, "the starter catalogue", collection, model))


def _outcome(ended: Job[IngestReport]) -> None:
    if ended.stopped:
        st.info(
            f"{plain(ended.key)} was stopped after {ended.done:,} of about {ended.total:,} rows. What was stored is kept; "
            "the same file goes on from there.", icon=":material/stop_circle:",
        )  # fmt: skip
    elif ended.error is not None:
        show_error(ended.error)
    elif ended.result is not None:
        _report(ended.result)


def _report(report: IngestReport) -> None:
    tally, rate = report.tally, report.documents_per_second
    speed = f" at {rate:,.0f} books/s" if rate else ""
    st.success(
        f"{plain(report.collection)}: read {tally.read:,} rows in {report.seconds:.1f} s{speed}, {plain(report.model)} on "
        f"{plain(report.backend)} {plain(report.device)}.",
        icon=":material/check:",
    )
    counts = ("added", "updated", "unchanged", "rejected")
    with st.container(horizontal=True, key="ingest-counts"):
        for count in counts:
            st.metric(count, f"{getattr(tally, count):,}", width="content")
    if report.rejects_file is not None:
        _rejects(Path(report.rejects_file), tally.rejected)


def _rejects(path: Path, count: int) -> None:
    try:
        with path.open(encoding="utf-8") as lines:
            first = [json.loads(line) for line in islice(lines, _SHOWN_REJECTS)]
        content = path.read_bytes()
    except OSError as error:
        st.warning(f"The list of rejected rows cannot be read: {plain(error.strerror or str(error))}", icon=":material/warning:")
        return
    st.markdown(f"**{count:,} rows were rejected**{f', the first {len(first)}:' if count > len(first) else ':'}")
    rows = [{"line": str(row["line"]), "why": plain(row["reason"]), "what it held": plain(row["excerpt"][:80])} for row in first]
    st.table(pd.DataFrame(rows).set_index("line"), border="horizontal")
    st.download_button(
        "Download all rejected rows", content, file_name=path.name, mime="application/x-ndjson", key="rejects", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _files(settings: Settings) -> list[Path]:
    folder = settings.data_dir / SOURCES
    return (
        sorted(path for path in folder.iterdir() if path.suffix.lower().lstrip(".") in _ENDINGS and path.is_file())
        if folder.is_dir()
        else []
    )


def _free_name(shelved: Sequence[Family]) -> str:
    taken = {family.live.name for family in shelved}
    base = str(st.session_state.get("collection") or DEFAULT_COLLECTION)
    base = base if base in taken else next(iter(sorted(taken)), DEFAULT_COLLECTION)
    return next(name for number in range(2, len(taken) + 3) if (name := f"{base}-{number}") not in taken)
