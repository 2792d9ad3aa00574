"""The searches of people: each is run, then kept in the log and counted, whether it found something or failed.

Evaluations and benchmarks call `Shelf.run`, which keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vibeshelf.adapters import metrics
from vibeshelf.adapters.querylog import query_log
from vibeshelf.core.records import Filter, SearchResult
from vibeshelf.core.searches import KEPT_BOOKS, LoggedSearch
from vibeshelf.core.settings import Settings
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.filters import filter_text
from vibeshelf.services.search import DEFAULT_SYSTEM

if TYPE_CHECKING:
    from vibeshelf.services.shelf import Shelf

_MOST_CHARACTERS = 40
_LARGEST = 2**31
_NOTHING = nullcontext()


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
    at, started = time.time(), time.perf_counter()
    try:
        with _NOTHING if measuring is None else measuring.in_progress():
            result = shelf.run(query, k, system, filters, like=like, steering=steering)
    except Exception as error:
        total_ms = (time.perf_counter() - started) * 1000
        failed = _failed(shelf, (query if typed is None else typed, k, system, filters), source, at, total_ms, error)
        shelf.log.add(failed)
        if measuring is not None:
            measuring.count(failed)
        raise
    total_ms = (time.perf_counter() - started) * 1000
    asked = result if typed is None else replace(result, query=typed)
    make = _made_later(asked, k, filters, source, at, total_ms, repeat)
    shelf.log.add_made(make)
    if measuring is not None:
        measuring.count(make())
    return result


def recent_queries(settings: Settings, limit: int = 100, collection: str | None = None) -> list[str]:
    """Return the latest different queries that people searched, newest first, for raters to judge; none where no texts are kept.

    Raises StorageError for a log that cannot be read.
    """
    log = query_log(settings)
    log.flush()
    return log.texts(limit, collection)


def _made_later(
    result: SearchResult, k: int, filters: Sequence[Filter], source: str, at: float, total_ms: float, repeat: bool
) -> Callable[[], LoggedSearch]:
    """Return what makes the record of a search; making it costs ten times as much as this, in the thread that writes.

    It must not hold on to the books, which would fill the memory while records wait for a slow disk.
    """
    first, results = result.hits[:KEPT_BOOKS], len(result.hits)
    book_ids, cosines = [hit.book_id for hit in first], [hit.dense for hit in first]
    top_score = first[0].score if first else None
    text, collection, model, system, remembered = result.query, result.collection, result.model, result.system, result.remembered
    device, backend, precision = result.device, result.backend, result.precision
    encode_ms, search_ms, hydrate_ms = result.encode_ms, result.search_ms, result.hydrate_ms

    def make() -> LoggedSearch:
        return LoggedSearch(
            at=datetime.fromtimestamp(at, UTC),
            source=source,
            collection=collection,
            model=model,
            system=system,
            k=k,
            filters=tuple(map(filter_text, filters)),
            device=device,
            backend=backend,
            precision=precision,
            text=text,
            characters=len(text),
            words=len(text.split()),
            total_ms=total_ms,
            encode_ms=None if remembered or system == "lexical" else encode_ms,
            search_ms=search_ms,
            hydrate_ms=hydrate_ms,
            results=results,
            top_score=top_score,
            cosine=_mean(cosines),
            book_ids=tuple(book_ids),
            remembered=remembered,
            repeat=repeat,
        )

    return make


def _failed(
    shelf: Shelf, asked: tuple[str, int, str, Sequence[Filter]], source: str, at: float, total_ms: float, error: Exception
) -> LoggedSearch:
    query, k, system, filters = asked
    encoder = shelf.encoder
    return LoggedSearch(
        at=datetime.fromtimestamp(at, UTC),
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


def _mean(cosines: Sequence[float | None]) -> float | None:
    known = [cosine for cosine in cosines if cosine is not None]
    return sum(known) / len(known) if known else None
