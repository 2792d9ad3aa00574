"""What every encoder is, whatever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors


class Encoder(Protocol):
    """Two towers of one model. Rows are unit length, float32, in the order of the texts."""

    spec: EncoderSpec
    backend: str
    precision: str
    device: str

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension). Raises VectorError for a model that fails."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension). Raises VectorError for a model that fails."""
        ...


class TokenEncoder(Encoder, Protocol):
    """An encoder whose tokens can be counted."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens after truncation, special ones included."""
        ...
