"""A fake encoder for unit tests: quick, deterministic, and near for texts that share words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

DIMENSION = 48


class FakeEncoder:
    """Words hashed into a vector. `salt` makes another model of the same dimension; `broken` makes one that fails."""

    backend, precision, device = "fake", "fp32", "cpu"

    def __init__(self, model: str = "fake", salt: str = "", dimension: int = DIMENSION, broken: float | None = None) -> None:
        weights = hashlib.sha256(f"{model}{salt}".encode()).hexdigest()
        self.spec = EncoderSpec(model, weights, "0" * 64, dimension, 128, "mean", True, "", "")
        self.encoded = 0
        self._salt = salt
        self._broken = broken

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.encoded += len(texts)
        return self._rows(texts)

    def with_spec(self, **changes: object) -> FakeEncoder:
        other = FakeEncoder(self.spec.model, self._salt, self.spec.dimension)
        other.spec = replace(self.spec, **changes)  # type: ignore[arg-type]
        return other

    def _rows(self, texts: Sequence[str]) -> Vectors:
        rows = np.array([self._row(text) for text in texts], dtype=np.float32).reshape(len(texts), self.spec.dimension)
        if self._broken is not None:
            rows[:] = self._broken
        return unit_rows(rows, len(texts), self.spec.dimension, "the fake encoder")

    def _row(self, text: str) -> np.ndarray:
        row = np.full(self.spec.dimension, 1e-3)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256((self._salt + word.strip(".,;:!?")).encode()).digest()[:8], "big")
            row += np.random.default_rng(seed).standard_normal(self.spec.dimension)
        return row
