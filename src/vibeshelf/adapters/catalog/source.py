"""What every reader of books has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vibeshelf.adapters.catalog.fields import TEXT_FIELDS, Columns, UnusableRow, book_from
from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES, SourceFile
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book, Rejected
from vibeshelf.core.template import BOOK_TEMPLATE

Row = Mapping[str, Any]
# A row's line (from 1) with the book that it gives, or why it gives none.
SourceRow = tuple[int, Book | Rejected]
TOO_LONG = f"line longer than {MAX_LINE_BYTES:,} bytes"


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
        except RecursionError:
            return Rejected(line, "nested too deeply", excerpt[:200])

    def _require_columns(self, header: Sequence[str]) -> None:
        """Raise SourceError unless the header has an id, a text and every column that was named with --column."""
        seen = f"saw: {shown(', '.join(header)) or 'nothing'}"
        if missing := self.columns.named_but_missing(header):
            raise SourceError(f"{self.path}: --column names {', '.join(map(repr, missing))}, which the header does not have; {seen}")
        found = self.columns.recognised(header)
        wanted = [] if "book_id" in found else ["an id column"]
        wanted += [] if set(found) & set(TEXT_FIELDS) else ["a text column"]
        if wanted:
            raise SourceError(
                f"{self.path}: expected {' and '.join(wanted)} in the header, {seen}. "
                "Add a header, or name them with --column book_id=NAME --column title=NAME"
            )


def shown(text: str) -> str:
    """Return the start of a text that may be anything, fit for one line of a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
