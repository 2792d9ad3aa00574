"""Every backend, device and precision of this machine: queries one by one, and bulk encoding by batch size.

`python -m eval.bench_devices [--quick]`, or `make bench`. Runs unchanged on a machine with CUDA, where torch's fp32, fp16 and
bf16 are swept too. Each call ends with the vectors in the host's memory, so a device that works asynchronously has finished.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from eval.corpora import read_books, source_of
from eval.measuring import Report
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.variants import REFERENCE, open_variant, variants
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.settings import load_settings
from vibeshelf.core.template import BOOK_TEMPLATE, render

BATCHES = (1, 8, 32, 128, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few texts and batch sizes")
    quick = parser.parse_args().quick
    report = Report("bench-devices", quick)
    settings = load_settings()
    files = read_model(settings.model, settings.models_dir)
    books = read_books(source_of(quick)[1], 32 if quick else 1024)
    texts = [render(BOOK_TEMPLATE, book) for book in books]
    queries = list(starter_queries().values())[: 12 if quick else 76]
    reference = open_variant(settings, files, REFERENCE)
    wanted = reference.encode_documents(texts[:64])
    for variant in variants(files):
        try:
            encoder = reference if variant == REFERENCE else open_variant(settings, files, variant)
        except ModelUnavailable as error:
            print(f"not measured: {variant}: {error}")
            continue
        report.limits[f"{variant}: least cosine to the reference"] = float(
            (encoder.encode_documents(texts[:64]) * wanted).sum(axis=1).min()
        )
        report.samples[f"{variant}: queries"] = {"seconds": one_by_one(encoder, queries)}
        report.limits[f"{variant}: query p50, ms"] = 1000 * float(np.median(report.samples[f"{variant}: queries"]["seconds"]))
        for size in BATCHES[: 2 if quick else None]:
            report.limits[f"{variant}: documents/s in batches of {size}"] = rate(report, str(variant), encoder, texts, size)
    print(report.table())
    print(f"\nsaved: {report.save()}")


def one_by_one(encoder: Encoder, queries: list[str]) -> list[float]:
    for query in queries[:3]:
        encoder.encode_queries([query])
    return [seconds(lambda query=query: encoder.encode_queries([query])) for query in queries]


def rate(report: Report, name: str, encoder: Encoder, texts: list[str], size: int) -> float:
    """Return documents a second when they come `size` at a time; as many batches as fill a fair sample."""
    batches = [texts[start : start + size] for start in range(0, min(len(texts), max(32, 2 * size)), size)]
    taken = [seconds(lambda batch=batch: encoder.encode_documents(batch)) for batch in batches]
    report.samples[f"{name}: batches of {size}"] = {"seconds": taken}
    return sum(len(batch) for batch in batches) / sum(taken)


def seconds(call: object) -> float:
    assert callable(call)
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
