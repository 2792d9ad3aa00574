"""Vectors that an experiment needs again and again, kept beside the models, so that a long suite can be run in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eval.planting import Remembering
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.settings import Settings


def remembering(settings: Settings, encoder: Encoder) -> Remembering:
    """Return the encoder with the documents that earlier runs have encoded."""
    path = _path(settings, encoder)
    if not path.is_file():
        return Remembering(encoder)
    with np.load(path, allow_pickle=False) as kept:
        return Remembering(encoder, dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True)))


def keep(settings: Settings, encoder: Remembering) -> None:
    """Write down all documents that it knows."""
    texts, vectors = encoder.documents()
    path = _path(settings, encoder)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, texts=np.array(texts), vectors=vectors)


def _path(settings: Settings, encoder: Encoder) -> Path:
    # Precisions of one model differ in their vectors, and so do backends in the last digits.
    return settings.data_dir / "fault-vectors" / f"{encoder.spec.fingerprint[:16]}-{encoder.backend}-{encoder.precision}.npz"
