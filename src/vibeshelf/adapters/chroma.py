"""How Chroma is reached: one client a folder and process, and one line for whatever it raises."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vibeshelf.core.errors import CollectionNotFound, StorageError, VibeshelfError
from vibeshelf.core.settings import Settings

# With less room than this left, a disk is as good as full for SQLite and for an index that grows.
_LITTLE_ROOM_BYTES = 32 << 20


class _Clients:
    """One client a folder and process, as Chroma wants it, until another writer has been there: then a new one.

    An old client is not closed: a search of another thread may still be running on it. It goes when nobody holds it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[str, Any]] = {}

    def get(self, settings: Settings, seen_revision: str) -> Any:
        if settings.chroma_url is not None:
            return connect(settings)
        with self._lock:
            known = self._open.get(str(settings.chroma_dir))
            if known and known[0] == seen_revision and settings.chroma_dir.is_dir():
                return known[1]
            if known:
                # Chroma shares what a path's clients have read; without this a new client would be as stale as the old one.
                known[1].clear_system_cache()
            client = connect(settings)
            self._open[str(settings.chroma_dir)] = (seen_revision, client)
            return client


CLIENTS = _Clients()


def connect(settings: Settings, below: str = "") -> Any:
    """Return a new client of the settings' server, or of their folder in the spelling that ends in `below`."""
    # Chroma's own telemetry stays off, in this process and in what it starts.
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    quiet = ChromaSettings(anonymized_telemetry=False)
    where = settings.chroma_url or str(settings.chroma_dir)
    with chroma_errors(where):
        if settings.chroma_url is None:
            settings.chroma_dir.mkdir(parents=True, exist_ok=True)
            return _open_folder(os.path.join(settings.chroma_dir, below), quiet)  # noqa: PTH118
        address = urlsplit(settings.chroma_url)
        secure = address.scheme == "https"
        return chromadb.HttpClient(
            host=address.hostname or "localhost", port=address.port or (443 if secure else 8000), ssl=secure, settings=quiet
        )


def find_collection(client: Any, where: str, name: str) -> Any:
    """Return a collection by its name, or None where there is none, or the name is none that Chroma takes."""
    import chromadb.errors

    try:
        with chroma_errors(where):
            return client.get_collection(name, embedding_function=None)
    except (CollectionNotFound, chromadb.errors.InvalidArgumentError):
        return None


def _open_folder(folder: str, settings: Any) -> Any:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    try:
        return chromadb.PersistentClient(folder, settings=settings)
    except BaseException:
        # Chroma remembers a client that could not start, and would hand out this half of one at the next call.
        SharedSystemClient.clear_system_cache()
        raise


@contextmanager
def chroma_errors(where: str) -> Iterator[None]:
    """Turn what Chroma and the system raise into one line; wrong arguments stay what they are."""
    import chromadb.errors
    import httpx

    try:
        yield
    except (VibeshelfError, chromadb.errors.InvalidArgumentError):
        raise
    except chromadb.errors.NotFoundError as error:
        raise CollectionNotFound(f"a collection is no more in {where}: it was deleted, or another took its place. Try again") from error
    except (chromadb.errors.ChromaError, OSError, httpx.HTTPError, ValueError) as error:
        raise StorageError(f"Chroma at {where} does not answer as it should: {_reason(error, where)}") from error
    except BaseException as error:
        # A panic in Chroma's Rust part derives from BaseException, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise StorageError(f"Chroma at {where} failed: {_reason(error, where)}") from error


def _reason(error: BaseException, where: str) -> str:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if "Could not connect" in text or "onnect" in type(error).__name__:
        return "no server there. Start one: chroma run --path FOLDER --port PORT"
    if any(sign in text for sign in ("disk is full", "No space left", "os error 28")) or _little_room(where):
        return f"the disk is full ({text}); what was stored before is kept. Make room and run the same command again"
    if any(sign in text for sign in ("readonly", "Read-only", "ermission denied")):
        return f"the folder cannot be written, which Chroma needs even to read ({text}); set VIBESHELF_DATA_DIR to one, or a copy, that can"
    if any(sign in text for sign in _DAMAGE):
        return f"its files are damaged ({text}). Put back a copy of the folder, or move it away and ingest again"
    return text


_DAMAGE = ("malformed", "not a database", "no such table", "unable to open database", "hnsw", "Error finding id")


def _little_room(where: str) -> bool:
    """Return whether a folder's disk is about full: Chroma's compaction then fails without saying why."""
    return Path(where).is_dir() and shutil.disk_usage(where).free < _LITTLE_ROOM_BYTES
