"""Manifests as text, so that they fit into a Chroma collection's own metadata."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from vibeshelf.core.records import Canary, EncoderSpec, Manifest

MANIFEST_KEY = "vibeshelf_manifest"
FORMAT_VERSION = 1


def dump_manifest(manifest: Manifest) -> str:
    """Return the manifest as JSON; canary vectors are base64 of little-endian float32."""
    content = asdict(manifest)
    content["canaries"] = [
        {"text": canary.text, "query": _pack(canary.query_vector), "document": _pack(canary.document_vector)}
        for canary in manifest.canaries
    ]
    return json.dumps(content, sort_keys=True)


def load_manifest(text: str) -> Manifest:
    """Return the manifest of a JSON text. Raises ValueError, KeyError or TypeError for anything else."""
    content: dict[str, Any] = json.loads(text)
    canaries = [Canary(row["text"], _unpack(row["query"]), _unpack(row["document"])) for row in content.pop("canaries")]
    return Manifest(**{**content, "encoder": EncoderSpec(**content["encoder"]), "canaries": tuple(canaries)})


def public_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest for people and scripts: with its fingerprint, without the canaries' vectors."""
    content = asdict(manifest)
    content["canaries"] = len(manifest.canaries)
    return {**content, "fingerprint": manifest.encoder.fingerprint, "template_hash": manifest.template_hash}


def _pack(vector: tuple[float, ...]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _unpack(text: str) -> tuple[float, ...]:
    return tuple(float(value) for value in np.frombuffer(base64.b64decode(text), dtype="<f4"))
