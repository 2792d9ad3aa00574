"""What the backends without torch share: one graph from tokens to unit vectors, fed in batches that suit a processor."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# Padded tokens a batch: on a CPU small batches stay in cache and are the fastest.
TOKEN_BUDGET = 1536
# Of few texts the lengths differ more, and what is padded costs as much as what is not: they go in at least so many batches, if these
# hold so many tokens. The 46 sentences of ten books took 147 ms instead of 194.
_LEAST_BATCHES, _LEAST_BUDGET = 8, 256


class GraphEncoder:
    """A graph and its tokenizer. Safe to share between threads; a backend says how the graph is run, and in how many at once."""

    backend = ""
    device = "cpu"

    def __init__(self, inputs: Sequence[str], tokenizer: Tokenizer, spec: EncoderSpec, precision: str, workers: int = 1) -> None:
        self.spec = spec
        self.precision = precision
        self._inputs = inputs
        self._tokenizer = tokenizer
        self._workers = workers

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encode(texts, self.spec.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, float32 (n_texts, dimension)."""
        return self._encode(texts, self.spec.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens after truncation, special ones included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def _infer(self, feed: dict[str, Any]) -> Vectors:
        """Return the graph's output, float32 (n_texts, dimension), for token arrays int64 (n_texts, n_tokens)."""
        raise NotImplementedError

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        rows = np.zeros((len(texts), self.spec.dimension), dtype=np.float32)

        def run(batch: list[int]) -> None:
            rows[batch] = self._infer(self._feed([encodings[at] for at in batch]))

        # The longest first, so that no worker is left with one of them in the end.
        lengths = [len(encoding.ids) for encoding in encodings]
        budget = min(TOKEN_BUDGET, max(_LEAST_BUDGET, sum(lengths) // _LEAST_BATCHES))
        batches = list(batches_by_tokens(lengths, budget))[::-1]
        if self._workers == 1 or len(batches) < 2:
            for batch in batches:
                run(batch)
        else:
            with ThreadPoolExecutor(self._workers, "vibeshelf-encode") as pool:
                list(pool.map(run, batches))
        return unit_rows(rows, len(texts), self.spec.dimension, f"{self.spec.model} on {self.backend}")

    def _feed(self, encodings: Sequence[Encoding]) -> dict[str, Any]:
        width = max(len(encoding.ids) for encoding in encodings)
        feed = {name: np.zeros((len(encodings), width), dtype=np.int64) for name in self._inputs}
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            feed["input_ids"][row, :length] = encoding.ids
            feed["attention_mask"][row, :length] = 1
            if "token_type_ids" in feed:
                feed["token_type_ids"][row, :length] = encoding.type_ids
        return feed


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


def load_tokenizer(path: Path, spec: EncoderSpec) -> Tokenizer:
    """Return the tokenizer, set to the model's own length."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    # The file may truncate and pad otherwise than the model was trained for; other lengths make other vectors.
    tokenizer.enable_truncation(spec.max_tokens)
    tokenizer.no_padding()
    return tokenizer


def usable_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
