"""Repairs: what a probe found is mended from what the collection itself holds. Each leaves a whole collection, also when it is killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror, drop_mirror, open_mirror
from vibeshelf.adapters.store import GRAPH, Store
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.errors import InputError, StorageError, VectorError
from vibeshelf.core.probes import FAIL, WARN, Examination
from vibeshelf.core.records import Book, Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.core.template import record_hash, render, text_hash
from vibeshelf.core.vectors import Vectors, check_unit_rows
from vibeshelf.services.chronicle import note_repair
from vibeshelf.services.guard import require_match
from vibeshelf.services.probes.specimen import Holdings, read_all
from vibeshelf.services.shelf import mirror_of

# In this order: what is missing comes back from the mirror before anything replaces the mirror.
REPAIRS = ("restore", "remove", "rebuild", "encode", "mirror")
_BATCH = 256
_BUILDING = ".rebuilding"


class Progress(Protocol):
    """Told after each batch how many books are done, of how many."""

    def __call__(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did: its name, how many books it touched, and how long it took."""

    repair: str
    books: int
    seconds: float


def mend(settings: Settings, examination: Examination, progress: Progress | None = None) -> list[Repaired]:
    """Do every repair that the results of an examination name, in an order in which none spoils another.

    Raises as `repair` does.
    """
    wanted: dict[str, set[str] | None] = {}
    for result in examination.results:
        if result.status in (WARN, FAIL) and result.repair:
            before = wanted.get(result.repair, set())
            # No books named means all of them.
            wanted[result.repair] = None if before is None or not result.book_ids else before | set(result.book_ids)
    return [
        repair(settings, examination.collection, name, sorted(ids) if (ids := wanted[name]) is not None else None, progress)
        for name in REPAIRS
        if name in wanted
    ]


def repair(
    settings: Settings, collection: str, name: str, book_ids: Sequence[str] | None = None, progress: Progress | None = None
) -> Repaired:
    """Do one repair of a collection, on these books or, without any, on all that it concerns.

    restore: put books back that the mirror has and the collection has not; remove: take these vectors out; encode: encode again, by the
    model of the manifest; mirror: build mirror and lexical index again; rebuild: build the graph again, in a collection beside, and swap.
    Raises InputError for an unknown repair, ModelMismatch or ModelUnavailable where it needs an encoder, CollectionBusy, StorageError.
    """
    if name not in REPAIRS:
        raise InputError(f"unknown repair '{name}'; known: {', '.join(REPAIRS)}")
    started = time.perf_counter()
    store = Store(settings)
    with store.writer(collection):
        books = _STEPS[name](_Bench(settings, store.open(collection), progress or _silent), book_ids)
    mended = store.open(collection)
    mirror_of(settings, mended)
    done = Repaired(name, books, time.perf_counter() - started)
    note_repair(settings, mended.manifest, done)
    return done


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where a repair is done: a collection, held for writing."""

    settings: Settings
    index: Index
    progress: Progress

    def mirror(self) -> Mirror | None:
        return open_mirror(self.settings.mirrors_dir, self.index.manifest)

    def encoder(self) -> Encoder:
        """Return the collection's own encoder, for many texts. Raises ModelUnavailable or ModelMismatch."""
        encoder = open_encoder(self.settings, self.index.manifest.encoder.model, bulk=True)
        require_match(self.index, encoder)
        return encoder

    def missing(self) -> list[str]:
        """Return the ids that the mirror has and the collection has not."""
        mirror = self.mirror()
        held = {book_id for book_id, _ in self.index.all_hashes()} if mirror is not None else set()
        return [book_id for book_id in mirror.ids if book_id not in held] if mirror is not None else []

    def done(self) -> None:
        """Write down that the collection has changed; its books are still those that were ingested."""
        self.index.save_manifest(revision=self.index.manifest.revision + 1)


def _restore(bench: _Bench, book_ids: Sequence[str] | None) -> int:
    mirror, missing = bench.mirror(), bench.missing()
    asked = None if book_ids is None else set(book_ids)
    wanted = [book_id for book_id in missing if asked is None or book_id in asked]
    if mirror is None:
        return 0
    for done, part in _batches(wanted):
        held = mirror.books(part)
        books = [held[book_id] for book_id in part]
        rows = np.array([mirror.vectors[mirror.row_of[book_id]] for book_id in part], dtype=np.float32)
        bench.index.put(books, [_hashes(bench.index, book) for book in books], rows)
        bench.progress(done, len(wanted))
    if wanted:
        bench.done()
    return len(wanted)


def _remove(bench: _Bench, book_ids: Sequence[str] | None) -> int:
    if book_ids is None:
        raise InputError("the repair 'remove' takes out what it is told: expected the ids of books")
    _refuse_to_lose(bench)
    bench.index.remove(book_ids)
    bench.done()
    return len(book_ids)


def _encode(bench: _Bench, book_ids: Sequence[str] | None) -> int:
    _refuse_to_lose(bench)
    encoder, index = bench.encoder(), bench.index
    wanted = [book_id for book_id, _ in index.all_hashes()] if book_ids is None else list(book_ids)
    for done, part in _batches(wanted):
        stored, made_of = index.books(part), index.hashes(part)
        books = list(stored.values())
        texts = [render(index.manifest.template, book) for book in books]
        hashes = [StoredHashes(text_hash(text), made_of[book.book_id].record) for text, book in zip(texts, books, strict=True)]
        index.put(books, hashes, encoder.encode_documents(texts))
        bench.progress(done, len(wanted))
    bench.done()
    return len(wanted)


def _refuse_to_lose(bench: _Bench) -> None:
    """Raise InputError while books are missing that only the mirror has: what comes now replaces the mirror."""
    if missing := bench.missing():
        raise InputError(f"{len(missing):,} books of '{bench.index.name}' are only in its mirror; do the repair 'restore' first")


def _mirror(bench: _Bench, _: Sequence[str] | None) -> int:
    _refuse_to_lose(bench)
    drop_mirror(bench.settings.mirrors_dir, bench.index.manifest)
    return bench.index.count()


def _rebuild(bench: _Bench, _: Sequence[str] | None) -> int:
    """Copy everything into a new collection, compare, and swap: the old one is deleted when the new one has its name."""
    _refuse_to_lose(bench)
    old, store = bench.index, bench.index.store
    held = read_all(old)
    vectors = _sound_vectors(bench, held)
    name = old.name
    if store.exists(name + _BUILDING):
        store.delete(name + _BUILDING)
    new = store.create(_renamed(old, name + _BUILDING))
    for start in range(0, len(held), _BATCH):
        part = slice(start, start + _BATCH)
        new.put(held.books[part], held.hashes[part], vectors[part])
        bench.progress(min(start + _BATCH, len(held)), len(held))
    if new.count() != len(held):
        raise StorageError(f"the new collection holds {new.count():,} of {len(held):,} books; '{name}' stays as it was. Try again")
    store.swap(new, name, keep=False, complete=old.manifest.complete)
    return len(held)


def _sound_vectors(bench: _Bench, held: Holdings) -> Vectors:
    """Return the stored vectors, all encoded again where some cannot be stored as they are."""
    try:
        return check_unit_rows(held.vectors, bench.index.manifest.encoder.dimension, bench.index.name)
    except VectorError:
        return bench.encoder().encode_documents([render(bench.index.manifest.template, book) for book in held.books])


def _renamed(index: Index, name: str) -> Manifest:
    return replace(index.manifest, collection=name, hnsw={**index.manifest.hnsw, **GRAPH})


def _hashes(index: Index, book: Book) -> StoredHashes:
    return StoredHashes(text_hash(render(index.manifest.template, book)), record_hash(book))


def _batches(ids: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield (how many are done after it, ids) in batches."""
    for start in range(0, len(ids), _BATCH):
        part = list(ids[start : start + _BATCH])
        yield start + len(part), part


_STEPS: dict[str, Callable[[_Bench, Sequence[str] | None], int]] = {
    "restore": _restore,
    "remove": _remove,
    "encode": _encode,
    "mirror": _mirror,
    "rebuild": _rebuild,
}
