"""A local copy of a collection, laid out for what Chroma answers slowly: filters, exact scores, the facts of a few books.

Chroma stays the truth. A mirror belongs to one state of a collection and is never changed: another state gets another
folder, read from Chroma and put in place by a rename. Readers of the old one go on undisturbed.

Cost: the vectors are a memory-mapped file, 4 bytes x dimension x books (55 MB for 36,000 books of 384 dimensions), of which
the system keeps in memory what it can spare; a filter's columns take about 60 bytes a book more once a filter was used.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters import lexical
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.lexical import build_lexical, load_lexical
from vibeshelf.core.records import Book, Filter, Manifest
from vibeshelf.core.template import ALL_TEXT, render
from vibeshelf.core.vectors import Vectors

Rows = npt.NDArray[np.int64]
_FACTS, _VECTORS, _WORDS = "facts.sqlite", "vectors.f32", "lexical"
_PAGE = 1000
_SCHEMA = """
CREATE TABLE books (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
PRAGMA user_version = 1;
"""


class Mirror:
    """One state of a collection. Rows are numbered in the order of ids, so that a tie broken by row is broken by id."""

    def __init__(self, folder: Path, vectors: Vectors) -> None:
        # Everything is opened at once: the folder may be gone by the time that it is needed, its open files are not.
        self.folder = folder
        self.vectors = vectors
        self.lexical = load_lexical(folder / _WORDS)
        self._db = sqlite3.connect(f"file:{quote(str(folder / _FACTS))}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def ids(self) -> list[str]:
        """The id of every row."""
        return [book_id for (book_id,) in self._fetch("SELECT id FROM books ORDER BY row")]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of every id."""
        return {book_id: row for row, book_id in enumerate(self.ids)}

    def books(self, book_ids: Sequence[str]) -> dict[str, Book]:
        """Return the books of these ids; ids that are not there are absent."""
        marks = ",".join("?" * len(book_ids))
        found = self._db.execute(f"SELECT id, record FROM books WHERE id IN ({marks})", list(book_ids))
        return {book_id: book_from_json(record) for book_id, record in found}

    def all_books(self) -> Iterator[Book]:
        """Yield every book in the order of rows."""
        for start in range(0, len(self), _PAGE):
            for (record,) in self._fetch("SELECT record FROM books WHERE row >= ? AND row < ? ORDER BY row", [start, start + _PAGE]):
                yield book_from_json(record)

    def names(self) -> Iterator[tuple[str, tuple[str, ...], str | None, int | None]]:
        """Yield title, authors, work id and number of ratings of every row, in their order; quicker than whole books."""
        wanted = ", ".join(f"json_extract(record, '$.{key}')" for key in ("title", "authors", "work_id", "ratings_count"))
        for title, authors, work_id, ratings in self._fetch(f"SELECT {wanted} FROM books ORDER BY row"):
            yield title, tuple(json.loads(authors)), work_id, ratings

    def select(self, filters: Sequence[Filter]) -> Rows:
        """Return the rows of the books that pass all filters, ascending."""
        chosen = np.ones(len(self), dtype=bool)
        for each in filters:
            chosen &= self._passes(each)
        return np.flatnonzero(chosen)

    def scores(self, vector: Vectors, rows: Rows) -> npt.NDArray[np.float32]:
        """Return the cosine similarity of a unit vector (dimension,) with each of these rows, float32 (n_rows,)."""
        # Picking single rows out of the file costs more than reading it through once many are wanted.
        if len(rows) > len(self) // 4:
            every: npt.NDArray[np.float32] = self.vectors @ vector
            return every[rows]
        picked: npt.NDArray[np.float32] = self.vectors[rows] @ vector
        return picked

    def nearest(self, vector: Vectors, k: int, rows: Rows) -> list[tuple[str, float]]:
        """Return up to k (book_id, cosine similarity) of these rows by exact comparison, best first, ties by id."""
        scores = self.scores(vector, rows)
        best = top(scores, k)
        return [(self.ids[rows[at]], float(scores[at])) for at in best]

    def labels(self, key: str) -> dict[str | bool, Rows]:
        """Return the rows of every value of a filter key that has values: genre, author, language, country, described."""
        return self._columns[0][key]

    def numbers(self, key: str) -> npt.NDArray[np.float64]:
        """Return a number of every row, NaN where it is not known: year, average_rating, ratings_count, pages."""
        return self._columns[1][key]

    def _passes(self, each: Filter) -> npt.NDArray[np.bool_]:
        if each.values:
            chosen = np.zeros(len(self), dtype=bool)
            for value in each.values:
                chosen[self.labels(each.key).get(value, np.empty(0, dtype=np.int64))] = True
            return chosen
        numbers = self.numbers(each.key)
        # A comparison with NaN is False: a book whose year nobody knows passes no year filter.
        chosen = ~np.isnan(numbers)
        if each.low is not None:
            chosen &= numbers >= each.low
        if each.high is not None:
            chosen &= numbers <= each.high
        return chosen

    @cached_property
    def _columns(self) -> tuple[dict[str, dict[str | bool, Rows]], dict[str, npt.NDArray[np.float64]]]:
        labels: dict[str, dict[str | bool, list[int]]] = {
            key: defaultdict(list) for key in ("genre", "author", "language", "country", "described")
        }
        numbers = {key: np.full(len(self), np.nan) for key in ("year", "average_rating", "ratings_count", "pages")}
        for row, book in enumerate(self.all_books()):
            for key, values in _labels_of(book):
                for value in values:
                    labels[key][value].append(row)
            for key, column in numbers.items():
                if (number := getattr(book, key)) is not None:
                    column[row] = number
        return {key: {value: np.array(rows) for value, rows in of.items()} for key, of in labels.items()}, numbers

    def _fetch(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def top(scores: npt.NDArray[Any], k: int) -> Rows:
    """Return the positions of the k highest scores, best first, ties by position."""
    count = len(scores)
    if k < count:
        # Everything that ties with the k-th is kept, so that which of them is shown does not depend on the partition.
        threshold = np.partition(scores, count - k)[count - k]
        candidates = np.flatnonzero(scores >= threshold)
    else:
        candidates = np.arange(count)
    return candidates[np.lexsort((candidates, -scores[candidates]))][:k]


def book_from_json(record: str) -> Book:
    content = json.loads(record)
    return Book(**{**content, "authors": tuple(content["authors"]), "genres": tuple(content["genres"])})


def mirror_key(manifest: Manifest) -> str:
    """Return what names the state of a collection: its books, what made its vectors, and how its words are indexed."""
    vectors = (manifest.encoder.fingerprint, manifest.template, manifest.precision, manifest.backend)
    parts = (manifest.corpus_hash, *vectors, manifest.revision, lexical.KIND)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def open_mirror(root: Path, manifest: Manifest) -> Mirror | None:
    """Return the mirror of this very state, or None when it was not built yet."""
    folder = root / manifest.collection / mirror_key(manifest)
    if not (folder / _FACTS).is_file():
        return None
    return _load(folder, manifest.encoder.dimension)


def build_mirror(root: Path, index: Index) -> Mirror:
    """Build the mirror of a collection's present state and drop those of earlier states; raise OSError where there is no room."""
    manifest = index.manifest
    home = root / manifest.collection
    home.mkdir(parents=True, exist_ok=True)
    with _one_builder(home):
        if (ready := open_mirror(root, manifest)) is not None:
            return ready
        with tempfile.TemporaryDirectory(dir=home, prefix=".building-") as name:
            work = Path(name) / "mirror"
            work.mkdir()
            _write(work, index)
            work.rename(home / mirror_key(manifest))
        keep_mirrors(root, manifest.collection, manifest)
        return _load(home / mirror_key(manifest), manifest.encoder.dimension)


def lend_mirror(root: Path, manifest: Manifest, to: Manifest) -> None:
    """Let a state under another name, or with another revision, have this one's mirror: the same files, once on the disk.

    Where there is none, or the disk cannot share files, whoever opens the other builds its own.
    """
    source, home = root / manifest.collection / mirror_key(manifest), root / to.collection
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        with _one_builder(home), tempfile.TemporaryDirectory(dir=home, prefix=".lending-") as name:
            if not (home / mirror_key(to)).exists():
                shutil.copytree(source, Path(name) / "mirror", copy_function=os.link)
                (Path(name) / "mirror").rename(home / mirror_key(to))


def keep_mirrors(root: Path, name: str, *manifests: Manifest) -> None:
    """Drop the mirrors of a collection's name but those of these states; all of them when none are given."""
    keys = {mirror_key(manifest) for manifest in manifests}
    home = root / name
    for path in _states(home) if home.is_dir() else ():
        if path.name not in keys:
            shutil.rmtree(path, ignore_errors=True)


def mirror_bytes(root: Path, manifest: Manifest) -> int | None:
    """Return how large the mirror of this state is, or None when there is none."""
    folder = root / manifest.collection / mirror_key(manifest)
    if not (folder / _FACTS).is_file():
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def drop_mirror(root: Path, manifest: Manifest) -> None:
    """Put away the mirror of this state, so that the next opening builds it again; who reads it now goes on undisturbed."""
    home = root / manifest.collection
    folder = home / mirror_key(manifest)
    if folder.is_dir():
        with tempfile.TemporaryDirectory(dir=home, prefix=".dropped-", ignore_cleanup_errors=True) as away:
            folder.rename(Path(away) / "mirror")


def _load(folder: Path, dimension: int) -> Mirror:
    path = folder / _VECTORS
    count = path.stat().st_size // (4 * dimension)
    vectors = np.memmap(path, dtype=np.float32, mode="r", shape=(count, dimension)) if count else np.empty((0, dimension), dtype=np.float32)
    return Mirror(folder, vectors)


def _write(work: Path, index: Index) -> None:
    wanted = sorted(book_id for book_id, _ in index.all_hashes())
    texts: list[str] = []
    with closing(sqlite3.connect(work / _FACTS)) as db, (work / _VECTORS).open("wb") as vectors:
        db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            books, rows = index.books(page), index.vectors(page)
            vectors.write(np.array([rows[book_id] for book_id in page], dtype=np.float32).tobytes())
            records = [(start + at, book_id, json.dumps(asdict(books[book_id]), ensure_ascii=False)) for at, book_id in enumerate(page)]
            db.executemany("INSERT INTO books VALUES (?, ?, ?)", records)
            texts += [render(ALL_TEXT, books[book_id]) for book_id in page]
        db.commit()
        vectors.flush()
        os.fsync(vectors.fileno())
    build_lexical(texts, work / _WORDS)


def _labels_of(book: Book) -> Iterator[tuple[str, tuple[str | bool, ...]]]:
    yield "genre", book.genres
    yield "author", book.authors
    yield "language", (book.language,) if book.language else ()
    yield "country", (book.country,) if book.country else ()
    yield "described", (book.described,)


@contextmanager
def _one_builder(home: Path) -> Iterator[None]:
    handle = os.open(home / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _states(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.is_dir() and not path.name.startswith(".")]
