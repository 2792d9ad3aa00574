"""How near one encoder's vectors are to another's, on the same texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vibeshelf.core.vectors import Vectors

_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Encoded:
    """Unit rows, float32 (n, dimension), of the same documents and queries for every encoder that is compared."""

    documents: Vectors
    queries: Vectors


@dataclass(frozen=True, slots=True)
class Nearness:
    """Cosines over documents and queries; `top10_overlap` is the mean share of the other's ten nearest documents that it finds."""

    cosine_min: float
    cosine_mean: float
    top10_overlap: float


def nearness(ours: Encoded, theirs: Encoded) -> Nearness:
    """Return how near `ours` are to `theirs`."""
    cosines = np.concatenate([(ours.documents * theirs.documents).sum(axis=1), (ours.queries * theirs.queries).sum(axis=1)])
    return Nearness(float(cosines.min()), float(cosines.mean()), _overlap(_nearest(ours), _nearest(theirs)))


def _nearest(encoded: Encoded) -> list[list[int]]:
    rows: list[list[int]] = np.argsort(-(encoded.queries @ encoded.documents.T), axis=1, kind="stable")[:, :_NEAREST].tolist()
    return rows


def _overlap(ours: list[list[int]], theirs: list[list[int]]) -> float:
    return float(np.mean([len(set(a) & set(b)) / _NEAREST for a, b in zip(ours, theirs, strict=True)]))
