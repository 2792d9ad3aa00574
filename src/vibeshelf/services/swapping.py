"""A collection that was built beside another takes its name."""

from __future__ import annotations

from vibeshelf.adapters.index import Index, Store

_BEFORE = ".before"


def swap_in(store: Store, new: Index, name: str, *, complete: bool) -> bool:
    """Give a new collection its name and return whether one gave way to it, which is deleted once the new one has the name.

    The caller holds `name` for writing. Its revision becomes one that was never mirrored under this name.
    """
    old = store.open(name) if store.exists(name) else None
    revision = new.manifest.revision
    if old is not None:
        revision = max(revision, old.manifest.revision) + 1
        if store.exists(name + _BEFORE):
            store.delete(name + _BEFORE)
        old.rename(name + _BEFORE)
    new.rename(name)
    new.save_manifest(complete=complete, revision=revision)
    if old is not None:
        store.delete(name + _BEFORE)
    return old is not None
