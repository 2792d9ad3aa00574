"""`vibeshelf collections` and `logbook`: which versions are here, which one is searched, and what changed."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.frame import FINE, command, print_json

if TYPE_CHECKING:
    from vibeshelf.services.swapping import Swapped


def add_collections(commands: Any) -> None:
    parser = command(
        commands,
        "collections",
        _collections,
        "List the collections with their manifests; swap one in, or roll back. `collections swap --help` says more.",
        "vibeshelf collections swap starter-2 starter",
    )
    actions = parser.add_subparsers(metavar="ACTION")
    swap = command(
        actions, "swap", _swap, "Give a collection that was built beside another its name, while people search.",
        "vibeshelf collections swap starter-2 starter",
    )  # fmt: skip
    swap.add_argument("new", metavar="NEW", help="the collection that was built beside it")
    swap.add_argument("live", metavar="LIVE", help="the name that is searched; what has it now is kept as LIVE.before")
    back = command(
        actions, "rollback", _roll_back, "Give the name back to the version before, which a swap has kept.",
        "vibeshelf collections rollback starter",
    )  # fmt: skip
    back.add_argument("live", metavar="LIVE", help="the name that is searched")


def _collections(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.manifests import public_manifest
    from vibeshelf.adapters.store import Store
    from vibeshelf.core.settings import load_settings

    found = Store(load_settings()).collections()
    if arguments.json:
        print_json(
            [{"collection": info.name, "count": info.count, "manifest": info.manifest and public_manifest(info.manifest)} for info in found]
        )
        return FINE
    for info in found:
        manifest = info.manifest
        made = (
            f"version {manifest.version}, {manifest.encoder.model}, {manifest.encoder.dimension}-d, {manifest.built_at}"
            f"{'' if manifest.complete else ', NOT COMPLETE'}"
            if manifest
            else "not made by Vibeshelf"
        )
        print(f"{info.name}: {info.count:,} books ({made})")
    if not found:
        print("no collection yet. Make one: vibeshelf ingest starter")
    return FINE


def _swap(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.swapping import swap

    return _tell(arguments, swap(load_settings(), arguments.new, arguments.live))


def _roll_back(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.swapping import roll_back

    return _tell(arguments, roll_back(load_settings(), arguments.live))


def _tell(arguments: argparse.Namespace, done: Swapped) -> int:
    if arguments.json:
        before = done.before and {"version": done.before.version, "count": done.before.count, "kept_as": done.kept_as}
        print_json(
            {"collection": done.collection, "version": done.now.version, "count": done.now.count, "model": done.now.encoder.model,
             "before": before, "seconds": round(done.seconds, 3), "change_seconds": round(done.change_seconds, 4)}
        )  # fmt: skip
        return FINE
    print(f"{done.collection}: version {done.now.version}, {done.now.count:,} books, {done.now.encoder.model}")
    if done.before is not None:
        print(f"before: version {done.before.version}, {done.before.count:,} books, kept as {done.kept_as}")
        print(f"Back: vibeshelf collections rollback {done.collection}")
    return FINE


def add_logbook(commands: Any) -> None:
    parser = command(
        commands,
        "logbook",
        _logbook,
        "Show what was done to the collections and found out about them, the newest first.",
        "vibeshelf logbook --kind swap --since 7d",
    )
    parser.add_argument("--kind", help="build, swap, rollback, repair, evaluation, bench or health")
    parser.add_argument("--since", metavar="TIME", help="a date such as 2026-11-28, or a span back such as 36h, 7d, 2w")
    parser.add_argument("--collection", metavar="NAME")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many")
    parser.add_argument("--csv", action="store_true", help="print CSV with a header")


def _logbook(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.errors import InputError
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.logbook import as_csv, entries, parse_since, row_of

    if arguments.csv and arguments.json:
        raise InputError("--csv and --json together: expected one of them")
    if arguments.limit is not None and arguments.limit < 1:
        raise InputError(f"--limit is {arguments.limit}; expected 1 or more")
    since = parse_since(arguments.since) if arguments.since is not None else None
    found = entries(load_settings(), arguments.kind, since, arguments.collection, arguments.limit)
    if arguments.json:
        print_json([row_of(entry) for entry in found])
    elif arguments.csv:
        sys.stdout.write(as_csv(found))
    else:
        for entry in found:
            print(f"{entry.at:%Y-%m-%d %H:%M} UTC  {entry.kind:10}  {entry.summary}")
        if not found:
            print("the logbook has no such entry")
    return FINE
