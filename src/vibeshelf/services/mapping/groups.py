"""Groups of books by their vectors: k-means, and what is nearest to what without comparing everything with everything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vibeshelf.core.vectors import Vectors

Labels = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
_ROUNDS = 15
# The centres are found on a sample; every book is then given to the nearest one.
_SAMPLE = 12_000
# Up to here everything is compared with everything; above, with the books of the nearest groups.
_EXACT = 4000
_GROUPS_LOOKED_AT = 32


def k_means(vectors: Vectors, count: int, seed: int = 0) -> tuple[Labels, Vectors]:
    """Return the group of each row, int32 (n,), and the groups' unit centres, float32 (count, dimension).

    `vectors` are unit rows (n, dimension), at least one; there are at most as many groups as rows, and none is empty.
    """
    random = np.random.default_rng(seed)
    sample = vectors
    if len(vectors) > _SAMPLE:
        sample = vectors[np.sort(random.choice(len(vectors), _SAMPLE, replace=False))]
    centres = _spread_centres(sample, min(count, len(sample)), random)
    for _ in range(_ROUNDS):
        centres = _moved(sample, centres)
    labels = nearest_centre(vectors, centres)
    # A group that nobody is nearest to is left out, and the others are numbered anew.
    kept, numbered = np.unique(labels, return_inverse=True)
    return numbered.astype(np.int32), centres[kept]


def nearest_centre(vectors: Vectors, centres: Vectors) -> Labels:
    """Return the position of the nearest centre to each row, int32 (n,)."""
    parts = [(part @ centres.T).argmax(axis=1) for part in _blocks(vectors, 8192)]
    return np.concatenate(parts).astype(np.int32)


def nearest_rows(vectors: Vectors, count: int, seed: int = 0) -> Rows:
    """Return the `count` nearest other rows of each row by cosine, nearest first, int64 (n, count).

    Exact up to 4,000 rows; above, a row is compared with the groups nearest to it, which misses a neighbour now and then.
    """
    count = min(count, len(vectors) - 1)
    if len(vectors) <= _EXACT:
        return _nearest_of(vectors, np.arange(len(vectors)), np.arange(len(vectors)), count)
    labels, centres = k_means(vectors, round(len(vectors) ** 0.5), seed)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=len(centres)))[:-1])
    near = np.argsort(-(centres @ centres.T), axis=1)[:, :_GROUPS_LOOKED_AT]
    found = np.zeros((len(vectors), count), dtype=np.int64)
    for group, rows in enumerate(members):
        found[rows] = _nearest_of(vectors, rows, np.sort(np.concatenate([members[other] for other in near[group]])), count)
    return found


def with_neighbours(vectors: Vectors, neighbours: Rows) -> Vectors:
    """Return each row with the mean of its neighbours (n, k) added, as unit rows, float32 (n, dimension)."""
    added = vectors.copy()
    for column in neighbours.T:
        added += vectors[column] / neighbours.shape[1]
    return np.asarray(added / np.maximum(np.linalg.norm(added, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _nearest_of(vectors: Vectors, rows: Rows, candidates: Rows, count: int) -> Rows:
    similar = vectors[rows] @ vectors[candidates].T
    similar[np.arange(len(rows)), np.searchsorted(candidates, rows)] = -np.inf
    best = np.argpartition(-similar, count - 1, axis=1)[:, :count] if count else np.zeros((len(rows), 0), dtype=np.int64)
    order = np.argsort(-np.take_along_axis(similar, best, axis=1), axis=1, kind="stable")
    return np.asarray(candidates[np.take_along_axis(best, order, axis=1)], dtype=np.int64)


def _spread_centres(sample: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """Return rows that lie far from one another: each is drawn with a chance that grows with its distance to those before."""
    chosen = [int(random.integers(len(sample)))]
    distance = np.maximum(1 - sample @ sample[chosen[0]], 0)
    while len(chosen) < count and distance.sum() > 0:
        summed = np.cumsum(distance, dtype=np.float64)
        chosen.append(int(np.searchsorted(summed, random.random() * summed[-1])))
        distance = np.minimum(distance, np.maximum(1 - sample @ sample[chosen[-1]], 0))
    return np.ascontiguousarray(sample[chosen])


def _moved(sample: Vectors, centres: Vectors) -> Vectors:
    labels = nearest_centre(sample, centres)
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    sums = centres.copy()
    sums[present] = np.add.reduceat(sample[order], starts, axis=0)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _blocks(vectors: Vectors, rows: int) -> list[Vectors]:
    return [vectors[start : start + rows] for start in range(0, len(vectors), rows)]
