"""Results of benchmarks: kept, read, labelled by machine, summed up. Those of two machines never become one figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vibeshelf.adapters.bench_files import SUFFIX, read_result, result_files, write_result
from vibeshelf.core.errors import SourceError, VibeshelfError
from vibeshelf.core.latency import BenchResult, Engine, LatencySamples
from vibeshelf.core.settings import Settings

HERE, IMPORTED, REFERENCE = "this machine", "imported", "reference"
_ORIGINS = (HERE, IMPORTED, REFERENCE)
# Of this machine's own results; the oldest go.
_KEPT = 50
_IMPORTS = "imported"


@dataclass(frozen=True, slots=True)
class Measured:
    """A result with where it came from; `label` names it on pages and is unlike any other's."""

    label: str
    origin: str
    path: Path
    result: BenchResult


@dataclass(frozen=True, slots=True)
class Row:
    """The samples of one engine in one stage, summed up. A percentile is None where there were too few samples for it."""

    device: str
    backend: str
    precision: str
    stage: str
    text: str | None
    batch_size: int
    n: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    per_second: float
    mean_tokens: float | None
    verdict: str | None

    @property
    def engine(self) -> Engine:
        return Engine(self.device, self.backend, self.precision)


def keep(settings: Settings, result: BenchResult) -> Path:
    """Keep a result of this machine and return its file."""
    path = settings.bench_dir / _dated_name(result)
    write_result(path, result)
    for old in result_files(settings.bench_dir)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def import_result(settings: Settings, source: Path) -> Measured:
    """Keep a result of another machine, and return it. The same file again changes nothing.

    Raises SourceError, in one line, for a file that is no result.
    """
    result = read_result(source)
    path = settings.bench_dir / _IMPORTS / _dated_name(result)
    write_result(path, result)
    return Measured(_labels([(IMPORTED, result)])[0], IMPORTED, path, result)


def file_name(result: BenchResult) -> str:
    """Return the name of a result's file, after its machine."""
    return f"{_slug(result.environment.label)}{SUFFIX}"


def forget(measured: Measured) -> None:
    """Remove an imported result."""
    if measured.origin == IMPORTED:
        measured.path.unlink(missing_ok=True)


def all_measured(settings: Settings, reference_dir: Path | None = None) -> tuple[list[Measured], list[VibeshelfError]]:
    """Return the latest result of this machine under each of its names, those imported, and the recorded ones of `reference_dir`.

    With them comes an error for each file that could not be read; the others are there all the same.
    """
    found: list[tuple[str, Path, BenchResult]] = []
    errors: list[VibeshelfError] = []
    folders = [(HERE, settings.bench_dir), (IMPORTED, settings.bench_dir / _IMPORTS)]
    for origin, folder in [*folders, *([(REFERENCE, reference_dir)] if reference_dir else [])]:
        for path in result_files(folder):
            try:
                found.append((origin, path, read_result(path)))
            except SourceError as error:
                errors.append(error)
    latest = sorted(_latest(found), key=_place)
    labels = _labels([(origin, result) for origin, _, result in latest])
    return [Measured(label, origin, path, result) for label, (origin, path, result) in zip(labels, latest, strict=True)], errors


def rows_of(result: BenchResult) -> list[Row]:
    """Return the result summed up, in the order in which it was measured."""
    return [_row(samples, result.verdict(samples.engine)) for samples in result.samples]


def samples_of(result: BenchResult, stage: str, text: str | None = None, batch_size: int = 1) -> dict[Engine, LatencySamples]:
    """Return engine -> samples of a stage; any text where none is named."""
    return {
        each.engine: each
        for each in result.samples
        if each.stage == stage and each.batch_size == batch_size and text in (None, each.text)
    }  # fmt: skip


def document(result: BenchResult, path: Path) -> dict[str, Any]:
    """Return what `vibeshelf bench --json` prints."""
    return {
        "environment": asdict(result.environment),
        "samples_file": str(path),
        "summary": [asdict(row) for row in rows_of(result)],
        "agreement": [asdict(each) for each in result.agreement],
        "quality": [asdict(each) for each in result.quality],
        "not_measured": [asdict(each) for each in result.not_measured],
    }


def cost_per_million(samples: LatencySamples, price_per_hour: float) -> float:
    """Return what a million of these texts cost, one call after the other, on a machine at that price."""
    return price_per_hour / 3600 * 1e6 / samples.per_second


def _row(samples: LatencySamples, verdict: str | None) -> Row:
    return Row(
        samples.device, samples.backend, samples.precision, samples.stage, samples.text, samples.batch_size, samples.n,
        samples.percentile_ms(50), samples.percentile_ms(95), samples.percentile_ms(99), samples.per_second,
        sum(samples.tokens) / len(samples.tokens) if samples.tokens else None, verdict,
    )  # fmt: skip


def _place(row: tuple[str, Path, BenchResult]) -> tuple[int, bool]:
    """Return what results are sorted by: this machine's first, those that were held to a part of its cores last among them."""
    origin, _, result = row
    return _ORIGINS.index(origin), result.environment.usable_cores < result.environment.cores


def _latest(found: Iterable[tuple[str, Path, BenchResult]]) -> Iterator[tuple[str, Path, BenchResult]]:
    """Yield the results, the latest first, without those of this machine that a later one under the same name replaces.

    A recorded result that was measured here is this machine's own, and not another one.
    """
    rows = sorted(found, key=lambda row: row[2].environment.measured_at)
    last = {result.environment.label: path for origin, path, result in rows if origin == HERE}
    own = {(result.environment.label, result.environment.measured_at) for origin, _, result in rows if origin == HERE}
    for origin, path, result in reversed(rows):
        of = result.environment
        if last[of.label] == path if origin == HERE else origin == IMPORTED or (of.label, of.measured_at) not in own:
            yield origin, path, result


def _labels(results: Sequence[tuple[str, BenchResult]]) -> list[str]:
    """Return a label for each result, with its date or more where two would be called the same."""
    names = [f"{result.environment.label} ({origin})" for origin, result in results]
    for length in (10, 16, 19):
        dated = [
            f"{result.environment.label} ({origin}, {result.environment.measured_at[:length].replace('T', ' ')})"
            for origin, result in results
        ]
        names = [longer if names.count(name) > 1 else name for name, longer in zip(names, dated, strict=True)]
    return [name if names.count(name) == 1 else f"{name} #{at}" for at, name in enumerate(names, 1)]


def _dated_name(result: BenchResult) -> str:
    return f"{re.sub(r'[^0-9]', '', result.environment.measured_at)[:14]}-{file_name(result)}"


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:80] or "machine"
