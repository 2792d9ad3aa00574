"""Lines of the small text files of evaluations: checked, with their numbers, so that an error can name its line."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES, SourceFile
from vibeshelf.core.errors import SourceError

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x0b\x0c"


def lines_of(path: Path, expected: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, content without its line end) of every line that is not blank; plain, .gz or .zst.

    Raises SourceError, naming the file and what was `expected` in it, for one that is missing, empty or cannot be read.
    """
    found = False
    for line in open_source_file(path, expected).lines():
        if line.data is None:
            raise bad_line(path, line.number, f"it is longer than {MAX_LINE_BYTES:,} bytes")
        data = line.data.removeprefix(_BOM) if line.number == 1 else line.data
        if data.strip(_BLANK):
            found = True
            yield line.number, data.rstrip(b"\r\n")
    if not found:
        raise SourceError(f"{path} holds no line; expected {expected}")


def open_source_file(path: Path, expected: str) -> SourceFile:
    """Return the file, to be read. Raises SourceError, naming what was `expected`, for one that is missing or cannot be read."""
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder; expected a file with {expected}")
        return SourceFile(path, kept=False)
    except FileNotFoundError:
        raise SourceError(f"no such file: {path}; expected {expected}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def text_of(path: Path, number: int, data: bytes) -> str:
    """Return the bytes of a line as text. Raises SourceError for what is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_line(path, number, f"byte {error.start + 1} is not UTF-8; expected UTF-8") from None


def bad_line(path: Path, number: int, problem: str) -> SourceError:
    """Return the error for a line that cannot be used."""
    return SourceError(f"{path}, line {number}: {problem}")


def quoted(data: bytes) -> str:
    """Return the start of what a file holds, fit for a message."""
    text = data[:60].decode("utf-8", "replace")
    return "'" + "".join(letter if letter.isprintable() else "?" for letter in text) + "'"


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write the lines, packed when the name ends in .gz; the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                    packed.writelines(f"{line}\n".encode() for line in lines)
            else:
                raw.writelines(f"{line}\n".encode() for line in lines)
        # Temporary files are for their owner only; this one is to be read like any other.
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
