"""The fidelity gate: every backend and precision of this machine against the reference, on real texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.gates import GateResult, Judged, judge, machine_name, save_gates, with_judgments
from vibeshelf.adapters.encoders.model_files import ModelFiles, read_model
from vibeshelf.adapters.encoders.reference_texts import REFERENCE_TEXTS
from vibeshelf.adapters.encoders.variants import REFERENCE, Variant, open_variant, variants
from vibeshelf.adapters.mirror import top
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import Book, Ranking
from vibeshelf.core.settings import Settings
from vibeshelf.core.template import BOOK_TEMPLATE, render
from vibeshelf.services.measures import parse_measures, query_values
from vibeshelf.services.statistics import paired_p_value
from vibeshelf.services.vector_agreement import Encoded, nearness

# Of the starter catalogue.
_DOCUMENTS = 200
_K = 10


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a variant made of the texts, and how fast."""

    encoded: Encoded
    documents_per_second: float
    query_p50_ms: float


def measure(settings: Settings, model: str | None = None, say: Callable[[str], None] | None = None) -> list[GateResult]:
    """Compare every variant with the reference and keep the results, which `auto` goes by from then on.

    Takes about ten seconds a variant, and half a minute more for one that is near: those must also do as well on the judged
    starter queries.
    Raises ModelUnavailable when the reference itself cannot run.
    """
    files = read_model(model or settings.model, settings.models_dir)
    documents, queries = _texts(_DOCUMENTS)
    reference = _run(open_variant(settings, files, REFERENCE), documents, queries)
    results = []
    for variant in variants(files):
        try:
            measured = reference if variant == REFERENCE else _run(open_variant(settings, files, variant), documents, queries)
            results.append(_compare(variant, measured, reference))
        except ModelUnavailable as error:
            results.append(_unavailable(variant, str(error)))
    results = _judge_the_near(settings, files, results)
    for result in results:
        if say:
            say(f"{result.verdict:9} {result.variant}: {result.reason}")
    save_gates(settings.models_dir, files, results)
    return results


def _judge_the_near(settings: Settings, files: ModelFiles, results: Sequence[GateResult]) -> list[GateResult]:
    """Return the results with the near ones judged; the quickest variant with the reference's vectors stands for the reference."""
    if not any(each.verdict == "near" for each in results):
        return list(results)
    stand_in = max((each for each in results if each.same), key=lambda each: each.documents_per_second or 0.0)
    reference = _ndcg(open_variant(settings, files, stand_in.variant))

    def judged(variant: Variant) -> Judged:
        values = _ndcg(open_variant(settings, files, variant))
        p_value = paired_p_value([values[query_id] - reference[query_id] for query_id in reference])
        return Judged(_mean(values), _mean(reference), 1.0 if p_value is None else p_value, len(reference))

    return [with_judgments(each, judged(each.variant)) if each.verdict == "near" else each for each in results]


def _ndcg(encoder: Encoder) -> dict[str, float]:
    """Return query id -> nDCG@10 of exact dense search over the whole starter catalogue; 0 for a query without a relevant book."""
    books, queries = _starter_books(), starter_queries()
    documents = encoder.encode_documents([render(BOOK_TEMPLATE, book) for book in books])
    scores = encoder.encode_queries(list(queries.values())) @ documents.T
    rankings = {}
    for query_id, row in zip(queries, scores, strict=True):
        best = top(row, _K)
        rankings[query_id] = Ranking(tuple(books[at].book_id for at in best), tuple(float(row[at]) for at in best))
    name = f"nDCG@{_K}"
    values = query_values(parse_measures(name), read_qrels(starter_qrels_path()), rankings)[name]
    return {query_id: value or 0.0 for query_id, value in values.items()}


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)


def _starter_books() -> list[Book]:
    return [row for _, row in open_source(STARTER).rows() if isinstance(row, Book)]


def _texts(count: int) -> tuple[list[str], list[str]]:
    books = _starter_books()
    step = max(1, len(books) // count)
    return [render(BOOK_TEMPLATE, book) for book in books[::step]], [*starter_queries().values()]


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
    return _Measured(Encoded(np.vstack([rows, unusual]), np.array(vectors)), len(documents) / seconds, float(np.median(timings)) * 1000)


def _compare(variant: Variant, measured: _Measured, reference: _Measured) -> GateResult:
    near = nearness(measured.encoded, reference.encoded)
    verdict, reason = judge(near.cosine_min, near.cosine_mean, near.top10_overlap)
    return GateResult(
        variant=variant,
        verdict=verdict,
        cosine_min=near.cosine_min,
        cosine_mean=near.cosine_mean,
        top10_overlap=near.top10_overlap,
        documents=len(measured.encoded.documents),
        queries=len(measured.encoded.queries),
        documents_per_second=measured.documents_per_second,
        query_p50_ms=measured.query_p50_ms,
        machine=machine_name(),
        measured_at=_now(),
        reason=reason,
    )


def _unavailable(variant: Variant, reason: str) -> GateResult:
    return GateResult(variant, "unavailable", None, None, None, 0, 0, None, None, machine_name(), _now(), reason)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
