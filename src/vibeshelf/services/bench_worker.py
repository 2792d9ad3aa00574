"""One engine's part of a benchmark, in a process of its own: no thread pool, cache or garbage of another one slows it.

`python -m vibeshelf.services.bench_worker` reads one request (JSON) and writes what it finds as JSON lines. Little is imported
before the model is there, since a cold start is measured too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.variants import Variant, is_built, open_variant
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.latency import COLD_START, MODEL_LOAD, SHORT, LatencySamples
from vibeshelf.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from vibeshelf.adapters.encoders.protocol import TokenEncoder
    from vibeshelf.services.bench_texts import BenchTexts
    from vibeshelf.services.bench_timing import Search

Send = Callable[[dict[str, Any]], None]
_K = 10
_FIRST_QUERY = "melancholy lighthouse story, slow, beautiful prose"


def main() -> None:
    """Carry out the request of stdin."""
    # Libraries print what they like; the answers have a channel of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(event: dict[str, Any]) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    try:
        request = json.loads(sys.stdin.read())
        _TASKS[request["task"]](request, send)
    except BrokenPipeError:
        # Whoever asked is gone.
        return
    except VibeshelfError as error:
        send({"failed": str(error)})
    except Exception as error:  # noqa: BLE001
        # Whatever a runtime raised, it is said of this engine, and the others are measured.
        send({"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"})


def _inventory(request: dict[str, Any], send: Send) -> None:
    """Say what can run here. Asks torch and openvino, which the process that asked need not load."""
    from vibeshelf.adapters.encoders.choice import has_torch
    from vibeshelf.adapters.encoders.variants import variants

    settings = _settings(request)
    files = read_model(settings.model, settings.models_dir)
    names: dict[str, str] = {}
    if has_torch():
        from vibeshelf.adapters.encoders.torch_encoder import device_names

        names = device_names()
    found = [{**asdict(each), "built": is_built(settings, files, each)} for each in variants(files)]
    send({"variants": found, "accelerators": names, "model": files.name, "fingerprint": files.spec.fingerprint})


def _build(request: dict[str, Any], _: Send) -> None:
    settings = _settings(request)
    open_variant(settings, read_model(settings.model, settings.models_dir), Variant(**request["variant"]))


def _start(request: dict[str, Any], send: Send) -> None:
    _cold_start(request, send)


def _vectors(request: dict[str, Any], send: Send) -> None:
    from vibeshelf.services.bench_texts import bench_texts

    _save_vectors(_cold_start(request, None), bench_texts(), request["vectors"])
    send({"at": 1.0})


def _measure(request: dict[str, Any], send: Send) -> None:
    encoder = _cold_start(request, send)
    from vibeshelf.services.bench_texts import bench_texts
    from vibeshelf.services.bench_timing import batch_samples, query_samples

    send({"threads": _threads(encoder)})
    texts, sizes = bench_texts(), request["batch_sizes"]
    search = _searcher(request, encoder)
    shares = 0.5, 0.4
    for samples in query_samples(encoder, search, texts.queries, request["queries"], lambda done, of: send({"at": shares[0] * done / of})):
        send({"samples": asdict(samples)})
    for at, size in enumerate(sizes, 1):
        send({"samples": asdict(batch_samples(encoder, texts.books, size))})
        send({"at": shares[0] + shares[1] * at / len(sizes)})
    _save_vectors(encoder, texts, request["vectors"])
    if search is not None and request["judged"]:
        rankings = {query_id: _ranking(search, text) for query_id, text in texts.judged.items()}
        send({"rankings": rankings})
    send({"at": 1.0})


_TASKS: dict[str, Callable[[dict[str, Any], Send], None]] = {
    "inventory": _inventory, "build": _build, "start": _start, "vectors": _vectors, "measure": _measure,
}  # fmt: skip


def _settings(request: dict[str, Any]) -> Settings:
    return load_settings(**request["settings"])


def _cold_start(request: dict[str, Any], send: Send | None) -> TokenEncoder:
    """Return the encoder, after it has answered once; its times are those of a process that had nothing in memory."""
    settings, variant = _settings(request), Variant(**request["variant"])
    began = time.monotonic()
    encoder = open_variant(settings, read_model(settings.model, settings.models_dir), variant)
    loaded = time.monotonic()
    encoder.encode_queries([_FIRST_QUERY])
    answered = time.monotonic()
    for stage, seconds in ((MODEL_LOAD, loaded - began), (COLD_START, answered - request["asked_at"])):
        if send is not None:
            send({"samples": asdict(_once(variant, stage, seconds))})
    return encoder


def _once(variant: Variant, stage: str, seconds: float) -> LatencySamples:
    text = SHORT if stage == COLD_START else None
    return LatencySamples(variant.device, variant.backend, variant.precision, stage, text, 1, 0, (seconds,))


def _threads(encoder: TokenEncoder) -> int:
    if encoder.backend == "torch":
        from vibeshelf.adapters.encoders.torch_encoder import torch_threads

        return torch_threads()
    from vibeshelf.adapters.encoders.graph_encoder import usable_cores

    return usable_cores()


def _searcher(request: dict[str, Any], encoder: TokenEncoder) -> Search | None:
    """Return the app's own search of the collection with this encoder; nothing is remembered from query to query."""
    if request["collection"] is None:
        return None
    from vibeshelf.adapters.store import Store
    from vibeshelf.services.query_vectors import QueryVectors
    from vibeshelf.services.search import search
    from vibeshelf.services.shelf import mirror_of

    settings = _settings(request)
    index = Store(settings).open(request["collection"])
    mirror, queries = mirror_of(settings, index), QueryVectors(encoder, 0)
    return lambda text: search(index, mirror, queries, text, _K, request["system"])


def _ranking(search: Search, text: str) -> list[list[Any]]:
    hits = search(text).hits
    return [[hit.book_id for hit in hits], [hit.score for hit in hits]]


def _save_vectors(encoder: TokenEncoder, texts: BenchTexts, path: str) -> None:
    import numpy as np

    queries = list(texts.queries[SHORT])
    np.savez(path, documents=encoder.encode_documents(texts.compared), queries=encoder.encode_queries(queries))


if __name__ == "__main__":
    main()
