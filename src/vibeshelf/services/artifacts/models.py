"""A model as an artifact: its checked exports and what the gate found of them, on which machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vibeshelf.adapters.encoders import open_encoder
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.onnx_encoder import read_record
from vibeshelf.adapters.encoders.onnx_export import export_folder
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.parcel import Arrived, Parcel, PullOptions
from vibeshelf.services.artifacts.placing import place

GATES = "gates.json"
_RECORD = "onnx-fp32/export.json"


def pack_model(settings: Settings, name: str, parcel: Parcel) -> Mapping[str, Any]:
    """Send the exports of a model with its gates. Raises ModelUnavailable, or InputError where it was not exported."""
    files = read_model(name, settings.models_dir)
    record = read_record(export_folder(settings.models_dir, files))
    if record is None:
        raise InputError(f"model '{name}' has no checked export here; an ingest makes it: vibeshelf ingest starter --model {name}")
    home = export_folder(settings.models_dir, files).parent
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        relative = path.relative_to(home)
        # What begins with a point is an export that is being made.
        if not any(part.startswith(".") for part in relative.parts):
            parcel.add(path, relative.as_posix())
    return {
        "model": files.spec.model, "fingerprint": files.spec.fingerprint, "dimension": files.spec.dimension,
        "exports": sorted({file.path.split("/")[0] for file in parcel.files if "/" in file.path}), "check": record["check"],
        "gates": [_said(row) for row in _gates(home / GATES)],
    }  # fmt: skip


def unpack_model(arrived: Arrived, options: PullOptions) -> Mapping[str, Any]:
    """Put the exports where they are looked for, add the gates' results to those that are here, and encode a text with them.

    Raises SourceError for files that are no export, InputError for other files of the same names unless `replace` is set.
    """
    spec = _spec(arrived.path(_RECORD))
    home = arrived.settings.models_dir / spec.fingerprint[:16]
    files = [file for file in arrived.artifact.files if file.path != GATES]
    placed, kept = place(arrived.folder, files, home, options.replace)
    gates = _merge_gates(arrived, home)
    encoder = open_encoder(arrived.settings, spec.model)
    if encoder.spec.fingerprint != spec.fingerprint:
        note = "another model of that name is installed here and comes first"
    else:
        note = f"encodes on {encoder.backend} {encoder.precision}: {encoder.encode_queries(['a text']).shape[1]} dimensions"
    return {"model": spec.model, "folder": str(home), "placed": placed, "there_already": kept, "gates_added": gates, "note": note}


def _spec(path: Path) -> EncoderSpec:
    record = read_record(path.parent)
    if record is None:
        raise SourceError("what was pulled is no checked export: its record or one of its files is wrong. Push it again where it is whole")
    return EncoderSpec(**record["spec"])


def _merge_gates(arrived: Arrived, home: Path) -> int:
    """Keep what was measured here; return how many results of other machines and variants were added."""
    if not any(file.path == GATES for file in arrived.artifact.files):
        return 0
    here = _gates(home / GATES)
    known = {_key(row) for row in here}
    new = [row for row in _gates(arrived.path(GATES)) if _key(row) not in known]
    if new:
        temporary = home / f".{GATES}.arriving"
        temporary.write_text(json.dumps([*here, *new], indent=1), encoding="utf-8")
        temporary.replace(home / GATES)
    return len(new)


def _gates(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("variant"), dict)]
    except (OSError, ValueError, TypeError):
        return []


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row.get("machine"), repr(sorted(row["variant"].items()))


def _said(row: Mapping[str, Any]) -> str:
    variant = row["variant"]
    return f"{variant.get('backend')} {variant.get('precision')} {row.get('verdict')} on {row.get('machine')}"
