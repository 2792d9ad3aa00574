"""The Python door: a shelf is one collection with the encoder that belongs to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.index import Index, Store
from vibeshelf.core.records import Filter, Hit, Manifest, SearchResult
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.guard import require_match
from vibeshelf.services.search import search

DEFAULT_COLLECTION = "starter"


class Shelf:
    """A collection that was opened and found to belong to its encoder; safe to share between threads."""

    def __init__(self, store: Store, index: Index, encoder: Encoder) -> None:
        self.store = store
        self.encoder = encoder
        self._index = index
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        return self._index.manifest

    @property
    def name(self) -> str:
        return self._index.name

    def search(self, query: str, k: int = 10, where: Mapping[str, str] | Sequence[str] = ()) -> list[Hit]:
        """Return the k books nearest to the query, best first; `where` as in `{"genre": "mystery", "year": "1900..1950"}`."""
        conditions = [f"{key}={value}" for key, value in where.items()] if isinstance(where, Mapping) else where
        return list(self.run(query, k, filters=parse_filters(conditions)).hits)

    def run(self, query: str, k: int = 10, system: str = "dense", filters: Sequence[Filter] = ()) -> SearchResult:
        """Return a search with its timing and what made it. Raises CollectionBusy while another process writes to the collection."""
        return search(self.index(), self.encoder, query, k, system, filters)

    def index(self) -> Index:
        """Return the collection as it is now: opened and checked again when another process has written since."""
        self._index.refuse_if_busy()
        if self.store.is_stale():
            with self._lock:
                if self.store.is_stale():
                    self.store.close()
                    self._index = _checked(self.store, self.name, self.encoder)
        return self._index


def open_shelf(collection: str = DEFAULT_COLLECTION, *, model: str | None = None, settings: Settings | None = None) -> Shelf:
    """Return the shelf of a collection, with the model that built it unless another is asked for.

    Raises CollectionNotFound, ForeignCollection, ModelMismatch, ModelUnavailable, CollectionBusy or StorageError.
    """
    settings = settings or load_settings()
    store = Store(settings)
    index = store.open(collection)
    encoder = open_encoder(settings, requested_model(settings, model) or index.manifest.encoder.model)
    require_match(index, encoder)
    return Shelf(store, index, encoder)


def requested_model(settings: Settings, model: str | None) -> str | None:
    """Return the model that was asked for, or None when nobody asked and the collection's own is meant."""
    return model or (settings.model if "model" in settings.model_fields_set else None)


def _checked(store: Store, name: str, encoder: Encoder) -> Index:
    index = store.open(name)
    require_match(index, encoder)
    return index
