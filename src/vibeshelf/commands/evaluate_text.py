"""What `vibeshelf eval` prints for people: the table of systems by measures, what the unjudged could change, the comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vibeshelf.services.evaluation import Report, Summary
from vibeshelf.services.measures import Measure


def lines_of(report: Report, measures: Sequence[Measure], collection: str | None) -> Iterator[str]:
    """Yield the lines of a report."""
    where = f"collection '{collection}', " if collection else ""
    yield f"{where}{report.queries:,} judged queries; mean with its 95 % interval"
    yield from _table(report, measures)
    yield from _upper_bounds(report, measures)
    if report.without_relevant:
        yield f"no judged book is relevant for {_listed(report.without_relevant)}: 0 for every system"
    if report.unjudged:
        yield f"{len(report.unjudged):,} queries without any judgment are not scored"
    for each in report.comparisons:
        yield each.sentence


def _table(report: Report, measures: Sequence[Measure]) -> Iterator[str]:
    rows = [["", *(measure.name for measure in measures)]]
    for system, measured in report.measured.items():
        rows.append([system, *(_cell(measured.summaries[measure.name], report.queries) for measure in measures)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(summary: Summary, queries: int) -> str:
    if summary.mean is None:
        return "n/a"
    interval = "" if summary.ci_low is None else f" [{summary.ci_low:.3f}, {summary.ci_high:.3f}]"
    return f"{summary.mean:.3f}{interval}{'' if summary.n == queries else f' n={summary.n:,}'}"


def _upper_bounds(report: Report, measures: Sequence[Measure]) -> Iterator[str]:
    """Yield, for the measures that they matter for, what the systems could come to if the unjudged were all of the highest grade."""
    for measure in measures:
        summaries = {system: measured.summaries[measure.name] for system, measured in report.measured.items()}
        could = {
            system: of.upper
            for system, of in summaries.items()
            if of.upper is not None and of.mean is not None and of.upper > of.mean + 5e-4
        }
        if could:
            said = ", ".join(f"{system} {upper:.3f}" for system, upper in could.items())
            yield f"{measure.name} counts what nobody judged as not relevant; were all of it of the highest grade: at most {said}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10:,} more"
