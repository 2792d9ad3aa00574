"""Readers over what people have: the same books whatever the packing, and the real data sets whole."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from vibeshelf.adapters.catalog import open_source
from vibeshelf.core.records import Book, Rejected

BOOKS_CSV = "id,title,author,summary,year\n1,Sea,Ada Moor,Waves and salt,1901\n2,Sand,Ben Ro,,1950\n"


def read(path: Path, **options: object) -> tuple[list[Book], list[Rejected]]:
    rows = list(open_source(str(path), **options).rows())  # type: ignore[arg-type]
    assert all(row.line == line for line, row in rows if isinstance(row, Rejected))
    return [row for _, row in rows if isinstance(row, Book)], [row for _, row in rows if isinstance(row, Rejected)]


def save(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"], ids=["plain", "gz", "zst"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_plain_and_compressed_files_read_the_same(tmp_path: Path, kind: str, ending: str) -> None:
    rows = [
        {"id": "1", "title": "Sea", "author": "Ada Moor", "summary": "Waves and salt", "year": 1901},
        {"id": 2, "title": "Sand", "year": "1950"},
    ]
    content = BOOKS_CSV if kind == "csv" else "".join(json.dumps(row) + "\n" for row in rows)
    books, rejected = read(save(tmp_path / f"books.{kind}{ending}", content))
    assert [(book.book_id, book.title, book.year, book.described) for book in books] == [
        ("1", "Sea", 1901, True),
        ("2", "Sand", 1950, False),
    ]
    assert books[0].authors == ("Ada Moor",)
    assert rejected == []


def test_parquet_is_read_with_lists_and_missing_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"book_id": [1, 2], "title": ["Sea", "Sand"], "genres": [["a", "b"], []], "average_rating": [4.5, None]})
    frame.to_parquet(tmp_path / "books.parquet")
    books, _ = read(tmp_path / "books.parquet")
    assert [(book.book_id, book.genres, book.average_rating) for book in books] == [("1", ("a", "b"), 4.5), ("2", (), None)]


@pytest.mark.parametrize(
    ("value", "year"),
    [
        ("1999", 1999),
        ("1999.0", 1999),
        (-750, -750),
        ("2008-09-14", 2008),
        ("September 14, 2008", 2008),
        ("", None),
        ("unknown", None),
        (0, None),
    ],
)
def test_years_come_in_many_shapes(tmp_path: Path, value: object, year: int | None) -> None:
    books, _ = read(save(tmp_path / "b.jsonl", json.dumps({"id": 1, "title": "T", "year": value}) + "\n"))
    assert books[0].year == year


def test_control_characters_and_markup_do_not_reach_the_book(tmp_path: Path) -> None:
    row = {"id": "1", "title": "A\u0000B\u0007 <b>C</b>", "description": "x<br/>y &amp; z&#x200B;"}
    books, _ = read(save(tmp_path / "b.jsonl", json.dumps(row) + "\n"))
    assert (books[0].title, books[0].description) == ("A B C", "x y & z")


@pytest.mark.parametrize(
    ("path", "kind", "count", "rejected"),
    [
        ("goodbooks-10k/books.csv.gz", "goodbooks", 10_000, 0),
        ("goodbooks-10k/books_described.jsonl.gz", "jsonl", 10_000, 0),
        ("books-36k/books.jsonl.gz", "jsonl", 35_981, 0),
        ("ucsd/goodreads_books_converted.json.gz", "ucsd", 10_000, 0),
        ("scifact", "beir", 5_183, 0),
        ("tomt-books", "beir", 2_679, 0),
    ],
    ids=lambda value: str(value),
)
def test_real_data_sets_are_read_whole(outside_data: Path, path: str, kind: str, count: int, rejected: int) -> None:
    source = open_source(str(outside_data / path))
    assert source.format == kind
    books, refused = read(outside_data / path)
    assert (len(books), len(refused)) == (count, rejected)
    assert sum(bool(book.title) for book in books) > 0.99 * count
