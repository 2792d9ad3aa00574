"""The Python door: a shelf is one collection with the encoder that belongs to it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror, build_mirror, open_mirror
from vibeshelf.adapters.querylog import query_log
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import CollectionNotFound, StorageError, VectorError
from vibeshelf.core.probes import ProbeResult
from vibeshelf.core.records import Filter, Hit, Manifest, SearchResult
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.core.vectors import Vectors
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.aiming import aim
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.guard import require_match
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.query_vectors import MAX_QUERIES, QueryVectors
from vibeshelf.services.search import DEFAULT_SYSTEM, search
from vibeshelf.services.vitals import vitals_of, warnings_of

DEFAULT_COLLECTION = "starter"
_log = logging.getLogger("vibeshelf")


@dataclass(frozen=True, slots=True)
class _State:
    """A collection as it was at one moment, with its mirror, what the quick probes say of both, and its encoder; replaced together."""

    index: Index
    mirror: Mirror | None
    vitals: tuple[ProbeResult, ...]
    queries: QueryVectors


class Shelf:
    """A collection that was opened and found to belong to its encoder; safe to share between threads.

    When another version takes the collection's name, the next search opens that one, with its own encoder unless `model` was asked for.
    """

    def __init__(
        self, store: Store, index: Index, encoder: Encoder, remembered_queries: int = MAX_QUERIES, model: str | None = None
    ) -> None:
        self.store = store
        self.log = query_log(store.settings)
        self._remembered, self._model = remembered_queries, model
        self._state = _state_of(store.settings, index, QueryVectors(encoder, remembered_queries))
        self._outdated = False
        self._lock = threading.Lock()

    @property
    def encoder(self) -> Encoder:
        return self._state.queries.encoder

    @property
    def manifest(self) -> Manifest:
        return self._state.index.manifest

    @property
    def name(self) -> str:
        return self._state.index.name

    def search(self, query: str, k: int = 10, system: str = DEFAULT_SYSTEM, where: Mapping[str, str] | Sequence[str] = ()) -> list[Hit]:
        """Return the best k books, best first; `where` as in `{"genre": "mystery", "year": "1900..1950"}`. The search is logged."""
        conditions = [f"{key}={value}" for key, value in where.items()] if isinstance(where, Mapping) else where
        return list(logged_search(self, query, k, system, parse_filters(conditions), source="python").hits)

    def run(
        self,
        query: str,
        k: int = 10,
        system: str = DEFAULT_SYSTEM,
        filters: Sequence[Filter] = (),
        remember: bool = True,
        like: str | None = None,
        steering: Steering = STRAIGHT,
    ) -> SearchResult:
        """Return a search with its timing and what made it; without `remember` the query is encoded anew, as measurements want it.

        `like`, a book's id, asks for books near to that one, moved towards the query where there is one; `steering` has what
        the words of a wish named or want to be kept away from (see `search`).
        It is not logged: evaluations and benchmarks search here, people by `logged_search`.
        Raises CollectionBusy while another process writes to the collection.
        """
        state = self._current()
        try:
            return _search(state, query, k, system, filters, like, remember, steering)
        except (CollectionNotFound, StorageError):
            # The version that it searched was deleted under it: the one that took its place answers.
            if (since := self._current()) is state:
                raise
            return _search(since, query, k, system, filters, like, remember, steering)

    def aim(self, query: str, like: str | None = None, steering: Steering = STRAIGHT) -> Vectors:
        """Return the unit row (dimension,) that such a search looks around; the query is a cleaned one, or empty with a book."""
        state = self._current()
        seeds = (*([] if like is None else [like]), *steering.like)
        return aim(state.index, state.queries, query, seeds, steering)[0]

    def index(self) -> Index:
        """Return the collection as it is now."""
        return self._current().index

    def mirror(self) -> Mirror | None:
        """Return the mirror of the collection as it is now, or None where it cannot be had."""
        return self._current().mirror

    def vitals(self) -> tuple[ProbeResult, ...]:
        """Return what the quick probes do not pass of the collection as it is now; its encoder was checked when it was opened."""
        return self._current().vitals

    def _current(self) -> _State:
        """Return the state, opened and checked again when somebody has written since."""
        self._state.index.refuse_if_busy()
        if self._is_stale():
            with self._lock:
                if self._is_stale():
                    # Until it was opened and found to match, every search must try that again, and never use what was before.
                    self._outdated = True
                    self.store.close()
                    index = self.store.open(self.name)
                    queries = self._queries_of(index)
                    require_match(index, queries.encoder)
                    self._state = _state_of(self.store.settings, index, queries)
                    self._outdated = False
        return self._state

    def _queries_of(self, index: Index) -> QueryVectors:
        spec = index.manifest.encoder
        if self._model is not None or spec.fingerprint == self.encoder.spec.fingerprint:
            return self._state.queries
        return QueryVectors(open_encoder(self.store.settings, spec.model), self._remembered)

    def _is_stale(self) -> bool:
        return self._outdated or (self.store.is_stale() if self.store.embedded else self._state.index.has_changed())


def _state_of(settings: Settings, index: Index, queries: QueryVectors) -> _State:
    mirror = mirror_of(settings, index)
    return _State(index, mirror, vitals_of(index, mirror), queries)


def _search(
    state: _State, query: str, k: int, system: str, filters: Sequence[Filter], like: str | None, remember: bool, steering: Steering
) -> SearchResult:
    queries = state.queries if remember else QueryVectors(state.queries.encoder, 0)
    result = search(state.index, state.mirror, queries, query, k, system, filters, like, steering)
    return replace(result, notes=(*result.notes, *warnings_of(state.vitals))) if state.vitals else result


def mirror_of(settings: Settings, index: Index) -> Mirror | None:
    """Return the collection's mirror, built when it is missing.

    None for a collection that is not complete, where there is no room, and for one with damaged vectors, which Chroma still ranks.
    """
    if not index.manifest.complete:
        return None
    with suppress(OSError, sqlite3.Error, ValueError):
        # It may be put away while it is opened.
        if (ready := open_mirror(settings.mirrors_dir, index.manifest)) is not None:
            return ready
    try:
        return build_mirror(settings.mirrors_dir, index)
    except (OSError, sqlite3.Error, VectorError) as error:
        _log.warning("no mirror of collection '%s' (%s): searches are slower, and dense only", index.name, error)
        return None


def open_shelf(
    collection: str = DEFAULT_COLLECTION,
    *,
    model: str | None = None,
    settings: Settings | None = None,
    remembered_queries: int = MAX_QUERIES,
) -> Shelf:
    """Return the shelf of a collection, with the model that built it unless another is asked for.

    The vectors of the latest `remembered_queries` are kept, so that asking again does not encode again; 0 keeps none.

    Raises CollectionNotFound, ForeignCollection, ModelMismatch, ModelUnavailable, CollectionBusy or StorageError.
    """
    settings = settings or load_settings()
    store = Store(settings)
    index = store.open(collection)
    asked = requested_model(settings, model)
    encoder = open_encoder(settings, asked or index.manifest.encoder.model)
    require_match(index, encoder)
    return Shelf(store, index, encoder, remembered_queries, asked)


def requested_model(settings: Settings, model: str | None) -> str | None:
    """Return the model that was asked for, or None when nobody asked and the collection's own is meant."""
    return model or (settings.model if "model" in settings.model_fields_set else None)
