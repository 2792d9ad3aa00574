"""What a careful user writes: sentence-transformers with its defaults, a persistent Chroma with cosine, `where` for filters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import chromadb
from sentence_transformers import SentenceTransformer

from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings


class Baseline:
    """The obvious pipeline. It is given the same texts and, for searches, the same vectors as ours."""

    def __init__(self, settings: Settings, folder: str) -> None:
        self.model = SentenceTransformer(str(read_model(settings.model, settings.models_dir).folder), device="cpu")
        quiet = chromadb.config.Settings(anonymized_telemetry=False)
        self.client = chromadb.PersistentClient(folder, settings=quiet)
        self.collection = cache(self._collection)

    def _collection(self, name: str) -> Any:
        return self.client.get_or_create_collection(name, configuration={"hnsw": {"space": "cosine"}})

    def encode(self, text: str | list[str]) -> Any:
        """Return the vector of a text, or the rows of several."""
        return self.model.encode(text)

    def ingest(self, name: str, books: Sequence[Book], texts: Sequence[str]) -> None:
        self.put(name, books, texts, self.model.encode(list(texts)))

    def put(self, name: str, books: Sequence[Book], texts: Sequence[str], vectors: Any) -> None:
        ids = [book.book_id for book in books]
        facts: list[Any] = [{"title": book.title, "author": book.author, "year": book.year or 0} for book in books]
        for start in range(0, len(ids), 5000):
            part = slice(start, start + 5000)
            self.collection(name).upsert(ids=ids[part], embeddings=vectors[part], documents=list(texts[part]), metadatas=facts[part])

    def search(self, name: str, k: int, where: dict[str, Any] | None, query: str) -> list[str]:
        vector = self.model.encode(query)
        found = self.collection(name).query(
            query_embeddings=[vector], n_results=k, where=where, include=["documents", "metadatas", "distances"]
        )
        return list(found["ids"][0])
