"""One benchmark at a time on a machine's data folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vibeshelf.core.errors import BenchBusy, StorageError

_LOCK = ".running"


@contextmanager
def only_bench(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when the process dies.

    Raises BenchBusy while another benchmark holds it, StorageError for a folder that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StorageError(f"cannot write to {folder} ({error.strerror}); set VIBESHELF_DATA_DIR to a folder that can be written") from None
    try:
        _lock(handle, folder)
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = (folder / _LOCK).read_text(encoding="utf-8").strip() or "unknown"
        raise BenchBusy(f"another benchmark is running (process {who}), and two would measure each other; wait until it is done") from None
