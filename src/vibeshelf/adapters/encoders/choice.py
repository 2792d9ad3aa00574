"""Which backend and device an encoder runs on, and why."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vibeshelf.adapters.encoders.model_files import ModelFiles, read_model
from vibeshelf.adapters.encoders.onnx_encoder import load_onnx, read_record
from vibeshelf.adapters.encoders.onnx_export import export, export_folder, why_not_exportable
from vibeshelf.adapters.encoders.packaged import PACKAGED, load_packaged
from vibeshelf.adapters.encoders.protocol import Encoder
from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings

BACKENDS = ("auto", "torch", "onnx")


@dataclass(frozen=True, slots=True)
class Choice:
    """What `auto` came to, with the reason in plain words."""

    backend: str
    device: str
    reason: str


def open_encoder(settings: Settings, model: str | None = None, *, may_export: bool = False) -> Encoder:
    """Return the encoder of `model` (default: the settings' one).

    `may_export` lets it make a missing ONNX export, which takes some ten seconds and imports torch.
    Raises ModelUnavailable or InputError, each with what would work.
    """
    name = model or settings.model
    if name in PACKAGED:
        return load_packaged(name)
    files = read_model(name, settings.models_dir)
    choice = choose(settings, files, may_export=may_export)
    if choice.backend == "onnx":
        folder = export_folder(settings.models_dir, files)
        if read_record(folder) is None and may_export:
            export(files, settings.models_dir)
        return load_onnx(folder)
    from vibeshelf.adapters.encoders.torch_encoder import load_torch

    return load_torch(files, choice.device)


def choose(settings: Settings, files: ModelFiles, *, may_export: bool = False) -> Choice:
    """Return the backend and device for these settings on this machine."""
    if settings.backend not in BACKENDS:
        raise InputError(f"unknown backend '{settings.backend}'; known: {', '.join(BACKENDS)}")
    if settings.backend == "torch":
        return Choice("torch", _torch_device(settings.device), "asked for")
    if settings.backend == "onnx":
        if settings.device not in ("auto", "cpu"):
            raise InputError(f"backend 'onnx' runs on the cpu only, asked for '{settings.device}'. Use --backend torch")
        return Choice("onnx", "cpu", "asked for")
    return _auto(settings, files, may_export)


def _auto(settings: Settings, files: ModelFiles, may_export: bool) -> Choice:
    if settings.device not in ("auto", "cpu"):
        return Choice("torch", settings.device, f"device '{settings.device}' was asked for, which only torch drives")
    if reason := why_not_exportable(files):
        return Choice("torch", _torch_device(settings.device), f"no ONNX path: {reason}")
    exported = read_record(export_folder(settings.models_dir, files)) is not None
    if exported:
        return Choice("onnx", "cpu", "the checked ONNX export is here, and starts and answers faster than torch")
    if may_export and has_torch():
        return Choice("onnx", "cpu", "the ONNX export is made now: it starts and answers faster than torch")
    return Choice("torch", _torch_device(settings.device), "there is no ONNX export yet; the next ingest makes it")


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


def export_of(settings: Settings, files: ModelFiles) -> Path:
    """Return the folder of the model's ONNX export, whether it is there or not."""
    return export_folder(settings.models_dir, files)
