"""Encoding some books again and comparing with what is stored; and, where they differ, what the stored vector is instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.guard import SAME_PRECISION_COSINE

Rows = npt.NDArray[np.int64]
# So many at random miss a share of 1 % with a probability of 1 %: 0.99 ** 459 = 0.0099.
SHARE, CONFIDENCE = 0.01, 0.99
SAMPLE = math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - SHARE))
# Books whose vectors follow their words the least are encoded besides.
SUSPECTS = 64
# Texts on which an encoder in a low precision is compared with itself.
_SPREAD_TEXTS = 16
_MOST_EXPLAINED = 16
_HEADS = (16, 32, 64, 96, 128, 192)
_HEAD_COSINE = 0.98
# A vector that differs so many times more than most do is another one.
_TIMES_USUAL = 20


@dataclass(frozen=True, slots=True)
class Reencoded:
    """Books that were encoded again: their rows, ascending, the vectors, float32 (n, dimension), and the cosines with the stored ones.

    `drawn` tells those of the random sample from the suspects. `bound` is the least cosine at which a vector counts as the same.
    """

    rows: Rows
    vectors: Vectors
    cosines: npt.NDArray[np.float32]
    drawn: npt.NDArray[np.bool_]
    bound: float

    @property
    def differing(self) -> Rows:
        """The places, in `rows`, of vectors that are not what the encoder gives."""
        # Written so that NaN differs.
        return np.flatnonzero(~(self.cosines >= self.bound))


def draw(sound: npt.NDArray[np.bool_], seed: int, size: int = SAMPLE) -> Rows:
    """Return up to `size` rows at random, ascending, of those that can be compared."""
    rows = np.flatnonzero(sound)
    chosen = np.random.default_rng(seed).choice(rows, min(size, len(rows)), replace=False)
    return np.sort(np.asarray(chosen, dtype=np.int64))


def encode_again(encoder: Encoder, texts: Sequence[str], unit: Vectors, sample: Rows, suspects: Rows, bound: float) -> Reencoded:
    """Encode the books of these rows and compare; `texts` and `unit` rows, float32 (n_books, dimension), are of the whole collection."""
    rows = np.union1d(sample, suspects).astype(np.int64)
    vectors = encoder.encode_documents([texts[row] for row in rows])
    cosines = (vectors * unit[rows]).sum(axis=1)
    if bound < SAME_PRECISION_COSINE and len(rows):
        bound = _by_its_own(cosines, bound)
    if encoder.precision != "fp32" and len(rows):
        bound = min(bound, 1 - 2 * (1 - _own_spread(encoder, [texts[row] for row in rows[:_SPREAD_TEXTS]])))
    return Reencoded(rows, vectors, cosines, np.isin(rows, sample), bound)


def _by_its_own(cosines: npt.NDArray[np.float32], bound: float) -> float:
    """Return a bound across precisions that is as narrow as the usual difference between these two precisions allows."""
    usual = float(np.nanmedian(1 - cosines))
    return max(bound, 1 - max(1 - SAME_PRECISION_COSINE, _TIMES_USUAL * usual))


def _own_spread(encoder: Encoder, texts: Sequence[str]) -> float:
    """Return the least cosine of an encoder with itself: in low precision a vector depends on what it was encoded together with."""
    together = encoder.encode_documents(texts)
    alone = np.concatenate([encoder.encode_documents([text]) for text in texts])
    return float((together * alone).sum(axis=1).min())


def found_elsewhere(again: Reencoded, unit: Vectors) -> tuple[Rows, Rows]:
    """Return (places, rows): which differing books have their vector, and under which row it is stored instead."""
    places = again.differing
    if not len(places):
        return places, places
    scores = unit @ again.vectors[places].T
    best = scores.argmax(axis=0)
    there = scores[best, np.arange(len(places))] >= again.bound
    return places[there], best[there].astype(np.int64)


def of_queries(encoder: Encoder, again: Reencoded, texts: Sequence[str], unit: Vectors) -> Rows:
    """Return the places of differing books whose stored vector is that of the query tower; only where the towers differ."""
    places = again.differing[:_MOST_EXPLAINED]
    if not len(places) or encoder.spec.query_prompt == encoder.spec.document_prompt:
        return places[:0]
    vectors = encoder.encode_queries([texts[again.rows[place]] for place in places])
    return np.asarray(places[(vectors * unit[again.rows[places]]).sum(axis=1) >= again.bound])


def of_heads(encoder: Encoder, again: Reencoded, texts: Sequence[str], unit: Vectors) -> tuple[Rows, int]:
    """Return (places, words): the differing books whose stored vector is that of the first so many words of their text."""
    long = [place for place in again.differing if len(texts[again.rows[place]].split()) > 2 * _HEADS[0]][: _MOST_EXPLAINED // 2]
    best: tuple[Rows, int] = (np.zeros(0, dtype=np.int64), 0)
    for words in _HEADS:
        places = np.array([place for place in long if len(texts[again.rows[place]].split()) > words], dtype=np.int64)
        if not len(places):
            break
        heads = encoder.encode_documents([" ".join(texts[again.rows[place]].split()[:words]) for place in places])
        stored = unit[again.rows[places]]
        alike = (heads * stored).sum(axis=1)
        # Nearer to the head than to the whole, and near enough that no other text is meant.
        matching = places[(alike >= _HEAD_COSINE) & (alike > again.cosines[places] + (1 - again.cosines[places]) / 2)]
        if len(matching) > len(best[0]):
            best = (matching, words)
    return best


def share_interval(found: int, drawn: int, population: int) -> tuple[float, float]:
    """Return the 99 % Wilson interval of a share of which `found` of `drawn` were seen; the share itself where all were looked at."""
    if drawn == 0:
        return 0.0, 1.0
    if drawn >= population:
        return found / drawn, found / drawn
    z2, share = 2.5758**2, found / drawn
    middle = (share + z2 / (2 * drawn)) / (1 + z2 / drawn)
    half = math.sqrt(z2 * (share * (1 - share) / drawn + z2 / (4 * drawn**2))) / (1 + z2 / drawn)
    return max(0.0, middle - half), min(1.0, middle + half)
