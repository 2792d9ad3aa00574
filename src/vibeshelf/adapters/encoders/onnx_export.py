"""From a sentence-transformers model to one checked ONNX graph with pooling and normalisation inside."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vibeshelf.adapters.encoders.model_files import ModelFiles
from vibeshelf.adapters.encoders.onnx_encoder import FILES, GRAPH, PLAIN_GRAPH, RECORD, TOKENIZER, load_onnx
from vibeshelf.adapters.encoders.reference_texts import REFERENCE_TEXTS
from vibeshelf.adapters.encoders.torch_encoder import TorchEncoder, load_torch
from vibeshelf.core.errors import ModelUnavailable

MIN_COSINE = 0.9999
_EXPORTABLE = (("Transformer", "Pooling"), ("Transformer", "Pooling", "Normalize"))
_OPSET = 17


def export_folder(models_dir: Path, files: ModelFiles) -> Path:
    """Return where the fp32 export of these very weights is, or will be."""
    return models_dir / files.spec.fingerprint[:16] / "onnx-fp32"


def why_not_exportable(files: ModelFiles) -> str | None:
    """Return why there is no ONNX path for a model, or None when there is one."""
    if files.layout not in _EXPORTABLE:
        return f"its layers {' > '.join(files.layout)} are not Transformer > Pooling"
    if files.spec.pooling not in ("mean", "cls"):
        return f"its pooling is '{files.spec.pooling}', not mean or cls"
    if not (files.folder / "tokenizer.json").is_file():
        return "it has no tokenizer.json"
    return None


def export(files: ModelFiles, models_dir: Path) -> Path:
    """Export, fuse, check and put in place; return the folder.

    Raises ModelUnavailable when the model has no ONNX path or the graph does not give the reference's vectors
    (cosine below 0.9999 on any of the reference texts, in either tower).
    """
    if reason := why_not_exportable(files):
        raise ModelUnavailable(f"model '{files.name}' cannot run on onnx: {reason}. Use --backend torch")
    target = export_folder(models_dir, files)
    target.parent.mkdir(parents=True, exist_ok=True)
    reference = load_torch(files, "cpu")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as name:
        work = Path(name)
        _write_graph(reference, files, work)
        shutil.copyfile(files.folder / "tokenizer.json", work / TOKENIZER)
        _record(files, reference, work)
        _put_in_place(work, target)
    return target


def _write_graph(reference: TorchEncoder, files: ModelFiles, work: Path) -> None:
    raw = work / PLAIN_GRAPH
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _trace(reference, files.spec.pooling, raw)
        _fuse(raw, work / GRAPH, files)


def _trace(reference: TorchEncoder, pooling: str, path: Path) -> None:
    import torch

    class Tower(torch.nn.Module):
        def __init__(self, transformer: Any) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            extra = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            states = self.transformer(input_ids=input_ids, attention_mask=attention_mask, **extra).last_hidden_state
            if pooling == "cls":
                pooled = states[:, 0]
            else:
                mask = attention_mask.unsqueeze(-1).to(states.dtype)
                pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, p=2, dim=1)

    transformer: Any = reference.model[0]
    transformer.model.set_attn_implementation("eager")
    sample = reference.model.tokenizer(["one text", "another, longer text"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in sample]
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"embedding": {0: "batch"}}
    torch.onnx.export(
        Tower(transformer.model).eval(),
        tuple(sample[name] for name in names),
        str(path),
        input_names=names,
        output_names=["embedding"],
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )
    transformer.model.set_attn_implementation("sdpa")


def _fuse(raw: Path, fused: Path, files: ModelFiles) -> None:
    from onnxruntime.transformers import optimizer

    logging.getLogger("onnxruntime.transformers").setLevel(logging.ERROR)
    config = json.loads((files.folder / "config.json").read_text(encoding="utf-8"))
    heads, size = config.get("num_attention_heads", 0), config.get("hidden_size", 0)
    graph = optimizer.optimize_model(str(raw), model_type="bert", num_heads=heads, hidden_size=size)
    # Weights in a file of their own are mapped into memory instead of being read twice: half the memory, and quicker to open.
    graph.save_model_to_file(str(fused), use_external_data_format=True, all_tensors_to_one_file=True)


def _record(files: ModelFiles, reference: TorchEncoder, work: Path) -> None:
    record: dict[str, Any] = {
        "spec": asdict(files.spec),
        "precision": "fp32",
        "files": {name: (work / name).stat().st_size for name in FILES},
        "sha256": {name: hashlib.sha256((work / name).read_bytes()).hexdigest() for name in FILES},
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("torch", "onnx", "onnxruntime", "tokenizers")},
        # Needed to load it for its own check; replaced by the result below.
        "check": {"passed": True},
    }
    _save(work, record)
    record["check"] = compare(reference, load_onnx(work, files.spec))
    _save(work, record)
    if not record["check"]["passed"]:
        raise ModelUnavailable(
            f"the ONNX export of '{files.name}' gives other vectors than torch "
            f"(least cosine {record['check']['cosine_min']:.5f}, expected >= {MIN_COSINE}); it is not used. Use --backend torch"
        )


def compare(reference: TorchEncoder, exported: Any) -> dict[str, Any]:
    """Return how well an encoder gives the reference's vectors on the reference texts, over both towers."""
    cosines = np.concatenate(
        [
            (reference.encode_queries(REFERENCE_TEXTS) * exported.encode_queries(REFERENCE_TEXTS)).sum(axis=1),
            (reference.encode_documents(REFERENCE_TEXTS) * exported.encode_documents(REFERENCE_TEXTS)).sum(axis=1),
        ]
    )
    least = float(cosines.min())
    return {"passed": least >= MIN_COSINE, "cosine_min": least, "cosine_mean": float(cosines.mean()), "n": len(cosines)}


def quantize_int8(fused: Path, target: Path) -> None:
    """Write an int8 copy of a fused graph: weights per channel, activations quantised as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target.parent.mkdir(parents=True, exist_ok=True)
    # The fused operators have no shape inference of their own, so the quantiser is told what their tensors are.
    extra = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    logging.getLogger().setLevel(logging.ERROR)
    # From copies: the quantiser leaves files beside its graph, and onnx refuses weights that have a second name (a hard link).
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as folder:
        for path in fused.parent.glob(f"{fused.name}*"):
            shutil.copyfile(path, Path(folder) / path.name)
        quantize_dynamic(str(Path(folder) / fused.name), str(target), weight_type=QuantType.QInt8, per_channel=True, extra_options=extra)


def _save(work: Path, record: dict[str, Any]) -> None:
    (work / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _put_in_place(work: Path, target: Path) -> None:
    """Rename, so that a killed export leaves nothing that looks whole; a twin that was quicker is as good."""
    ready = target.with_name(f".{target.name}-{os.getpid()}")
    shutil.copytree(work, ready)
    if target.exists():
        shutil.rmtree(target)
    ready.rename(target)
