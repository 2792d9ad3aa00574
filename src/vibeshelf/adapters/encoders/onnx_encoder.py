"""The fast path: the same weights as one ONNX graph, run by onnxruntime and tokenizers, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibeshelf.adapters.encoders.graph_encoder import GraphEncoder, load_tokenizer, usable_cores
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

GRAPH, WEIGHTS, TOKENIZER, RECORD = "model.onnx", "model.onnx.data", "tokenizer.json", "export.json"
FILES = (GRAPH, WEIGHTS, TOKENIZER)
# The graph as it was traced, which other runtimes read; the fused one has operators of onnxruntime's own.
PLAIN_GRAPH = "plain.onnx"


class OnnxEncoder(GraphEncoder):
    """A graph on onnxruntime, which spreads each batch over the cores."""

    backend = "onnx"

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, spec: EncoderSpec, precision: str) -> None:
        super().__init__([node.name for node in session.get_inputs()], tokenizer, spec, precision)
        self._session = session

    def _infer(self, feed: dict[str, Any]) -> Vectors:
        output: Vectors = self._session.run(None, feed)[0]
        return output


def load_onnx(folder: Path, spec: EncoderSpec) -> OnnxEncoder:
    """Return the encoder of an exported folder. Raises ModelUnavailable when it is not whole or did not pass its check.

    `spec` is the model's as it was asked for: the export may have been made under another of its names.
    """
    record = read_record(folder)
    if record is None:
        raise ModelUnavailable(f"no checked ONNX export in {folder}. Run: vibeshelf ingest starter --backend onnx")
    return load_graph(folder / GRAPH, folder / TOKENIZER, spec, str(record["precision"]))


def load_graph(graph: Path, tokenizer: Path, spec: EncoderSpec, precision: str) -> OnnxEncoder:
    """Return the encoder of a graph file. Raises ModelUnavailable when onnxruntime cannot load it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 3
    # Its threads would go on spinning after a query and take the cores from the comparison of vectors that follows:
    # dense search of 10,000 books 5 ms instead of 11.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        tokens = load_tokenizer(tokenizer, spec)
    except Exception as error:  # noqa: BLE001
        # onnxruntime and tokenizers raise classes of their own bindings, which share no base but Exception.
        reason = str(error).splitlines()[0][:160]
        raise ModelUnavailable(f"{graph.parent} cannot be loaded ({reason}). Delete it and run: vibeshelf ingest starter") from None
    return OnnxEncoder(session, tokens, spec, precision)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return what the export of a folder recorded about itself, or None unless it is whole and passed its check."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == record["files"][name] for name in FILES)
        return record if whole and record["check"]["passed"] is True else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
