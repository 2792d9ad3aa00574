"""Separated values with a header: any CSV file, and goodbooks-10k's."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from vibeshelf.adapters.catalog.fields import normal_name
from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES, Line, bare_suffix
from vibeshelf.adapters.catalog.source import TOO_LONG, Source, SourceRow, shown
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book, Rejected


class Csv(Source):
    """Separated values with a header."""

    format = "csv"

    @property
    def _mark(self) -> str:
        return self.delimiter or ("\t" if bare_suffix(self.path) == ".tsv" else ",")

    def rows(self) -> Iterator[SourceRow]:
        lines = _TextLines(self.file.lines())
        # Strict, so that a quote that is never closed is an error of its own row and does not swallow the next ones.
        reader = csv.reader(lines, delimiter=self._mark, strict=True)
        header = self._header(lines, reader)
        while True:
            lines.start_row()
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield lines.first, self._mended_or_rejected(lines, header, error)
                continue
            if values:
                yield lines.first, self._row(lines.first, header, values)

    def _row(self, line: int, header: list[str], values: list[str]) -> Book | Rejected:
        excerpt = ",".join(values).encode("utf-8", "replace").decode()
        if len(values) != len(header):
            return Rejected(line, f"{len(values)} columns, the header has {len(header)}", excerpt[:200])
        return self._book(line, dict(zip(header, values, strict=True)), excerpt)

    def _mended_or_rejected(self, lines: _TextLines, header: list[str], error: csv.Error) -> Book | Rejected:
        """Take a single line with bare quotes inside quotes as it is meant; reject the first line of anything else."""
        first, text = lines.first, lines.texts[0]
        if len(lines.texts) == 1 and text and not lines.ended:
            values = self._sloppy(text)
            if len(values) == len(header):
                return self._row(first, header, values)
        runs_to = f", the row runs to line {lines.last}" if lines.last > first else ""
        lines.put_back_all_but_first()
        return Rejected(first, _reason(error) + runs_to, text[:200].encode("utf-8", "replace").decode().strip())

    def _sloppy(self, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self._mark))
        except csv.Error:
            return []

    def _header(self, lines: _TextLines, reader: Iterator[list[str]]) -> list[str]:
        try:
            first = next((values for values in reader if values), None)
        except csv.Error as error:
            hint = "; lines must end with LF or CRLF" if "new-line character" in str(error) else ""
            raise SourceError(f"{self.path}: its first line is no header ({_reason(error)}{hint})") from None
        if first is None:
            raise SourceError(f"{self.path} holds no line; expected a header and books")
        if lines.holds_nul:
            raise SourceError(f"{self.path}: its first line holds NUL bytes, so it is binary or UTF-16; expected text in UTF-8")
        mark = next((mark for mark in ",;\t|" if len(first) == 1 and mark in first[0]), None)
        if mark:
            flag = "tab" if mark == "\t" else f"'{mark}'"
            raise SourceError(
                f"{self.path} has one column when split at {self._mark!r}: {shown(first[0])}. It looks separated by {mark!r}. "
                f"Add: --delimiter {flag}"
            )
        header = [normal_name(name) for name in first]
        self._require_columns(header)
        return header


class Goodbooks(Csv):
    """goodbooks-10k's books.csv, with or without a description column."""

    format = "goodbooks"


def _reason(error: csv.Error) -> str:
    said = str(error).partition(" - ")[0]
    return said if said == TOO_LONG else f"not readable as CSV: {said}"


class _TextLines:
    """Lines as text for the csv module; bytes that are not UTF-8 become surrogates, which `clean_text` refuses.

    It knows the lines of the row being read, so that rows have true line numbers, and can give them once more.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self.holds_nul = False
        self.start_row()

    def start_row(self) -> None:
        self._row: list[Line] = []
        self._row_bytes = 0
        self.ended = False

    @property
    def first(self) -> int:
        return self._row[0].number

    @property
    def last(self) -> int:
        return self._row[-1].number

    @property
    def texts(self) -> list[str]:
        return [self._text(line) for line in self._row]

    def put_back_all_but_first(self) -> None:
        self._again.extendleft(reversed(self._row[1:]))

    def __iter__(self) -> _TextLines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self._row.append(line)
        self._row_bytes += len(line.data or b"")
        if line.data is None or self._row_bytes > MAX_LINE_BYTES:
            raise csv.Error(TOO_LONG if len(self._row) == 1 else f"no quote closes the one that is open within {MAX_LINE_BYTES:,} bytes")
        self.holds_nul |= b"\0" in line.data
        return self._text(line)

    def _text(self, line: Line) -> str:
        data = line.data or b""
        return (data.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else data).decode("utf-8", "surrogateescape").replace("\0", "")
