"""`vibeshelf health`: whether the vectors of a collection can be trusted, and what mends them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.bar import Bar
from vibeshelf.commands.frame import FINE, NO, command, encoder_flags, print_json

if TYPE_CHECKING:
    from vibeshelf.core.probes import Examination, ProbeResult
    from vibeshelf.core.settings import Settings


def add_health(commands: Any) -> None:
    parser = command(
        commands,
        "health",
        _health,
        "Examine a collection: the encoder, the vectors, their geometry, the index, drift. Exit code 1 when a probe fails.",
        "vibeshelf health --collection mine --probe vectors.foreign index",
    )
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    parser.add_argument(
        "--probe", action="extend", nargs="+", metavar="ID", help="only these probes, or groups of them (default: all); may be repeated"
    )
    parser.add_argument("--cheap", action="store_true", help="only the probes that run at every start")
    parser.add_argument("--repair", action="store_true", help="mend what can be mended, then examine again")
    encoder_flags(parser)


def _health(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.probes import FAIL
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.repair import mend

    settings = load_settings(backend=arguments.backend, device=arguments.device)
    examination = _examined(arguments, settings)
    if arguments.repair:
        for done in mend(settings, examination):
            print(f"vibeshelf: {done.repair}: {done.books:,} books in {done.seconds:.1f} s", file=sys.stderr)
        examination = _examined(arguments, settings)
    if arguments.json:
        print_json(_content(examination))
    else:
        print("\n".join(_lines(examination)))
    return NO if examination.status == FAIL else FINE


def _examined(arguments: argparse.Namespace, settings: Settings) -> Examination:
    from vibeshelf.services.health import examine_collection

    with Bar("probes") as bar:
        return examine_collection(
            settings,
            arguments.collection,
            arguments.model,
            arguments.probe,
            arguments.cheap,
            lambda done, total, _: bar.show(done, done / total),
        )


def _content(examination: Examination) -> dict[str, Any]:
    return {
        "status": examination.status,
        "collection": examination.collection,
        "probes": [_probe(result) for result in examination.results],
        "changes": list(examination.changes),
        "count": examination.count,
        "fingerprint": examination.fingerprint,
        "seconds": round(examination.seconds, 3),
        "examined_at": examination.examined_at,
    }


def _probe(result: ProbeResult) -> dict[str, Any]:
    return {
        "id": result.id, "group": result.group, "status": result.status, "observed": result.observed, "expected": result.expected,
        "meaning": result.meaning, "fix": result.fix, "repair": result.repair or None, "books": len(result.book_ids),
        "examples": [asdict(example) for example in result.examples],
        # Columns are for charts; numbers and words say it all here.
        "figures": {name: value for name, value in result.figures.items() if not isinstance(value, tuple)},
    }  # fmt: skip


def _lines(examination: Examination) -> Iterator[str]:
    """Yield the verdict, a line for every probe, and more for those that do not pass."""
    results = examination.results
    tally = ", ".join(f"{sum(each.status == status for each in results)} {status}" for status in ("pass", "warn", "fail"))
    yield f"{examination.collection}: {examination.status} ({tally}) in {examination.seconds:.1f} s"
    for result in results:
        yield f"  {result.status.replace('not_applicable', '-'):5} {result.id:24} {result.observed}"
        if result.status in ("warn", "fail"):
            yield f"        expected: {result.expected}"
            yield f"        {result.meaning}"
            yield from (f"        - {each.title}: {each.detail}" for each in result.examples)
            if result.fix:
                yield f"        to mend it: {result.fix}"
    yield from examination.changes
