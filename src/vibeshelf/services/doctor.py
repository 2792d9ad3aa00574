"""What this machine has, what was chosen on it and why, and what is missing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

from vibeshelf.adapters.encoders.choice import choose, has_torch
from vibeshelf.adapters.encoders.gates import load_gates
from vibeshelf.adapters.encoders.graph_encoder import usable_cores
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.onnx_encoder import read_record
from vibeshelf.adapters.encoders.onnx_export import export_folder
from vibeshelf.adapters.encoders.packaged import PACKAGED
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.settings import Settings
from vibeshelf.services.machine import memory_bytes

_SHOWN = (
    "torch",
    "sentence-transformers",
    "transformers",
    "onnxruntime",
    "tokenizers",
    "chromadb",
    "streamlit",
    "pandas",
    "numpy",
    "altair",
)
# So many packages are named in a sentence; the report has all of them.
_SAID = 5
_REPOSITORY = Path(__file__).resolve().parents[3]


def examine(settings: Settings) -> dict[str, Any]:
    """Return what `vibeshelf doctor --json` prints; `problems` is empty when nothing is missing."""
    problems: list[dict[str, str]] = []
    report = {
        "machine": _machine(),
        "devices": _devices(),
        "encoder": _encoder(settings, problems),
        "versions": {name: _version(name) for name in _SHOWN},
        "lock": _lock(problems),
        "data": _data(settings, problems),
        "problems": problems,
    }
    report["status"] = "fail" if problems else "pass"
    return report


def _machine() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "architecture": platform.machine(),
        "python": sys.version.split()[0],
        "cores": usable_cores(),
        "memory_bytes": memory_bytes(),
    }


def _devices() -> list[str]:
    if not has_torch():
        return ["cpu"]
    from vibeshelf.adapters.encoders.torch_encoder import torch_devices

    return torch_devices()


def _encoder(settings: Settings, problems: list[dict[str, str]]) -> dict[str, Any]:
    if settings.model in PACKAGED:
        return {"model": settings.model, "backend": settings.model, "device": "cpu", "reason": "this model has an engine of its own"}
    try:
        files = read_model(settings.model, settings.models_dir)
        queries, bulk = choose(settings, files), choose(settings, files, bulk=True)
    except VibeshelfError as error:
        problems.append({"what": str(error), "fix": "set VIBESHELF_MODEL, VIBESHELF_BACKEND or VIBESHELF_DEVICE to what is here"})
        return {"model": settings.model, "backend": None, "device": None, "reason": str(error)}
    record = read_record(export_folder(settings.models_dir, files))
    return {
        "model": files.name,
        "fingerprint": files.spec.fingerprint,
        "backend": queries.variant.backend,
        "device": queries.variant.device,
        "precision": queries.variant.precision,
        "reason": queries.reason,
        "bulk": {**asdict(bulk.variant), "reason": bulk.reason},
        "gates": [asdict(result) for result in load_gates(settings.models_dir, files).values()],
        "export": record and {key: record.get(key) for key in ("made_at", "check", "versions", "files")},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _lock(problems: list[dict[str, str]]) -> dict[str, Any]:
    path = _REPOSITORY / "requirements.lock"
    if not path.is_file():
        return {"file": None, "drift": [], "missing": []}
    pinned: dict[str, set[str]] = {}
    for name, pin, _ in _pins(path):
        pinned.setdefault(name, set()).add(pin)
    drift = [
        {"package": name, "locked": "/".join(sorted(pins)), "installed": installed}
        for name, pins in sorted(pinned.items())
        if (installed := _version(name)) is not None and installed.partition("+")[0] not in pins
    ]
    if drift:
        said = ", ".join(f"{row['package']} {row['installed']} (locked: {row['locked']})" for row in drift[:_SAID])
        problems.append({"what": f"{len(drift)} packages are not the locked versions: {said}{_more(drift)}", "fix": "make clean setup"})
    missing = _missing(_REPOSITORY / "requirements-serve.lock")
    if missing:
        said = ", ".join(missing[:_SAID])
        problems.append({"what": f"{len(missing)} locked packages are not installed: {said}{_more(missing)}", "fix": "make setup"})
    cuda = sorted(name for each in distributions() if (name := (each.metadata["Name"] or "").lower()).startswith("nvidia-"))
    if cuda and os.environ.get("VIBESHELF_TORCH", "cpu") == "cpu":
        problems.append({"what": f"{len(cuda)} CUDA packages are installed that nobody asked for", "fix": "make clean setup"})
    return {"file": path.name, "drift": drift, "missing": missing, "cuda_packages": cuda}


def _pins(path: Path) -> list[tuple[str, str, str]]:
    """Return (package, version, marker) of every line of a lock; the marker is empty where the line is for every machine."""
    lines = re.findall(r"^([a-z0-9][a-z0-9.\-]*)==([^\s;]+)(?: ; ([^\\\n]*))?", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [(name, pin, marker.strip()) for name, pin, marker in lines]


def _missing(path: Path) -> list[str]:
    """Return what every environment needs and this one has not: the serve lock is part of each, whatever else it leaves out."""
    pins = _pins(path) if path.is_file() else []
    return [name for name, _, marker in pins if not marker and _version(name) is None]


def _more(rows: Sequence[object]) -> str:
    return f" and {len(rows) - _SAID} more" if len(rows) > _SAID else ""


def _data(settings: Settings, problems: list[dict[str, str]]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "folder": str(settings.data_dir),
        "chroma": settings.chroma_url or "embedded",
        "size_bytes": _size(settings.data_dir),
    }
    data["free_bytes"] = shutil.disk_usage(next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())).free
    try:
        data["collections"] = [info.name for info in Store(settings).collections()]
    except VibeshelfError as error:
        data["collections"] = None
        problems.append({"what": str(error), "fix": "see the message"})
        return data
    if not data["collections"]:
        problems.append({"what": "there is no collection yet", "fix": "vibeshelf ingest starter"})
    return data


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
