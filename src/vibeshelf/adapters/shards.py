"""Books with their vectors as Parquet files, each of so many rows, so that a change or a cut costs one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vibeshelf.adapters.index import StoredPage
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book
from vibeshelf.core.vectors import Vectors

SHARD_ROWS = 4096
_TEXTS = ("book_id", "title", "description", "language", "country", "work_id")
_LISTS = ("authors", "genres")
_COUNTS = ("year", "ratings_count", "pages")


def write_shard(path: Path, page: StoredPage) -> None:
    """Write a page: the same books and vectors always give the same bytes, with the same pyarrow."""
    import pyarrow
    from pyarrow import parquet

    columns: dict[str, list[Any]] = {name: [getattr(book, name) for book in page.books] for name in (*_TEXTS, *_COUNTS, "average_rating")}
    columns |= {name: [list(getattr(book, name)) for book in page.books] for name in _LISTS}
    columns |= {"text_hash": [each.text for each in page.hashes], "record_hash": [each.record for each in page.hashes]}
    schema = _schema(page.vectors.shape[1])
    flat = pyarrow.array(np.ascontiguousarray(page.vectors, dtype=np.float32).reshape(-1))
    arrays = [pyarrow.array(columns[field.name], field.type) for field in schema if field.name != "vector"]
    arrays.append(pyarrow.FixedSizeListArray.from_arrays(flat, page.vectors.shape[1]))
    # Vectors look like noise to a dictionary, and nearly so to a packer: one that is quick is enough.
    table = pyarrow.Table.from_arrays(arrays, schema=schema)
    parquet.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=list(_LISTS))


def read_shard(path: Path, dimension: int) -> StoredPage:
    """Return the page of a file. Raises SourceError for one that is not a shard of vectors of that dimension."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise SourceError(f"{path.name} is no shard of a collection: {' '.join(str(error).split())[:160]}") from None
    if not table.schema.equals(_schema(dimension)):
        found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        raise SourceError(f"{path.name} is no shard of {dimension}-d vectors; it holds {found[:300]}")
    vectors = table.column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, dimension)
    rows = table.drop_columns(["vector"]).to_pylist()
    hashes = [StoredHashes(row.pop("text_hash"), row.pop("record_hash")) for row in rows]
    return StoredPage([_book(row) for row in rows], hashes, vectors)


def in_shards(pages: Iterator[StoredPage], rows: int = SHARD_ROWS) -> Iterator[StoredPage]:
    """Yield the same books in pages of `rows` each, the last one shorter."""
    held: list[StoredPage] = []
    for page in pages:
        held.append(page)
        while sum(len(each.books) for each in held) >= rows:
            whole = _joined(held)
            yield _part(whole, slice(0, rows))
            held = [_part(whole, slice(rows, None))]
    if held and (rest := _joined(held)).books:
        yield rest


def _joined(pages: Sequence[StoredPage]) -> StoredPage:
    books = [book for page in pages for book in page.books]
    vectors: Vectors = np.concatenate([page.vectors for page in pages if page.books] or [pages[0].vectors])
    return StoredPage(books, [each for page in pages for each in page.hashes], vectors)


def _part(page: StoredPage, part: slice) -> StoredPage:
    return StoredPage(page.books[part], page.hashes[part], page.vectors[part])


def _schema(dimension: int) -> Any:
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    fields = [(name, text) for name in _TEXTS] + [(name, number) for name in _COUNTS] + [("average_rating", pyarrow.float64())]
    fields += [(name, pyarrow.list_(text)) for name in _LISTS] + [("text_hash", text), ("record_hash", text)]
    return pyarrow.schema([*fields, ("vector", pyarrow.list_(pyarrow.float32(), dimension))])


def _book(row: dict[str, Any]) -> Book:
    return Book(**{**row, "authors": tuple(row["authors"] or ()), "genres": tuple(row["genres"] or ())})
