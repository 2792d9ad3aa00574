"""Results of benchmarks as tests need them: two machines whose figures can be told from each other, made by hand."""

from __future__ import annotations

from dataclasses import replace

from vibeshelf.core.latency import (
    BOOK,
    COLD_START,
    ENCODE,
    HYDRATE,
    LENGTHS,
    MODEL_LOAD,
    SEARCH,
    SHORT,
    TOKENISE,
    TOTAL,
    Agreement,
    BenchResult,
    Engine,
    Environment,
    LatencySamples,
    NotMeasured,
    Quality,
)  # fmt: skip

ONNX, INT8, TORCH = Engine("cpu", "onnx", "fp32"), Engine("cpu", "onnx", "int8"), Engine("cpu", "torch", "fp32")
CUDA = Engine("cuda", "torch", "fp16")
# Median milliseconds of a whole search with a short query.
SPEED_MS = {ONNX: 4.0, INT8: 3.0, TORCH: 12.0, CUDA: 1.0}
_SHARES = {TOKENISE: 0.05, ENCODE: 0.5, SEARCH: 0.4, HYDRATE: 0.1, TOTAL: 1.0}


def environment(label: str = "Test Processor, x86_64, 4 cores", moment: str = "2026-11-20T10:00:00+00:00") -> Environment:
    return Environment(
        label=label, processor=label.split(",")[0], platform="Linux-test", python="3.11.9", cores=4, usable_cores=4,
        memory_bytes=8 << 30, governor=None, load_before=0.25, load_after=1.5, accelerators={}, threads={str(ONNX): 4},
        versions={"onnxruntime": "1.32.0"}, model="all-MiniLM-L6-v2", fingerprint="ab" * 32, collection="starter", books=945,
        system="hybrid", measured_at=moment, run_seconds=90.0,
    )  # fmt: skip


def samples(engine: Engine, stage: str, text: str | None, seconds: tuple[float, ...], batch_size: int = 1) -> LatencySamples:
    tokens = () if text is None else (12 * batch_size,) * len(seconds)
    return LatencySamples(engine.device, engine.backend, engine.precision, stage, text, batch_size, 5, seconds, tokens)


def around(milliseconds: float, n: int) -> tuple[float, ...]:
    """n times, evenly from 0.5 to 1.5 of the median."""
    return tuple(milliseconds / 1000 * (0.5 + at / (n - 1)) for at in range(n))


def result(engines: tuple[Engine, ...] = (TORCH, ONNX, INT8), n: int = 101, factor: float = 1.0, label: str | None = None) -> BenchResult:
    """A whole result; `factor` makes a slower machine."""
    made = [each for engine in engines for each in _of(engine, n, factor)]
    of = environment() if label is None else environment(label)
    agreement = tuple(Agreement(*_names(engine), *_near(engine), 144, 80, *_verdict(engine)) for engine in engines)
    quality = tuple(Quality(*_names(engine), "hybrid", "nDCG@10", 0.44 if engine == INT8 else 0.46, 0.41, 0.51, 80) for engine in engines)
    missing = (NotMeasured("openvino int8 on cpu", "its process ended with code 1"),)
    return BenchResult(replace(of, threads={str(engine): 4 for engine in engines}), tuple(made), agreement, quality, missing)


def _of(engine: Engine, n: int, factor: float) -> list[LatencySamples]:
    middle = SPEED_MS[engine] * factor
    queries = [
        samples(engine, stage, text, around(middle * share * (1 + 2 * at), n))
        for at, text in enumerate(LENGTHS)
        for stage, share in _SHARES.items()
    ]
    batches = [samples(engine, ENCODE, BOOK, around(middle * size, 5), size) for size in (1, 32)]
    starts = [samples(engine, MODEL_LOAD, None, (0.4 * factor,)), samples(engine, COLD_START, SHORT, (1.3 * factor,))]
    return [*starts, *queries, *batches]


def _names(engine: Engine) -> tuple[str, str, str]:
    return engine.device, engine.backend, engine.precision


def _near(engine: Engine) -> tuple[float, float, float]:
    return (0.971, 0.990, 0.827) if engine == INT8 else (0.99999, 1.0, 1.0)


def _verdict(engine: Engine) -> tuple[str, str]:
    return ("withheld", "overlap 0.827; expected at least 0.9") if engine == INT8 else ("same", "cosine 0.99999 at least")
