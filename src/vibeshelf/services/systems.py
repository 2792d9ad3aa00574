"""The systems: dense, lexical, hybrid, which weighs both, and popular, which prefers books that many have rated.

Each ranks by its score, ties by book id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.index import Index
from vibeshelf.adapters.lexical import tokens
from vibeshelf.adapters.mirror import Mirror, Rows, top
from vibeshelf.core.records import Filter
from vibeshelf.core.vectors import Vectors
from vibeshelf.core.wishes import STRAIGHT, Steering

SYSTEMS = ("hybrid", "dense", "lexical")
# Answers when it is asked for by name: its gain over hybrid is too small to be told from none, see eval/README.md.
POPULAR = "popular"
POPULARITY_WEIGHT = 0.1
# The share of the dense part; chosen on the training split of tomt-books, see eval/README.md.
DENSE_WEIGHT = 0.6
# Up to here every book is compared exactly, which is then quicker than Chroma's index, and has no recall to lose.
EXACT_BOOKS = 20_000
MOST_CANDIDATES = 200
# What a book loses that has the words of an avoided text, of a score that is at most 1; measured in eval/bench_asking.py.
AVOIDED_WORDS = 0.2


@dataclass(frozen=True, slots=True)
class Scored:
    """A ranked book. `dense` is its cosine similarity, `lexical` its BM25 score; None where a part was not looked at."""

    book_id: str
    score: float
    dense: float | None
    lexical: float | None


def compares_exactly(mirror: Mirror | None, filters: Sequence[Filter] = (), steering: Steering = STRAIGHT) -> bool:
    """Return whether every book is compared with the query, and not only those that Chroma's index comes across."""
    return mirror is not None and (bool(filters) or bool(steering.left_out) or len(mirror) <= EXACT_BOOKS)


def dense(
    index: Index, mirror: Mirror | None, vector: Vectors, k: int, filters: Sequence[Filter] = (), steering: Steering = STRAIGHT
) -> list[Scored]:
    """Return the k books of the highest cosine similarity with a unit vector (dimension,).

    Without a mirror Chroma answers alone, which is slow with filters.
    """
    if mirror is None or not compares_exactly(mirror, filters, steering):
        # A few more than asked for, so that ties at the end are broken by id and not by the index.
        pairs = index.nearest(vector, k + 10, filters)[:k]
    else:
        pairs = mirror.nearest(vector, k, allowed(mirror, filters, steering))
    return [Scored(book_id, score, score, None) for book_id, score in pairs]


def lexical(mirror: Mirror, query: str, k: int, filters: Sequence[Filter] = (), steering: Steering = STRAIGHT) -> list[Scored]:
    """Return up to k books of the highest BM25 score; books that share no word with the query are left out."""
    rows = allowed(mirror, filters, steering)
    scores = _lexical_scores(mirror, query)[rows]
    best = _top_positive(scores, k)
    return [Scored(mirror.ids[rows[at]], float(scores[at]), None, float(scores[at])) for at in best]


def hybrid(
    index: Index, mirror: Mirror, vector: Vectors, query: str, k: int, filters: Sequence[Filter] = (), popularity: float = 0.0,
    steering: Steering = STRAIGHT,
) -> list[Scored]:  # fmt: skip
    """Return the k books of the highest weighted score: 0.6 of cosine and 0.4 of BM25, each as a share of the best book's.

    With `popularity`, so much of `_popularity` is added. Books with the words of what `steering` avoids lose 0.2.
    """
    rows = _candidates(index, mirror, vector, query, k, filters, steering)
    if not len(rows):
        return []
    cosines, words = mirror.scores(vector, rows), _lexical_scores(mirror, query)[rows]
    scores = DENSE_WEIGHT * _share_of_best(cosines) + (1 - DENSE_WEIGHT) * _share_of_best(words)
    for avoided in steering.avoided:
        scores = scores - AVOIDED_WORDS * _has_words(mirror, avoided)[rows]
    if popularity:
        scores = scores + popularity * _popularity(mirror)[rows]
    return [Scored(mirror.ids[rows[at]], float(scores[at]), float(cosines[at]), float(words[at])) for at in top(scores, k)]


def _candidates(index: Index, mirror: Mirror, vector: Vectors, query: str, k: int, filters: Sequence[Filter], steering: Steering) -> Rows:
    """Return the rows, ascending, that are near by meaning or by words; all that pass the filters where there are few."""
    count = max(MOST_CANDIDATES, 2 * k)
    rows = allowed(mirror, filters, steering)
    if len(rows) <= EXACT_BOOKS:
        return rows
    if filters or steering.left_out:
        near = rows[top(mirror.scores(vector, rows), count)]
    else:
        near = np.array([mirror.row_of[book_id] for book_id, _ in index.nearest(vector, count)], dtype=np.int64)
    words = _lexical_scores(mirror, query)[rows]
    return np.union1d(near, rows[_top_positive(words, count)])


def allowed(mirror: Mirror, filters: Sequence[Filter], steering: Steering) -> Rows:
    """Return the rows, ascending, that pass the filters and have none of the genres that are left out."""
    rows = mirror.select(filters)
    if not steering.left_out:
        return rows
    kept = np.zeros(len(mirror), dtype=bool)
    kept[rows] = True
    for genre in steering.left_out:
        kept[mirror.labels("genre").get(genre, np.empty(0, dtype=np.int64))] = False
    return np.flatnonzero(kept)


def _has_words(mirror: Mirror, text: str) -> npt.NDArray[np.bool_]:
    """Return whether each book has every word of a text, bool (n_books,); nowhere for a text of stop words alone."""
    if mirror.lexical is None or not (words := set(tokens(text))):
        return np.zeros(len(mirror), dtype=bool)
    return np.asarray(np.logical_and.reduce([mirror.lexical.has(word) for word in words]))


def _top_positive(scores: npt.NDArray[np.float32], k: int) -> Rows:
    """Return the positions of the k highest scores above 0: most books share no word, and would all tie for the last places."""
    shared = np.flatnonzero(scores > 0)
    return shared[top(scores[shared], k)]


def _lexical_scores(mirror: Mirror, query: str) -> npt.NDArray[np.float32]:
    if mirror.lexical is None:
        return np.zeros(len(mirror), dtype=np.float32)
    return mirror.lexical.scores(query)


def _share_of_best(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    best = float(scores.max())
    return scores.astype(np.float64) / best if best > 0 else np.zeros(len(scores))


def _popularity(mirror: Mirror) -> npt.NDArray[np.float64]:
    """Return the logarithm of every book's number of ratings as a share of the largest, float64 (n_books,); 0 where nobody knows it."""
    known = np.log1p(np.maximum(np.nan_to_num(mirror.numbers("ratings_count")), 0))
    largest = float(known.max(initial=0))
    return known / largest if largest > 0 else known
