"""What the pages share: opened once a process, refused with a reason when it cannot be. Tests put fakes here."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from vibeshelf.adapters.index import CollectionInfo, Store
from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.query_sets import QuerySet, query_sets
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.judging import Task
from vibeshelf.core.records import Grades
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.closeness import Closeness, calibrate
from vibeshelf.services.evaluating import Evaluated
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.matching import Sentences
from vibeshelf.services.pooling import Filler
from vibeshelf.services.shelf import Shelf, open_shelf

# Query id -> text, and the judgments of each file.
Judgments = tuple[Mapping[str, str], Mapping[Path, Grades]]
_ROOT = Path(__file__).resolve().parents[3]


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return load_settings()


@st.cache_resource(show_spinner="Opening the collection and its model", on_release=lambda shelf: shelf.store.close())
def shelf(collection: str) -> Shelf:
    """Return the opened collection; a refusal is raised again on every call, until it is mended."""
    return open_shelf(collection, settings=settings())


@st.cache_resource(show_spinner=False, max_entries=4)
def sentences(collection: str) -> Sentences:
    """Return the sentences of the books that were shown, with the encoder of their collection."""
    return Sentences(shelf(collection).encoder)


@st.cache_resource(show_spinner=False, max_entries=4, ttl=3600)
def closeness(collection: str) -> Closeness | None:
    """Return what a cosine means in a collection, an hour old at most; None where it has no mirror or no books."""
    opened = shelf(collection)
    mirror = opened.mirror()
    return calibrate(mirror, opened.encoder) if mirror is not None else None


@st.cache_data(ttl=5, show_spinner=False)
def collections() -> list[CollectionInfo]:
    """Return what is there, at most five seconds old."""
    return Store(settings()).collections()


@st.cache_data(ttl=60, show_spinner=False)
def judged_sets() -> dict[str, QuerySet]:
    """Return the judged query sets at hand: the starter one, and those of the folder of data sets where there is one."""
    return query_sets(Path(os.environ.get("VIBESHELF_TEST_DATA") or _ROOT.parent / "shared" / "data"))


@st.cache_resource(show_spinner=False, max_entries=8)
def judgments(name: str) -> Judgments:
    """Return the queries of a judged set and its judgments. Raises SourceError for a file that cannot be read."""
    chosen = judged_sets()[name]
    return read_queries(chosen.queries_path), {chosen.qrels_path: read_qrels(chosen.qrels_path)}


@st.cache_resource(show_spinner=False)
def evaluations() -> OrderedDict[str, Evaluated]:
    """Return the latest evaluations by their fingerprints; the runs under them are kept in the data folder."""
    return OrderedDict()


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Return the desk where raters work."""
    return open_desk(settings())


def graded_here() -> dict[str, Task]:
    """Return the tasks of which raters have graded something, by the names under which their grades are evaluated."""
    tasks = [task for task in desk().tasks.all() if desk().judgments.has_grades(task.name)]
    return {f"{task.name}, graded here": task for task in tasks}


@st.cache_resource(show_spinner=False)
def filler() -> Filler:
    """Return what makes pools in the background."""
    return Filler(desk().tasks)
