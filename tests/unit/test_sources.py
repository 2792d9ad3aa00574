"""Readers: what people have goes in, what cannot be used is named by line and reason, and nothing is lost in silence."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from vibeshelf.adapters.catalog import open_source
from vibeshelf.core.errors import SourceError
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


def test_a_beir_folder_is_read_by_its_corpus(tmp_path: Path) -> None:
    save(tmp_path / "corpus.jsonl.gz", json.dumps({"_id": "d1", "title": "T", "text": "Body"}) + "\n")
    books, _ = read(tmp_path)
    assert (books[0].book_id, books[0].title, books[0].description) == ("d1", "T", "Body")
    assert open_source(str(tmp_path)).template == "{title}| {description}"


def test_ucsd_joins_authors_and_drops_private_shelves(tmp_path: Path) -> None:
    shelves = [{"count": "9", "name": name} for name in ("to-read", "fantasy", "owned", "favorites", "epic", "read-in-2014")]
    row = {"book_id": "7", "title": "Ice (Cold, #1)", "title_without_series": "Ice", "authors": [{"author_id": "1"}], "num_pages": "310",
           "publication_year": "1999", "popular_shelves": shelves, "text_reviews_count": "3"}  # fmt: skip
    save(tmp_path / "goodreads_books.json.gz", json.dumps(row) + "\n")
    save(tmp_path / "goodreads_book_authors.json.gz", json.dumps({"author_id": "1", "name": "Ida Frost"}) + "\n")
    books, _ = read(tmp_path / "goodreads_books.json.gz")
    book = books[0]
    assert (book.title, book.authors, book.genres, book.pages, book.year) == ("Ice", ("Ida Frost",), ("fantasy", "epic"), 310, 1999)


def test_columns_can_be_named_and_delimiters_given(tmp_path: Path) -> None:
    path = save(tmp_path / "books.csv", "nr;Name\n5;Sea\n")
    books, _ = read(path, columns={"book_id": "nr", "title": "Name"}, delimiter=";")
    assert (books[0].book_id, books[0].title) == ("5", "Sea")


def test_rows_that_cannot_be_used_are_named_by_line_and_reason(tmp_path: Path) -> None:
    content = b'id,title,summary\n1,Sea,"two\nlines"\n,No id,x\n3,,\n4,Caf\xe9,x\n5,a,b,c\n6,Last,x\n'
    books, rejected = read(save(tmp_path / "books.csv", content))
    assert [book.book_id for book in books] == ["1", "6"]
    assert [(row.line, row.reason) for row in rejected] == [
        (4, "no id"), (5, "no text at all"), (6, "not UTF-8"), (7, "4 columns, the header has 3")]  # fmt: skip


def test_lines_that_are_no_objects_are_named(tmp_path: Path) -> None:
    content = b'{"id": 1, "title": "Sea"}\nnot json\n[1]\n\xff\xfe\n{"id": 2, "title": "Sand"}\n'
    books, rejected = read(save(tmp_path / "books.jsonl", content))
    assert [book.book_id for book in books] == ["1", "2"]
    assert [row.line for row in rejected] == [2, 3, 4]
    assert "not JSON" in rejected[0].reason
    assert rejected[1].reason == "a JSON list, expected an object"
    assert rejected[2].reason == "not UTF-8"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_of_50_mb_is_rejected_without_holding_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"books.{kind}"
    first, last = ("id,title\n", "2,Sand\n") if kind == "csv" else ("", '{"id": 2, "title": "Sand"}\n')
    with path.open("w") as out:
        out.write(first)
        for _ in range(50):
            out.write("x" * (1 << 20))
        out.write("\n" + last)
    tracemalloc.start()
    source = open_source(str(path), kind)
    rows = list(source.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.book_id for _, row in rows if isinstance(row, Book)] == ["2"]
    assert [row.reason for _, row in rows if isinstance(row, Rejected)] == ["line longer than 1,048,576 bytes"]
    assert peak < 10 << 20


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_cut_file_gives_what_is_before_the_cut_and_says_where(tmp_path: Path, ending: str) -> None:
    lines = "".join(json.dumps({"id": at, "title": f"Book {at} {at * 7919}"}) + "\n" for at in range(20_000))
    path = save(tmp_path / f"books.jsonl{ending}", lines)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    rows = open_source(str(path), "jsonl").rows()
    seen: list[object] = []
    with pytest.raises(SourceError, match=r"cut off or damaged after line \d+"):
        seen.extend(rows)
    assert len(seen) > 1000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("books.csv", "", "is empty"),
        ("books.csv", "id;title\n1;Sea\n", "separated by ';'"),
        ("books.csv", "alpha,beta\n1,2\n", "expected an id column and a text column in the header, saw: alpha, beta"),
        ("books.json", '[{"id": 1}]', "one JSON array"),
        ("books.parquet", "not parquet at all", "not a readable Parquet file"),
        ("books.docx", "binary", "no known format"),
        ("books.jsonl.gz", b"no gzip", "not packed as its name says"),
    ],
    ids=["empty", "delimiter", "header", "array", "parquet", "suffix", "gzip"],
)
def test_sources_that_cannot_be_read_say_why(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SourceError, match=message):
        list(open_source(str(path)).rows())


def test_a_missing_file_and_a_folder_without_corpus_say_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        open_source(str(tmp_path / "none.csv"))
    with pytest.raises(SourceError, match=r"has no corpus\.jsonl"):
        open_source(str(tmp_path))


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
