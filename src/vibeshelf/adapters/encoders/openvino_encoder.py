"""The same graph on OpenVINO (optional extra `openvino`): quick in bulk, and in bf16 where the processor has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vibeshelf.adapters.encoders.onnx_encoder import batches_by_tokens, load_tokenizer
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

# What runs a graph's floating-point operations; int8 graphs keep theirs in f32, which is the truer and here the quicker.
_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}


class OpenVinoEncoder:
    """One compiled graph. Safe to share between threads: each has its own request."""

    backend = "openvino"
    device = "cpu"

    def __init__(self, compiled: Any, tokenizer: Any, spec: EncoderSpec, precision: str) -> None:
        self.spec = spec
        self.precision = precision
        self._compiled = compiled
        self._tokenizer = tokenizer
        self._inputs = [port.get_any_name() for port in compiled.inputs]
        self._local = threading.local()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.document_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        rows = np.zeros((len(texts), self.spec.dimension), dtype=np.float32)
        for batch in batches_by_tokens([len(encoding.ids) for encoding in encodings]):
            rows[batch] = self._run([encodings[at] for at in batch])
        return unit_rows(rows, len(texts), self.spec.dimension, f"{self.spec.model} on openvino")

    def _run(self, encodings: Sequence[Any]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        feed = {name: np.zeros((len(encodings), width), dtype=np.int64) for name in self._inputs}
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            feed["input_ids"][row, :length] = encoding.ids
            feed["attention_mask"][row, :length] = 1
            if "token_type_ids" in feed:
                feed["token_type_ids"][row, :length] = encoding.type_ids
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        output: Vectors = self._local.request.infer(feed)[0]
        return output


def has_openvino() -> bool:
    """Return whether the package is installed, without importing it."""
    return find_spec("openvino") is not None


def cpu_has_bf16() -> bool:
    """Return whether the processor multiplies bf16 itself; elsewhere OpenVINO would quietly compute in fp32."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_openvino(graph: Path, tokenizer: Path, spec: EncoderSpec, precision: str) -> OpenVinoEncoder:
    """Return the encoder of an ONNX or OpenVINO graph file. Raises ModelUnavailable when the package or the file is not there."""
    if not has_openvino():
        raise ModelUnavailable("backend 'openvino' needs the extra of that name. Run: EXTRAS=openvino make setup")
    import openvino

    try:
        core = openvino.Core()
        hints = {"INFERENCE_PRECISION_HINT": _HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
        compiled = core.compile_model(core.read_model(str(graph)), "CPU", hints)
    except RuntimeError as error:
        raise ModelUnavailable(
            f"OpenVINO cannot load {graph} ({str(error).splitlines()[0][:160]}). Delete it and run: vibeshelf gate"
        ) from None
    return OpenVinoEncoder(compiled, load_tokenizer(tokenizer, spec), spec, precision)


def quantize_int8(graph: Path, target: Path, token_ids: Sequence[Sequence[int]]) -> None:
    """Write an int8 copy of an ONNX graph as OpenVINO's IR, calibrated on tokenised texts (NNCF, static, transformer preset).

    Done in a process of its own, in which NNCF's telemetry is off.
    """
    if find_spec("nncf") is None:
        raise ModelUnavailable("int8 for openvino needs nncf to be made. Run: EXTRAS=openvino make setup")
    target.parent.mkdir(parents=True, exist_ok=True)
    request = json.dumps({"graph": str(graph), "target": str(target), "token_ids": [list(map(int, ids)) for ids in token_ids]})
    env = {**os.environ, "CI": "true"}
    done = subprocess.run([sys.executable, "-m", __name__], input=request, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelUnavailable(f"the int8 graph could not be made ({reason[:200]})")


def _quantize_here() -> None:
    import nncf
    import openvino

    request = json.loads(sys.stdin.read())
    model = openvino.Core().read_model(request["graph"])
    names = [port.get_any_name() for port in model.inputs]

    def feed(ids: list[int]) -> dict[str, Any]:
        row = np.array([ids], dtype=np.int64)
        every = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        return {name: every[name] for name in names}

    calibration = nncf.Dataset([feed(ids) for ids in request["token_ids"]])
    quantized = nncf.quantize(
        model,
        calibration,
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(request["token_ids"]),
    )
    openvino.save_model(quantized, request["target"])


if __name__ == "__main__":
    _quantize_here()
