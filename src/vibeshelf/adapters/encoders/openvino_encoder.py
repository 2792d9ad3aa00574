"""The same graph on OpenVINO (optional extra `openvino`): quick in bulk, and in bf16 where the processor has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from vibeshelf.adapters.encoders.graph_encoder import GraphEncoder, load_tokenizer, usable_cores
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What runs a graph's floating-point operations. In an int8 graph they are few, and bf16, where the processor has it, is the
# quicker and as true: cosine to the reference .9961 on average either way.
_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "bf16"}


class OpenVinoEncoder(GraphEncoder):
    """A compiled graph with one stream a core: two batches side by side go faster than two cores in one."""

    backend = "openvino"

    def __init__(self, compiled: Any, tokenizer: Tokenizer, spec: EncoderSpec, precision: str) -> None:
        super().__init__([port.get_any_name() for port in compiled.inputs], tokenizer, spec, precision, usable_cores())
        self._compiled = compiled
        # An inference request runs one batch at a time; each worker takes a free one.
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self._workers):
            self._requests.put(compiled.create_infer_request())

    def _infer(self, feed: dict[str, Any]) -> Vectors:
        request = self._requests.get()
        try:
            # Copied: the request's next batch would write over its output.
            return np.array(request.infer(feed)[0], dtype=np.float32)
        finally:
            self._requests.put(request)


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
        cores = usable_cores()
        streams = {"NUM_STREAMS": cores, "INFERENCE_NUM_THREADS": cores}
        hints = {"INFERENCE_PRECISION_HINT": _HINTS[precision] if cpu_has_bf16() else "f32", **streams}
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
