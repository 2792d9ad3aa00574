"""The books that the benchmarks run on: books-36k where it is at hand, else the starter catalogue, tiled to size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.core.records import Book
from vibeshelf.core.vectors import Vectors

ROOT = Path(__file__).resolve().parents[1]


def outside_data() -> Path | None:
    """Return the folder of data sets that are no part of the project, or None."""
    folder = Path(os.environ.get("VIBESHELF_TEST_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def source_of(quick: bool) -> tuple[str, str]:
    """Return (name, path or `starter`) of the corpus: the small one for a quick run or where there is no other."""
    outside = outside_data()
    if quick or outside is None:
        return STARTER, STARTER
    return "books-36k", str(outside / "books-36k" / "books.jsonl.gz")


def read_books(path: str, limit: int | None = None) -> list[Book]:
    books = (row for _, row in open_source(path).rows() if isinstance(row, Book))
    return [book for _, book in zip(range(limit or 10**9), books, strict=False)]


def tile(books: Sequence[Book], vectors: Vectors, count: int, seed: int = 7) -> tuple[list[Book], Vectors]:
    """Return `count` books with fresh ids and years 1000 to 1999 at random, their vectors with a little noise (cosine about .98).

    They are works of their own: copies of one work would be folded in results.
    """
    random = np.random.default_rng(seed)
    at = np.arange(count) % len(books)
    noise = random.standard_normal((count, vectors.shape[1]), dtype=np.float32) * (0.2 / np.sqrt(vectors.shape[1]))
    rows = vectors[at] + noise
    years = random.integers(1000, 2000, count)
    tiled = [replace(books[row], book_id=f"t{number:06d}", work_id=None, year=int(years[number])) for number, row in enumerate(at.tolist())]
    return tiled, rows / np.linalg.norm(rows, axis=1, keepdims=True)
