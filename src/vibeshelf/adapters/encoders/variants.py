"""Every way in which a model can run on this machine: backend, device and precision."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vibeshelf.adapters.catalog.starter import starter_path, starter_queries
from vibeshelf.adapters.encoders.graph_encoder import load_tokenizer
from vibeshelf.adapters.encoders.model_files import ModelFiles
from vibeshelf.adapters.encoders.onnx_encoder import GRAPH, PLAIN_GRAPH, TOKENIZER, load_graph, read_record
from vibeshelf.adapters.encoders.onnx_export import export, export_folder, quantize_int8, why_not_exportable
from vibeshelf.adapters.encoders.openvino_encoder import cpu_has_bf16, has_openvino, load_openvino
from vibeshelf.adapters.encoders.openvino_encoder import quantize_int8 as quantize_for_openvino
from vibeshelf.adapters.encoders.protocol import TokenEncoder
from vibeshelf.adapters.encoders.torch_encoder import load_torch, torch_devices
from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """A backend on a device at a precision."""

    backend: str
    device: str
    precision: str

    @property
    def key(self) -> str:
        return f"{self.backend}-{self.device}-{self.precision}"

    def __str__(self) -> str:
        return f"{self.backend} {self.precision} on {self.device}"


REFERENCE = Variant("torch", "cpu", "fp32")

# What people also type and catalogues also hold; without them their activations lie outside the calibrated range.
_ODD_TEXTS = ("!", "x", "sea " * 300, "12345", "Roman", "夜と霧", "Тихий океан", "ليل طويل", "no no no no no no no no", "BOOK " * 60, "🐋")


def variants(files: ModelFiles) -> list[Variant]:
    """Return what can run here, the reference first; whether it gives the right vectors is for the gate to say."""
    found = []
    if find_spec("torch") is not None:
        for device in torch_devices():
            precisions = (
                ("fp32", "bf16") if device == "cpu" else ("fp32", "fp16", "bf16") if device.startswith("cuda") else ("fp32", "fp16")
            )
            found += [Variant("torch", device, precision) for precision in precisions]
    found.sort(key=lambda each: each != REFERENCE)
    if why_not_exportable(files) is None:
        found += [Variant("onnx", "cpu", precision) for precision in ("fp32", "int8")]
        if has_openvino():
            found += [
                Variant("openvino", "cpu", precision) for precision in ("fp32", "bf16", "int8") if precision != "bf16" or cpu_has_bf16()
            ]
    return found


def open_variant(settings: Settings, files: ModelFiles, variant: Variant) -> TokenEncoder:
    """Return the encoder of a variant, building its graph where that is missing.

    Raises ModelUnavailable when it cannot run here, InputError for one that there is not.
    """
    if variant.backend == "torch":
        return load_torch(files, variant.device, variant.precision)
    if variant.backend not in ("onnx", "openvino") or variant.device != "cpu":
        raise InputError(f"no such variant: {variant}")
    exported = export_folder(settings.models_dir, files)
    if read_record(exported) is None or not (exported / PLAIN_GRAPH).is_file():
        export(files, settings.models_dir)
    load = load_graph if variant.backend == "onnx" else load_openvino
    return load(_graph(exported, variant, files), exported / TOKENIZER, files.spec, variant.precision)


def is_built(settings: Settings, files: ModelFiles, variant: Variant) -> bool:
    """Return whether a variant's graph is there already, so that opening it builds nothing."""
    if variant.backend == "torch":
        return True
    exported = export_folder(settings.models_dir, files)
    graph = exported.with_name("onnx-int8") / GRAPH if variant.backend == "onnx" else exported.with_name("openvino-int8") / "model.xml"
    whole = read_record(exported) is not None and (exported / PLAIN_GRAPH).is_file()
    return whole and (variant.precision != "int8" or graph.is_file())


def _graph(exported: Path, variant: Variant, files: ModelFiles) -> Path:
    """Return the graph file of a variant; int8 ones are made when they are missing."""
    if variant.precision != "int8":
        return exported / (GRAPH if variant.backend == "onnx" else PLAIN_GRAPH)
    if variant.backend == "onnx":
        return _made(exported.with_name("onnx-int8"), GRAPH, lambda target: quantize_int8(exported / GRAPH, target))
    tokenizer = load_tokenizer(exported / TOKENIZER, files.spec)
    token_ids = [encoding.ids for encoding in tokenizer.encode_batch(_calibration_texts())]
    quantize = lambda target: quantize_for_openvino(exported / PLAIN_GRAPH, target, token_ids)  # noqa: E731
    return _made(exported.with_name("openvino-int8"), "model.xml", quantize)


def _made(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the file in the folder; made beside it first, so that a killed making leaves nothing that looks whole."""
    if not (folder / name).is_file():
        building = folder.with_name(f".{folder.name}-{os.getpid()}")
        try:
            make(building / name)
            shutil.rmtree(folder, ignore_errors=True)
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return folder / name


def _calibration_texts() -> list[str]:
    """Return texts like those that will be encoded: descriptions and queries of the starter catalogue, and some odd ones."""
    books = starter_path().read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["description"] for line in books[::4]] + list(starter_queries().values()) + list(_ODD_TEXTS)
