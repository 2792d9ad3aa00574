"""`vibeshelf artifacts`: models, collections, results and judgments into a store and out of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.frame import FINE, NO, command, print_json
from vibeshelf.core.errors import InputError

if TYPE_CHECKING:
    from vibeshelf.adapters.artifacts import ArtifactStore
    from vibeshelf.core.artifacts import Artifact
    from vibeshelf.core.settings import Settings

_SHOWN = 20


def add_artifacts(commands: Any) -> None:
    parser = command(
        commands,
        "artifacts",
        _artifacts,
        "Carry a model, a collection, results or judgments into a store and out of it; each file is verified on both ends.",
        "vibeshelf artifacts push collection starter --store s3://bucket/vibeshelf",
    )
    parser.add_argument("action", choices=("push", "pull", "list", "verify"))
    parser.add_argument("kind", nargs="?", metavar="KIND", help="model, collection, results or judgments")
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the collection or model; results and judgments: 'all' unless told")
    parser.add_argument("--store", metavar="URL", help="a folder, or s3://, gs:// and what else fsspec reaches (default: DATA_DIR/store)")
    parser.add_argument("--version", metavar="VERSION", help="of what is pulled or verified (default: the newest; verify: all)")
    parser.add_argument("--as", dest="rename", metavar="NAME", help="pull a collection under another name")
    parser.add_argument("--replace", action="store_true", help="let what is here under that name give way to what is pulled")
    parser.add_argument("--check", action="store_true", help="push: read what the store has already, and send again what is damaged")


def _artifacts(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.artifacts import open_artifacts
    from vibeshelf.core.artifacts import check_kind
    from vibeshelf.core.settings import load_settings

    settings = load_settings()
    if arguments.kind is not None:
        check_kind(arguments.kind)
    store = open_artifacts(arguments.store if arguments.store is not None else str(settings.data_dir / "store"))
    if arguments.action == "list":
        return _list(store, arguments)
    if arguments.action == "verify":
        return _verify(store, arguments)
    return (_push if arguments.action == "push" else _pull)(settings, store, arguments, _name(settings, arguments))


def _name(settings: Settings, arguments: argparse.Namespace) -> str:
    """Return the name that is meant. Raises InputError where nobody can tell."""
    if arguments.kind is None:
        raise InputError(
            f"artifacts {arguments.action} needs a KIND; an example: vibeshelf artifacts {arguments.action} collection starter"
        )
    default = {"results": "all", "judgments": "all", "model": settings.model}.get(arguments.kind)
    name = arguments.name or default
    if not name:
        raise InputError(f"artifacts {arguments.action} collection needs a NAME. See: vibeshelf collections, vibeshelf artifacts list")
    return str(name)


def _push(settings: Settings, store: ArtifactStore, arguments: argparse.Namespace, name: str) -> int:
    from vibeshelf.services.artifacts.moving import push

    done = push(settings, store, arguments.kind, name, arguments.check, _Steps().show)
    artifact = done.artifact
    if arguments.json:
        facts = {"new": done.new, "sent_files": done.sent_files, "sent_bytes": done.sent_bytes, "seconds": round(done.seconds, 3)}
        print_json({"store": store.url, **_row(artifact), **facts})
        return FINE
    print(f"{_line(artifact)}{'' if done.new else ' was there already'}")
    there = len(artifact.files) - done.sent_files
    print(f"  sent {done.sent_files} files ({_size(done.sent_bytes)}) in {done.seconds:.1f} s, {there} were there; in {store.url}")
    return FINE


def _pull(settings: Settings, store: ArtifactStore, arguments: argparse.Namespace, name: str) -> int:
    from vibeshelf.services.artifacts.moving import pull
    from vibeshelf.services.artifacts.parcel import PullOptions

    options = PullOptions(arguments.rename, arguments.replace)
    done = pull(settings, store, arguments.kind, name, arguments.version, options, _Steps().show)
    if arguments.json:
        facts = {"fetched_files": done.fetched_files, "fetched_bytes": done.fetched_bytes, "fetch_seconds": round(done.fetch_seconds, 3)}
        print_json({"store": store.url, **_row(done.artifact), **facts, "seconds": round(done.seconds, 3), "outcome": dict(done.outcome)})
        return FINE
    print(_line(done.artifact))
    fetched = f"fetched {done.fetched_files} files ({_size(done.fetched_bytes)}) in {done.fetch_seconds:.1f} s"
    print(f"  {fetched}; every file has the hash that was pushed")
    for key, value in done.outcome.items():
        if value not in (None, ""):
            print(f"  {key.replace('_', ' ')}: {_value(value)}")
    return FINE


def _list(store: ArtifactStore, arguments: argparse.Namespace) -> int:
    from vibeshelf.services.artifacts.moving import stored_bytes

    found = list(store.versions(arguments.kind, arguments.name))
    if arguments.json:
        print_json({"store": store.url, "stored_bytes": stored_bytes(found), "versions": [_row(each) for each in found]})
        return FINE
    for each in found:
        print(_line(each))
        print(f"  {each.made_at}, by {each.made_by}{''.join(f'; {key} {_value(value)}' for key, value in _simple(each.facts).items())}")
    if found:
        print(f"{len(found)} versions, {_size(stored_bytes(found))} in {store.url}, what they share counted once")
    else:
        print(f"no artifact in {store.url}. Push one: vibeshelf artifacts push collection starter --store {store.url}")
    return FINE


def _verify(store: ArtifactStore, arguments: argparse.Namespace) -> int:
    from vibeshelf.services.artifacts.moving import verify

    found = verify(store, arguments.kind, arguments.name, arguments.version, _Steps().show)
    if arguments.json:
        print_json({"store": store.url, "status": "fail" if found.problems else "pass", **asdict(found)})
        return NO if found.problems else FINE
    print(f"{found.versions} versions, {found.objects} objects, {_size(found.size_bytes)}: {len(found.problems)} problems")
    for problem in found.problems[:_SHOWN]:
        print(f"  {problem}")
    if found.problems:
        print("  Push it again with --check where it is whole")
    if found.leftovers:
        print(f"  {found.leftovers} files of pushes that were cut off lie in {store.url}/incoming; they may be deleted")
    return NO if found.problems else FINE


class _Steps:
    """What is being done, on a terminal only."""

    def show(self, doing: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{doing}: {done:,}{f' of {total:,}' if total else ''}\033[K", end="\n" if done == total else "", file=sys.stderr)


def _row(artifact: Artifact) -> dict[str, Any]:
    return {**asdict(artifact), "facts": dict(artifact.facts), "size_bytes": artifact.size_bytes}


def _line(artifact: Artifact) -> str:
    return f"{artifact.kind} {artifact.name} {artifact.version}: {len(artifact.files)} files, {_size(artifact.size_bytes)}"


def _simple(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if not isinstance(value, dict | list) and len(str(value)) < 48}


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if type(value) is int else str(value)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes:,} bytes"
