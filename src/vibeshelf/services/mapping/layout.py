"""A flat layout in which books lie near their neighbours: t-SNE, its repulsion computed on a grid.

Attraction: van der Maaten and Hinton's gradient over each book's nearest neighbours, all of the same weight. Repulsion: every
book's charge is spread on a grid, convolved with the kernel 1 / (1 + distance^2) by FFT, and read off again (after Linderman
et al., "Fast interpolation-based t-SNE", 2019), so that a round costs the same for every pair of books together as for few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log
from typing import Any

import numpy as np
import numpy.typing as npt

from vibeshelf.core.vectors import Vectors
from vibeshelf.services.mapping.groups import Rows

Points = npt.NDArray[np.float64]
Cells = npt.NDArray[np.float64]
_EXAGGERATED_ROUNDS, ROUNDS = 100, 320
# Attraction is much too strong in the beginning, so that neighbours find each other.
_EARLY, _LATE = 12.0, 1.0
# Cells are half as wide as the kernel where the grid allows it.
_CELL, _FEWEST_CELLS, _MOST_CELLS = 0.5, 48, 420


@dataclass(frozen=True, slots=True)
class _Edges:
    """Pairs of neighbours, each once: `one` and `other` int64 (n_pairs,), `weight` float64 (n_pairs,), all weights together .5."""

    one: Rows
    other: Rows
    weight: npt.NDArray[np.float64]


def main_directions(vectors: Vectors) -> Points:
    """Return the rows along the two directions of the largest variance, float64 (n, 2); signs are fixed."""
    centred = np.asarray(vectors, dtype=np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)
    largest = directions[:, ::-1][:, :2]
    largest = largest * np.sign(largest[np.abs(largest).argmax(axis=0), np.arange(largest.shape[1])])
    flat = np.zeros((len(vectors), 2))
    flat[:, : largest.shape[1]] = centred @ largest
    return flat


def lay_out(start: Points, neighbours: Rows, progress: Callable[[int, int], None] = lambda *_: None) -> Points:
    """Return a place for every row, float64 (n, 2), its neighbours near; the same input gives the same places.

    `start` (n, 2) says where the rows begin, `neighbours` (n, k) which rows attract them. `progress` is told (rounds, of how many);
    what it raises ends the work.
    """
    edges = _edges_of(neighbours)
    places = 1e-4 * start / max(float(start.std()), 1e-12)
    speed, gains = np.zeros_like(places), np.ones_like(places)
    for at in range(ROUNDS):
        early = at < _EXAGGERATED_ROUNDS
        factor = _EARLY if early else _LATE
        slope = 4 * (factor * _attraction(places, edges) - _repulsion(places))
        gains = np.maximum(np.where(np.sign(slope) == np.sign(speed), gains * 0.8, gains + 0.2), 0.01)
        speed = (0.5 if early else 0.8) * speed - _step(len(places), factor) * gains * slope
        places = places + speed
        places -= places.mean(axis=0)
        progress(at + 1, ROUNDS)
    return places


def _step(count: int, factor: float) -> float:
    return max(50.0, count / (4 * factor))


def _edges_of(neighbours: Rows) -> _Edges:
    count, width = neighbours.shape
    one, other = np.repeat(np.arange(count), width), neighbours.reshape(-1)
    # A pair that are neighbours of each other stands there twice, and attracts with twice the weight.
    pairs, times = np.unique(np.minimum(one, other) * count + np.maximum(one, other), return_counts=True)
    return _Edges(pairs // count, pairs % count, times / (2 * max(times.sum(), 1)))


def _attraction(places: Points, edges: _Edges) -> Points:
    apart = places[edges.one] - places[edges.other]
    pull = apart * (edges.weight / (1 + (apart**2).sum(axis=1)))[:, None]
    return np.stack([_summed(edges, pull[:, axis], len(places)) for axis in (0, 1)], axis=1)


def _summed(edges: _Edges, pull: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(edges.one, pull, count) - np.bincount(edges.other, pull, count))


def _repulsion(places: Points) -> Points:
    """Return what drives the rows apart, float64 (n, 2)."""
    low = places.min(axis=0)
    span = float((places.max(axis=0) - low).max()) or 1.0
    cells = int(np.clip(np.ceil(span / _CELL), _FEWEST_CELLS, _MOST_CELLS))
    # Some sizes only, so that the kernels of one are used again.
    cells = -(-cells // 12) * 12
    width = 1.1 ** ceil(log(span / (cells - 2), 1.1))
    spots, shares = _corners((places - low) / width, cells)
    density: Cells = np.asarray(np.bincount(spots.reshape(-1), shares.reshape(-1), cells * cells), dtype=np.float64).reshape(cells, cells)
    fields = _convolved(density, width)
    potential, push_x, push_y = ((field.reshape(-1)[spots] * shares).sum(axis=0) for field in fields)
    total = max(float(potential.sum()) - len(places), 1e-12)
    return np.stack([push_x, push_y], axis=1) / total


def _corners(at: Points, cells: int) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Return the four cells around each place and its share in them, int64 and float64 (4, n)."""
    whole = np.clip(at.astype(np.int64), 0, cells - 2)
    right, down = (at - whole).T
    first = whole[:, 0] * cells + whole[:, 1]
    spots = np.stack([first, first + 1, first + cells, first + cells + 1])
    shares = np.stack([(1 - right) * (1 - down), (1 - right) * down, right * (1 - down), right * down])
    return spots, shares


def _convolved(density: Cells, width: float) -> list[Cells]:
    """Return the sums, over all charges, of 1 / (1 + d^2) and of the two components of distance / (1 + d^2)^2, each (cells, cells)."""
    cells = len(density)
    size = 2 * cells
    spread = np.fft.rfft2(density.astype(np.float32), (size, size))
    return [np.fft.irfft2(spread * kernel, (size, size))[:cells, :cells] for kernel in _kernels(cells, width)]


@lru_cache(maxsize=2)
def _kernels(cells: int, width: float) -> list[npt.NDArray[np.complexfloating[Any, Any]]]:
    steps = np.arange(2 * cells)
    offsets = np.where(steps < cells, steps, steps - 2 * cells) * width
    x, y = np.meshgrid(offsets, offsets, indexing="ij")
    near = 1 / (1 + x**2 + y**2)
    return [np.fft.rfft2(kernel.astype(np.float32)) for kernel in (near, x * near**2, y * near**2)]
