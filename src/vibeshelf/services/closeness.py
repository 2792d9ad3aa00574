"""What a cosine means here: how near books come to wishes that have nothing to do with them, in this collection, by this model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.mirror import Mirror

# Wishes of ordinary length; the rambling ones take long to encode and tell no more.
_WISHES, _LONGEST_CHARS = 60, 80
_BOOKS = 2000
# From the top: the share of random pairs that are nearer than a cosine must be at most this for its word.
_WORDS = ((0.0005, "very close"), (0.005, "close"), (0.03, "related"), (0.15, "loosely related"))
FAR = "far"
# A search whose best book is not even so near has found nothing: random pairs get there one time in so many.
_NOTHING_SHARE = 0.01
# A single sentence says less than a description, and what is marked is the nearest of several.
_SENTENCE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Closeness:
    """The cosines of random pairs of a wish and a book, ascending, float32 (n_pairs,)."""

    random_cosines: npt.NDArray[np.float32]

    def share_nearer(self, cosine: float) -> float:
        """Return the share of random pairs that are at least as near."""
        below = int(np.searchsorted(self.random_cosines, cosine, side="left"))
        return 1 - below / len(self.random_cosines)

    def word(self, cosine: float) -> str:
        """Return the similarity in words, from 'very close' to 'far'."""
        share = self.share_nearer(cosine)
        return next((word for most, word in _WORDS if share <= most), FAR)

    @property
    def floor(self) -> float:
        """The cosine under which the best book of a search is nothing close."""
        return float(np.quantile(self.random_cosines, 1 - _NOTHING_SHARE))

    @property
    def sentence_floor(self) -> float:
        """The cosine under which no sentence counts as an answer."""
        return float(np.quantile(self.random_cosines, 1 - _SENTENCE_SHARE))


def calibrate(mirror: Mirror, encoder: Encoder) -> Closeness | None:
    """Return the closeness of random pairs: the starter wishes with up to 2,000 books drawn evenly; None for an empty collection."""
    if not len(mirror):
        return None
    wishes = [text for text in starter_queries().values() if len(text) <= _LONGEST_CHARS][:_WISHES]
    rows = np.unique(np.linspace(0, len(mirror) - 1, min(_BOOKS, len(mirror))).astype(np.int64))
    cosines = encoder.encode_queries(wishes) @ np.asarray(mirror.vectors[rows]).T
    return Closeness(np.sort(cosines, axis=None).astype(np.float32))
