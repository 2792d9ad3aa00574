"""One writer for a Chroma folder. Chroma itself lets two processes write, and each then sees a stale half."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from vibeshelf.core.errors import CollectionBusy, StorageError

LOCK, _REVISION = ".vibeshelf-writer", ".vibeshelf-revision"
# A reader that asks who writes holds the lock for some microseconds; a writer that meets one asks again.
_TRIES, _PAUSE_SECONDS = 20, 0.01
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes to which collection of a folder, since when."""

    pid: int
    collection: str
    since: str


@contextmanager
def writing(folder: Path, collection: str, *, quietly: bool = False) -> Iterator[None]:
    """Hold the folder for writing; the kernel lets go of it when the process dies, however it dies.

    Readers learn that it begins, unless `quietly`, and that it has ended.

    Raises CollectionBusy while another process (or another thread of this one) writes, StorageError for a folder that cannot be written.
    """
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, folder, collection)
        me = Writer(os.getpid(), collection, datetime.now(UTC).isoformat(timespec="seconds"))
        with _writable(folder):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(asdict(me)).encode(), 0)
            if not quietly:
                bump_revision(folder)
        try:
            yield
        except BaseException:
            # What was written before it failed is news to readers too; on a full disk this fails as well, and the cause matters more.
            with suppress(OSError):
                bump_revision(folder)
            raise
        with _writable(folder):
            bump_revision(folder)
        # Whoever writes next is not taken for this one before it has written its own name.
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path, collection: str) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if writer := current_writer(folder):
                raise busy(folder, writer, collection) from None
        time.sleep(_PAUSE_SECONDS)
    raise busy(folder, None, collection)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mend = "make room there" if error.errno == errno.ENOSPC else "set VIBESHELF_DATA_DIR to a folder that can be written"
        raise StorageError(f"cannot write to {folder} ({error.strerror or error}); {mend} and run the same command again") from None


def current_writer(folder: Path) -> Writer | None:
    """Return who holds the folder for writing, or None."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        try:
            return Writer(**json.loads(os.pread(handle, 4096, 0)))
        except (ValueError, TypeError):
            return Writer(0, _UNKNOWN, "a moment ago")
    finally:
        os.close(handle)


def refuse_while_written(folder: Path, collection: str) -> None:
    """Raise CollectionBusy while another process writes to this collection: what could be read now may be half of it."""
    writer = current_writer(folder)
    for _ in range(_TRIES):
        if writer is None or writer.pid == os.getpid() or writer.collection not in (collection, _UNKNOWN):
            return
        if writer.collection == collection and _is_alive(writer.pid):
            break
        # A writer that has just begun has not said yet what it writes to; one that was killed before left its name there.
        time.sleep(_PAUSE_SECONDS)
        writer = current_writer(folder)
    raise busy(folder, writer, collection)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def busy(folder: Path, writer: Writer | None, collection: str) -> CollectionBusy:
    who = f"process {writer.pid} has been writing to '{writer.collection}' since {writer.since}" if writer else "another process is writing"
    return CollectionBusy(
        f"collection '{collection}' cannot be used now: {who} in {folder}. Wait until it is done, "
        "or share a Chroma server: chroma run --path FOLDER, and VIBESHELF_CHROMA_URL=http://localhost:8000"
    )


def revision(folder: Path) -> str:
    """Return a token that changes whenever a writer begins or ends; a reader that sees another one must reopen."""
    try:
        return (folder / _REVISION).read_text(encoding="utf-8")
    except OSError:
        return ""


def bump_revision(folder: Path) -> None:
    temporary = folder / f"{_REVISION}.{os.getpid()}"
    temporary.write_text(uuid.uuid4().hex, encoding="utf-8")
    temporary.replace(folder / _REVISION)
