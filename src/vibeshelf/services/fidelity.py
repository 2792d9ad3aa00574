"""The fidelity gate: every backend and precision of this machine against the reference, on real texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.gates import GateResult, judge, machine_name, save_gates
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.reference_texts import REFERENCE_TEXTS
from vibeshelf.adapters.encoders.variants import REFERENCE, Variant, open_variant, variants
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings
from vibeshelf.core.template import BOOK_TEMPLATE, render
from vibeshelf.core.vectors import Vectors

_DOCUMENTS, _QUERIES = 200, 80


def measure(settings: Settings, model: str | None = None, say: Callable[[str], None] | None = None) -> list[GateResult]:
    """Compare every variant with the reference and keep the results, which `auto` goes by from then on.

    Takes about ten seconds a variant. Raises ModelUnavailable when the reference itself cannot run.
    """
    files = read_model(model or settings.model, settings.models_dir)
    documents, queries = _texts()
    reference = _run(open_variant(settings, files, REFERENCE), documents, queries)
    results = []
    for variant in variants(files):
        try:
            measured = reference if variant == REFERENCE else _run(open_variant(settings, files, variant), documents, queries)
            results.append(_compare(variant, measured, reference))
        except ModelUnavailable as error:
            results.append(_unavailable(variant, str(error)))
        if say:
            say(f"{results[-1].verdict:9} {variant}: {results[-1].reason}")
    save_gates(settings.models_dir, files, results)
    return results


class _Measured:
    def __init__(self, documents: Vectors, queries: Vectors, documents_per_second: float, query_p50_ms: float) -> None:
        self.documents, self.queries = documents, queries
        self.documents_per_second, self.query_p50_ms = documents_per_second, query_p50_ms


def _texts() -> tuple[list[str], list[str]]:
    books = [row for _, row in open_source(STARTER).rows() if isinstance(row, Book)]
    step = max(1, len(books) // _DOCUMENTS)
    return [render(BOOK_TEMPLATE, book) for book in books[::step]], [*starter_queries().values()][:_QUERIES]


def _run(encoder: Encoder, documents: Sequence[str], queries: Sequence[str]) -> _Measured:
    encoder.encode_documents(documents[:8])
    started = time.perf_counter()
    rows = encoder.encode_documents(documents)
    seconds = time.perf_counter() - started
    vectors, timings = [], []
    for query in queries:
        started = time.perf_counter()
        vectors.append(encoder.encode_queries([query])[0])
        timings.append(time.perf_counter() - started)
    unusual = encoder.encode_documents(REFERENCE_TEXTS)
    return _Measured(np.vstack([rows, unusual]), np.array(vectors), len(documents) / seconds, float(np.median(timings)) * 1000)


def _compare(variant: Variant, measured: _Measured, reference: _Measured) -> GateResult:
    cosines = np.concatenate([(measured.documents * reference.documents).sum(axis=1), (measured.queries * reference.queries).sum(axis=1)])
    overlap = _top10_overlap(measured, reference)
    verdict, reason = judge(float(cosines.min()), float(cosines.mean()), overlap)
    return GateResult(
        variant=variant,
        verdict=verdict,
        cosine_min=float(cosines.min()),
        cosine_mean=float(cosines.mean()),
        top10_overlap=overlap,
        documents=len(measured.documents),
        queries=len(measured.queries),
        documents_per_second=measured.documents_per_second,
        query_p50_ms=measured.query_p50_ms,
        machine=machine_name(),
        measured_at=_now(),
        reason=reason,
    )


def _top10_overlap(measured: _Measured, reference: _Measured) -> float:
    ours = np.argsort(-(measured.queries @ measured.documents.T), axis=1, kind="stable")[:, :10]
    theirs = np.argsort(-(reference.queries @ reference.documents.T), axis=1, kind="stable")[:, :10]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ours.tolist(), theirs.tolist(), strict=True)]))


def _unavailable(variant: Variant, reason: str) -> GateResult:
    return GateResult(variant, "unavailable", None, None, None, 0, 0, None, None, machine_name(), _now(), reason)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
