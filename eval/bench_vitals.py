"""What the probes cost: `python -m eval.bench_vitals [--collections starter books-36k] [--repeats 21] [--full]`.

The quick probes run whenever a collection is opened, part of them before a search is answered. The collections take turns; beside each
time stands that of a search of the same collection in the same run, so that a busy machine shows. `--full` adds one full examination.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.measuring import Report, environment, percentile_ms, say
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.core.settings import load_settings
from vibeshelf.services.health import examine
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.vitals import vitals_of

# Together, by the issue that asked for them.
REACH_MS, REACH_FULL_SECONDS = 50.0, 60.0
SEARCH, BEFORE, QUICK = "a search", "before a search", "quick examination"


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds on the clock and of the processor, all threads of this process together."""

    wall: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collections", nargs="+", default=["starter"], metavar="NAME", help="default: starter")
    parser.add_argument("--repeats", type=int, default=21, help="of each (default: 21)")
    parser.add_argument("--full", action="store_true", help="one full examination of each, too")
    arguments = parser.parse_args()
    settings = load_settings()
    shelves = [open_shelf(name, settings=settings, remembered_queries=0) for name in arguments.collections]
    report = Report("bench-vitals", quick=False)
    samples = measure(shelves, arguments.repeats)
    print(f"| collection | books | what | p50 ms | p95 ms | processor, p50 ms | reach | met | n |\n{'|---' * 9}|")
    for shelf in shelves:
        for what in (SEARCH, BEFORE, QUICK):
            _line(report, shelf, what, samples[shelf.name, what])
    if arguments.full:
        for shelf in shelves:
            _full(report, shelf)
    env = environment()
    print(f"\n{env['machine']}, {env['cores']} cores, {env['date']}, load {env['load_average'][0]:.1f}\nsaved: {report.save()}")


def measure(shelves: list[Shelf], repeats: int) -> dict[tuple[str, str], list[Taken]]:
    """Return what each took, by collection and what was done; the collections take turns, the first round is not counted."""
    queries = list(starter_queries().values())
    samples: dict[tuple[str, str], list[Taken]] = {}
    for turn in range(repeats + 1):
        for shelf in shelves[turn % len(shelves) :] + shelves[: turn % len(shelves)]:
            for what, work in _works(shelf, queries[turn % len(queries)]).items():
                taken = _timed(work)
                if turn:
                    samples.setdefault((shelf.name, what), []).append(taken)
    return samples


def _works(shelf: Shelf, query: str) -> dict[str, Callable[[], object]]:
    return {
        SEARCH: lambda: shelf.run(query),
        BEFORE: lambda: vitals_of(shelf.index(), shelf.mirror()),
        QUICK: lambda: examine(shelf, cheap=True),
    }


def _timed(work: Callable[[], object]) -> Taken:
    started, busy = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - started, time.process_time() - busy)


def _line(report: Report, shelf: Shelf, what: str, taken: list[Taken]) -> None:
    walls, busy = [each.wall for each in taken], [each.processor for each in taken]
    p50 = percentile_ms(walls, 50)
    p95 = f"{percentile_ms(walls, 95):.3g}" if len(walls) >= 20 else "n/a"
    met = "yes" if p50 < REACH_MS else "no"
    reach = ("-", "-") if what == SEARCH else (f"< {REACH_MS:g}", met)
    cells = (shelf.name, f"{shelf.manifest.count:,}", what, f"{p50:.3g}", p95, f"{percentile_ms(busy, 50):.3g}", *reach, len(walls))
    say(f"| {' | '.join(map(str, cells))} |")
    report.samples.setdefault(shelf.name, {})[what] = walls
    report.samples[shelf.name][f"{what}, processor"] = busy
    report.limits[f"{shelf.name}, {shelf.manifest.count} books, {what}, p50 ms"] = p50
    report.limits[f"{shelf.name}, {shelf.manifest.count} books, {what}, processor p50 ms"] = float(np.median(busy)) * 1000


def _full(report: Report, shelf: Shelf) -> None:
    found = examine(shelf)
    met = "yes" if found.seconds < REACH_FULL_SECONDS else "no"
    say(f"| {shelf.name} | {found.count:,} | full examination: {found.status} | {found.seconds * 1000:.0f} | - | - "
        f"| < {REACH_FULL_SECONDS * 1000:.0f} | {met} | 1 |")  # fmt: skip
    report.limits[f"{shelf.name}, {shelf.manifest.count} books, full examination, s"] = found.seconds


if __name__ == "__main__":
    main()
