"""Readers of books: what people have (files, folders, compressed or not) as a stream of records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibeshelf.adapters.catalog.formats import READERS, Source, SourceRow, recognise
from vibeshelf.adapters.catalog.starter import STARTER, starter_path
from vibeshelf.core.errors import InputError, SourceError

FORMATS = ("auto", *READERS)
__all__ = ["FORMATS", "STARTER", "Source", "SourceRow", "open_source"]


def open_source(source: str, source_format: str = "auto", columns: Mapping[str, str] | None = None, delimiter: str | None = None) -> Source:
    """Return the source behind a path or the word `starter`; nothing but its first line is read yet.

    Raises SourceError when it is missing, empty or of no known format, InputError for an unknown format or field.
    """
    if source_format not in FORMATS:
        raise InputError(f"unknown format '{source_format}'; known: {', '.join(FORMATS)}")
    path = starter_path() if source == STARTER else Path(source).expanduser()
    if not path.exists():
        raise SourceError(f"no such file or folder: {path}. SOURCE is a file, a BEIR folder or the word '{STARTER}'")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty; expected books, one a line or row")
    name = recognise(path) if source_format == "auto" else source_format
    return READERS[name](path, columns or {}, delimiter)
