"""What the pages share: opened once a process, refused with a reason when it cannot be. Tests put fakes here."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.contests import Contests
from vibeshelf.adapters.encoders.tokens import Reader, open_reader
from vibeshelf.adapters.encoders.words import Splitter, open_splitter
from vibeshelf.adapters.examinations import FILE
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.query_sets import QuerySet, query_sets
from vibeshelf.adapters.querylog import QueryLog, query_log
from vibeshelf.adapters.store import CollectionInfo, Store
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import Task
from vibeshelf.core.probes import Examination
from vibeshelf.core.records import Grades
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services import health
from vibeshelf.services.bench_plan import Inventory
from vibeshelf.services.bench_plan import inventory as look_around
from vibeshelf.services.closeness import Closeness, calibrate
from vibeshelf.services.collection_map import Atlas
from vibeshelf.services.contests import open_contests
from vibeshelf.services.drift import Sample, sample_of_queries
from vibeshelf.services.drill.records import Drill
from vibeshelf.services.evaluating import Evaluated
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.latency import Measured, all_measured
from vibeshelf.services.matching import Sentences
from vibeshelf.services.monitoring import start_metrics
from vibeshelf.services.pooling import Filler
from vibeshelf.services.shelf import Shelf, mirror_of, open_shelf
from vibeshelf.services.versions import Family, Sizes, families, sizes
from vibeshelf.ui.jobs import BenchDesk, Job
from vibeshelf.ui.last_used import LastUsed

# Query id -> text, and the judgments of each file.
Judgments = tuple[Mapping[str, str], Mapping[Path, Grades]]
# As many as a sparkline has room for.
_EXAMINATIONS = 40
_ROOT = Path(__file__).resolve().parents[3]


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    found = load_settings()
    start_metrics(found)
    return found


def _release(shelf: Shelf) -> None:
    opened().pop(shelf.name, None)
    shelf.store.close()


@st.cache_resource(show_spinner="Opening the collection and its model", on_release=_release)
def shelf(collection: str) -> Shelf:
    """Return the opened collection; a refusal is raised again on every call, until it is mended."""
    try:
        shelf = open_shelf(collection, settings=settings())
    except VibeshelfError as error:
        opened()[collection] = error
        raise
    opened()[collection] = shelf
    return shelf


@st.cache_resource(show_spinner=False)
def opened() -> dict[str, Shelf | VibeshelfError]:
    """Return what came of opening each collection in this process: the shelf, or the error that refused it."""
    return {}


# Every page asks for these: what cannot be changed is shared as it is, not copied for each.
@st.cache_resource(ttl=5, show_spinner=False)
def examinations(collection: str) -> tuple[Examination, ...]:
    """Return the latest full examinations that are kept, the newest first; none where they cannot be read. Five seconds old at most."""
    try:
        return tuple(health.history(settings(), collection, limit=_EXAMINATIONS)) if (settings().data_dir / FILE).is_file() else ()
    except VibeshelfError:
        return ()


def sentences(collection: str) -> Sentences:
    """Return the sentences of the books that were shown, with the encoder of their collection."""
    return _sentences(collection, shelf(collection).manifest.version)


@st.cache_resource(show_spinner=False, max_entries=4)
def _sentences(collection: str, version: str) -> Sentences:  # noqa: ARG001
    return Sentences(shelf(collection).encoder)


@st.cache_resource(show_spinner=False, max_entries=4)
def closeness(collection: str, state: str) -> Closeness | None:  # noqa: ARG001
    """Return what a cosine means in a collection; None where it has no mirror or no books. `state` names its contents."""
    opened = shelf(collection)
    mirror = opened.mirror()
    return calibrate(mirror, opened.encoder) if mirror is not None else None


@st.cache_resource(ttl=5, show_spinner=False)
def collections() -> tuple[CollectionInfo, ...]:
    """Return what is there, at most five seconds old."""
    return tuple(Store(settings()).collections())


@st.cache_data(ttl=5, show_spinner=False)
def shelved() -> tuple[list[Family], Sizes]:
    """Return the collections with the versions that are kept of them, and what the folder holds; five seconds old at most."""
    return families(settings(), collections()), sizes(settings())


def forget_collections() -> None:
    """Look again the next time: one was built, swapped in, rolled back or mended."""
    for cached in (collections, shelved, holdings, quick_examination, examinations):
        cached.clear()


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


@dataclass(frozen=True, slots=True)
class Held:
    """A collection as it lies in the store, whatever the guard says to it; no mirror where there is none."""

    index: Index
    mirror: Mirror | None


@st.cache_resource(show_spinner="Opening the collection", ttl=60)
def holdings(collection: str) -> Held:
    """Return a collection for who looks at its vectors without searching it; a minute old at most."""
    index = Store(settings()).open(collection)
    return Held(index, mirror_of(settings(), index))


@st.cache_resource(show_spinner=False)
def atlases() -> LastUsed[Atlas]:
    """Return the latest maps, by the path that each is kept under."""
    return LastUsed(4)


@st.cache_resource(show_spinner=False)
def drills() -> LastUsed[Drill]:
    """Return the latest drills, by the collection and its state."""
    return LastUsed(8)


@st.cache_resource(show_spinner=False)
def results() -> LastUsed[Any]:
    """Return what other long work gave, by what was asked for."""
    return LastUsed(32)


@st.cache_resource(show_spinner=False, ttl=30)
def quick_examination(collection: str) -> Examination:
    """Return what the quick probes say of a collection, half a minute old at most."""
    return health.examine_collection(settings(), collection, cheap=True)


@st.cache_resource(show_spinner=False)
def jobs() -> dict[str, Job[Any]]:
    """Return the long work that goes on, by what was asked for: whoever asks the same watches the same job."""
    return {}


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Return the desk where raters work."""
    return open_desk(settings())


@st.cache_resource(show_spinner=False)
def contests() -> Contests:
    """Return the blind comparisons of all visitors."""
    return open_contests(settings())


def graded_here() -> dict[str, Task]:
    """Return the tasks of which raters have graded something, by the names under which their grades are evaluated."""
    tasks = [task for task in desk().tasks.all() if desk().judgments.has_grades(task.name)]
    return {f"{task.name}, graded here": task for task in tasks}


def search_log() -> QueryLog:
    """Return the log of searches of this process's data folder."""
    return query_log(settings())


@st.cache_resource(show_spinner=False, max_entries=4)
def splitter(model: str) -> Splitter:
    """Return what takes texts apart as a model does. Raises ModelUnavailable for one that cannot be looked into."""
    return open_splitter(model, settings().models_dir)


@st.cache_resource(show_spinner=False, max_entries=4)
def reader(model: str) -> Reader:
    """Return what reads a query as a model does. Raises ModelUnavailable for one that cannot be looked into."""
    return open_reader(model, settings().models_dir)


@st.cache_resource(show_spinner="Searching the reference queries", max_entries=4)
def reference_sample(collection: str, state: str) -> Sample:  # noqa: ARG001
    """Return what is seen of the starter queries in a collection; `state` names its contents, another of which is searched anew."""
    opened = shelf(collection)
    try:
        split = splitter(opened.manifest.encoder.model)
    except VibeshelfError:
        split = None
    return sample_of_queries(opened, list(starter_queries().values()), split)


@st.cache_resource(show_spinner=False)
def filler() -> Filler:
    """Return what makes pools in the background."""
    return Filler(desk().tasks)


@st.cache_resource(ttl=3600, show_spinner="Looking at what this machine has")
def inventory() -> Inventory:
    """Return what can run a model here; at most an hour old, since devices do not come and go."""
    return look_around(settings())


@st.cache_resource(ttl=10, show_spinner=False)
def bench_results() -> tuple[list[Measured], list[VibeshelfError]]:
    """Return the results of benchmarks that are at hand, and an error for each file that could not be read."""
    return all_measured(settings(), _ROOT / "eval" / "results" / "latency")


def forget_bench_results() -> None:
    """Read them anew the next time: one was measured, imported or removed."""
    bench_results.clear()


@st.cache_resource(show_spinner=False)
def bench_desk() -> BenchDesk:
    """Return where the benchmark of this process is watched."""
    return BenchDesk()
