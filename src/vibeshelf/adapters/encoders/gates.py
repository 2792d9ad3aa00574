"""What the fidelity gate found on this machine, kept beside the model's exports."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from vibeshelf.adapters.encoders.model_files import ModelFiles
from vibeshelf.adapters.encoders.variants import Variant

# The same vectors: what `auto` may take without a word.
SAME_COSINE = 0.9999
# Near enough to be offered when asked for by its precision, once the judged queries do not say otherwise. The least cosine is
# that of the oddest text (one word 400 times); the mean and the overlap are what a search feels.
NEAR_COSINE_MIN, NEAR_COSINE_MEAN, NEAR_OVERLAP = 0.9, 0.99, 0.9
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Judged:
    """nDCG@10 of exact dense search over the starter catalogue, on its `n` judged queries; `p_value` of the paired test."""

    ndcg10: float
    reference_ndcg10: float
    p_value: float
    n: int

    @property
    def is_worse(self) -> bool:
        return self.ndcg10 < self.reference_ndcg10 and self.p_value <= ALPHA

    def __str__(self) -> str:
        return f"nDCG@10 {self.ndcg10:.3f} where the reference has {self.reference_ndcg10:.3f} (p = {self.p_value:.2f}, {self.n} queries)"


@dataclass(frozen=True, slots=True)
class GateResult:
    """How a variant compares with the reference (torch fp32 on the cpu) on this machine.

    Cosines are over documents and queries; `top10_overlap` is the mean share of the reference's ten nearest documents
    that it finds; speeds are those of the gate's own short run, None when it could not run.
    """

    variant: Variant
    verdict: str
    cosine_min: float | None
    cosine_mean: float | None
    top10_overlap: float | None
    documents: int
    queries: int
    documents_per_second: float | None
    query_p50_ms: float | None
    machine: str
    measured_at: str
    reason: str
    judged: Judged | None = None

    @property
    def same(self) -> bool:
        return self.verdict == "same"

    @property
    def offered(self) -> bool:
        return self.verdict in ("same", "near")


def judge(cosine_min: float, cosine_mean: float, overlap: float) -> tuple[str, str]:
    """Return the verdict on the vectors alone (same, near or withheld) with its reason."""
    figures = f"cosine to the reference {cosine_min:.5f} at least, {cosine_mean:.5f} on average, top-10 overlap {overlap:.3f}"
    if cosine_min >= SAME_COSINE:
        return "same", figures
    if cosine_min >= NEAR_COSINE_MIN and cosine_mean >= NEAR_COSINE_MEAN and overlap >= NEAR_OVERLAP:
        return "near", figures
    return "withheld", f"{figures}; expected at least {NEAR_COSINE_MIN}, {NEAR_COSINE_MEAN} and {NEAR_OVERLAP}"


def with_judgments(result: GateResult, judged: Judged) -> GateResult:
    """Return a near result with what the judged queries say of it: offered by --precision, or withheld when it is worse."""
    verdict, end = ("withheld", "worse") if judged.is_worse else ("near", "offered by --precision only")
    return replace(result, verdict=verdict, judged=judged, reason=f"{result.reason}, {judged}: {end}")


def load_gates(models_dir: Path, files: ModelFiles) -> dict[Variant, GateResult]:
    """Return the results of this very machine for these very weights; those of another machine do not count."""
    try:
        rows = json.loads(_path(models_dir, files).read_text(encoding="utf-8"))
        results = [_result(row) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return {result.variant: result for result in results if result.machine == machine_name()}


def _result(row: dict[str, Any]) -> GateResult:
    judged = Judged(**row["judged"]) if row.get("judged") else None
    return GateResult(**{**row, "variant": Variant(**row["variant"]), "judged": judged})


def save_gates(models_dir: Path, files: ModelFiles, results: list[GateResult]) -> None:
    path = _path(models_dir, files)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps([asdict(result) for result in results], indent=1), encoding="utf-8")
    temporary.replace(path)


@cache
def machine_name() -> str:
    """Return the processor's name with its architecture and cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or "unknown processor"
    return f"{model}, {platform.machine()}, {os.cpu_count()} cores"


def _path(models_dir: Path, files: ModelFiles) -> Path:
    return models_dir / files.spec.fingerprint[:16] / "gates.json"
