"""Lines of a plain, gzip or zstandard file, read with bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from zstandard import ZstdDecompressor, ZstdError

from vibeshelf.core.errors import SourceError

MAX_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number (from 1); `data` is None when it was longer than the limit."""

    number: int
    data: bytes | None


class SourceFile:
    """A file that is being read; `position` over `size_bytes` is how far (in stored, maybe compressed, bytes)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self._raw: BinaryIO | None = None

    @property
    def position(self) -> int:
        return self._raw.tell() if self._raw and not self._raw.closed else 0

    def lines(self) -> Iterator[Line]:
        """Yield the lines; raise SourceError where the file is cut off or damaged."""
        number = 0
        try:
            with self.path.open("rb") as self._raw, _decompressed(self._raw, self.path) as stream:
                for number, data in enumerate(_bounded(stream), start=1):
                    yield Line(number, data)
        except (EOFError, zlib.error, gzip.BadGzipFile, ZstdError) as error:
            raise SourceError(
                f"{self.path} is cut off or damaged after line {number} ({error}). "
                "What was read before is kept; get the whole file and run the same command again"
            ) from None
        except OSError as error:
            raise SourceError(f"cannot read {self.path}: {error.strerror or error}") from None


def bare_suffix(path: Path) -> str:
    """Return the suffix without .gz or .zst: '.csv' for books.csv.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _decompressed(raw: BinaryIO, path: Path) -> BinaryIO:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
    if suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(_ZstdFrames(raw), 1 << 17))
    return raw


class _ZstdFrames(io.RawIOBase):
    """Frames one after another; unlike zstandard's own reader it says so when the last one is cut off."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame = self._new_frame()
        self._started = False
        self._ready = b""

    @staticmethod
    def _new_frame() -> Any:
        return ZstdDecompressor().decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = (self._frame.unused_data if self._frame.eof else b"") or self._raw.read(1 << 16)
            if not data:
                if self._started and not self._frame.eof:
                    raise EOFError("the last zstandard frame is not complete")
                return 0
            if self._frame.eof:
                self._frame = self._new_frame()
            self._started = True
            self._ready = self._frame.decompress(data)
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def _bounded(stream: BinaryIO) -> Iterator[bytes | None]:
    while data := stream.readline(MAX_LINE_BYTES + 1):
        if len(data) <= MAX_LINE_BYTES or data.endswith(b"\n"):
            yield data
            continue
        while data and not data.endswith(b"\n"):
            data = stream.readline(MAX_LINE_BYTES)
        yield None
