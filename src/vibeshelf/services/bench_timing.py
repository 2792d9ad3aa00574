"""How calls are timed: warmed up first, the device at rest before each, every sample kept."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from vibeshelf.adapters.encoders.protocol import TokenEncoder
from vibeshelf.adapters.encoders.torch_encoder import settle
from vibeshelf.core.latency import BOOK, ENCODE, HYDRATE, SEARCH, TOKENISE, TOTAL, Engine, LatencySamples
from vibeshelf.core.records import SearchResult

Search = Callable[[str], SearchResult]
Tell = Callable[[int, int], None]
# Calls before the first that counts, for each length of query and each size of batch.
WARM_UP_QUERIES, WARM_UP_BATCHES = 5, 1
# A size of batch is sampled until it has as many batches or has taken as long, but three times at least.
MAX_BATCHES, MIN_BATCHES, BATCH_SECONDS = 100, 3, 2.0


def query_samples(
    encoder: TokenEncoder, search: Search | None, texts: Mapping[str, Sequence[str]], count: int, tell: Tell
) -> Iterator[LatencySamples]:
    """Yield the samples of `count` single queries of each length, stage by stage; the lengths take turns.

    Without a `search` only tokenising and encoding are timed. `tell` is told (queries done, of how many).
    """
    for of in texts.values():
        for text in of[:WARM_UP_QUERIES]:
            _one(encoder, search, text)
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    tokens: dict[str, list[int]] = defaultdict(list)
    for at in range(count):
        for length, of in texts.items():
            stages, size = _one(encoder, search, of[at % len(of)])
            tokens[length].append(size)
            for stage, taken in stages.items():
                seconds[length, stage].append(taken)
        tell(at + 1, count)
    engine = _engine(encoder)
    for (length, stage), values in seconds.items():
        warm_up = min(WARM_UP_QUERIES, len(texts[length]))
        yield _samples(engine, stage, length, 1, warm_up, values, tokens[length])


def batch_samples(encoder: TokenEncoder, books: Sequence[str], size: int, budget_seconds: float = BATCH_SECONDS) -> LatencySamples:
    """Return the samples of encoding books `size` at a time."""
    seconds: list[float] = []
    tokens: list[int] = []
    began = time.perf_counter()
    for at in range(-WARM_UP_BATCHES, MAX_BATCHES):
        batch = [books[(max(at, 0) * size + place) % len(books)] for place in range(size)]
        size_in_tokens = sum(encoder.count_tokens(batch))
        taken = _timed(encoder, partial(encoder.encode_documents, batch))
        if at >= 0:
            seconds.append(taken)
            tokens.append(size_in_tokens)
        if len(seconds) >= MIN_BATCHES and time.perf_counter() - began >= budget_seconds:
            break
    return _samples(_engine(encoder), ENCODE, BOOK, size, WARM_UP_BATCHES, seconds, tokens)


def _one(encoder: TokenEncoder, search: Search | None, text: str) -> tuple[dict[str, float], int]:
    """Return stage -> seconds of one query, and its tokens."""
    started = time.perf_counter()
    size = encoder.count_tokens([text])[0]
    stages = {TOKENISE: time.perf_counter() - started}
    if search is None:
        return {**stages, ENCODE: _timed(encoder, lambda: encoder.encode_queries([text]))}, size
    settle(encoder.device)
    found = search(text)
    of_search = {ENCODE: found.encode_ms, SEARCH: found.search_ms, HYDRATE: found.hydrate_ms, TOTAL: found.total_ms}
    return {**stages, **{stage: value / 1000 for stage, value in of_search.items()}}, size


def _timed(encoder: TokenEncoder, call: Callable[[], object]) -> float:
    # The call ends with its vectors in the host's memory, so a device that works asynchronously has finished too.
    settle(encoder.device)
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _engine(encoder: TokenEncoder) -> Engine:
    return Engine(encoder.device, encoder.backend, encoder.precision)


def _samples(
    engine: Engine, stage: str, text: str, size: int, warm_up: int, seconds: Sequence[float], tokens: Sequence[int]
) -> LatencySamples:
    return LatencySamples(
        engine.device, engine.backend, engine.precision, stage, text, size, warm_up, tuple(seconds), tuple(tokens)
    )  # fmt: skip
