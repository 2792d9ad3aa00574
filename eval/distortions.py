"""What can be done to the vectors of a collection as a whole: each takes rows, float32 (n, dimension), and gives as many."""

# Every distortion takes the same arguments, needed or not.
# ruff: noqa: ARG001
from __future__ import annotations

import numpy as np

from vibeshelf.core.vectors import Vectors


def unit_rows(rows: np.ndarray) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def noisy(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    """Gaussian noise of so much of the vectors' length."""
    return unit_rows(rows + random.standard_normal(rows.shape) * (strength / np.sqrt(rows.shape[1])))


def in_steps(rows: Vectors, bits: float, random: np.random.Generator) -> np.ndarray:
    """Each vector in so many bits, with a scale of its own, then of unit length again."""
    steps = 2 ** (bits - 1) - 1
    scale = np.abs(rows).max(axis=1, keepdims=True) / steps
    return unit_rows(np.round(rows / scale) * scale)


def in_steps_by_dimension(rows: Vectors, bits: float, random: np.random.Generator) -> np.ndarray:
    """Each dimension in so many bits, with a scale of its own, as vector stores do."""
    steps = 2 ** (bits - 1) - 1
    scale = np.abs(rows).max(axis=0, keepdims=True) / steps
    return np.asarray(np.round(rows / scale) * scale)


def signs_only(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    return unit_rows(np.where(rows >= 0, 1.0, -1.0))


def rounded(rows: Vectors, decimals: float, random: np.random.Generator) -> np.ndarray:
    return np.asarray(np.round(rows, int(decimals)))


def halved(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    return np.asarray(rows.astype(np.float16))


def inverted(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    """The sign of a share of the dimensions turned."""
    rows[:, _dimensions(rows, share, random)] *= -1
    return rows


def emptied(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    """A share of the dimensions left at zero."""
    rows[:, _dimensions(rows, share, random)] = 0
    return unit_rows(rows)


def permuted(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    """A share of the dimensions in another order, none left in its place."""
    chosen = _dimensions(rows, share, random)
    rows[:, chosen] = rows[:, np.roll(chosen, 1)]
    return rows


def rescaled(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    """A share of the dimensions at twice their size."""
    rows[:, _dimensions(rows, share, random)] *= 2
    return unit_rows(rows)


def _dimensions(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    count = max(2, round(share * rows.shape[1])) if share < 1 else rows.shape[1]
    return np.asarray(random.choice(rows.shape[1], count, replace=False))


def moved(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    """A fixed vector of this length added to all."""
    direction = random.standard_normal(rows.shape[1])
    return unit_rows(rows + strength * direction / np.linalg.norm(direction))


def drawn_together(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    """All moved towards their mean by this share, as a collapsed model does."""
    return unit_rows((1 - strength) * rows + strength * rows.mean(axis=0))


def centred(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    """The mean taken off all of them, by this share: what a whitening step for one side only does."""
    return unit_rows(rows - strength * rows.mean(axis=0))


def projected(rows: Vectors, share: float, random: np.random.Generator) -> np.ndarray:
    """Only this share of the principal axes kept."""
    mean = rows.mean(axis=0)
    _, axes = np.linalg.eigh((rows - mean).T @ (rows - mean))
    kept = axes[:, -max(1, round(share * rows.shape[1])) :]
    return unit_rows((rows - mean) @ kept @ kept.T + mean)


def rotated(rows: Vectors, strength: float, random: np.random.Generator) -> np.ndarray:
    """All turned alike at random: every distance is kept, and no query fits any more."""
    turn, _ = np.linalg.qr(random.standard_normal((rows.shape[1], rows.shape[1])))
    return np.asarray(rows @ turn)
