"""The searches of people: each is run, then kept in the log and counted, whether it found something or failed.

Evaluations and benchmarks call `Shelf.run`, which keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vibeshelf.adapters import metrics
from vibeshelf.adapters.querylog import QueryLog, query_log
from vibeshelf.core.records import Filter, Hit, SearchResult
from vibeshelf.core.searches import KEPT_BOOKS, LoggedSearch
from vibeshelf.core.settings import Settings
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.filters import filter_text
from vibeshelf.services.search import DEFAULT_SYSTEM

if TYPE_CHECKING:
    from vibeshelf.services.shelf import Shelf

_MOST_CHARACTERS = 40
_LARGEST = 2**31


def logged_search(
    shelf: Shelf,
    query: str,
    k: int = 10,
    system: str = DEFAULT_SYSTEM,
    filters: Sequence[Filter] = (),
    *,
    source: str,
    repeat: bool = False,
    like: str | None = None,
    steering: Steering = STRAIGHT,
    typed: str | None = None,
) -> SearchResult:
    """Run a search and keep it; raises what `Shelf.run` raises, and nothing of the log's own.

    `source` is page, cli or python; `repeat` that the same visitor's page has just asked the same. `typed` are the words as they
    were typed, where the query is what was made of them: the log keeps what people ask.
    """
    measuring = metrics.current()
    at, started = datetime.now(UTC), time.perf_counter()
    try:
        with measuring.in_progress() if measuring is not None else nullcontext():
            result = shelf.run(query, k, system, filters, like=like, steering=steering)
    except Exception as error:
        failed = _failed(
            shelf, (query if typed is None else typed, k, system, filters), source, at, (time.perf_counter() - started) * 1000, error
        )
        _keep(shelf.log, failed, measuring)
        raise
    total_ms = (time.perf_counter() - started) * 1000
    asked = result if typed is None else replace(result, query=typed)
    _keep(shelf.log, _succeeded(asked, k, filters, source, at, total_ms, repeat), measuring)
    return result


def recent_queries(settings: Settings, limit: int = 100, collection: str | None = None) -> list[str]:
    """Return the latest different queries that people searched, newest first, for raters to judge; none where no texts are kept.

    Raises StorageError for a log that cannot be read.
    """
    log = query_log(settings)
    log.flush()
    return log.texts(limit, collection)


def _keep(log: QueryLog, search: LoggedSearch, measuring: metrics.Metrics | None) -> None:
    log.add(search)
    if measuring is not None:
        measuring.count(search)


def _succeeded(
    result: SearchResult, k: int, filters: Sequence[Filter], source: str, at: datetime, total_ms: float, repeat: bool
) -> LoggedSearch:
    first = result.hits[:KEPT_BOOKS]
    return LoggedSearch(
        at=at,
        source=source,
        collection=result.collection,
        model=result.model,
        system=result.system,
        k=k,
        filters=tuple(map(filter_text, filters)),
        device=result.device,
        backend=result.backend,
        precision=result.precision,
        text=result.query,
        characters=len(result.query),
        words=len(result.query.split()),
        total_ms=total_ms,
        encode_ms=None if result.remembered or result.system == "lexical" else result.encode_ms,
        search_ms=result.search_ms,
        hydrate_ms=result.hydrate_ms,
        results=len(result.hits),
        top_score=first[0].score if first else None,
        cosine=_mean_cosine(first),
        book_ids=tuple(hit.book_id for hit in first),
        remembered=result.remembered,
        repeat=repeat,
    )


def _failed(
    shelf: Shelf, asked: tuple[str, int, str, Sequence[Filter]], source: str, at: datetime, total_ms: float, error: Exception
) -> LoggedSearch:
    query, k, system, filters = asked
    encoder = shelf.encoder
    return LoggedSearch(
        at=at,
        source=source,
        collection=shelf.name,
        model=encoder.spec.model,
        system=system[:_MOST_CHARACTERS],
        k=max(-_LARGEST, min(k, _LARGEST)),
        filters=tuple(map(filter_text, filters)),
        device=encoder.device,
        backend=encoder.backend,
        precision=encoder.precision,
        text=query,
        characters=len(query),
        words=len(query.split()),
        total_ms=total_ms,
        error=type(error).__name__,
    )


def _mean_cosine(hits: Sequence[Hit]) -> float | None:
    cosines = [hit.dense for hit in hits if hit.dense is not None]
    return sum(cosines) / len(cosines) if cosines else None
