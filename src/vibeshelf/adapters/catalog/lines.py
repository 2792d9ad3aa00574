"""Lines of a plain, gzip or zstandard file, read with bounded memory."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from zstandard import ZstdDecompressor, ZstdError

from vibeshelf.core.errors import SourceError

MAX_LINE_BYTES = 1 << 20
_PACKED = (".gz", ".zst")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A byte of zstandard can hold 32 KB, and all that a piece holds is unpacked at once: 4 MB at most.
_ZSTD_PIECE_BYTES = 128


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number (from 1); `data` is None when it was longer than the limit."""

    number: int
    data: bytes | None


class SourceFile:
    """A file that is being read; `position` over `size_bytes` is how far (in stored, maybe compressed, bytes).

    `kept` says whether its reader keeps the lines before one that cannot be read; messages tell.
    """

    def __init__(self, path: Path, kept: bool = True) -> None:
        self.path = path
        self.kept = kept
        self.size_bytes = path.stat().st_size
        self._raw: io.BufferedReader | None = None
        self._lines_read = 0

    @property
    def position(self) -> int:
        return self._raw.tell() if self._raw and not self._raw.closed else 0

    def lines(self) -> Iterator[Line]:
        """Yield the lines; raise SourceError where the file is cut off or damaged, and for UTF-16."""
        with self._stream() as stream:
            for number, data in enumerate(_bounded(stream), start=1):
                if number == 1 and data and data.startswith(_UTF16):
                    raise SourceError(f"{self.path} is UTF-16; expected UTF-8. Convert it: iconv -f UTF-16 -t UTF-8 {self.path.name}")
                yield Line(number, data)
                self._lines_read = number

    def head(self, size_bytes: int) -> bytes:
        """Return some of the first bytes, unpacked; a file that is cut off later gives them all the same."""
        with self._stream() as stream:
            return stream.read1(size_bytes)

    @contextmanager
    def unpacked(self) -> Iterator[IO[bytes]]:
        """Give the whole content as a file that can be read from any place; what is packed goes to a temporary file."""
        if self.path.suffix.lower() not in _PACKED:
            with self.path.open("rb") as plain:
                yield plain
            return
        with tempfile.TemporaryFile(prefix="vibeshelf-") as copy:
            with self._stream() as stream:
                shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy

    @contextmanager
    def _stream(self) -> Iterator[io.BufferedIOBase]:
        self._lines_read = 0
        try:
            with self.path.open("rb") as self._raw, _decompressed(self._raw, self.path) as stream:
                yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile, ZstdError) as error:
            raise SourceError(self._damage(error)) from None
        except OSError as error:
            raise SourceError(f"cannot read {self.path}: {error.strerror or error}") from None

    def _damage(self, error: Exception) -> str:
        if not self._lines_read:
            return f"{self.path} is cut off, damaged or not packed as its name says ({error}). Get the whole file, or name it as what it is"
        advice = "What was read before is kept; get" if self.kept else "Get"
        seen = f"{self.path} is cut off or damaged after line {self._lines_read} ({error})"
        return f"{seen}. {advice} the whole file and run the same command again"


def bare_suffix(path: Path) -> str:
    """Return the suffix without .gz or .zst: '.csv' for books.csv.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _decompressed(raw: io.BufferedIOBase, path: Path) -> io.BufferedIOBase:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=raw, mode="rb")
    if suffix == ".zst":
        return io.BufferedReader(_ZstdFrames(raw), 1 << 17)
    return raw


class _ZstdFrames(io.RawIOBase):
    """Frames one after another; unlike zstandard's own reader it says so when the last one is cut off."""

    def __init__(self, raw: io.BufferedIOBase) -> None:
        self._raw = raw
        self._frame = self._new_frame()
        self._started = False
        self._ready = memoryview(b"")

    @staticmethod
    def _new_frame() -> Any:
        return ZstdDecompressor().decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = (self._frame.unused_data if self._frame.eof else b"") or self._raw.read(_ZSTD_PIECE_BYTES)
            if not data:
                if self._started and not self._frame.eof:
                    raise EOFError("the last zstandard frame is not complete")
                return 0
            if self._frame.eof:
                self._frame = self._new_frame()
            self._started = True
            self._ready = memoryview(self._frame.decompress(data))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def _bounded(stream: io.BufferedIOBase) -> Iterator[bytes | None]:
    while data := stream.readline(MAX_LINE_BYTES + 1):
        if len(data) <= MAX_LINE_BYTES or data.endswith(b"\n"):
            yield data
            continue
        while data and not data.endswith(b"\n"):
            data = stream.readline(MAX_LINE_BYTES)
        yield None
