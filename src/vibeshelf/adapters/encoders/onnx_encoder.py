"""The fast path: the same weights as one ONNX graph, run by onnxruntime and tokenizers, without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

GRAPH, TOKENIZER, RECORD = "model.onnx", "tokenizer.json", "export.json"
# The graph as it was traced, which other runtimes read; the fused one has operators of onnxruntime's own.
PLAIN_GRAPH = "plain.onnx"
# Padded tokens a batch: on a CPU small batches stay in cache and are the fastest.
TOKEN_BUDGET = 1536


class OnnxEncoder:
    """One graph from tokens to unit vectors. Safe to share between threads."""

    backend = "onnx"
    device = "cpu"

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, spec: EncoderSpec, precision: str) -> None:
        self.spec = spec
        self.precision = precision
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = [node.name for node in session.get_inputs()]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens after truncation, special ones included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        rows = np.zeros((len(texts), self.spec.dimension), dtype=np.float32)
        for batch in batches_by_tokens([len(encoding.ids) for encoding in encodings]):
            rows[batch] = self._run([encodings[i] for i in batch])
        return unit_rows(rows, len(texts), self.spec.dimension, f"{self.spec.model} on onnxruntime")

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        feed = {name: np.zeros((len(encodings), width), dtype=np.int64) for name in self._inputs}
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            feed["input_ids"][row, :length] = encoding.ids
            feed["attention_mask"][row, :length] = 1
            if "token_type_ids" in feed:
                feed["token_type_ids"][row, :length] = encoding.type_ids
        output: Vectors = self._session.run(None, feed)[0]
        return output


def batches_by_tokens(lengths: Sequence[int], budget: int = TOKEN_BUDGET) -> Iterator[list[int]]:
    """Yield the indices of `lengths`, sorted by length, in batches of at most `budget` padded tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


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
    try:
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        tokens = load_tokenizer(tokenizer, spec)
    except Exception as error:  # noqa: BLE001
        # onnxruntime and tokenizers raise classes of their own bindings, which share no base but Exception.
        reason = str(error).splitlines()[0][:160]
        raise ModelUnavailable(f"{graph.parent} cannot be loaded ({reason}). Delete it and run: vibeshelf ingest starter") from None
    return OnnxEncoder(session, tokens, spec, precision)


def load_tokenizer(path: Path, spec: EncoderSpec) -> Tokenizer:
    """Return the tokenizer, set to the model's own length."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    # The file may truncate and pad otherwise than the model was trained for; other lengths make other vectors.
    tokenizer.enable_truncation(spec.max_tokens)
    tokenizer.no_padding()
    return tokenizer


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return what the export of a folder recorded about itself, or None unless it is whole and passed its check."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        whole = (folder / GRAPH).stat().st_size == record["size_bytes"] and (folder / TOKENIZER).is_file()
        return record if whole and record["check"]["passed"] is True else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def usable_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
