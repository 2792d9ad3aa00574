"""Carrying out a drill: the copy, the searches before and after, the signs, the guard."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.store import Store
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.errors import Cancelled, InputError, Mismatch, StorageError
from vibeshelf.core.records import Book
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.drill.other_model import Disguised, OtherModel, other_model
from vibeshelf.services.drill.records import Drill
from vibeshelf.services.drill.signs import Searched, cases_of, signs_of, truth_of
from vibeshelf.services.guard import require_match
from vibeshelf.services.shelf import Shelf

# A copy of so many books shows everything, and is made in two seconds.
MOST_BOOKS = 2000
SHOWN = 10
_SEED = 20261124
_FOLDER = "drill"
# One copy of a name at a time: they all lie in the same folder.
_turn = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Copy:
    """The scratch copy: an index of its own, in a folder of its own, and the books in it by id."""

    index: Index
    books: Mapping[str, Book]


def carry_out(
    shelf: Shelf,
    progress: Callable[[int, int], None] = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
    other: OtherModel | None = None,
) -> Drill:
    """Exchange the query model on a scratch copy of the collection and return what came of it; the collection is only read.

    `progress` is told (searches done, of how many). Raises InputError for a collection without books, Cancelled soon after
    `cancelled` says so, StorageError where there is no room for the copy.
    """
    started = time.perf_counter()
    settings, encoder = shelf.store.settings, shelf.encoder
    chosen = other or other_model(settings, encoder)
    queries, told = starter_queries(), _Told(progress, cancelled, 2 * len(starter_queries()))
    with _turn, _scratch_copy(shelf) as copy:
        before = _search_all(copy.index, encoder, queries, told)
        after = _search_all(copy.index, chosen.encoder, queries, told)
        refusal = _refusal(copy.index, chosen.encoder)
        disguised = Disguised(chosen.encoder, shelf.manifest.encoder, shelf.manifest.precision)
        in_disguise = _refusal(copy.index, disguised)
    grades = _grades_within(copy.books)
    return Drill(
        shelf.name, shelf.manifest.count, len(copy.books), encoder.spec.model, chosen.encoder.spec.model, chosen.stand_in,
        encoder.spec.dimension, cases_of(queries, before, after, copy.books, grades), signs_of(before, after),
        truth_of(before, after, list(copy.books), grades), refusal, in_disguise,
        f"{encoder.backend} {encoder.precision} on {encoder.device}", time.perf_counter() - started,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


@dataclass
class _Told:
    """Tells how far the searches of both sides are, and ends them when that is wanted."""

    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]
    total: int
    done: int = 0

    def one_more(self) -> None:
        if self.cancelled():
            raise Cancelled(f"the drill was stopped after {self.done} of {self.total} searches")
        self.done += 1
        self.progress(self.done, self.total)


@contextmanager
def _scratch_copy(shelf: Shelf) -> Iterator[_Copy]:
    """Yield a copy of the collection in data_dir/drill, under its own name, so that all that is said of it can be acted upon."""
    books, vectors = _some_of(shelf)
    hashes = shelf.index().hashes(list(books))
    folder = shelf.store.settings.data_dir / _FOLDER
    # What a drill left behind that was killed.
    shutil.rmtree(folder, ignore_errors=True)
    scratch = Store(shelf.store.settings.model_copy(update={"data_dir": folder, "chroma_url": None}))
    try:
        with scratch.writer(shelf.name):
            index = scratch.create(replace(shelf.manifest, count=len(books)))
            index.put(list(books.values()), [hashes[book_id] for book_id in books], vectors)
            yield _Copy(index, books)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _some_of(shelf: Shelf) -> tuple[dict[str, Book], Vectors]:
    """Return the books that are copied, by id, and their vectors, float32 (n, dimension): all, or as many as a copy needs."""
    index, mirror = shelf.index(), shelf.mirror()
    ids = sorted(mirror.ids if mirror is not None else (book_id for book_id, _ in index.all_hashes()))
    if not ids:
        raise InputError(f"collection '{shelf.name}' has no books to hold a drill with. Fill it: vibeshelf ingest SOURCE")
    if len(ids) > MOST_BOOKS:
        picked = np.random.default_rng(_SEED).choice(len(ids), MOST_BOOKS, replace=False)
        ids = [ids[at] for at in sorted(picked.tolist())]
    books, rows = index.books(ids), index.vectors(ids)
    return {book_id: books[book_id] for book_id in ids}, np.array([rows[book_id] for book_id in ids], dtype=np.float32)


def _search_all(index: Index, encoder: Encoder, queries: Mapping[str, str], told: _Told) -> Searched:
    """Search as an app does that checks nothing: encode, ask Chroma, take what comes."""
    encoder.encode_queries(["warm up"])
    found: dict[str, list[tuple[str, float]]] = {}
    vectors, times_ms, refused = [], [], 0
    for query_id, text in queries.items():
        started = time.perf_counter()
        vector = encoder.encode_queries([text])[0]
        try:
            found[query_id] = index.nearest(vector, SHOWN)
        except StorageError:
            found[query_id], refused = [], refused + 1
        times_ms.append((time.perf_counter() - started) * 1000)
        vectors.append(vector)
        told.one_more()
    return Searched(found, np.array(vectors), tuple(times_ms), refused)


def _refusal(index: Index, encoder: Encoder) -> str:
    """Return the guard's line, or nothing when it lets the encoder pass."""
    try:
        require_match(index, encoder)
    except Mismatch as error:
        return str(error)
    return ""


def _grades_within(book_ids: Sequence[str] | Mapping[str, Book]) -> dict[str, dict[str, int]]:
    """Return the starter queries' judgments of these books, for the queries that have a relevant one among them."""
    inside = {
        query_id: {book_id: grade for book_id, grade in of.items() if book_id in book_ids}
        for query_id, of in read_qrels(starter_qrels_path()).items()
    }
    return {query_id: of for query_id, of in inside.items() if any(of.values())}
