"""What the logbook says of each kind of work: one sentence, and the figures behind it with how many samples they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibeshelf.core import logbook
from vibeshelf.core.latency import ENCODE, SHORT, BenchResult
from vibeshelf.core.probes import FAIL, WARN, Examination
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.services.logbook import note

if TYPE_CHECKING:
    from vibeshelf.services.evaluation import Report
    from vibeshelf.services.ingest import IngestReport, Tally
    from vibeshelf.services.repair import Repaired
    from vibeshelf.services.shelf import Shelf

Figures = dict[str, float | int | str | None]


def note_build(settings: Settings, manifest: Manifest, report: IngestReport, source: str) -> None:
    """Tell of an ingest that changed something."""
    tally = report.tally
    rate = report.documents_per_second
    done = {"added": tally.added, "updated": tally.updated, "removed": tally.removed, "rejected": tally.rejected}
    said = ", ".join(f"{count:,} {what}" for what, count in done.items() if count)
    summary = f"'{report.collection}' built from {source}: {said}; {manifest.count:,} books with {report.model}"
    speed: Figures = {"seconds": round(report.seconds, 2), "documents_per_second": rate and round(rate, 1)}
    how: Figures = {"backend": report.backend, "device": report.device, "precision": report.precision}
    note(settings, "build", report.collection, manifest, summary, {**_counts(tally), "books": manifest.count, **speed, **how})


def note_stopped_build(settings: Settings, manifest: Manifest, tally: Tally, source: str, reason: str) -> None:
    """Tell of an ingest that ended early and left a collection that is not complete."""
    summary = f"'{manifest.collection}' is not complete: its ingest of {source} ended after {tally.read:,} rows ({reason})"
    note(settings, "build", manifest.collection, manifest, summary, _counts(tally))


def note_pull(settings: Settings, manifest: Manifest, origin: str, figures: logbook.Figures) -> None:
    """Tell of a collection that came from a store and was built again here."""
    summary = f"'{manifest.collection}' built from {origin}: {manifest.count:,} books, proven to answer as the original"
    note(settings, "build", manifest.collection, manifest, summary, figures)


def note_repair(settings: Settings, manifest: Manifest, done: Repaired) -> None:
    """Tell of a repair."""
    summary = f"'{manifest.collection}': repair '{done.repair}' of {done.books:,} books"
    figures: Figures = {"repair": done.repair, "books": done.books, "seconds": round(done.seconds, 2)}
    note(settings, "repair", manifest.collection, manifest, summary, figures)


def note_verdict(settings: Settings, before: Examination | None, after: Examination, manifest: Manifest) -> None:
    """Tell of a full examination whose verdict is another than that of the one before; the first one has a verdict, too."""
    if before is not None and before.status == after.status:
        return
    counts = {status: sum(result.status == status for result in after.results) for status in (WARN, FAIL)}
    worst = next((f"; {result.id}: {result.observed}" for result in after.results if result.status == after.status != "pass"), "")
    was = f"went from {before.status} to {after.status}" if before else f"has its first verdict, {after.status}"
    figures: Figures = {"probes": len(after.results), "warn": counts[WARN], "fail": counts[FAIL], "seconds": round(after.seconds, 2)}
    note(settings, "health", after.collection, manifest, f"health of '{after.collection}' {was}{worst}", figures)


def note_evaluation(shelf: Shelf, source: str, report: Report) -> None:
    """Tell of an evaluation on a collection: every mean, with the number of queries that it is over."""
    figures: Figures = {"queries": report.queries}
    for system, measured in report.measured.items():
        for name, summary in measured.summaries.items():
            figures[f"{system} {name}"] = summary.mean
            figures[f"{system} {name} n"] = summary.n
    said = ", ".join(_first_mean(system, report) for system in report.measured)
    note(shelf.store.settings, "evaluation", shelf.name, shelf.manifest, f"'{shelf.name}' evaluated on {source}: {said}", figures)


def _first_mean(system: str, report: Report) -> str:
    name, summary = next(iter(report.measured[system].summaries.items()))
    mean = "n/a" if summary.mean is None else f"{summary.mean:.4f}"
    return f"{system} {name} {mean} (n={summary.n})"


def note_bench(settings: Settings, result: BenchResult, manifest: Manifest | None) -> None:
    """Tell of a benchmark: how long each engine takes to encode one short query."""
    figures: Figures = {"seconds": result.environment.run_seconds}
    said = []
    for samples in result.samples:
        if (samples.stage, samples.text, samples.batch_size) == (ENCODE, SHORT, 1):
            median = samples.percentile_ms(50)
            figures[f"{samples.engine} encode_p50_ms"] = median and round(median, 3)
            figures[f"{samples.engine} n"] = samples.n
            said.append(f"{samples.engine} {median:.1f} ms" if median is not None else f"{samples.engine} not measured")
    summary = f"{result.environment.model} on {result.environment.label}, one short query, p50: {', '.join(said) or 'not measured'}"
    note(settings, "bench", result.environment.collection, manifest, summary, figures)


def _counts(tally: Tally) -> Figures:
    return {name: getattr(tally, name) for name in ("read", "added", "updated", "unchanged", "removed", "rejected")}
