"""Checks that every vector passes on its way in or out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vibeshelf.core.errors import VectorError

Vectors = npt.NDArray[np.float32]
UNIT_TOLERANCE = 1e-3


def unit_rows(raw: npt.ArrayLike, count: int, dimension: int, maker: str) -> Vectors:
    """Return `raw` as unit rows, float32 (count, dimension). Raises VectorError naming `maker` for anything else."""
    rows = np.atleast_2d(np.asarray(raw, dtype=np.float32))
    if rows.shape != (count, dimension):
        raise VectorError(f"{maker} gave vectors of shape {rows.shape}, expected ({count}, {dimension})")
    if not np.isfinite(rows).all():
        bad = int((~np.isfinite(rows).all(axis=1)).sum())
        raise VectorError(f"{maker} gave {bad} of {count} vectors with values that are not finite; none was used")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = (norms > 1e-6) & np.isfinite(norms)
    if not usable.all():
        raise VectorError(f"{maker} gave {int((~usable).sum())} of {count} vectors without a usable length; none was used")
    return np.ascontiguousarray(rows / norms) if count else rows


def check_unit_rows(rows: Vectors, dimension: int, holder: str) -> Vectors:
    """Return the rows. Raises VectorError unless they are finite unit rows of that dimension."""
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise VectorError(f"{holder}: vectors of shape {rows.shape}, expected (n, {dimension})")
    if not np.isfinite(rows).all():
        raise VectorError(f"{holder}: vectors with values that are not finite")
    if np.abs(np.linalg.norm(rows, axis=1) - 1).max(initial=0) > UNIT_TOLERANCE:
        raise VectorError(f"{holder}: vectors whose length is not 1; expected unit rows")
    return rows
