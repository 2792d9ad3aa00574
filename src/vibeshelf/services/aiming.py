"""Where a search looks: the arithmetic of vectors of words, of books, and of what is to be kept away from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vibeshelf.adapters.index import Index
from vibeshelf.core.vectors import Vectors, unit_rows
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.query_vectors import QueryVectors

# So much of an avoided text's vector is taken away; measured in eval/bench_asking.py.
AWAY = 0.3


def aim(index: Index, queries: QueryVectors, text: str, like: Sequence[str] = (), steering: Steering = STRAIGHT) -> tuple[Vectors, bool]:
    """Return the unit row (dimension,) that a search looks around, and whether every vector of it was remembered.

    It is the text's vector, half of it the turn's where there is one; added to it the mean direction of `like`; taken away 0.3 of
    each avoided text's. There is a text or a book.
    """
    vector, remembered = queries.get(text) if text else (None, False)
    if vector is not None and steering.turn:
        turn, known = queries.get(steering.turn)
        vector, remembered = (vector + turn) * np.float32(0.5), remembered and known
    if like:
        vector = towards(index, like, vector)
    assert vector is not None, "a text or a book"
    for each in steering.avoided:
        away, known = queries.get(each)
        vector, remembered = vector - np.float32(AWAY) * away, remembered and known
    if steering.turn or steering.avoided:
        vector = unit_rows(vector, 1, len(vector), "the arithmetic of a wish")[0]
    return vector, remembered


def towards(index: Index, like: Sequence[str], wish: Vectors | None) -> Vectors:
    """Return the unit row (dimension,) of the books' mean vector, moved towards a wish's row where there is one."""
    stored = index.vectors(like)
    assert stored, "the books were found before"
    rows = np.array([stored[book_id] for book_id in like if book_id in stored], dtype=np.float32)
    seed: Vectors = unit_rows(rows.mean(axis=0), 1, rows.shape[1], "the mean of books")[0]
    return seed if wish is None else unit_rows(seed + wish, 1, len(seed), "the sum of a book and a wish")[0]
