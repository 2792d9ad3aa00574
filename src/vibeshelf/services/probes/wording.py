"""Whether vectors follow the words of their texts, without encoding anything.

A linear map from words to vectors is fitted to the whole collection, and each vector is compared with what the map, fitted without
that book, expects of the book's words. Vectors of another model, of another text or of another row agree with it no better than
chance, as long as they are the minority; all of them shuffled leave no map to be fitted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.core.vectors import Vectors

Scores = npt.NDArray[np.float32]
# Below this many books there are too few to learn from.
LEAST_BOOKS = 200
_WORDS = 1024
# A text tells something when so many of its words stand in so many books, and not in every other one.
_LEAST_WORDS, _LEAST_SHARED, _MOST_SHARED = 2, 5, 0.5
# Where fewer texts tell something (titles alone, say), nothing can be learned.
_LEAST_TOLD = 0.5
_RIDGE = 3.0
_HEAD_CHARACTERS = 1500
_WORD = re.compile(r"\w\w+")


@dataclass(frozen=True, slots=True)
class Followed:
    """How well each vector follows its words: cosine after centring, float32 (n,), and the same with the books shuffled.

    `shuffled` shows what chance gives. Rows whose words tell nothing, or that are not sound, are NaN in both.
    """

    own: Scores
    shuffled: Scores

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.own)

    def least(self, count: int) -> npt.NDArray[np.int64]:
        """Return up to `count` rows whose vectors follow their words the least."""
        rows = np.flatnonzero(self.usable)
        return rows[np.argsort(self.own[rows], kind="stable")[:count]]


def follow(texts: Sequence[str], unit: Vectors, sound: npt.NDArray[np.bool_]) -> Followed | None:
    """Fit and compare; `unit` rows, float32 (n, dimension). None for fewer books, or fewer words, than can be learned from."""
    rows = np.flatnonzero(sound)
    if len(rows) < LEAST_BOOKS:
        return None
    words, told = word_matrix([texts[row] for row in rows.tolist()], _WORDS)
    if not tells_enough(told):
        return None
    expected = left_out_predictions(words, unit[rows])
    centre = unit[rows].mean(axis=0)
    stored = unit[rows] - centre
    order = np.random.default_rng(0).permutation(len(rows))
    own, shuffled = (np.full(len(texts), np.nan, dtype=np.float32) for _ in range(2))
    own[rows[told]] = cosines(expected - centre, stored)[told]
    shuffled[rows[told]] = cosines(expected - centre, stored[order])[told]
    return Followed(own, shuffled)


def word_matrix(texts: Sequence[str], most: int) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """Return which of the `most` commonest words each text has, weighted by rarity, and which texts have words enough to tell something.

    Unit rows with a constant, float32 (n, n_words + 1), n_words at most `most`; bool (n,).
    """
    numbers: dict[str, int] = {}
    columns = [sorted({numbers.setdefault(word, len(numbers)) for word in words_of(text)}) for text in texts]
    flat = np.fromiter((column for row in columns for column in row), dtype=np.int64)
    rows = np.repeat(np.arange(len(texts)), [len(row) for row in columns])
    seen = np.bincount(flat, minlength=max(len(numbers), 1))
    kept = np.argsort(-seen, kind="stable")[:most]
    place = np.full(len(seen), -1)
    place[kept] = np.arange(len(kept))
    known = place[flat] >= 0
    matrix = np.zeros((len(texts), len(kept) + 1), dtype=np.float32)
    matrix[rows[known], place[flat[known]]] = np.log(len(texts) / np.maximum(seen[flat[known]], 1))
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.maximum(lengths, 1e-9)
    matrix[:, -1] = 1.0
    shared = (seen >= _LEAST_SHARED) & (seen <= _MOST_SHARED * len(texts))
    return matrix, np.bincount(rows, weights=shared[flat], minlength=len(texts)) >= _LEAST_WORDS


def words_of(text: str) -> list[str]:
    """Return the words of the beginning of a text, lower-case; further on an encoder hardly reads."""
    return _WORD.findall(text[:_HEAD_CHARACTERS].lower())


def tells_enough(told: npt.NDArray[np.bool_]) -> bool:
    """Return whether so many texts have words that tell something that a map can be learned."""
    return bool(told.mean() >= _LEAST_TOLD)


def left_out_predictions(words: Vectors, stored: Vectors, of: npt.NDArray[np.bool_] | None = None) -> Vectors:
    """Return, for every row, what a ridge regression fitted without that row expects, float32 (n, dimension).

    `of`, bool (n,), are the rows that it is fitted to: all of them, unless some are named.
    """
    chosen = slice(None) if of is None else of
    gram = (words[chosen].T @ words[chosen]).astype(np.float64)
    gram[np.diag_indices_from(gram)] += _RIDGE
    # Both systems have the same matrix: one for the map, one for the leverage of every row.
    both = np.hstack([(words[chosen].T @ stored[chosen]).astype(np.float64), np.eye(len(gram))])
    solved = np.linalg.solve(gram, both).astype(np.float32)
    fitted = np.asarray(words @ solved[:, : stored.shape[1]], dtype=np.float32)
    seen = words[chosen]
    leverage = np.minimum(np.einsum("ij,ij->i", seen @ solved[:, stored.shape[1] :], seen), 0.999)[:, None]
    # The fit without a row follows from the fit with it by that row's leverage.
    fitted[chosen] = (fitted[chosen] - leverage * stored[chosen]) / (1 - leverage)
    return fitted


def cosines(one: Vectors, other: Vectors) -> Scores:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(lengths, 1e-9), dtype=np.float32)
