"""One search taken apart: every number that led from the words to the books, computed as the search itself does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.lexical import stem_of
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Hit, SearchResult
from vibeshelf.core.template import render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.search import clean_query
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.systems import DENSE_WEIGHT

SHOWN = 5


@dataclass(frozen=True, slots=True)
class WordUse:
    """A word of the query: in how many books a word of its stem stands, None for a word that is left out because it says little."""

    word: str
    books: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A book of the result: the shares of the best book's meaning and words, weighed, whose sum is the score."""

    hit: Hit
    meaning: float
    words: float


@dataclass(frozen=True, slots=True)
class Walk:
    """A search, step by step. `vector` is the query's unit row, float32 (dimension,), `book_vector` that of the nearest book,
    `book_text` what was encoded of it; `cosines` are those of all books, float32 (n_books,)."""

    result: SearchResult
    vector: Vectors
    nearest: tuple[Hit, ...]
    book_vector: Vectors
    book_text: str
    cosines: npt.NDArray[np.float32]
    words: tuple[WordUse, ...]
    by_words: tuple[Hit, ...]
    parts: tuple[Part, ...]


def walk(shelf: Shelf, query: str) -> Walk:
    """Return the steps of a hybrid search. Raises InputError for a query that no search takes, or a collection that has no mirror."""
    text, mirror, index = clean_query(query), shelf.mirror(), shelf.index()
    if mirror is None or not len(mirror):
        raise InputError(f"collection '{shelf.name}' cannot be walked through: its mirror is not there, or it has no books; see its health")
    result, near, by_words = (shelf.run(text, SHOWN, system) for system in ("hybrid", "dense", "lexical"))
    vector, best = shelf.aim(text), near.hits[0]
    return Walk(
        result,
        vector,
        near.hits,
        index.vectors([best.book_id])[best.book_id],
        render(index.manifest.template, best.book),
        mirror.scores(vector, np.arange(len(mirror))),
        tuple(
            WordUse(word, None if stem is None else mirror.lexical.books_with(stem) if mirror.lexical else 0)
            for word, stem in stem_of(text)
        ),
        by_words.hits,
        tuple(_part(hit, best.score, by_words.hits[0].score if by_words.hits else 0.0) for hit in result.hits),
    )


def _part(hit: Hit, best_cosine: float, best_words: float) -> Part:
    meaning = DENSE_WEIGHT * (hit.dense or 0.0) / best_cosine if best_cosine > 0 else 0.0
    words = (1 - DENSE_WEIGHT) * (hit.lexical or 0.0) / best_words if best_words > 0 else 0.0
    return Part(hit, meaning, words)
