"""One search: clean the query, encode it, find the nearest books, fetch what is shown."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Mapping, Sequence

from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book, Filter, Hit, SearchResult
from vibeshelf.core.vectors import Vectors
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.aiming import aim
from vibeshelf.services.query_vectors import QueryVectors
from vibeshelf.services.systems import POPULAR, POPULARITY_WEIGHT, SYSTEMS, Scored, dense, hybrid, lexical

DEFAULT_SYSTEM = "hybrid"
MAX_QUERY_CHARS = 8000
MAX_K = 1000
# How far down is looked for other works when editions of one take the places.
_MOST_BOOKS = 30_000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]")
# Joiners, direction marks and variation selectors belong to emoji and to many scripts, but say nothing alone.
_INVISIBLE = ("Cc", "Cf", "Mn", "Zs")


def clean_query(text: str) -> str:
    """Return the query in one line without control characters. Raises InputError when nothing is left, or too much."""
    query = " ".join(_UNPRINTABLE.sub(" ", text.encode("utf-8", "ignore").decode()).split())
    if all(unicodedata.category(character) in _INVISIBLE for character in query):
        raise InputError("the query is empty; type what the book should feel like, for instance: a slow, melancholy lighthouse story")
    if len(query) > MAX_QUERY_CHARS:
        raise InputError(f"the query has {len(query):,} characters; at most {MAX_QUERY_CHARS:,} can be used. Shorten it")
    return query


def check_k(k: int) -> int:
    """Return k. Raises InputError outside 1 to 1000."""
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}; expected 1 to {MAX_K}")
    return k


def check_system(system: str) -> str:
    """Return the system. Raises InputError for one that there is not."""
    if system not in (*SYSTEMS, POPULAR):
        raise InputError(f"unknown system '{system}'; known: {', '.join((*SYSTEMS, POPULAR))}")
    return system


def search(
    index: Index,
    mirror: Mirror | None,
    queries: QueryVectors,
    query: str,
    k: int = 10,
    system: str = DEFAULT_SYSTEM,
    filters: Sequence[Filter] = (),
    like: str | None = None,
    steering: Steering = STRAIGHT,
) -> SearchResult:
    """Return the best k books, of each work the best edition.

    With `like`, a book's id, those that are near to that book, which is left out itself; a query then says in which direction:
    what is searched with is the sum of both unit vectors, and the query may be empty. `steering` has the same for books that the
    words named, and what the books are to be kept away from.

    The queries' encoder must have passed `guard.require_match` for this index.

    Without a mirror (a collection that is being built, a disk without room) the dense system answers for all.
    Raises InputError for a query, k or system that cannot be used, VectorError for an encoder that fails.
    """
    started = time.perf_counter()
    seeds = (*([] if like is None else [like]), *steering.like)
    text = clean_query(query) if not seeds or query.strip() else ""
    check_k(k)
    check_system(system)
    used = system if mirror is not None and (text or system == POPULAR) else "dense"
    encoding = time.perf_counter()
    left_out = _seeds(index, seeds)
    vector, remembered = aim(index, queries, text, seeds, steering) if used != "lexical" else (None, False)
    searching = time.perf_counter()
    # More than asked for: the books that the others are to be like come first.
    wanted = k + len(left_out)
    scored = _rank(index, mirror, vector, text, wanted, used, filters, steering)
    hydrating = time.perf_counter()
    books = _fetch(index, mirror, scored)
    shown = _one_of_each_work(scored, books, left_out)
    # Other editions took places: look further down, until there are enough works or no more books.
    while len(shown) < k and len(scored) == wanted < _MOST_BOOKS:
        wanted = min(2 * wanted, _MOST_BOOKS)
        scored = _rank(index, mirror, vector, text, wanted, used, filters, steering)
        books = _fetch(index, mirror, scored)
        shown = _one_of_each_work(scored, books, left_out)
    hits = tuple(
        Hit(each.book_id, rank, each.score, books[each.book_id], each.dense, each.lexical) for rank, each in enumerate(shown[:k], 1)
    )
    ended = time.perf_counter()
    return SearchResult(
        query=text,
        collection=index.name,
        system=used,
        model=index.manifest.encoder.model,
        hits=hits,
        count=index.manifest.count,
        encode_ms=(searching - encoding) * 1000,
        search_ms=(hydrating - searching) * 1000,
        hydrate_ms=(ended - hydrating) * 1000,
        total_ms=(ended - started) * 1000,
        device=queries.encoder.device,
        backend=queries.encoder.backend,
        precision=queries.encoder.precision,
        remembered=remembered,
        notes=_notes(index, mirror, system),
        version=index.manifest.version,
    )


def _rank(
    index: Index, mirror: Mirror | None, vector: Vectors | None, text: str, k: int, system: str, filters: Sequence[Filter],
    steering: Steering,
) -> list[Scored]:  # fmt: skip
    if vector is None and mirror is not None:
        return lexical(mirror, text, k, filters, steering)
    assert vector is not None
    if system == "dense" or mirror is None:
        return dense(index, mirror, vector, k, filters, steering)
    return hybrid(index, mirror, vector, text, k, filters, POPULARITY_WEIGHT if system == POPULAR else 0.0, steering)


def _fetch(index: Index, mirror: Mirror | None, scored: Sequence[Scored]) -> dict[str, Book]:
    ids = [each.book_id for each in scored]
    return mirror.books(ids) if mirror is not None else index.books(ids)


def _seeds(index: Index, like: Sequence[str]) -> list[Book]:
    found = index.books(like) if like else {}
    for book_id in like:
        if book_id not in found:
            raise InputError(f"no book '{book_id[:80]}' in collection '{index.name}'; search for it, then ask for more like it")
    return list(found.values())


def _one_of_each_work(scored: Sequence[Scored], books: Mapping[str, Book], left_out: Sequence[Book] = ()) -> list[Scored]:
    """Return the books that are still there, without those of which a better edition stands before them."""
    shown: dict[str, Scored] = {}
    for each in scored:
        if (book := books.get(each.book_id)) is not None:
            shown.setdefault(_work(book), each)
    for book in left_out:
        shown.pop(_work(book), None)
    return list(shown.values())


def _work(book: Book) -> str:
    return f"work {book.work_id}" if book.work_id else f"book {book.book_id}"


def _notes(index: Index, mirror: Mirror | None, system: str) -> tuple[str, ...]:
    notes = []
    if not index.manifest.complete:
        notes.append(f"collection '{index.name}' is not complete: its ingest was stopped; run the same ingest again to finish it")
    if mirror is None and system != "dense":
        notes.append(f"the {system} system is not ready for collection '{index.name}', so the dense one answered")
    return tuple(notes)
