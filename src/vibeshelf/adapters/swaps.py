"""Two collections change names, in steps that are each whole in Chroma; whoever comes after a kill takes the rest of them.

While LIVE is being swapped, the collection that had the name is LIVE.leaving and carries the plan: what comes next is read from
it alone, so it does not matter who reads it, or on which machine. In the end it is LIVE.before, or gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from vibeshelf.adapters.manifests import MANIFEST_KEY, dump_manifest, load_manifest
from vibeshelf.core.records import Manifest

LEAVING, BEFORE = ".leaving", ".before"
_PLAN_KEY = "vibeshelf_swap"
# A collection of Chroma's by its name, or None.
Find = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which collection takes the name, what its manifest says then, and whether the one that gives way is kept as NAME.before."""

    new: str
    keep: bool
    complete: bool
    revision: int


def successor(new: Manifest, old: Manifest | None, name: str, complete: bool = True) -> Manifest:
    """Return the manifest that a collection has once it took a name: of a revision that was never seen under it."""
    revision = new.revision if old is None else max(new.revision, old.revision) + 1
    return replace(new, collection=name, complete=complete, revision=revision)


def begin(old: Any, manifest: Manifest, plan: Plan) -> None:
    """Take the first step: the collection gives its name away and carries the plan from now on."""
    name = manifest.collection
    old.modify(name=name + LEAVING, metadata={MANIFEST_KEY: dump_manifest(manifest), _PLAN_KEY: json.dumps(asdict(plan))})


def finish(client: Any, find: Find, name: str) -> bool:
    """Take all steps that are left of a swap of this name; return whether there was one."""
    leaving = find(name + LEAVING)
    plan = None if leaving is None else _plan_of(leaving)
    if plan is None:
        return False
    if find(name) is None:
        new = find(plan.new)
        if new is None:
            # Somebody deleted what was to come: the old one keeps its name.
            rename(leaving, _manifest_of(leaving), name)
            return True
        rename(new, replace(_manifest_of(new), complete=plan.complete, revision=plan.revision), name)
    if not plan.keep:
        client.delete_collection(name + LEAVING)
        return True
    if find(name + BEFORE) is not None:
        client.delete_collection(name + BEFORE)
    rename(leaving, _manifest_of(leaving), name + BEFORE)
    return True


def is_under_way(find: Find, name: str) -> bool:
    """Return whether a swap of this name has begun and not ended."""
    leaving = find(name + LEAVING)
    return leaving is not None and _plan_of(leaving) is not None


def rename(collection: Any, manifest: Manifest, name: str) -> Manifest:
    """Give a collection its name and its manifest in one step; return the manifest."""
    named = replace(manifest, collection=name)
    collection.modify(name=name, metadata={MANIFEST_KEY: dump_manifest(named)})
    return named


def _plan_of(leaving: Any) -> Plan | None:
    text = (leaving.metadata or {}).get(_PLAN_KEY)
    return None if text is None else Plan(**json.loads(text))


def _manifest_of(collection: Any) -> Manifest:
    return load_manifest(collection.metadata[MANIFEST_KEY])
