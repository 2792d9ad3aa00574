"""What every figure of an evaluation is about: how many queries, which books, by what, on what, when."""

from __future__ import annotations

from vibeshelf.core.records import Run
from vibeshelf.services.evaluating import Evaluated


def facts_of(evaluated: Evaluated) -> str:
    """Return them in one line, not escaped."""
    count = evaluated.report.queries
    own = [run for run in evaluated.runs.values() if run.made_at]
    when = max((run.made_at or "" for run in own), default=evaluated.evaluated_at)
    by = [f"{evaluated.model}, {' and '.join(sorted({str(run.device) for run in own}))}"] if own else ["runs of other tools"]
    where = f"collection {evaluated.collection}, {evaluated.books:,} books"
    return " · ".join([f"{count:,} judged {'query' if count == 1 else 'queries'} of {evaluated.request.source}", where, *by, day_of(when)])


def day_of(moment: str) -> str:
    """Return '2026-11-24 14:05 UTC' for an ISO 8601 moment of UTC."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def speed_of(run: Run) -> str:
    """Return how quick the searches of a run were, or that nobody measured it."""
    if run.median_ms is None:
        return "not measured"
    made = f", {day_of(run.made_at)}" if run.made_at else ""
    return f"{run.median_ms:.1f} ms ({run.device or 'device not known'}{made})"
