"""One JSON object a line, and BEIR folders, which hold such a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vibeshelf.adapters.catalog.lines import Line
from vibeshelf.adapters.catalog.source import TOO_LONG, Row, Source, SourceRow
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book, Rejected
from vibeshelf.core.template import BEIR_TEMPLATE

_BEIR_NAMES = ("corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst")


class JsonLines(Source):
    """One JSON object a line."""

    format = "jsonl"

    def rows(self) -> Iterator[SourceRow]:
        for line in self.file.lines():
            if line.data is None or line.data.strip():
                yield line.number, self._read(line)

    def _read(self, line: Line) -> Book | Rejected:
        if line.data is None:
            return Rejected(line.number, TOO_LONG)
        excerpt = line.data[:200].decode("utf-8", "replace")
        row = parse_object(line.data)
        return Rejected(line.number, row, excerpt) if isinstance(row, str) else self._book(line.number, self._adapt(row), excerpt)

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


def parse_object(data: bytes) -> dict[str, Any] | str:
    """Return the JSON object of a line, or the reason why it is none."""
    try:
        row = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except json.JSONDecodeError as error:
        # The error's own text counts lines within the line, which reads like a line of the file.
        return f"not JSON ({error.msg}, character {error.pos + 1})"
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error})"
    return row if isinstance(row, dict) else f"a JSON {type(row).__name__}, expected an object"
