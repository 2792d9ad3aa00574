"""Readers of books: what people have (files, folders, compressed or not) as a stream of records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibeshelf.adapters.catalog.formats import READERS, recognise
from vibeshelf.adapters.catalog.source import Source, SourceRow
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
    path = starter_path() if source == STARTER else _existing(source)
    name = recognise(path) if source_format == "auto" else source_format
    found = READERS[name](path, columns or {}, delimiter)
    if found.file.size_bytes == 0:
        raise SourceError(f"{found.file.path} is empty; expected books, one a line or row")
    return found


def _existing(source: str) -> Path:
    try:
        path = Path(source).expanduser()
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        raise SourceError(f"no such file or folder: {path}. SOURCE is a file, a BEIR folder or the word '{STARTER}'") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"cannot read {source[:200]!r}: {getattr(error, 'strerror', None) or error}") from None
    if path.is_file() and size_bytes == 0:
        raise SourceError(f"{path} is empty; expected books, one a line or row")
    if not path.is_file() and not path.is_dir():
        # A file is read more than once, which a pipe cannot be.
        raise SourceError(f"{path} is neither a file nor a folder; write its content to a file first")
    return path
