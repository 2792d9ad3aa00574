"""Encoders: one model, two towers (queries and documents), several backends that give the same vectors."""

from vibeshelf.adapters.encoders.choice import BACKENDS, Choice, choose, open_encoder
from vibeshelf.adapters.encoders.protocol import Encoder

__all__ = ["BACKENDS", "Choice", "Encoder", "choose", "open_encoder"]
