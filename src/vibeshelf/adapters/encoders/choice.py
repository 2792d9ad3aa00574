"""Which backend, device and precision an encoder runs on, and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vibeshelf.adapters.encoders.gates import GateResult, load_gates
from vibeshelf.adapters.encoders.model_files import ModelFiles, read_model
from vibeshelf.adapters.encoders.onnx_encoder import load_onnx, read_record
from vibeshelf.adapters.encoders.onnx_export import export, export_folder, why_not_exportable
from vibeshelf.adapters.encoders.packaged import PACKAGED, load_packaged
from vibeshelf.adapters.encoders.protocol import Encoder
from vibeshelf.adapters.encoders.variants import Variant, open_variant
from vibeshelf.core.errors import InputError, ModelUnavailable
from vibeshelf.core.settings import Settings

BACKENDS = ("auto", "torch", "onnx", "openvino")
PRECISIONS = ("fp32", "bf16", "fp16", "int8")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings came to on this machine, with the reason in plain words."""

    variant: Variant
    reason: str


def open_encoder(
    settings: Settings, model: str | None = None, *, bulk: bool = False, may_export: bool = False, precision: str | None = None
) -> Encoder:
    """Return the encoder of `model` (default: the settings' one), for single queries or in `bulk`.

    `may_export` lets it make a missing ONNX export, which takes some ten seconds and imports torch.
    Raises ModelUnavailable or InputError, each with what would work.
    """
    name = model or settings.model
    if name in PACKAGED:
        return load_packaged(name)
    files = read_model(name, settings.models_dir)
    choice = choose(settings, files, bulk=bulk, may_export=may_export, precision=precision)
    if choice.variant.backend == "onnx" and choice.variant.precision == "fp32":
        # The usual case, kept free of everything that building a graph would import.
        folder = export_folder(settings.models_dir, files)
        if read_record(folder) is None and may_export:
            export(files, settings.models_dir)
        return load_onnx(folder, files.spec)
    return open_variant(settings, files, choice.variant)


def choose(settings: Settings, files: ModelFiles, *, bulk: bool = False, may_export: bool = False, precision: str | None = None) -> Choice:
    """Return what to run on, with the reason. `auto` takes only what gives the reference's very vectors.

    Raises InputError for an unknown name, ModelUnavailable for a precision that the gate withheld or has not measured.
    """
    _check_names(settings, precision)
    if precision not in (None, "fp32"):
        return _by_precision(settings, files, str(precision), bulk)
    if settings.backend == "torch":
        return Choice(Variant("torch", _torch_device(settings.device), "fp32"), "asked for")
    if settings.backend != "auto":
        return Choice(Variant(settings.backend, "cpu", "fp32"), "asked for")
    return _auto(settings, files, bulk, may_export)


def _check_names(settings: Settings, precision: str | None) -> None:
    if settings.backend not in BACKENDS:
        raise InputError(f"unknown backend '{settings.backend}'; known: {', '.join(BACKENDS)}")
    if precision is not None and precision not in PRECISIONS:
        raise InputError(f"unknown precision '{precision}'; known: {', '.join(PRECISIONS)}")
    if settings.backend in ("onnx", "openvino") and settings.device not in ("auto", "cpu"):
        raise InputError(f"backend '{settings.backend}' runs on the cpu only, asked for '{settings.device}'. Use --backend torch")


def _auto(settings: Settings, files: ModelFiles, bulk: bool, may_export: bool) -> Choice:
    if settings.device not in ("auto", "cpu"):
        return Choice(Variant("torch", settings.device, "fp32"), f"device '{settings.device}' was asked for, which only torch drives")
    if bulk and (choice := _auto_bulk(settings, files)):
        return choice
    if reason := why_not_exportable(files):
        return Choice(Variant("torch", _torch_device(settings.device), "fp32"), f"no ONNX path: {reason}")
    if read_record(export_folder(settings.models_dir, files)) is not None:
        reason = "the checked ONNX export is here; of all it starts the fastest, and it answers faster than torch"
        reason += "; `vibeshelf gate` measures what is best in bulk" if bulk else ""
        return Choice(Variant("onnx", "cpu", "fp32"), reason)
    if may_export and has_torch():
        return Choice(Variant("onnx", "cpu", "fp32"), "the ONNX export is made now: it starts and answers faster than torch")
    return Choice(Variant("torch", _torch_device(settings.device), "fp32"), "there is no ONNX export yet; the next ingest makes it")


def _auto_bulk(settings: Settings, files: ModelFiles) -> Choice | None:
    same = [result for result in _measured(settings, files) if result.same]
    if same:
        best = _fastest(same, bulk=True)
        speed = f"{best.documents_per_second:.0f} documents/s, gate of {best.measured_at}"
        return Choice(best.variant, f"of {len(same)} that give the reference's vectors the fastest here ({speed})")
    if settings.device == "auto" and _has_accelerator() and (device := _torch_device("auto")) != "cpu":
        return Choice(Variant("torch", device, "fp32"), f"'{device}' is here, which encodes many texts faster than the cpu")
    return None


def _has_accelerator() -> bool:
    """Return whether it is worth asking torch, which takes seconds to import."""
    nvidia, apple = Path("/proc/driver/nvidia/version").exists(), sys.platform == "darwin"
    return has_torch() and (nvidia or apple)


def _by_precision(settings: Settings, files: ModelFiles, precision: str, bulk: bool) -> Choice:
    results = [result for result in _measured(settings, files) if result.variant.precision == precision]
    if settings.backend != "auto":
        results = [result for result in results if result.variant.backend == settings.backend]
    offered = [result for result in results if result.offered]
    if offered:
        best = _fastest(offered, bulk)
        return Choice(best.variant, f"asked for; {best.reason}")
    if results:
        raise ModelUnavailable(
            f"precision '{precision}' is withheld on this machine: " + "; ".join(f"{each.variant}: {each.reason}" for each in results)
        )
    raise ModelUnavailable(f"precision '{precision}' was not measured on this machine for '{files.name}'. Run: vibeshelf gate")


def _measured(settings: Settings, files: ModelFiles) -> list[GateResult]:
    return list(load_gates(settings.models_dir, files).values())


def _fastest(results: list[GateResult], bulk: bool) -> GateResult:
    if bulk:
        return max(results, key=lambda result: result.documents_per_second or 0.0)
    return min(results, key=lambda result: result.query_p50_ms or float("inf"))


def _torch_device(device: str) -> str:
    if device != "auto":
        return device
    if not has_torch():
        return "cpu"
    from vibeshelf.adapters.encoders.torch_encoder import torch_devices

    return torch_devices()[0]


def has_torch() -> bool:
    """Return whether torch is installed, without importing it."""
    return find_spec("torch") is not None and find_spec("sentence_transformers") is not None
