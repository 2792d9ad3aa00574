"""One collection of vectors: what is stored, put in, taken out and asked, every vector checked on its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vibeshelf.adapters.chroma import chroma_errors
from vibeshelf.adapters.folder_lock import refuse_while_written
from vibeshelf.adapters.manifests import MANIFEST_KEY, dump_manifest, load_manifest
from vibeshelf.adapters.stored_books import StoredHashes, book_of, facts_of, hashes_of, where_of
from vibeshelf.core.errors import ForeignCollection, VectorError
from vibeshelf.core.records import Book, Filter, Manifest
from vibeshelf.core.vectors import Vectors, check_unit_rows

if TYPE_CHECKING:
    from vibeshelf.adapters.store import Store

SPACE = "cosine"
_PAGE = 2000


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Some of what a collection holds, unchecked. Row i of `vectors`, float32 (n, dimension), belongs to book i."""

    books: list[Book]
    hashes: list[StoredHashes]
    vectors: Vectors


class Index:
    """One collection. Vectors are unit rows, float32 (n, dimension); every one is checked on its way in and out."""

    def __init__(self, store: Store, collection: Any, manifest: Manifest) -> None:
        self.store = store
        self.name: str = collection.name
        self.manifest = manifest
        self._collection = collection
        self._dimension = manifest.encoder.dimension

    def count(self) -> int:
        with chroma_errors(self.store.where):
            return int(self._collection.count())

    def nearest(self, vector: Vectors, k: int, filters: Sequence[Filter] = ()) -> list[tuple[str, float]]:
        """Return up to k (book_id, cosine similarity), best first, ties by id; `vector` is a unit row (dimension,)."""
        check_unit_rows(vector[None, :], self._dimension, "query vector")
        with chroma_errors(self.store.where):
            found = self._collection.query(query_embeddings=[vector], n_results=k, where=where_of(filters), include=["distances"])
        pairs = [(book_id, 1.0 - float(distance)) for book_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def books(self, book_ids: Sequence[str]) -> dict[str, Book]:
        """Return the stored books of these ids; ids that are not there are absent."""
        if not book_ids:
            return {}
        with chroma_errors(self.store.where):
            found = self._collection.get(ids=list(book_ids), include=["metadatas", "documents"])
        rows = zip(found["ids"], found["metadatas"], found["documents"], strict=True)
        return {book_id: book_of(book_id, facts, text) for book_id, facts, text in rows}

    def hashes(self, book_ids: Sequence[str]) -> dict[str, StoredHashes]:
        """Return what is stored under these ids; ids that are not there are absent."""
        if not book_ids:
            return {}
        with chroma_errors(self.store.where):
            found = self._collection.get(ids=list(book_ids), include=["metadatas"])
        return {book_id: hashes_of(facts) for book_id, facts in zip(found["ids"], found["metadatas"], strict=True)}

    def all_hashes(self) -> Iterator[tuple[str, StoredHashes]]:
        """Yield every stored id with its hashes, page by page."""
        for offset in range(0, self.count(), _PAGE):
            with chroma_errors(self.store.where):
                page = self._collection.get(limit=_PAGE, offset=offset, include=["metadatas"])
            yield from ((book_id, hashes_of(facts)) for book_id, facts in zip(page["ids"], page["metadatas"], strict=True))

    def vectors(self, book_ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the stored vectors of these ids, each float32 (dimension,); ids that are not there are absent.

        Raises VectorError for vectors that cannot be ours: somebody else wrote them past every check.
        """
        if not book_ids:
            return {}
        with chroma_errors(self.store.where):
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
            with chroma_errors(self.store.where):
                page = self._collection.get(limit=_PAGE, offset=offset, include=["embeddings", "metadatas", "documents"])
            rows = list(zip(page["ids"], page["metadatas"], page["documents"], strict=True))
            books = [book_of(book_id, facts, text) for book_id, facts, text in rows]
            vectors = np.asarray(page["embeddings"], dtype=np.float32).reshape(len(rows), -1)
            yield StoredPage(books, [hashes_of(facts) for _, facts, _ in rows], vectors)

    def hnsw(self) -> dict[str, Any]:
        """Return the parameters of the graph as Chroma has them."""
        return dict(self._collection.configuration.get("hnsw") or {})

    def stored_dimension(self) -> int | None:
        """Return the dimension of the vectors as they are stored, or None when there are none."""
        with chroma_errors(self.store.where):
            found = self._collection.get(limit=1, include=["embeddings"])["embeddings"]
        return len(found[0]) if len(found) else None

    def put(self, books: Sequence[Book], hashes: Sequence[StoredHashes], vectors: Vectors) -> None:
        """Store books with their vectors, in place of those with the same ids."""
        check_unit_rows(vectors, self._dimension, f"collection '{self.name}'")
        limit = int(self.store.client.get_max_batch_size())
        for start in range(0, len(books), limit):
            part = slice(start, start + limit)
            with chroma_errors(self.store.where):
                self._collection.upsert(
                    ids=[book.book_id for book in books[part]],
                    embeddings=vectors[part],
                    documents=[book.description for book in books[part]],
                    metadatas=[facts_of(book, made_of) for book, made_of in zip(books[part], hashes[part], strict=True)],
                )

    def remove(self, book_ids: Sequence[str]) -> None:
        for start in range(0, len(book_ids), _PAGE):
            with chroma_errors(self.store.where):
                self._collection.delete(ids=list(book_ids[start : start + _PAGE]))

    def save_manifest(self, **changes: Any) -> Manifest:
        """Write the manifest with some fields changed and return it."""
        self.manifest = replace(self.manifest, **changes)
        with chroma_errors(self.store.where):
            self._collection.modify(metadata={MANIFEST_KEY: dump_manifest(self.manifest)})
        return self.manifest

    def has_changed(self) -> bool:
        """Return whether the manifest in the store is another one by now; one round trip to a server."""
        collection = self.store.find(self.name)
        return collection is None or (collection.metadata or {}).get(MANIFEST_KEY) != dump_manifest(self.manifest)

    def refuse_if_busy(self) -> None:
        """Raise CollectionBusy while another process writes to this collection."""
        if self.store.embedded:
            refuse_while_written(self.store.settings.chroma_dir, self.name)


def manifest_of(collection: Any) -> Manifest:
    """Return the manifest of a collection of Chroma. Raises ForeignCollection where there is none of ours."""
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
