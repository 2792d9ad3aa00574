"""Readers on bad and odd input: what can be used goes in, the rest is named by its true line and reason, or the source is refused."""

from __future__ import annotations

import gzip
import json
import os
import random
import tracemalloc
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from vibeshelf.adapters.catalog import Source, open_source
from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES
from vibeshelf.adapters.catalog.ucsd import genres_from
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.records import Book, Rejected

GOODBOOKS_HEADER = (
    "book_id,goodreads_book_id,work_id,isbn13,authors,original_publication_year,original_title,title,language_code,average_rating"
)
TOO_LONG = f"line longer than {MAX_LINE_BYTES:,} bytes"


def save(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def save_lines(path: Path, *rows: Mapping[str, object]) -> Path:
    return save(path, "".join(json.dumps(row) + "\n" for row in rows))


def read(path: Path, source_format: str = "auto", **options: object) -> tuple[list[Book], list[Rejected]]:
    rows = list(open_source(str(path), source_format, **options).rows())  # type: ignore[arg-type]
    books = [row for _, row in rows if isinstance(row, Book)]
    rejected = [row for _, row in rows if isinstance(row, Rejected)]
    assert [line for line, row in rows if isinstance(row, Rejected)] == [row.line for row in rejected]
    return books, rejected


def read_csv(folder: Path, content: str | bytes, **options: object) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the titles, and line and reason of each rejected row."""
    books, rejected = read(save(folder / "books.csv", content), **options)  # type: ignore[arg-type]
    return [book.title for book in books], [(row.line, row.reason) for row in rejected]


def refusal(path: Path, source_format: str = "auto", **options: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(path, source_format, **options)
    message = str(caught.value)
    assert message.isprintable(), "an error is one line that any terminal shows"
    return message


# goodbooks


@pytest.mark.parametrize("described", [False, True], ids=["original", "with descriptions"])
def test_goodbooks_with_and_without_descriptions(tmp_path: Path, described: bool) -> None:
    row = '1,7,9,9.78043902348e+12,"Ada Moor, Ben Ro",-750.0,Salt,"Salt (Sea, #1)",en-US,4.34'
    header, row = (GOODBOOKS_HEADER + ",description", row + ",Waves") if described else (GOODBOOKS_HEADER, row)
    path = save(tmp_path / "books.csv", f"{header}\n{row}\n")
    books, rejected = read(path)
    assert (open_source(str(path)).format, rejected) == ("goodbooks", [])
    assert books == [
        Book("1", "Salt (Sea, #1)", ("Ada Moor", "Ben Ro"), "Waves" if described else "", -750, "en-US", work_id="9", average_rating=4.34)
    ]
    assert books[0].described is described


def test_the_real_goodbooks_file_has_its_facts_and_no_descriptions(outside_data: Path) -> None:
    books, rejected = read(outside_data / "goodbooks-10k" / "books.csv.gz")
    assert (len(books), rejected) == (10_000, [])
    assert not any(book.described for book in books)
    assert len({book.book_id for book in books}) == 10_000
    assert min((book.year, book.title) for book in books if book.year is not None) == (-1750, "The Epic of Gilgamesh")
    assert all(book.authors and book.work_id and 1 <= (book.average_rating or 0) <= 5 for book in books)


# ucsd


UCSD_ROW = {
    "book_id": "7", "title": "Ice (Cold, #1)", "title_without_series": "Ice", "authors": [{"author_id": "1", "role": ""}],
    "num_pages": "", "publication_year": "1999", "average_rating": "4.03", "ratings_count": "140", "text_reviews_count": "3",
    "popular_shelves": [{"count": "9", "name": "fantasy"}], "description": "", "language_code": "eng", "work_id": "5",
}  # fmt: skip


def test_ucsd_numbers_are_strings_and_empty_ones_unknown(tmp_path: Path) -> None:
    books, _ = read(save_lines(tmp_path / "goodreads_books.json", UCSD_ROW))
    assert books == [
        Book("7", "Ice", (), "", 1999, "eng", genres=("fantasy",), work_id="5", average_rating=4.03, ratings_count=140, pages=None)
    ]


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"], ids=["plain", "gz", "zst"])
def test_ucsd_authors_come_from_the_file_beside(tmp_path: Path, ending: str) -> None:
    authors = b'{"author_id": "1", "name": "Ida Frost"}\nno json\n{"author_id": 2, "name": "Ola Wind"}\n{"name": "No id"}\n'
    packed = {"": authors, ".gz": gzip.compress(authors), ".zst": zstandard.compress(authors)}[ending]
    save(tmp_path / f"goodreads_book_authors.json{ending}", packed)
    both = UCSD_ROW | {"authors": [{"author_id": "2"}, {"author_id": "1"}, {"author_id": "99"}]}
    books, _ = read(save_lines(tmp_path / "goodreads_books.json", both))
    assert books[0].authors == ("Ola Wind", "Ida Frost")


def test_a_damaged_authors_file_is_named(tmp_path: Path) -> None:
    save(tmp_path / "goodreads_book_authors.json.gz", gzip.compress(b'{"author_id": "1", "name": "Ida Frost"}\n')[:-4])
    message = refusal(save_lines(tmp_path / "goodreads_books.json", UCSD_ROW))
    assert "goodreads_book_authors.json.gz is cut off" in message


def test_a_folder_named_like_an_authors_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "authors.json").mkdir()
    books, _ = read(save_lines(tmp_path / "books_with_authors.json", UCSD_ROW))
    assert books[0].authors == ()


@pytest.mark.parametrize("odd", [None, 5, "x", {}, [1, None, "x", {}, {"name": None}]], ids=repr)
def test_odd_authors_and_shelves_are_no_reason_to_stop(tmp_path: Path, odd: object) -> None:
    books, rejected = read(save_lines(tmp_path / "b.json", UCSD_ROW | {"authors": odd, "popular_shelves": odd}), "ucsd")
    assert [(book.authors, book.genres) for book in books] == [((), ())]
    assert not rejected


PRIVATE = [
    "to-read", "currently-reading", "read", "re-read", "reread", "to-re-read", "read-in-2014", "read-2015", "2016-reads",
    "books-read-in-2016", "must-read", "want-to-read", "favorites", "favourites", "all-time-favorites", "faves", "favs", "favoritos",
    "childhood-favorites", "owned", "own-it", "i-own", "books-i-own", "owned-books", "default", "5-stars", "4-stars", "my-books",
    "my-library", "library", "kindle", "ebook", "e-book", "ebooks", "audiobook", "audio-books", "book-club", "bookclub", "wish-list",
    "to-buy", "tbr", "dnf", "abandoned", "did-not-finish", "unfinished", "borrowed", "reviewed", "maybe", "1001-books",
    "2015-reading-challenge", "books", "bookshelf", "Favorites", "own_it",
]  # fmt: skip
PUBLIC = [
    "fantasy", "jewish", "small-town", "cookbooks", "picture-books", "comic-books", "banned-books", "books-about-books", "dreadful",
    "crown-and-country", "brown-bears", "star-wars", "rock-star", "20th-century", "1930s", "world-war-2", "science-fiction", "classics",
    "made-me-cry", "series", "poesía", "روايات",
]  # fmt: skip


@pytest.mark.parametrize("shelf", PRIVATE)
def test_shelves_about_the_reader_are_no_genres(shelf: str) -> None:
    assert genres_from([shelf, "fantasy"]) == ["fantasy"]


@pytest.mark.parametrize("shelf", PUBLIC)
def test_shelves_about_the_book_are_genres(shelf: str) -> None:
    assert genres_from([shelf]) == [shelf]


def test_genres_are_the_first_ten_shelves_without_the_authors_names() -> None:
    shelves = ["j-k-rowling", "to-read", *(f"shelf{letter}" for letter in "abcdefghijkl"), "shelfa"]
    assert genres_from(shelves, ["J.K. Rowling"]) == [f"shelf{letter}" for letter in "abcdefghij"]


def test_real_shelves_give_plausible_genres(outside_data: Path) -> None:
    books, rejected = read(outside_data / "ucsd" / "goodreads_books_converted.json.gz")
    genres = {genre for book in books for genre in book.genres}
    assert not rejected
    assert not genres & set(PRIVATE)
    assert not [genre for genre in genres if genre.startswith(("to-", "read-", "favo", "own")) or genre.endswith("-reading")]
    assert {"jewish", "cookbooks", "picture-books"} <= genres
    assert sum(bool(book.genres) for book in books) > 9_500
    assert books[0].genres[:4] == ("young-adult", "fiction", "dystopian", "dystopia")


def test_real_ucsd_authors_are_joined(outside_data: Path) -> None:
    books, _ = read(outside_data / "ucsd" / "goodreads_books_converted.json.gz")
    assert books[0].authors == ("Suzanne Collins",)
    assert all(book.authors for book in books)


def test_the_three_original_ucsd_records_are_read(outside_data: Path) -> None:
    path = outside_data / "ucsd" / "original_records.jsonl"
    books, rejected = read(path)
    assert (open_source(str(path)).format, len(books), rejected) == ("ucsd", 3, [])
    assert (books[0].title, books[0].year, books[0].pages) == ("Old Possum's Book of Practical Cats", 1982, 56)
    assert books[0].genres[:3] == ("poetry", "classics", "fiction")


# beir


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst"])
def test_a_beir_folder_may_be_packed(tmp_path: Path, name: str) -> None:
    corpus = b'{"_id": "d1", "title": "Sea", "text": "Waves", "metadata": {}}\n{"_id": "d2", "title": "", "text": ""}\n'
    save(tmp_path / name, gzip.compress(corpus) if name.endswith("gz") else zstandard.compress(corpus) if name.endswith("zst") else corpus)
    books, rejected = read(tmp_path)
    assert books == [Book("d1", "Sea", description="Waves")]
    assert [(row.line, row.reason) for row in rejected] == [(2, "no text at all")]


def test_beir_texts_are_put_together_without_authors(tmp_path: Path) -> None:
    save_lines(tmp_path / "corpus.jsonl", {"_id": "d1", "title": "Sea", "text": "Waves"})
    assert open_source(str(tmp_path)).template == "{title}| {description}"


def test_a_folder_that_is_no_beir_folder_says_what_one_holds(tmp_path: Path) -> None:
    save(tmp_path / "books.csv", "id,title\n1,Sea\n")
    assert refusal(tmp_path) == f"{tmp_path} has no corpus.jsonl (or .gz, .zst); a BEIR folder holds one"


def test_an_empty_corpus_is_named(tmp_path: Path) -> None:
    save(tmp_path / "corpus.jsonl", "")
    assert refusal(tmp_path) == f"{tmp_path / 'corpus.jsonl'} is empty; expected books, one a line or row"


# CSV: line numbers and quotes


def test_line_numbers_stay_true_after_quoted_fields_blank_lines_and_an_over_long_line(tmp_path: Path) -> None:
    content = 'id,title\n1,"two\nlines"\n\n,no id 5\n' + "x" * (MAX_LINE_BYTES + 1) + "\n7,Seven\n,no id 8\n9,Nine\n"
    titles, rejected = read_csv(tmp_path, content)
    assert titles == ["two lines", "Seven", "Nine"]
    assert rejected == [(5, "no id"), (6, TOO_LONG), (8, "no id")]


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    content = 'id,title,year\n1,One,1901\n2,"Two,1902\n3,Three,1903\n4,"Four",1904\n,Five,1905\n6,Six,1906\n'
    titles, rejected = read_csv(tmp_path, content)
    assert titles == ["One", "Three", "Four", "Six"]
    assert [line for line, _ in rejected] == [3, 6]
    assert rejected[0][1].startswith("not readable as CSV")
    assert rejected[0][1].endswith("the row runs to line 5")


def test_an_unclosed_quote_before_the_end_does_not_swallow_the_rest(tmp_path: Path) -> None:
    content = 'id,title\n1,"One\n' + "".join(f"{at},Book {at}\n" for at in range(2, 20_000))
    titles, rejected = read_csv(tmp_path, content)
    assert len(titles) == 19_998
    assert [line for line, _ in rejected] == [2]


def test_a_last_row_that_is_cut_inside_a_quote_is_rejected(tmp_path: Path) -> None:
    titles, rejected = read_csv(tmp_path, 'id,title\n1,One\n2,"Tw')
    assert titles == ["One"]
    assert rejected == [(3, "not readable as CSV: unexpected end of data")]


def test_an_over_long_line_inside_quotes_rejects_both_lines(tmp_path: Path) -> None:
    content = 'id,title\n1,"One\n' + "x" * (MAX_LINE_BYTES + 1) + '"\n3,Three\n'
    titles, rejected = read_csv(tmp_path, content)
    assert titles == ["Three"]
    assert [line for line, _ in rejected] == [2, 3]
    assert rejected[1][1] == TOO_LONG


def test_a_row_of_many_lines_is_given_up_before_it_fills_the_memory(tmp_path: Path) -> None:
    endless = "1" + ("," + '"' + "x" * 60_000 + "\n" + '"') * 40
    _, rejected = read_csv(tmp_path, f"id,title\n{endless}\n2,Two\n")
    assert rejected[0] == (2, "not readable as CSV: no quote closes the one that is open within 1,048,576 bytes, the row runs to line 19")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_one_line_of_50_mb_costs_itself_only_and_little_memory(tmp_path: Path, kind: str) -> None:
    first, last = (b"id,title\n", b"2,Sand\n") if kind == "csv" else (b'{"id": 1, "title": "Sea"}\n', b'{"id": 2, "title": "Sand"}\n')
    path = save(tmp_path / f"books.{kind}", first + b"x" * (50 << 20) + b"\n" + last)
    tracemalloc.start()
    books, rejected = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert books[-1].title == "Sand"
    assert [(row.line, row.reason) for row in rejected] == [(2, TOO_LONG)]
    assert peak < 20 << 20


def test_bare_quotes_inside_quotes_are_taken_as_meant(tmp_path: Path) -> None:
    titles, rejected = read_csv(tmp_path, 'id,title,year\n1,"The "Sea" book",1901\n2,"A ""proper"" one",1902\n3,5" tall,1903\n')
    assert titles == ['The Sea" book"', 'A "proper" one', '5" tall']
    assert not rejected


def test_a_row_that_is_well_quoted_but_too_wide_is_one_rejected_row(tmp_path: Path) -> None:
    titles, rejected = read_csv(tmp_path, 'id,title\n1,"two\nlines",x\n2\n3,Three\n')
    assert titles == ["Three"]
    assert rejected == [(2, "3 columns, the header has 2"), (4, "1 columns, the header has 2")]


def test_a_field_beyond_what_csv_holds_is_rejected(tmp_path: Path) -> None:
    titles, rejected = read_csv(tmp_path, f"id,title\n1,{'x' * 200_000}\n2,Two\n")
    assert titles == ["Two"]
    assert rejected == [(2, "not readable as CSV: field larger than field limit (131072)")]


def test_the_start_of_a_rejected_row_is_kept(tmp_path: Path) -> None:
    _, rejected = read(save(tmp_path / "books.csv", f"id,title,summary\n,Sea,{'x' * 500}\n".encode()))
    assert rejected[0].excerpt == (",Sea," + "x" * 500)[:200]


# CSV: encodings and line ends


@pytest.mark.parametrize(
    "content",
    [
        "id,title\r\n1,Sea\r\n2,Sand\r\n",
        "\ufeffid,title\n1,Sea\n2,Sand\n",
        '\ufeff"id","title"\r\n"1","Sea"\r\n"2","Sand"',
        "\n\nid,title\n\n1,Sea\n\n\n2,Sand\n\n",
        "Title,ID\nSea,1\nSand,2\n",
        "id,title\n1,S\0ea\n2,Sand\0\n",
    ],
    ids=["CRLF", "BOM", "BOM before a quote, no last line end", "blank lines", "other order and case", "NUL bytes"],
)
def test_ways_to_write_the_same_csv(tmp_path: Path, content: str) -> None:
    assert read_csv(tmp_path, content) == (["Sea", "Sand"], [])


def test_latin1_rows_are_rejected_and_the_others_read(tmp_path: Path) -> None:
    titles, rejected = read_csv(tmp_path, b"id,title,shop\n1,Caf\xe9,x\n2,Caf\xc3\xa9,x\n3,Sea,Caf\xe9\n")
    assert titles == ["Caf\u00e9", "Sea"]
    assert rejected == [(2, "not UTF-8")]


def test_lines_that_end_with_cr_alone_are_refused_with_the_reason(tmp_path: Path) -> None:
    message = refusal(save(tmp_path / "books.csv", "id,title\r1,Sea\r2,Sand\r"))
    assert "lines must end with LF or CRLF" in message


@pytest.mark.parametrize(
    ("name", "encoding", "words"),
    [
        ("books.csv", "utf-16", "is UTF-16; expected UTF-8. Convert it: iconv"),
        ("books.jsonl", "utf-16", "is UTF-16; expected UTF-8. Convert it: iconv"),
        ("books.csv", "utf-16-le", "holds NUL bytes, so it is binary or UTF-16"),
    ],
    ids=["csv", "jsonl", "csv without a mark"],
)
def test_utf16_is_refused(tmp_path: Path, name: str, encoding: str, words: str) -> None:
    content = 'id,title\n1,Caf\u00e9\n{"id": 1, "title": "Sea"}\n'
    assert words in refusal(save(tmp_path / name, content.encode(encoding)))


def test_binary_rubbish_with_a_csv_name_is_refused_in_printable_words(tmp_path: Path) -> None:
    rubbish = random.Random(7).randbytes(50_000)
    assert "books.csv" in refusal(save(tmp_path / "books.csv", rubbish))
    assert "expected an id column and a text column in the header, saw: ?[31m" in refusal(
        save(tmp_path / "b.csv", b"\x1b[31m\xff\x07\xfe\n")
    )


# CSV: headers, delimiters, named columns


@pytest.mark.parametrize(
    ("name", "content", "delimiter", "words"),
    [
        ("b.csv", "id;title;year\n1;Sea;1901\n", None, "split at ',': id;title;year. It looks separated by ';'. Add: --delimiter ';'"),
        ("b.csv", "id\ttitle\n1\tSea\n", None, "It looks separated by '\\t'. Add: --delimiter tab"),
        ("b.csv", "id|title\n1|Sea\n", None, "Add: --delimiter '|'"),
        ("b.tsv", "id,title\n1,Sea\n", None, "one column when split at '\\t': id,title. It looks separated by ','"),
        ("b.csv", "id,title\n1,Sea\n", ";", "one column when split at ';': id,title. It looks separated by ','"),
    ],
    ids=["semicolon", "tab", "bar", "commas in tsv", "wrong flag"],
)  # fmt: skip
def test_a_wrong_delimiter_is_guessed(tmp_path: Path, name: str, content: str, delimiter: str | None, words: str) -> None:
    assert words in refusal(save(tmp_path / name, content), delimiter=delimiter)


@pytest.mark.parametrize(("name", "delimiter"), [("b.csv", ";"), ("b.csv", "\t"), ("b.tsv", None), ("b.tsv", "|")])
def test_other_delimiters_are_read(tmp_path: Path, name: str, delimiter: str | None) -> None:
    mark = delimiter or "\t"
    books, _ = read(save(tmp_path / name, f"id{mark}title\n1{mark}Sea, sand\n"), delimiter=delimiter)
    assert [book.title for book in books] == ["Sea, sand"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1,Sea,Ada Moor\n2,Sand,Ben Ro\n", "expected an id column and a text column in the header, saw: 1, sea, ada_moor. Add a header"),
        ("id,year\n1,1901\n", "expected a text column in the header, saw: id, year"),
        ("title,author\nSea,Ada\n", "expected an id column in the header, saw: title, author"),
        ("\n\n", "holds no line; expected a header and books"),
        ("x" * (2 * MAX_LINE_BYTES), f"its first line is no header ({TOO_LONG})"),
        ('id,"title\n1,Sea\n', "its first line is no header (not readable as CSV"),
    ],
    ids=["no header", "no text", "no id", "blank", "too long", "open quote"],
)
def test_a_header_that_cannot_be_one_is_refused(tmp_path: Path, content: str, words: str) -> None:
    assert words in refusal(save(tmp_path / "books.csv", content))


def test_a_header_alone_is_no_book_and_no_error(tmp_path: Path) -> None:
    assert read_csv(tmp_path, "id,title\n") == ([], [])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_named_column_that_is_not_there_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"books.{kind}"
    if kind == "csv":
        save(path, "id,title,blurb\n1,Sea,Waves\n")
    else:
        pq.write_table(pa.table({"id": ["1"], "title": ["Sea"], "blurb": ["Waves"]}), path)
    assert "--column names 'Heading', which the header does not have; saw: id, title, blurb" in refusal(path, columns={"title": "Heading"})


def test_named_columns_win_over_usual_ones(tmp_path: Path) -> None:
    content = "id,Key No.,title,Heading\n1,k1,No,Yes\n"
    books, _ = read(save(tmp_path / "books.csv", content), columns={"book_id": "key no.", "title": "HEADING"})
    assert (books[0].book_id, books[0].title) == ("k1", "Yes")


def test_an_unknown_field_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "books.csv", "id,title\n1,Sea\n")
    with pytest.raises(InputError, match="unknown field 'heading'; known: book_id"):
        open_source(str(path), columns={"heading": "title"})


# JSON lines


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": 1, "title": "Caf\xe9"}', "not UTF-8"),
        (b'{"id": 1, "title": "wave \\ud83d"}', "not UTF-8"),
        (b'{"id": 1, "title": "cut', "not JSON (Unterminated string starting at, character 20)"),
        (b'{"id": 1, "title": "a\0b"}', "not JSON (Invalid control character"),
        (b'"text"', "a JSON str, expected an object"),
        (b"null", "a JSON NoneType, expected an object"),
        (b'{"title": "Sea"}', "no id"),
        (b'{"id": null, "title": "Sea"}', "no id"),
        (b'{"id": "1", "title": ""}', "no text at all"),
        (b'{"id": "1", "title": NaN, "year": 1901}', "no text at all"),
        (b'{"id": "1", "title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON (maximum recursion depth"),
        (b'{"id": "1", "title": ' + b"[" * 900 + b'"x"' + b"]" * 900 + b"}", "nested too deeply"),
        (b"x" * (MAX_LINE_BYTES + 1), TOO_LONG),
    ],
    ids=["latin-1", "half a pair", "cut", "NUL", "text", "null", "no id", "null id", "no text", "NaN", "nested", "nested less", "long"],
)
def test_a_line_that_cannot_be_used_is_rejected_between_those_that_can(tmp_path: Path, line: bytes, reason: str) -> None:
    good = b'{"id": "%d", "title": "Sea"}\n'
    books, rejected = read(save(tmp_path / "books.jsonl", good % 1 + b"\n" + line + b"\n" + good % 2))
    assert [book.book_id for book in books] == ["1", "2"]
    assert [row.line for row in rejected] == [3]
    assert rejected[0].reason.startswith(reason)


def test_json_lines_with_bom_crlf_and_no_last_end(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"id": 1, "title": "Sea"}\r\n\r\n{"id": 2, "title": "Sand"}'
    assert [book.title for book in read(save(tmp_path / "books.jsonl", content))[0]] == ["Sea", "Sand"]


@pytest.mark.parametrize(
    "content",
    ['[{"id": 1}]', '  [\n  {"id": 1,\n', "[\n", "\ufeff[ {}]", '[{"id": "' + "x" * (2 * MAX_LINE_BYTES)],
    ids=["one line", "indented", "bracket", "BOM", "longer than a line may be"],
)
@pytest.mark.parametrize("name", ["books.json", "books.jsonl", "books"])
def test_a_json_array_is_refused_with_the_command_that_converts_it(tmp_path: Path, name: str, content: str) -> None:
    message = refusal(save(tmp_path / name, content))
    assert "is one JSON array; expected one object a line. Convert it: jq -c '.[]'" in message


# Parquet


def test_parquet_packed_once_more_is_read(tmp_path: Path) -> None:
    table = tmp_path / "books.parquet"
    pq.write_table(pa.table({"id": [1, 2], "title": ["Sea", "Sand"]}), table)
    save(tmp_path / "b.parquet.gz", gzip.compress(table.read_bytes()))
    save(tmp_path / "c.parquet.zst", zstandard.compress(table.read_bytes()))
    assert read(table) == read(tmp_path / "b.parquet.gz") == read(tmp_path / "c.parquet.zst")
    assert [book.title for book in read(table)[0]] == ["Sea", "Sand"]


def test_a_parquet_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "title": ["Sea"]}), tmp_path / "books")
    assert open_source(str(tmp_path / "books")).format == "parquet"


def test_rows_of_parquet_are_rejected_by_row_number_across_batches(tmp_path: Path) -> None:
    titles = [f"Book {at}" for at in range(3000)]
    titles[2500] = ""
    pq.write_table(pa.table({"id": list(range(3000)), "title": titles}), tmp_path / "b.parquet")
    source = open_source(str(tmp_path / "b.parquet"))
    assert [line for line, row in source.rows() if isinstance(row, Rejected)] == [2501]
    assert source.fraction_read == 1


def test_one_value_that_is_not_utf8_rejects_one_row_of_parquet(tmp_path: Path) -> None:
    raw = pa.array([b"Sea", b"Caf\xe9", b"Sand"], pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(pa.table({"id": ["1", "2", "3"], "title": text}), tmp_path / "b.parquet")
    books, rejected = read(tmp_path / "b.parquet")
    assert [book.title for book in books] == ["Sea", "Sand"]
    assert [(row.line, row.reason) for row in rejected] == [(2, "not UTF-8")]


def test_text_kept_as_bytes_and_dates_are_read_from_parquet(tmp_path: Path) -> None:
    columns = {
        "id": [7.0], "title": pa.array([b"Sea"], pa.binary()), "authors": pa.array([[b"Ada Moor"]], pa.list_(pa.binary())),
        "published": [datetime(1901, 2, 3)], "average_rating": [float("nan")], "pages": pa.array([None], pa.int64()),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet")[0] == [Book("7", "Sea", ("Ada Moor",), year=1901)]


def test_a_cut_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": list(range(1000)), "title": ["Sea"] * 1000}), tmp_path / "b.parquet")
    save(tmp_path / "b.parquet", (tmp_path / "b.parquet").read_bytes()[:-100])
    assert "is not a readable Parquet file" in refusal(tmp_path / "b.parquet")


@pytest.mark.parametrize("name", ["b.parquet", "b.parquet.gz"])
def test_a_csv_with_a_parquet_name_is_refused(tmp_path: Path, name: str) -> None:
    content = b"id,title\n1,Sea\n"
    message = refusal(save(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content))
    assert "is not a readable Parquet file" in message


def test_parquet_without_the_columns_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"alpha": [1], "title": ["Sea"]}), tmp_path / "b.parquet")
    assert "expected an id column in the header, saw: alpha, title" in refusal(tmp_path / "b.parquet")


# Sources that are none


@pytest.mark.parametrize("kind", ["auto", "csv", "jsonl", "parquet", "goodbooks", "ucsd", "beir"])
def test_a_missing_and_an_empty_file_are_refused_by_every_reader(tmp_path: Path, kind: str) -> None:
    assert "no such file or folder" in refusal(tmp_path / "none.csv", kind)
    assert "is empty; expected books" in refusal(save(tmp_path / "none.csv", ""), kind)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "goodbooks", "ucsd", "parquet"])
def test_a_folder_is_refused_by_readers_of_files(tmp_path: Path, kind: str) -> None:
    assert str(tmp_path) in refusal(tmp_path, kind)


def test_an_empty_packed_file_is_refused(tmp_path: Path) -> None:
    assert "holds no line; expected a header and books" in refusal(save(tmp_path / "b.csv.gz", gzip.compress(b"")))


@pytest.mark.parametrize("source", ["x" * 5000, "a\0b", "~no-such-person-here/books.csv"], ids=["too long", "NUL", "no home"])
def test_a_path_that_cannot_be_one_is_a_clear_line(source: str) -> None:
    with pytest.raises(SourceError, match=r"^(cannot read|no such file)"):
        open_source(source)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match="neither a file nor a folder; write its content to a file first"):
        open_source(str(tmp_path / "pipe.csv"))


@pytest.mark.parametrize(("name", "suffix"), [("books.docx", ".docx"), ("books.csv.bz2", ".bz2"), ("books.xlsx.gz", ".xlsx")])
def test_an_unknown_suffix_lists_the_formats(tmp_path: Path, name: str, suffix: str) -> None:
    content = gzip.compress(b"rubbish") if name.endswith(".gz") else b"rubbish"
    assert f"no known format ('{suffix}'); use --format with one of csv, jsonl, parquet" in refusal(save(tmp_path / name, content))


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'xml'; known: auto, csv, jsonl, parquet, goodbooks, ucsd, beir"):
        open_source(str(tmp_path), "xml")


def test_a_source_knows_how_far_it_is(tmp_path: Path) -> None:
    path = save(tmp_path / "books.csv", "id,title\n" + "".join(f"{at},Book\n" for at in range(5_000)))
    source: Source = open_source(str(path))
    shares = [source.fraction_read for _ in source.rows()]
    assert 0 < shares[0] < shares[-1] == 1
