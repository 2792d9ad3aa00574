"""The formats that books come in, and how a file shows which one it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vibeshelf.adapters.catalog.json_lines import Beir, JsonLines, parse_object
from vibeshelf.adapters.catalog.lines import SourceFile, bare_suffix
from vibeshelf.adapters.catalog.parquet import Parquet
from vibeshelf.adapters.catalog.separated import Csv, Goodbooks
from vibeshelf.adapters.catalog.source import Source
from vibeshelf.adapters.catalog.ucsd import Ucsd
from vibeshelf.core.errors import SourceError

READERS: dict[str, Callable[[Path, Mapping[str, str], str | None], Source]] = {
    reader.format: reader for reader in (Csv, JsonLines, Parquet, Goodbooks, Ucsd, Beir)
}
_HEAD_BYTES = 4096


def recognise(path: Path) -> str:
    """Return the name of the format that a path's name and first bytes show. Raises SourceError for none."""
    if path.is_dir():
        return Beir.format
    suffix = bare_suffix(path)
    head = SourceFile(path).head(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix == ".parquet" or head.startswith(b"PAR1"):
        return Parquet.format
    # One array is one line when it was written by a machine, and then longer than any line that is read.
    if re.match(rb"\[\s*(\{|$)", head):
        raise SourceError(f"{path} is one JSON array; expected one object a line. Convert it: jq -c '.[]' {path.name} > books.jsonl")
    if suffix in (".json", ".jsonl", ".ndjson") or head.startswith(b"{"):
        return _which_json(parse_object(_first_line(path)))
    if suffix not in (".csv", ".tsv", ".txt", ""):
        raise SourceError(f"{path}: no known format ('{suffix}'); use --format with one of {', '.join(READERS)}")
    return Goodbooks.format if b"goodreads_book_id" in head and b"original_publication_year" in head else Csv.format


def _first_line(path: Path) -> bytes:
    return next((line.data or b"" for line in SourceFile(path).lines() if line.data is None or line.data.strip()), b"")


def _which_json(first: dict[str, Any] | str) -> str:
    if isinstance(first, dict) and ("popular_shelves" in first or "text_reviews_count" in first):
        return Ucsd.format
    return JsonLines.format
