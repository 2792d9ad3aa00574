"""Speed beside quality from what was evaluated: nothing is searched here, only runs that were kept are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vibeshelf.core.records import Grades
from vibeshelf.services.evaluation import Summary, measure_run
from vibeshelf.services.measures import parse_measure
from vibeshelf.services.runs import KeptRun
from vibeshelf.services.systems import SYSTEMS

MEASURE, COVERAGE = "nDCG@10", "Judged@10"
_CUTOFF = 10


@dataclass(frozen=True, slots=True)
class SpeedQuality:
    """A system on an engine: the quality of its results, and the median time of the very searches that gave them.

    `timed` is how many were searched; `judged` the share of the results shown that somebody judged. `machine` is None where it
    was not recorded.
    """

    system: str
    engine: str
    milliseconds: float
    timed: int
    depth: int
    quality: Summary
    judged: float | None
    machine: str | None
    made_at: str


def speed_quality(kept: Sequence[KeptRun], grades: Grades) -> list[SpeedQuality]:
    """Return a line for each system on each engine and machine, by its latest run; runs without times or too short are left out."""
    latest = {(each.run.name, each.run.device, each.machine): each for each in kept if _is_usable(each)}
    return [_measured(each, grades) for each in latest.values()]


def not_evaluated(found: Sequence[SpeedQuality]) -> list[str]:
    """Return the systems of which there is no line."""
    known = {each.system for each in found}
    return [system for system in SYSTEMS if system not in known]


def judged_queries(queries: Mapping[str, str], grades: Grades) -> dict[str, str]:
    """Return the queries that have judgments; an evaluation searches no other."""
    return {query_id: text for query_id, text in queries.items() if query_id in grades}


def _is_usable(each: KeptRun) -> bool:
    return each.run.median_ms is not None and (each.run.k or 0) >= _CUTOFF


def _measured(kept: KeptRun, grades: Grades) -> SpeedQuality:
    run = kept.run
    measures = [parse_measure(name) for name in (MEASURE, COVERAGE)]
    summaries = measure_run(replace(run, name=f"{run.name} on {run.device}"), grades, measures).summaries
    return SpeedQuality(
        run.name, run.device or f"{kept.backend} {kept.precision}", run.median_ms or 0.0, len(run.rankings),
        run.k or 0, summaries[MEASURE], summaries[COVERAGE].mean, kept.machine, run.made_at or "",
    )  # fmt: skip
