"""Books as a collection stores them: their facts as metadata, and the filters that these answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vibeshelf.core.records import Book, Filter

_LIST_KEYS = {"genre": "genres", "author": "authors"}
FILTER_KEYS = ("genre", "author", "year", "language", "country", "described", "average_rating", "ratings_count", "pages")
_FACTS = ("title", "year", "language", "country", "work_id", "average_rating", "ratings_count", "pages")


@dataclass(frozen=True, slots=True)
class StoredHashes:
    """What a stored book was made of: the hash of the encoded text, and of the whole record."""

    text: str
    record: str


def facts_of(book: Book, made_of: StoredHashes) -> dict[str, Any]:
    """Return what is stored beside the vector and the description of a book."""
    # An absent fact is stored as None: Chroma merges metadata, and the old fact would stay.
    facts: dict[str, Any] = {key: getattr(book, key) for key in _FACTS}
    facts |= {"authors": list(book.authors) or None, "genres": list(book.genres) or None, "described": book.described}
    return {**facts, "text_hash": made_of.text, "record_hash": made_of.record}


def hashes_of(facts: Mapping[str, Any] | None) -> StoredHashes:
    """Return what a stored book was made of, empty where nobody wrote it."""
    return StoredHashes(str((facts or {}).get("text_hash", "")), str((facts or {}).get("record_hash", "")))


def book_of(book_id: str, facts: Mapping[str, Any] | None, text: str | None) -> Book:
    """Return a book from its stored facts and description."""
    facts = facts or {}
    return Book(
        book_id=book_id,
        description=text or "",
        authors=tuple(facts.get("authors") or ()),
        genres=tuple(facts.get("genres") or ()),
        **{key: facts.get(key) for key in _FACTS[1:]},
        title=str(facts.get("title") or ""),
    )


def where_of(filters: Sequence[Filter]) -> dict[str, Any] | None:
    """Return the condition, in Chroma's words, that a book passes when it passes all filters; None for no filter."""
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
