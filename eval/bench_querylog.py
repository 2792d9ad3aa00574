"""What the log of searches costs a search. `python -m eval.bench_querylog [--quick]`.

Searches with and without it take turns, query by query, in one process; a second series without it shows how far two equal things
come apart on this machine today. The thread that writes runs meanwhile, so what it takes from single searches is shared by all
three: the lines with eight searches at a time count it where it belongs, with the wait until the last row is written.

What a log adds is far below what a machine with other work lets searches differ by, so the quickest kind, one whose vector is
remembered, is also measured in processor time of the thread that searches: the median over pairs, each its own difference.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from eval.corpora import source_of
from eval.measuring import Report, interleave, percentile_ms, say
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.querylog import QueryLog
from vibeshelf.core.settings import load_settings
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.shelf import Shelf, open_shelf

REACH = "<= 1.02"
_AT_A_TIME = 8
Search = Callable[[str], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the starter catalogue; under a minute")
    quick = parser.parse_args().quick
    report = Report("bench-querylog", quick)
    name, path = source_of(quick)
    settings = load_settings()
    ingest(open_source(path), settings, IngestOptions(f"bench-{name}"))
    # Queries come again in a benchmark; each is to be encoded.
    shelf = open_shelf(f"bench-{name}", settings=settings, remembered_queries=0)
    with tempfile.TemporaryDirectory(prefix="vibeshelf-bench-") as folder:
        # Its rows are no searches of people.
        shelf.log = QueryLog(Path(folder) / "searches.sqlite")
        run(report, shelf, list(starter_queries().values()), 5 if quick else 12, name)
    print(report.table())
    print(f"\nsaved: {report.save()}")


def run(report: Report, shelf: Shelf, queries: Sequence[str], repeats: int, name: str) -> None:
    searches: dict[str, Search] = {
        "logged": lambda text: logged_search(shelf, text, source="python"),
        "not logged": lambda text: shelf.run(text),
        "not logged again": lambda text: shelf.run(text),
    }
    say("measuring single searches")
    samples = report.samples["one at a time"] = interleave(searches, queries, repeats)
    n = len(samples["logged"])
    for q in (50, 95):
        plain = percentile_ms(samples["not logged"], q)
        report.add(f"search, {name}, hybrid, p{q}, logged", percentile_ms(samples["logged"], q), plain, "ms", REACH, n)
        again = percentile_ms(samples["not logged again"], q)
        report.add(f"search, {name}, hybrid, p{q}, not logged again (the noise)", again, plain, "ms", REACH, n)
    say(f"measuring {_AT_A_TIME} at a time")
    at_once = report.samples[f"{_AT_A_TIME} at a time"] = blocks(shelf, searches, queries, repeats)
    plain = float(np.median(at_once["not logged"])) * 1000
    for system, words in (("logged", "logged and written"), ("not logged again", "not logged again (the noise)")):
        taken = float(np.median(at_once[system])) * 1000
        report.add(f"{len(queries)} searches, {_AT_A_TIME} at a time, {words}", taken, plain, "ms", REACH, repeats)
    health = shelf.log.health()
    assert (health.lost, health.waiting) == (0, 0), health
    for system in ("dense", "hybrid"):
        remembered(report, shelf, queries, system, repeats * 5, name)
    report.limits["what writing takes in its own thread, microseconds a row"] = written_us(shelf, queries)


def blocks(shelf: Shelf, searches: dict[str, Search], queries: Sequence[str], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of all queries together, with the wait for the log; who begins changes with every turn."""
    samples: dict[str, list[float]] = {name: [] for name in searches}
    names = list(searches)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for turn in range(repeats):
            shift = turn % len(names)
            for name in names[shift:] + names[:shift]:
                started = time.perf_counter()
                list(pool.map(searches[name], queries))
                shelf.log.flush(60)
                samples[name].append(time.perf_counter() - started)
    return samples


def remembered(report: Report, shelf: Shelf, queries: Sequence[str], system: str, repeats: int, name: str) -> None:
    """Add the lines of searches whose vectors are remembered, in the processor time of the thread that searches."""
    again = open_shelf(shelf.name, settings=shelf.store.settings)
    again.log = shelf.log
    searches: dict[str, Search] = {
        "logged": lambda text: logged_search(again, text, system=system, source="python"),
        "not logged": lambda text: again.run(text, system=system),
        "not logged again": lambda text: again.run(text, system=system),
    }
    samples = report.samples[f"remembered, {system}, thread"] = interleave(searches, queries, repeats, clock=time.thread_time)
    plain, n = float(np.median(samples["not logged"])), len(samples["logged"])
    for what, words in (("logged", "logged"), ("not logged again", "not logged again (the noise)")):
        added = float(np.median(np.subtract(samples[what], samples["not logged"])))
        line = f"remembered search, {name}, {system}, its thread, {words}"
        report.add(line, 1000 * (plain + added), 1000 * plain, "ms", REACH, n, f"{1e6 * added:+.1f} microseconds")
        report.limits[f"{line}: what is added, microseconds"] = 1e6 * added


def written_us(shelf: Shelf, queries: Sequence[str]) -> float:
    """Return the processor time of the whole process for a row that is written, without the search that it is of."""
    rows = [row for _ in range(20) for row in shelf.log.read(limit=len(queries))]
    taken = []
    for _ in range(5):
        started = time.process_time()
        for row in rows:
            shelf.log.add_made(partial(replace, row))
        shelf.log.flush(60)
        taken.append((time.process_time() - started) / len(rows))
    return 1e6 * float(np.median(taken))


if __name__ == "__main__":
    main()
