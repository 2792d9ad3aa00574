"""A whole evaluation, from judged queries to a report, as the Relevance page asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Grades, Run
from vibeshelf.services.chronicle import note_evaluation
from vibeshelf.services.evaluation import Report, evaluate
from vibeshelf.services.evaluation_notes import notes_of
from vibeshelf.services.measures import Measure, parse_measure
from vibeshelf.services.runs import depth_for, is_kept, make_run, run_fingerprint
from vibeshelf.services.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be evaluated. `source` is what the queries are called; the paths are those that errors name."""

    source: str
    queries: Mapping[str, str]
    qrels: Mapping[Path, Grades]
    systems: tuple[str, ...]
    measures: tuple[Measure, ...]
    imported: Mapping[Path, Run]
    baseline: str | None = None

    @property
    def grades(self) -> Grades:
        return {query_id: of for grades in self.qrels.values() for query_id, of in grades.items()}

    @property
    def judged(self) -> dict[str, str]:
        """The queries that have judgments; no other is searched."""
        grades = self.grades
        return {query_id: text for query_id, text in self.queries.items() if query_id in grades}

    @property
    def depth(self) -> int:
        return depth_for(self.measures)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation found, and on what. `books` is how many the collection holds; `notes` is what the reader should know."""

    request: Request
    report: Report
    runs: Mapping[str, Run]
    collection: str
    books: int
    model: str
    device: str
    evaluated_at: str
    notes: tuple[str, ...]


def carry_out(shelf: Shelf, request: Request, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Evaluated:
    """Search with every system, measure, compare. `progress` is told (searches done, of how many).

    Raises InputError for judgments that have nothing to do with the queries or the collection, Cancelled soon after `cancelled`
    says so, and what `make_run` raises.
    """
    judged, systems = request.judged, request.systems
    if systems and not judged:
        raise InputError(f"the judgments of {request.source} name none of its {len(request.queries):,} queries; their ids differ")
    notes = notes_of(request.queries, request.qrels, request.imported, shelf)
    runs: list[Run] = []
    for system in systems:
        before = len(runs) * len(judged)
        told = _shifted(progress, before, len(systems) * len(judged))
        runs.append(make_run(shelf, judged, system, request.depth, (), told, cancelled))
    notes += _refusals(runs)
    runs += request.imported.values()
    report = evaluate(runs, request.grades, request.measures, request.baseline, list(request.queries))
    note_evaluation(shelf, request.source, report)
    encoder = shelf.encoder
    return Evaluated(
        request, report, {run.name: run for run in runs}, shelf.name, shelf.manifest.count, shelf.manifest.encoder.model,
        f"{encoder.backend} {encoder.precision} on {encoder.device}", datetime.now(UTC).isoformat(timespec="seconds"), tuple(notes),
    )  # fmt: skip


def searches_left(shelf: Shelf, request: Request) -> int:
    """Return how many searches are to be made, since no run that was kept has them."""
    judged, depth = request.judged, request.depth
    return sum(len(judged) for system in request.systems if not is_kept(shelf, judged, system, depth))


def fingerprint(shelf: Shelf, request: Request) -> str:
    """Return what names an evaluation: everything that its report depends on."""
    judged, depth = request.judged, request.depth
    runs = [run_fingerprint(shelf, judged, system, depth) for system in request.systems]
    imported = [(run.name, [(query_id, of.book_ids) for query_id, of in run.rankings.items()]) for run in request.imported.values()]
    judgments = [(query_id, tuple(of.items())) for query_id, of in request.grades.items()]
    parts = (shelf.name, request.source, request.systems, runs, imported, judgments, tuple(request.queries), request.measures)
    return hashlib.sha256(repr((*parts, request.baseline)).encode()).hexdigest()[:20]


def beside_coverage(measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """Return the measures, those that look equally far together, and behind each group how much of that was judged."""
    depth = depth_for(measures)
    groups: dict[int, list[Measure]] = {}
    for measure in measures:
        groups.setdefault(measure.cutoff or depth, []).extend([] if measure.is_coverage else [measure])
    return tuple(each for cutoff, group in groups.items() for each in (*group, parse_measure(f"Judged@{cutoff}")))


def unjudged_shown(evaluated: Evaluated, k: int) -> int:
    """Return how many (query, book) pairs some run shows in its top k and nobody judged; queries without judgments do not count."""
    grades = evaluated.request.grades
    shown = {
        (query_id, book_id)
        for run in evaluated.runs.values()
        for query_id, ranking in run.rankings.items()
        for book_id in ranking.book_ids[:k]
        if query_id in grades and book_id not in grades[query_id]
    }
    return len(shown)


def _shifted(progress: Callable[[int, int], None], before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done, total)


def _refusals(runs: list[Run]) -> list[str]:
    """Return a line for the queries that could not be searched, one for all systems that refused the same ones."""
    systems: dict[tuple[str, int, str], list[str]] = {}
    for run in runs:
        if run.refused:
            query_id, reason = next(iter(run.refused.items()))
            systems.setdefault((query_id, len(run.refused), reason), []).append(run.name)
    return [
        f"{', '.join(names)} cannot search query '{query_id}'{f' and {count - 1:,} more' if count > 1 else ''} (0 for each): {reason}"
        for (query_id, count, reason), names in systems.items()
    ]
