"""Two kinds of vectors in one collection, told apart without encoding anything.

Where a third or more of the vectors are foreign, one map from words to vectors fits neither kind. So two are fitted: every book goes to
the map that expects its vector better, both maps are fitted anew, and so on. In a sound collection the two are halves of one map, and
each still tells something of the other's books; vectors of two models have nothing to say to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.core.vectors import Vectors
from vibeshelf.services.probes.wording import LEAST_BOOKS, Followed, cosines, left_out_predictions, tells_enough, word_matrix

Kinds = npt.NDArray[np.bool_]
# So many books at random show two kinds as well as all of them.
_LOOKED_AT = 2000
_WORDS = 256
_ROUNDS = 8
# A kind of fewer books than this cannot be fitted.
LEAST_OF_A_KIND = 30
_SETTLED = 0.002
# Of clean collections the least was .31, of two models mixed the most .04.
MOST_SAID = 0.15
# Maps that tell less than this of their own kind tell nothing: then the vectors do not follow the words at all.
_LEAST_OWN = 0.04
_STEPS = 100


@dataclass(frozen=True, slots=True)
class TwoKinds:
    """Books looked at, and the two kinds they were sorted into. `rows`, int (n,); `second`, bool (n,), which of them are of the smaller.

    `own` and `other`: the mean agreement of vectors with what their own kind's map and the other's expect.
    """

    rows: npt.NDArray[np.int64]
    second: Kinds
    own: float
    other: float

    @property
    def said(self) -> float:
        """How much of what a kind's own map tells of its vectors the other's tells too."""
        return self.other / self.own if self.own > 0 else 1.0

    @property
    def apart(self) -> bool:
        return self.own >= _LEAST_OWN and self.said < MOST_SAID

    @property
    def share(self) -> float:
        return float(self.second.mean())


def two_kinds(texts: Sequence[str], unit: Vectors, sound: Kinds, seed: int = 0) -> TwoKinds | None:
    """Sort books at random into two kinds; `unit` rows, float32 (n, dimension). None where too few tell enough, or all are of one kind."""
    rows = np.flatnonzero(sound)
    if len(rows) < LEAST_BOOKS:
        return None
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:_LOOKED_AT])
    words, told = word_matrix([texts[row] for row in rows.tolist()], _WORDS)
    vectors = unit[rows]
    second = _sorted(words, vectors) if tells_enough(told) else None
    if second is None:
        return None
    return TwoKinds(rows, second, *_agreements(words, vectors, second))


def _sorted(words: Vectors, vectors: Vectors) -> Kinds | None:
    """Return which rows are of the smaller kind, None where one of the two dwindles."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along = centred @ axes[:, -1]
    second = np.asarray(along > np.median(along))
    for _ in range(_ROUNDS):
        errors = [((vectors - left_out_predictions(words, vectors, of)) ** 2).sum(axis=1) for of in (~second, second)]
        before, second = second, errors[1] < errors[0]
        if min(int(second.sum()), int((~second).sum())) < LEAST_OF_A_KIND:
            return None
        if float((before != second).mean()) < _SETTLED:
            break
    return second if float(second.mean()) <= 0.5 else np.logical_not(second)


def _agreements(words: Vectors, vectors: Vectors, second: Kinds) -> tuple[float, float]:
    """Return the mean agreement of vectors, each less its kind's mean, with their own kind's map and with the other's."""
    kinds = (~second, second)
    expected = [left_out_predictions(words, vectors, of) - vectors[of].mean(axis=0) for of in kinds]
    stored = [vectors[of] - vectors[of].mean(axis=0) for of in kinds]
    own = [cosines(expected[at][of], stored[at]) for at, of in enumerate(kinds)]
    other = [cosines(expected[1 - at][of], stored[at]) for at, of in enumerate(kinds)]
    return float(np.concatenate(own).mean()), float(np.concatenate(other).mean())


def share_by_chance(followed: Followed) -> float:
    """Return the share of vectors that agree with their words as chance has it.

    Agreements are taken as a mixture of two normal curves: one is that of shuffled books and known, the other is fitted with the share.
    """
    own, shuffled = (each[followed.usable].astype(np.float64) for each in (followed.own, followed.shuffled))
    by_chance = _curve(own, float(shuffled.mean()), float(shuffled.std()))
    middle, spread, share = float(np.quantile(own, 0.9)), float(shuffled.std()), 0.5
    for _ in range(_STEPS):
        following = (1 - share) * _curve(own, middle, spread)
        chance = share * by_chance / (share * by_chance + following + 1e-300)
        share, rest = float(chance.mean()), 1 - chance
        if rest.sum() < 1:
            break
        middle = float((rest * own).sum() / rest.sum())
        spread = max(float(np.sqrt((rest * (own - middle) ** 2).sum() / rest.sum())), 0.3 * float(shuffled.std()))
    return share


def _curve(values: npt.NDArray[np.float64], middle: float, spread: float) -> npt.NDArray[np.float64]:
    spread = max(spread, 1e-6)
    return np.asarray(np.exp(-0.5 * ((values - middle) / spread) ** 2) / spread)
