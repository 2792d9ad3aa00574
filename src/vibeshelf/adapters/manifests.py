"""Manifests as text, so that they fit into a Chroma collection's own metadata."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from vibeshelf.core.errors import VectorError
from vibeshelf.core.records import Canary, EncoderSpec, Manifest
from vibeshelf.core.vectors import check_unit_rows

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
    """Return the manifest of a JSON text. Raises ValueError, saying what is wrong with it, for anything else."""
    try:
        content = json.loads(text)
        if content["format_version"] != FORMAT_VERSION:
            raise ValueError(f"it is of format {content['format_version']!r}")
        spec = EncoderSpec(**content["encoder"])
        canaries = tuple(_canary(row, spec.dimension) for row in content.pop("canaries"))
        manifest = Manifest(**{**content, "encoder": spec, "canaries": canaries})
    except KeyError as error:
        raise ValueError(f"it has no {error}") from None
    except (TypeError, AttributeError, OverflowError, VectorError) as error:
        raise ValueError(str(error)) from None
    _check_types(manifest)
    if not canaries:
        raise ValueError("it has no canaries")
    return manifest


def _check_types(record: Manifest | EncoderSpec) -> None:
    """Raise ValueError for a field that is not of its type: all that is compared later must be comparable."""
    simple = {"str": str, "int": int, "bool": bool}
    for each in fields(record):
        value, expected = getattr(record, each.name), simple.get(str(each.type))
        if expected is not None and type(value) is not expected:
            raise ValueError(f"its {each.name} is {value!r}, which is no {each.type}")
    if isinstance(record, Manifest):
        _check_types(record.encoder)


def _canary(row: dict[str, str], dimension: int) -> Canary:
    canary = Canary(row["text"], _unpack(row["query"]), _unpack(row["document"]))
    check_unit_rows(np.array([canary.query_vector, canary.document_vector], dtype=np.float32), dimension, "its canaries")
    return canary


def public_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest for people and scripts: with its fingerprint, without the canaries' vectors."""
    content = asdict(manifest)
    content["canaries"] = len(manifest.canaries)
    names = {"version": manifest.version, "fingerprint": manifest.encoder.fingerprint, "template_hash": manifest.template_hash}
    return {**content, **names}


def _pack(vector: tuple[float, ...]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _unpack(text: str) -> tuple[float, ...]:
    return tuple(float(value) for value in np.frombuffer(base64.b64decode(text), dtype="<f4"))
