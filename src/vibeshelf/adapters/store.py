"""The one door to the collections of a Chroma folder or server: listed, opened, made, swapped and held for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from vibeshelf.adapters.chroma import CLIENTS, chroma_errors, connect, find_collection
from vibeshelf.adapters.folder_lock import refuse_while_written, revision, writing
from vibeshelf.adapters.index import SPACE, Index, manifest_of
from vibeshelf.adapters.manifests import MANIFEST_KEY, dump_manifest
from vibeshelf.adapters.swaps import LEAVING, Plan, begin, finish, is_under_way, rename, successor
from vibeshelf.core.errors import CollectionBusy, CollectionNotFound, ForeignCollection, InputError, StorageError
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings

# How many candidates the graph keeps while it is built and while it is searched. With Chroma's 100 and 100, recall@10 of titles in
# 36,000 books is .937, with these .994, for 1.2 ms more a search (eval/README.md). They must be set when a collection is made:
# changed later, they do nothing until the store is opened again.
GRAPH = {"ef_construction": 200, "ef_search": 400}
# Chroma takes up to 512 characters; names are parts of file names here, which end earlier.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,198}[a-zA-Z0-9]")
# The names of a swap change within milliseconds; who opens one of them meanwhile looks again, for so long.
_SWAP_SECONDS, _SWAP_PAUSE_SECONDS = 5.0, 0.02


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection as it is listed; `manifest` is None when Vibeshelf did not make it."""

    name: str
    count: int
    manifest: Manifest | None


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
            client = self._client = CLIENTS.get(self.settings, self._seen_revision)
        return client

    def collections(self) -> list[CollectionInfo]:
        """Return all collections, by name. A swap that was killed is taken to its end first."""
        if self.embedded and not self.settings.chroma_dir.is_dir():
            return []
        with chroma_errors(self.where):
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
        collection = self.find(name)
        if collection is None:
            have = ", ".join(info.name for info in self.collections()) or "none"
            raise CollectionNotFound(
                f"no collection '{name}' in {self.where}; there: {have}. Make it: vibeshelf ingest SOURCE --collection {name}"
            )
        return Index(self, collection, manifest_of(collection))

    def exists(self, name: str) -> bool:
        return self.find(name) is not None

    def create(self, manifest: Manifest) -> Index:
        """Make an empty collection with a manifest. Raises InputError for a name that cannot be used."""
        with chroma_errors(self.where):
            collection = self.client.create_collection(
                check_name(manifest.collection),
                configuration={"hnsw": {"space": SPACE, **manifest.hnsw}},
                embedding_function=None,
                metadata={MANIFEST_KEY: dump_manifest(manifest)},
            )
        return Index(self, collection, manifest)

    def delete(self, name: str) -> None:
        with chroma_errors(self.where):
            self.client.delete_collection(name)

    def swap(self, new: Index, name: str, *, keep: bool, complete: bool = True) -> bool:
        """Give a collection the name of another and return whether there was another, which is deleted, or becomes NAME.before.

        The caller holds the store by `swapping` or `writer`. The new one's revision becomes one that never was under this name.
        """
        check_name(name + LEAVING)
        old = self.open(name) if self.exists(name) else None
        now = successor(new.manifest, None if old is None else old.manifest, name, complete)
        with chroma_errors(self.where):
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
                with chroma_errors(self.where):
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
        other._client = connect(self.settings, "." if self.embedded else "")
        try:
            yield other
        finally:
            other._client.close()

    def find(self, name: str) -> Any:
        """Return Chroma's own collection of a name, or None; a swap of the name is waited for."""
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
        if self.embedded and not self.settings.chroma_dir.is_dir():
            return None
        return find_collection(self.client, self.where, name)


def _manifest_or_none(collection: Any) -> Manifest | None:
    try:
        return manifest_of(collection)
    except ForeignCollection:
        return None
