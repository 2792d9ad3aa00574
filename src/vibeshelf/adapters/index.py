"""The one door to Chroma: collections of vectors, each with its manifest."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from vibeshelf.adapters.folder_lock import refuse_while_written, revision, writing
from vibeshelf.adapters.manifests import MANIFEST_KEY, dump_manifest, load_manifest
from vibeshelf.adapters.swaps import LEAVING, Plan, begin, finish, is_under_way, rename, successor
from vibeshelf.core.errors import (
    CollectionBusy,
    CollectionNotFound,
    ForeignCollection,
    InputError,
    StorageError,
    VectorError,
    VibeshelfError,
)
from vibeshelf.core.records import Book, Filter, Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.core.vectors import Vectors, check_unit_rows

SPACE = "cosine"
# How many candidates a search of the graph keeps. With Chroma's 100, recall@10 of 36,000 books was .973, with 200 it was .986.
# It must be set when a collection is made: changed later, it does nothing until the store is opened again.
GRAPH = {"ef_search": 200}
_PAGE = 2000
# Chroma takes up to 512 characters; names are parts of file names here, which end earlier.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,198}[a-zA-Z0-9]")
# With less room than this left, a disk is as good as full for SQLite and for an index that grows.
_LITTLE_ROOM_BYTES = 32 << 20
# The names of a swap change within milliseconds; who opens one of them meanwhile looks again, for so long.
_SWAP_SECONDS, _SWAP_PAUSE_SECONDS = 5.0, 0.02
_LIST_KEYS = {"genre": "genres", "author": "authors"}
FILTER_KEYS = ("genre", "author", "year", "language", "country", "described", "average_rating", "ratings_count", "pages")
_FACTS = ("title", "year", "language", "country", "work_id", "average_rating", "ratings_count", "pages")


@dataclass(frozen=True, slots=True)
class StoredHashes:
    """What a stored book was made of: the hash of the encoded text, and of the whole record."""

    text: str
    record: str


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection as it is listed; `manifest` is None when Vibeshelf did not make it."""

    name: str
    count: int
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Some of what a collection holds, unchecked. Row i of `vectors`, float32 (n, dimension), belongs to book i."""

    books: list[Book]
    hashes: list[StoredHashes]
    vectors: Vectors


def check_name(name: str) -> str:
    """Return the collection name. Raises InputError for one that Chroma or a file system does not take."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"collection name '{name}' cannot be used: expected 3 to 200 characters from a-z, A-Z, 0-9, '.', '_', '-', "
            "beginning and ending with a letter or digit"
        )
    return name


class Store:
    """A Chroma folder or server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._client: Any = None
        self._seen_revision = ""

    @property
    def embedded(self) -> bool:
        return self.settings.chroma_url is None

    @property
    def where(self) -> str:
        return self.settings.chroma_url or str(self.settings.chroma_dir)

    @property
    def client(self) -> Any:
        # Another thread may close the store meanwhile.
        client = self._client
        if client is None:
            self._seen_revision = revision(self.settings.chroma_dir) if self.embedded else ""
            client = self._client = _clients.get(self.settings, self._seen_revision)
        return client

    def collections(self) -> list[CollectionInfo]:
        """Return all collections, by name. A swap that was killed is taken to its end first."""
        if self.embedded and not self.settings.chroma_dir.is_dir():
            return []
        with _errors(self.where):
            for name in [each.name.removesuffix(LEAVING) for each in self.client.list_collections() if each.name.endswith(LEAVING)]:
                # What cannot be done here and now is left to who opens it; of a server it is not known whether somebody is at it.
                with suppress(StorageError):
                    self._settle(name, 0.0 if self.embedded else _SWAP_SECONDS)
            found = sorted(self.client.list_collections(), key=lambda collection: collection.name)
            return [CollectionInfo(each.name, each.count(), _manifest_or_none(each)) for each in found]

    def open(self, name: str) -> Index:
        """Return a collection of ours.

        Raises CollectionNotFound, ForeignCollection when something else made it, CollectionBusy while another process writes to it.
        """
        if self.embedded:
            refuse_while_written(self.settings.chroma_dir, name)
        collection = self._get(name)
        if collection is None:
            have = ", ".join(info.name for info in self.collections()) or "none"
            raise CollectionNotFound(
                f"no collection '{name}' in {self.where}; there: {have}. Make it: vibeshelf ingest SOURCE --collection {name}"
            )
        return Index(self, collection, _manifest_of(collection))

    def exists(self, name: str) -> bool:
        return self._get(name) is not None

    def create(self, manifest: Manifest) -> Index:
        """Make an empty collection with a manifest. Raises InputError for a name that cannot be used."""
        with _errors(self.where):
            collection = self.client.create_collection(
                check_name(manifest.collection),
                configuration={"hnsw": {"space": SPACE, **manifest.hnsw}},
                embedding_function=None,
                metadata={MANIFEST_KEY: dump_manifest(manifest)},
            )
        return Index(self, collection, manifest)

    def delete(self, name: str) -> None:
        with _errors(self.where):
            self.client.delete_collection(name)

    def swap(self, new: Index, name: str, *, keep: bool, complete: bool = True) -> bool:
        """Give a collection the name of another and return whether there was another, which is deleted, or becomes NAME.before.

        The caller holds the store by `swapping` or `writer`. The new one's revision becomes one that never was under this name.
        """
        check_name(name + LEAVING)
        old = self.open(name) if self.exists(name) else None
        now = successor(new.manifest, None if old is None else old.manifest, name, complete)
        with _errors(self.where):
            if old is None:
                rename(new._collection, now, name)
            else:
                begin(old._collection, old.manifest, Plan(new.name, keep, complete, now.revision))
                finish(self.client, self._find, name)
        return old is not None

    @contextmanager
    def swapping(self, name: str) -> Iterator[None]:
        """Hold the store while names change: searches go on with what they have open, and see the new state when it is done."""
        with self.writer(f"{name} (swap)", quietly=True):
            if self._find(name + LEAVING) is not None:
                with _errors(self.where):
                    finish(self.client, self._find, name)
            yield

    @contextmanager
    def writer(self, name: str, *, quietly: bool = False) -> Iterator[None]:
        """Hold the store for writing to a collection; a server takes several writers by itself.

        `quietly`: readers need not look again before it is done.
        """
        if not self.embedded:
            yield
            return
        with writing(self.settings.chroma_dir, name, quietly=quietly):
            # Opened afresh under the lock: what another process wrote before is seen.
            self.close()
            yield
        self.close()

    def is_stale(self) -> bool:
        """Return whether another process has written since this store was opened."""
        return self.embedded and self._client is not None and revision(self.settings.chroma_dir) != self._seen_revision

    def close(self) -> None:
        """Forget the client; the next use opens one that sees what was written since."""
        self._client = None

    @contextmanager
    def opened_anew(self) -> Iterator[Store]:
        """Give a store that reads the same folder or server afresh, beside the client that this process shares, and close it."""
        other = Store(self.settings)
        # Chroma shares what clients of one path have read; another spelling of the path is another client.
        other._client = _connect(self.settings, "." if self.embedded else "")
        try:
            yield other
        finally:
            other._client.close()

    def _get(self, name: str) -> Any:
        found = self._find(name)
        if found is None and is_under_way(self._find, name):
            self._settle(name, _SWAP_SECONDS)
            return self._find(name)
        return found

    def _settle(self, name: str, most_seconds: float) -> None:
        """Let a swap of this name end, or take it to its end where whoever began it is no more.

        Raises CollectionBusy when another process still holds the store after that time and the name is nobody's.
        """
        deadline = time.monotonic() + most_seconds
        while is_under_way(self._find, name):
            if self.embedded or time.monotonic() >= deadline:
                try:
                    with self.swapping(name):
                        return
                except CollectionBusy:
                    if time.monotonic() >= deadline:
                        if self._find(name) is None and most_seconds:
                            raise
                        return
            time.sleep(_SWAP_PAUSE_SECONDS)

    def _find(self, name: str) -> Any:
        import chromadb.errors

        if self.embedded and not self.settings.chroma_dir.is_dir():
            return None
        try:
            with _errors(self.where):
                return self.client.get_collection(name, embedding_function=None)
        except (CollectionNotFound, chromadb.errors.InvalidArgumentError):
            return None


class Index:
    """One collection. Vectors are unit rows, float32 (n, dimension); every one is checked on its way in and out."""

    def __init__(self, store: Store, collection: Any, manifest: Manifest) -> None:
        self.store = store
        self.name: str = collection.name
        self.manifest = manifest
        self._collection = collection
        self._dimension = manifest.encoder.dimension

    def count(self) -> int:
        with _errors(self.store.where):
            return int(self._collection.count())

    def nearest(self, vector: Vectors, k: int, filters: Sequence[Filter] = ()) -> list[tuple[str, float]]:
        """Return up to k (book_id, cosine similarity), best first, ties by id; `vector` is a unit row (dimension,)."""
        check_unit_rows(vector[None, :], self._dimension, "query vector")
        with _errors(self.store.where):
            found = self._collection.query(query_embeddings=[vector], n_results=k, where=_where(filters), include=["distances"])
        pairs = [(book_id, 1.0 - float(distance)) for book_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def books(self, book_ids: Sequence[str]) -> dict[str, Book]:
        """Return the stored books of these ids; ids that are not there are absent."""
        if not book_ids:
            return {}
        with _errors(self.store.where):
            found = self._collection.get(ids=list(book_ids), include=["metadatas", "documents"])
        rows = zip(found["ids"], found["metadatas"], found["documents"], strict=True)
        return {book_id: _book(book_id, facts, text) for book_id, facts, text in rows}

    def hashes(self, book_ids: Sequence[str]) -> dict[str, StoredHashes]:
        """Return what is stored under these ids; ids that are not there are absent."""
        if not book_ids:
            return {}
        with _errors(self.store.where):
            found = self._collection.get(ids=list(book_ids), include=["metadatas"])
        return {book_id: _hashes(facts) for book_id, facts in zip(found["ids"], found["metadatas"], strict=True)}

    def all_hashes(self) -> Iterator[tuple[str, StoredHashes]]:
        """Yield every stored id with its hashes, page by page."""
        for offset in range(0, self.count(), _PAGE):
            with _errors(self.store.where):
                page = self._collection.get(limit=_PAGE, offset=offset, include=["metadatas"])
            yield from ((book_id, _hashes(facts)) for book_id, facts in zip(page["ids"], page["metadatas"], strict=True))

    def vectors(self, book_ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the stored vectors of these ids, each float32 (dimension,); ids that are not there are absent.

        Raises VectorError for vectors that cannot be ours: somebody else wrote them past every check.
        """
        if not book_ids:
            return {}
        with _errors(self.store.where):
            found = self._collection.get(ids=list(book_ids), include=["embeddings"])
        rows = np.asarray(found["embeddings"], dtype=np.float32).reshape(len(found["ids"]), -1)
        try:
            check_unit_rows(rows, self._dimension, f"collection '{self.name}' holds")
        except VectorError as error:
            fix = f"Something else wrote to it; build it again: vibeshelf ingest SOURCE --collection {self.name}-2"
            raise VectorError(f"{error}. {fix}") from None
        return dict(zip(found["ids"], rows, strict=True))

    def stored(self) -> Iterator[StoredPage]:
        """Yield all that is stored as it is, vectors unchecked, page by page: for who examines it."""
        for offset in range(0, self.count(), _PAGE):
            with _errors(self.store.where):
                page = self._collection.get(limit=_PAGE, offset=offset, include=["embeddings", "metadatas", "documents"])
            rows = list(zip(page["ids"], page["metadatas"], page["documents"], strict=True))
            books = [_book(book_id, facts, text) for book_id, facts, text in rows]
            vectors = np.asarray(page["embeddings"], dtype=np.float32).reshape(len(rows), -1)
            yield StoredPage(books, [_hashes(facts) for _, facts, _ in rows], vectors)

    def hnsw(self) -> dict[str, Any]:
        """Return the parameters of the graph as Chroma has them."""
        return dict(self._collection.configuration.get("hnsw") or {})

    def stored_dimension(self) -> int | None:
        """Return the dimension of the vectors as they are stored, or None when there are none."""
        with _errors(self.store.where):
            found = self._collection.get(limit=1, include=["embeddings"])["embeddings"]
        return len(found[0]) if len(found) else None

    def put(self, books: Sequence[Book], hashes: Sequence[StoredHashes], vectors: Vectors) -> None:
        """Store books with their vectors, in place of those with the same ids."""
        check_unit_rows(vectors, self._dimension, f"collection '{self.name}'")
        limit = int(self.store.client.get_max_batch_size())
        for start in range(0, len(books), limit):
            part = slice(start, start + limit)
            with _errors(self.store.where):
                self._collection.upsert(
                    ids=[book.book_id for book in books[part]],
                    embeddings=vectors[part],
                    documents=[book.description for book in books[part]],
                    metadatas=[_facts(book, made_of) for book, made_of in zip(books[part], hashes[part], strict=True)],
                )

    def remove(self, book_ids: Sequence[str]) -> None:
        for start in range(0, len(book_ids), _PAGE):
            with _errors(self.store.where):
                self._collection.delete(ids=list(book_ids[start : start + _PAGE]))

    def save_manifest(self, **changes: Any) -> Manifest:
        """Write the manifest with some fields changed and return it."""
        self.manifest = replace(self.manifest, **changes)
        with _errors(self.store.where):
            self._collection.modify(metadata={MANIFEST_KEY: dump_manifest(self.manifest)})
        return self.manifest

    def has_changed(self) -> bool:
        """Return whether the manifest in the store is another one by now; one round trip to a server."""
        collection = self.store._get(self.name)
        return collection is None or (collection.metadata or {}).get(MANIFEST_KEY) != dump_manifest(self.manifest)

    def refuse_if_busy(self) -> None:
        """Raise CollectionBusy while another process writes to this collection."""
        if self.store.embedded:
            refuse_while_written(self.store.settings.chroma_dir, self.name)


class _Clients:
    """One client a folder and process, as Chroma wants it, until another writer has been there: then a new one.

    An old client is not closed: a search of another thread may still be running on it. It goes when nobody holds it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[str, Any]] = {}

    def get(self, settings: Settings, seen_revision: str) -> Any:
        if settings.chroma_url is not None:
            return _connect(settings)
        with self._lock:
            known = self._open.get(str(settings.chroma_dir))
            if known and known[0] == seen_revision and settings.chroma_dir.is_dir():
                return known[1]
            if known:
                # Chroma shares what a path's clients have read; without this a new client would be as stale as the old one.
                known[1].clear_system_cache()
            client = _connect(settings)
            self._open[str(settings.chroma_dir)] = (seen_revision, client)
            return client


_clients = _Clients()


def _connect(settings: Settings, below: str = "") -> Any:
    # Chroma's own telemetry stays off, in this process and in what it starts.
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    quiet = ChromaSettings(anonymized_telemetry=False)
    where = settings.chroma_url or str(settings.chroma_dir)
    with _errors(where):
        if settings.chroma_url is None:
            settings.chroma_dir.mkdir(parents=True, exist_ok=True)
            return _open_folder(os.path.join(settings.chroma_dir, below), quiet)  # noqa: PTH118
        address = urlsplit(settings.chroma_url)
        secure = address.scheme == "https"
        return chromadb.HttpClient(
            host=address.hostname or "localhost", port=address.port or (443 if secure else 8000), ssl=secure, settings=quiet
        )


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
def _errors(where: str) -> Iterator[None]:
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


def _manifest_of(collection: Any) -> Manifest:
    rebuild = "Build your own beside it: vibeshelf ingest SOURCE --collection ANOTHER_NAME"
    text = (collection.metadata or {}).get(MANIFEST_KEY)
    if text is None:
        raise ForeignCollection(
            collection.name, "maker", "something other than Vibeshelf (no manifest)", "a collection with a manifest", rebuild
        )
    try:
        manifest = load_manifest(text)
    except (ValueError, KeyError, TypeError) as error:
        raise ForeignCollection(
            collection.name, "manifest", f"one that cannot be read ({error})", "a manifest of format 1", rebuild
        ) from None
    space = (collection.configuration.get("hnsw") or {}).get("space", "l2")
    if space != SPACE:
        raise ForeignCollection(collection.name, "distance space", space, SPACE, rebuild)
    return manifest


def _manifest_or_none(collection: Any) -> Manifest | None:
    try:
        return _manifest_of(collection)
    except ForeignCollection:
        return None


def _facts(book: Book, made_of: StoredHashes) -> dict[str, Any]:
    # An absent fact is stored as None: Chroma merges metadata, and the old fact would stay.
    facts: dict[str, Any] = {key: getattr(book, key) for key in _FACTS}
    facts |= {"authors": list(book.authors) or None, "genres": list(book.genres) or None, "described": book.described}
    return {**facts, "text_hash": made_of.text, "record_hash": made_of.record}


def _hashes(facts: Mapping[str, Any] | None) -> StoredHashes:
    return StoredHashes(str((facts or {}).get("text_hash", "")), str((facts or {}).get("record_hash", "")))


def _book(book_id: str, facts: Mapping[str, Any] | None, text: str | None) -> Book:
    facts = facts or {}
    return Book(
        book_id=book_id,
        description=text or "",
        authors=tuple(facts.get("authors") or ()),
        genres=tuple(facts.get("genres") or ()),
        **{key: facts.get(key) for key in _FACTS[1:]},
        title=str(facts.get("title") or ""),
    )


def _where(filters: Sequence[Filter]) -> dict[str, Any] | None:
    clauses = [clause for each in filters for clause in _clauses(each)]
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$and": clauses}


def _clauses(each: Filter) -> list[dict[str, Any]]:
    clauses: list[dict[str, Any]] = []
    if each.low is not None:
        clauses.append({each.key: {"$gte": each.low}})
    if each.high is not None:
        clauses.append({each.key: {"$lte": each.high}})
    key = _LIST_KEYS.get(each.key)
    options = [{key: {"$contains": value}} if key else {each.key: {"$eq": value}} for value in each.values]
    if options:
        clauses.append(options[0] if len(options) == 1 else {"$or": options})
    return clauses
