"""From a source of books to a collection: streaming, resumable, and with every row accounted for."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from typing import Protocol

import numpy as np

from vibeshelf.adapters.catalog import Source, SourceRow
from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.index import SPACE, Index
from vibeshelf.adapters.store import GRAPH, Store, check_name
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.errors import CollectionBusy, InputError, Mismatch, SourceError, StorageError
from vibeshelf.core.records import Book, Manifest, Rejected
from vibeshelf.core.settings import Settings
from vibeshelf.core.template import check_template, record_hash, render, text_hash
from vibeshelf.services.chronicle import note_build, note_stopped_build
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.guard import make_canaries, require_match
from vibeshelf.services.ingest_rows import Batches, RejectsFile, SeenIds
from vibeshelf.services.shelf import mirror_of, requested_model

_PACKAGES = ("chromadb", "numpy", "tokenizers", "onnxruntime", "torch", "sentence-transformers", "transformers")


class Progress(Protocol):
    """Told after each batch how many rows are done and how much of the source (0 to 1) was read."""

    def __call__(self, rows: int, fraction: float) -> None: ...


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What to do with a source."""

    collection: str
    model: str | None = None
    template: str | None = None
    limit: int | None = None
    prune: bool = False
    precision: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts of rows; read = added + updated + unchanged + rejected."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    rejected: int = 0
    encoded: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did; `documents_per_second` is None when nothing was encoded."""

    collection: str
    model: str
    dimension: int
    tally: Tally
    rejects_file: str | None
    seconds: float
    backend: str
    device: str
    precision: str

    @property
    def documents_per_second(self) -> float | None:
        return self.tally.encoded / self.seconds if self.tally.encoded and self.seconds else None


def ingest(source: Source, settings: Settings, options: IngestOptions, progress: Progress | None = None) -> IngestReport:
    """Bring a source's books into a collection, making it when it is not there.

    Rows whose text did not change are not encoded again. Raises SourceError for a source that cannot be read,
    Mismatch when the collection was made otherwise, CollectionBusy while another process writes.
    """
    _check(options)
    store = Store(settings)
    try:
        with store.writer(options.collection):
            run = _Run(source, settings, options, store)
            with RejectsFile(settings.data_dir, options.collection) as rejects:
                try:
                    run.read_all(rejects, progress or _silent)
                except BaseException as error:
                    run.note_stopped(error)
                    raise
            report = run.report(rejects)
            run.note(report)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"the system refused: {error}. What was stored is kept; mend this and run the same command again") from None
    run.mirror()
    return report


def _silent(rows: int, fraction: float) -> None:
    pass


def _check(options: IngestOptions) -> None:
    check_name(options.collection)
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit is {options.limit}; expected 1 or more")
    if options.prune and options.limit is not None:
        raise InputError("--prune removes books that the source no longer has, so it needs the whole source; leave out --limit")
    if options.template is not None:
        check_template(options.template)


@dataclass(slots=True)
class _Work:
    """Rows of one batch that must be stored: with the text to encode, or None where only facts changed."""

    books: list[Book] = field(default_factory=list)
    hashes: list[StoredHashes] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)


class _Run:
    def __init__(self, source: Source, settings: Settings, options: IngestOptions, store: Store) -> None:
        self._source, self._settings, self._options, self._store = source, settings, options, store
        self._started = time.perf_counter()
        self.tally = Tally()
        existing = store.open(options.collection) if store.exists(options.collection) else None
        model = requested_model(settings, options.model)
        if model is None:
            model = existing.manifest.encoder.model if existing else settings.model
        self._encoder: Encoder = open_encoder(settings, model, bulk=True, may_export=True, precision=options.precision)
        self._template = options.template or (existing.manifest.template if existing else source.template)
        self._index = existing
        if existing:
            require_match(existing, self._encoder)
            _require_template(existing, self._template)

    def read_all(self, rejects: RejectsFile, progress: Progress) -> None:
        batches = Batches(islice(self._source.rows(), self._options.limit))
        with SeenIds() as seen, ThreadPoolExecutor(1, "vibeshelf-write") as writer:
            pending: Future[None] | None = None
            for batch in batches:
                books = self._usable(batch, seen, rejects)
                # The next batch is encoded while this one is written.
                work, vectors = self._prepare(books)
                if pending:
                    pending.result()
                pending = writer.submit(self._store_work, work, vectors)
                progress(self.tally.read, self._source.fraction_read)
            if pending:
                pending.result()
            if batches.error:
                raise batches.error
            # Nothing that can be used is a wrong file or wrong columns, never a reason to remove all that is there.
            if self._index is None or self.tally.rejected == self.tally.read:
                raise SourceError(
                    f"{self._source.path} has no usable row ({self.tally.rejected} rejected{rejects.first_reason}); nothing was changed"
                )
            if self._options.prune:
                self._prune(seen)
        self._finish(self._index)

    def note(self, report: IngestReport) -> None:
        """Write into the logbook what was done, unless nothing was."""
        tally = self.tally
        if self._index is not None and (tally.added or tally.updated or tally.removed):
            note_build(self._settings, self._index.manifest, report, self._source.path.name)

    def note_stopped(self, error: BaseException) -> None:
        """Write into the logbook that a collection was left half done."""
        if self._index is not None and not self._index.manifest.complete:
            reason = str(error) or type(error).__name__
            note_stopped_build(self._settings, self._index.manifest, self.tally, self._source.path.name, reason)

    def _usable(self, batch: Sequence[SourceRow], seen: SeenIds, rejects: RejectsFile) -> list[Book]:
        self.tally.read += len(batch)
        books = [(line, row) for line, row in batch if isinstance(row, Book)]
        again = seen.add([book.book_id for _, book in books])
        dropped = [row for _, row in batch if isinstance(row, Rejected)]
        dropped += [Rejected(books[at][0], "duplicate id: an earlier row has it", books[at][1].book_id) for at in sorted(again)]
        self.tally.rejected += len(dropped)
        rejects.write(dropped)
        return [book for at, (_, book) in enumerate(books) if at not in again]

    def _prepare(self, books: Sequence[Book]) -> tuple[_Work, np.ndarray]:
        known = self._index.hashes([book.book_id for book in books]) if self._index else {}
        work = _Work()
        for book in books:
            text = render(self._template, book)
            hashes = StoredHashes(text_hash(text), record_hash(book))
            stored = known.get(book.book_id)
            if stored == hashes:
                self.tally.unchanged += 1
                continue
            self.tally.added += stored is None
            self.tally.updated += stored is not None
            work.books.append(book)
            work.hashes.append(hashes)
            work.texts.append(None if stored and stored.text == hashes.text else text)
        if books and self._index is None:
            self._index = self._store.create(self._new_manifest())
        return work, self._vectors(work)

    def _vectors(self, work: _Work) -> np.ndarray:
        rows = np.zeros((len(work.books), self._encoder.spec.dimension), dtype=np.float32)
        to_encode = [at for at, text in enumerate(work.texts) if text is not None]
        kept = [at for at, text in enumerate(work.texts) if text is None]
        if to_encode:
            rows[to_encode] = self._encoder.encode_documents([work.texts[at] or "" for at in to_encode])
        if kept and self._index:
            stored = self._index.vectors([work.books[at].book_id for at in kept])
            rows[kept] = [stored[work.books[at].book_id] for at in kept]
        self.tally.encoded += len(to_encode)
        return rows

    def _store_work(self, work: _Work, vectors: np.ndarray) -> None:
        if work.books and self._index:
            if self._index.manifest.complete:
                self._index.save_manifest(complete=False)
            self._index.put(work.books, work.hashes, vectors)

    def _prune(self, seen: SeenIds) -> None:
        if self._index is None:
            return
        gone = [book_id for book_id, _ in self._index.all_hashes() if not seen.has(book_id)]
        if gone:
            self._index.save_manifest(complete=False)
        self._index.remove(gone)
        self.tally.removed = len(gone)

    def _finish(self, index: Index) -> None:
        changed = self.tally.added or self.tally.updated or self.tally.removed
        if not changed and index.manifest.complete:
            return
        index.save_manifest(
            complete=True,
            count=index.count(),
            corpus_hash=corpus_hash(index.all_hashes()),
            built_at=_now(),
            revision=index.manifest.revision + 1,
        )

    def _new_manifest(self) -> Manifest:
        encoder = self._encoder
        return Manifest(
            collection=self._options.collection,
            encoder=encoder.spec,
            template=self._template,
            space=SPACE,
            hnsw=dict(GRAPH),
            versions=_versions(),
            backend=encoder.backend,
            precision=encoder.precision,
            complete=False,
            count=0,
            corpus_hash="",
            built_at=_now(),
            canaries=make_canaries(encoder),
        )

    def mirror(self) -> None:
        """Build what searches read beside Chroma, so that the first search does not wait for it."""
        # Another ingest may have begun by now, whose end will build it.
        with contextlib.suppress(CollectionBusy):
            mirror_of(self._settings, self._store.open(self._options.collection))

    def report(self, rejects: RejectsFile) -> IngestReport:
        encoder = self._encoder
        return IngestReport(
            self._options.collection,
            encoder.spec.model,
            encoder.spec.dimension,
            self.tally,
            rejects.kept_path,
            time.perf_counter() - self._started,
            encoder.backend,
            encoder.device,
            encoder.precision,
        )


def _require_template(index: Index, template: str) -> None:
    if template != index.manifest.template:
        raise Mismatch(
            index.name,
            "document template",
            repr(index.manifest.template),
            repr(template),
            f"Leave out --template, or build a new collection: vibeshelf ingest SOURCE --template TEMPLATE --collection {index.name}-2",
        )


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        with contextlib.suppress(ModuleNotFoundError):
            found[package] = version(package)
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
