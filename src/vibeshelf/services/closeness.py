"""What a cosine means here: how near books come to wishes that have nothing to do with them, in this collection, by this model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.lexical import tokens
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Hit
from vibeshelf.core.template import ALL_TEXT, render

# Wishes of ordinary length; the rambling ones take long to encode and tell no more.
_WISHES, _LONGEST_CHARS = 60, 80
_BOOKS = 2000
# From the top: the share of random pairs that are nearer than a cosine must be at most this for its word.
_WORDS = ((0.0005, "very close"), (0.005, "close"), (0.03, "related"), (0.15, "loosely related"))
FAR = "far"
# A search whose best book is not even so near has found nothing: so large a share of random pairs is at least as near. The best of
# many books reaches further than the best of few, so the share falls with their number. Both figures are the ones that told 80 graded
# wishes from 20 that no book answers, in collections of 945, 10,000 and 36,000 books: eval/README.md.
_NOTHING_SHARE, _NOTHING_BOOKS, _LEAST_NOTHING_SHARE = 0.05, 1000, 0.005
# A single sentence says less than a description, and what is marked is the nearest of several.
_SENTENCE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Closeness:
    """The cosines of random pairs of a wish and a book, ascending, float32 (n_pairs,), and how many books the collection has."""

    random_cosines: npt.NDArray[np.float32]
    books: int

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
        share = max(_LEAST_NOTHING_SHARE, _NOTHING_SHARE * min(1.0, _NOTHING_BOOKS / self.books) ** 0.5)
        return float(np.quantile(self.random_cosines, 1 - share))

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
    return Closeness(np.sort(cosines, axis=None).astype(np.float32), len(mirror))


def nothing_close(query: str, hits: Sequence[Hit], closeness: Closeness) -> bool:
    """Return whether a search found nothing: its nearest book is no nearer than chance would have it, and none has all of its words."""
    best = max((hit.dense for hit in hits if hit.dense is not None), default=None)
    if best is None or best >= closeness.floor:
        return False
    words = set(tokens(query))
    return not any(words and words <= set(tokens(render(ALL_TEXT, hit.book))) for hit in hits)
