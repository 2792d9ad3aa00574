"""What a benchmark says of an engine beside its speed: how near its vectors are, and how good a search with them is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from vibeshelf.adapters.catalog.starter import starter_qrels_path
from vibeshelf.adapters.encoders.gates import GateResult, judge
from vibeshelf.adapters.encoders.variants import Variant
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.latency import Agreement, Quality
from vibeshelf.core.records import Ranking
from vibeshelf.services.evaluation import summarise
from vibeshelf.services.measures import parse_measures, query_values
from vibeshelf.services.vector_agreement import Encoded, nearness

MEASURE = "nDCG@10"


def agreements(reference: Path, found: Mapping[Variant, Path], gates: Mapping[Variant, GateResult]) -> Iterator[Agreement]:
    """Yield how near each engine's vectors (files of `documents` and `queries`) are to the reference's; none without those.

    The verdict is the gate's where it was asked on this machine, since it has judged queries to go by; else the vectors decide.
    """
    if not reference.is_file():
        return
    theirs = _encoded(reference)
    for variant, path in found.items():
        ours = _encoded(path)
        near = nearness(ours, theirs)
        verdict, reason = _verdict(gates.get(variant)) or judge(near.cosine_min, near.cosine_mean, near.top10_overlap)
        yield Agreement(
            variant.device, variant.backend, variant.precision, near.cosine_min, near.cosine_mean, near.top10_overlap,
            len(ours.documents), len(ours.queries), verdict, reason,
        )  # fmt: skip


def qualities(system: str, rankings: Mapping[Variant, Mapping[str, Ranking]]) -> Iterator[Quality]:
    """Yield nDCG@10 of each engine's searches of the starter collection, over its judged queries."""
    if not rankings:
        return
    grades, measures = read_qrels(starter_qrels_path()), parse_measures(MEASURE)
    for variant, of in rankings.items():
        summary = summarise(query_values(measures, grades, of)[MEASURE])
        if summary.mean is not None:
            yield Quality(
                variant.device, variant.backend, variant.precision, system, MEASURE,
                summary.mean, summary.ci_low, summary.ci_high, summary.n,
            )  # fmt: skip


def _verdict(gate: GateResult | None) -> tuple[str, str] | None:
    return None if gate is None or gate.verdict == "unavailable" else (gate.verdict, gate.reason)


def _encoded(path: Path) -> Encoded:
    with np.load(path) as arrays:
        return Encoded(arrays["documents"], arrays["queries"])
