"""The texts that are encoded in a benchmark: queries as short, as long and as in between as people write, and books.

They are made of the starter queries and descriptions, so that every machine encodes the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders.reference_texts import REFERENCE_TEXTS
from vibeshelf.core.latency import LONG, MEDIUM, SHORT
from vibeshelf.core.records import Book
from vibeshelf.core.template import BOOK_TEMPLATE, render

# A mood in a few words; a sentence or two; a whole remembered plot, as requests in forums are (their median is 119 words).
_SHORT_WORDS = 20
_WORDS = {MEDIUM: 30, LONG: 120}
# Of the starter books, on which vectors are compared.
_COMPARED_BOOKS = 120


@dataclass(frozen=True, slots=True)
class BenchTexts:
    """`queries` by length; `books` as they are encoded; `judged` is query id -> text of the queries that have judgments."""

    queries: Mapping[str, Sequence[str]]
    books: Sequence[str]
    judged: Mapping[str, str]

    @property
    def compared(self) -> list[str]:
        """The documents on which the engines' vectors are compared: books, and the oddest texts that we know."""
        return [*self.books[:: max(1, len(self.books) // _COMPARED_BOOKS)][:_COMPARED_BOOKS], *REFERENCE_TEXTS]


def bench_texts() -> BenchTexts:
    """Return the texts, the same at every call."""
    books = [row for _, row in open_source(STARTER).rows() if isinstance(row, Book)]
    judged = starter_queries()
    # A few of them are long requests already.
    short = [query for query in judged.values() if len(query.split()) <= _SHORT_WORDS]
    longer = {length: [_request(query, at, books, words) for at, query in enumerate(short)] for length, words in _WORDS.items()}
    return BenchTexts({SHORT: short, **longer}, [render(BOOK_TEMPLATE, book) for book in books], judged)


def _request(query: str, at: int, books: Sequence[Book], words: int) -> str:
    """Return a request that begins with the query and goes on with what happens in two books."""
    first, second = books[7 * at % len(books)], books[(7 * at + 3) % len(books)]
    return " ".join(f"{query}. {first.description} {second.description}".split()[:words])
