"""The formats that books come in. Each reader yields books and rejected rows, in the source's order."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vibeshelf.adapters.catalog.fields import Columns, UnusableRow, book_from, normal_name
from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES, Line, SourceFile, bare_suffix
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book, Rejected
from vibeshelf.core.template import BEIR_TEMPLATE, BOOK_TEMPLATE

Row = Mapping[str, Any]
# A row's line (from 1) with the book that it gives, or why it gives none.
SourceRow = tuple[int, Book | Rejected]
_TOO_LONG = f"line longer than {MAX_LINE_BYTES:,} bytes"
# Shelves that say what a reader did with a book, not what it is.
_PRIVATE_SHELVES = ("read", "own", "favo", "favs", "buy", "wish", "kindle", "ebook", "e-book", "audio", "library", "book")
_MAX_SHELVES = 10


class Source:
    """Books to ingest. `template` is how their texts are put together unless the collection says otherwise."""

    format = ""
    template = BOOK_TEMPLATE

    def __init__(self, path: Path, columns: Mapping[str, str], delimiter: str | None) -> None:
        self.path = path
        self.columns = Columns.usual(columns)
        self.delimiter = delimiter
        self.file = SourceFile(path)

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row as a book or as rejected; raise SourceError where the source cannot be read on."""
        raise NotImplementedError

    @property
    def fraction_read(self) -> float:
        return self.file.position / max(self.file.size_bytes, 1)

    def _book(self, line: int, row: Row, excerpt: str) -> Book | Rejected:
        try:
            return book_from(row, self.columns)
        except UnusableRow as error:
            return Rejected(line, str(error), excerpt[:200])


class JsonLines(Source):
    """One JSON object a line."""

    format = "jsonl"

    def rows(self) -> Iterator[SourceRow]:
        for line in self.file.lines():
            if line.data is None or line.data.strip():
                yield line.number, self._read(line)

    def _read(self, line: Line) -> Book | Rejected:
        if line.data is None:
            return Rejected(line.number, _TOO_LONG)
        row = parse_object(line.data)
        if isinstance(row, str):
            return Rejected(line.number, row, line.data[:200].decode("utf-8", "replace"))
        return self._book(line.number, self._adapt(row), line.data[:200].decode("utf-8", "replace"))

    def _adapt(self, row: Row) -> Row:
        return row


class Beir(JsonLines):
    """A BEIR folder: corpus.jsonl with _id, title and text."""

    format = "beir"
    template = BEIR_TEMPLATE

    def __init__(self, path: Path, columns: Mapping[str, str], delimiter: str | None) -> None:
        corpus = next((path / name for name in _BEIR_NAMES if (path / name).is_file()), None) if path.is_dir() else path
        if corpus is None:
            raise SourceError(f"{path} has no {_BEIR_NAMES[0]} (or .gz, .zst); a BEIR folder holds one")
        super().__init__(corpus, columns, delimiter)


_BEIR_NAMES = ("corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst")


class Ucsd(JsonLines):
    """UCSD Book Graph: numbers as strings, shelves, authors by id from the authors file beside it."""

    format = "ucsd"

    def __init__(self, path: Path, columns: Mapping[str, str], delimiter: str | None) -> None:
        super().__init__(path, columns, delimiter)
        self._authors: dict[str, str] | None = None

    def _adapt(self, row: Row) -> Row:
        if self._authors is None:
            self._authors = _author_names(self.path)
        names = [self._authors.get(str(author.get("author_id")), "") for author in row.get("authors") or () if isinstance(author, Mapping)]
        shelves = [str(shelf.get("name", "")) for shelf in row.get("popular_shelves") or () if isinstance(shelf, Mapping)]
        genres = [name for name in shelves if not any(word in name for word in _PRIVATE_SHELVES)]
        return {**row, "authors": [name for name in names if name], "genres": genres[:_MAX_SHELVES]}


def _author_names(books: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for beside in sorted(books.parent.glob("*authors*.json*")):
        for line in SourceFile(beside).lines():
            row = parse_object(line.data or b"")
            if isinstance(row, dict) and row.get("author_id"):
                names[str(row["author_id"])] = str(row.get("name") or "")
    return names


class Csv(Source):
    """Separated values with a header."""

    format = "csv"

    def rows(self) -> Iterator[SourceRow]:
        lines = _TextLines(self.file.lines())
        reader = csv.reader(lines, delimiter=self.delimiter or (chr(9) if bare_suffix(self.path) == ".tsv" else ","))
        header = self._header(reader)
        while True:
            before = lines.number + 1
            try:
                values = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                yield before, Rejected(before, f"not readable as CSV: {error}")
                continue
            yield from lines.take_rejected()
            if values:
                yield before, self._row(before, header, values)
        yield from lines.take_rejected()

    def _row(self, line: int, header: list[str], values: list[str]) -> Book | Rejected:
        if len(values) != len(header):
            return Rejected(
                line, f"{len(values)} columns, the header has {len(header)}", ",".join(values)[:200].encode("utf-8", "replace").decode()
            )
        excerpt = ",".join(values).encode("utf-8", "replace").decode()
        return self._book(line, dict(zip(header, values, strict=True)), excerpt)

    def _header(self, reader: Iterator[list[str]]) -> list[str]:
        try:
            header = [normal_name(name.removeprefix("\ufeff")) for name in next(reader, [])]
        except csv.Error as error:
            raise SourceError(f"{self.path}: its first line is not readable as CSV ({error})") from None
        found = self.columns.recognised(header)
        if "book_id" in found and len(found) > 1:
            return header
        guess = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
        if guess:
            raise SourceError(f"{self.path} has one column when split at ','; it looks separated by {guess!r}. Add: --delimiter {guess!r}")
        seen = ", ".join(header)[:200] or "nothing"
        missing = "an id column and a text column" if not found else "an id column" if "book_id" not in found else "a text column"
        raise SourceError(
            f"{self.path}: expected {missing} in the header, saw: {seen}. Name them with --column book_id=NAME --column title=NAME"
        )


class Goodbooks(Csv):
    """goodbooks-10k's books.csv, with or without a description column."""

    format = "goodbooks"


class _TextLines:
    """Lines as text for the csv module; bytes that are not UTF-8 become surrogates, which `clean_text` refuses."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._rejected: list[Rejected] = []
        self.number = 0

    def __iter__(self) -> _TextLines:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number = line.number
            if line.data is not None:
                return line.data.decode("utf-8", "surrogateescape").replace("\0", "")
            self._rejected.append(Rejected(line.number, _TOO_LONG))
        raise StopIteration

    def take_rejected(self) -> list[SourceRow]:
        taken, self._rejected = self._rejected, []
        return [(row.line, row) for row in taken]


class Parquet(Source):
    """An Apache Parquet file; the line of a rejected row is its row number, from 1."""

    format = "parquet"
    _done = 0.0

    def rows(self) -> Iterator[SourceRow]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path) as file:
                self._check(file.schema_arrow.names)
                done = 0
                for batch in file.iter_batches(batch_size=1024):
                    for number, row in enumerate(batch.to_pylist(), start=done + 1):
                        yield number, self._book(number, row, str(row))
                    done += batch.num_rows
                    self._done = done / max(file.metadata.num_rows, 1)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{self.path} is not a readable Parquet file ({str(error).splitlines()[0]})") from None

    def _check(self, names: list[str]) -> None:
        found = self.columns.recognised(names)
        if "book_id" not in found or len(found) < 2:
            raise SourceError(
                f"{self.path}: expected an id and a text column, saw: {', '.join(names)[:200]}. Name them with --column book_id=NAME"
            )

    @property
    def fraction_read(self) -> float:
        return self._done


READERS: dict[str, Callable[[Path, Mapping[str, str], str | None], Source]] = {
    reader.format: reader for reader in (Csv, JsonLines, Parquet, Goodbooks, Ucsd, Beir)
}


def recognise(path: Path) -> str:
    """Return the name of the format that a path's name and first line show. Raises SourceError for none."""
    if path.is_dir():
        return Beir.format
    suffix = bare_suffix(path)
    if suffix == ".parquet":
        return Parquet.format
    first = next((line.data or b"" for line in SourceFile(path).lines() if line.data is None or line.data.strip()), b"").removeprefix(
        b"\xef\xbb\xbf"
    )
    if first.startswith(b"PAR1"):
        return Parquet.format
    if first.lstrip().startswith(b"["):
        raise SourceError(f"{path} is one JSON array; expected one object a line. Convert it: jq -c '.[]' {path.name} > books.jsonl")
    if suffix in (".json", ".jsonl", ".ndjson") or first.lstrip().startswith(b"{"):
        return _which_json(parse_object(first))
    if suffix not in (".csv", ".tsv", ".txt", ""):
        raise SourceError(f"{path}: no known format ('{suffix}'); use --format with one of {', '.join(READERS)}")
    return Goodbooks.format if b"goodreads_book_id" in first and b"original_publication_year" in first else Csv.format


def _which_json(first: dict[str, Any] | str) -> str:
    if isinstance(first, dict) and ("popular_shelves" in first or "text_reviews_count" in first):
        return Ucsd.format
    return JsonLines.format


def parse_object(data: bytes) -> dict[str, Any] | str:
    """Return the JSON object of a line, or the reason why it is none."""
    try:
        row = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error})"
    return row if isinstance(row, dict) else f"a JSON {type(row).__name__}, expected an object"
