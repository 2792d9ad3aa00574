"""Versions of a collection: one that was built beside it takes its name while people search, and can be taken back."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from vibeshelf.adapters.encoders import open_encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import keep_mirrors, lend_mirror
from vibeshelf.adapters.store import Store, check_name
from vibeshelf.adapters.swaps import BEFORE, LEAVING, successor
from vibeshelf.core.errors import InputError
from vibeshelf.core.probes import FAIL
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.services.guard import require_match
from vibeshelf.services.logbook import note
from vibeshelf.services.shelf import mirror_of, requested_model
from vibeshelf.services.vitals import vitals_of


@dataclass(frozen=True, slots=True)
class Swapped:
    """A collection with another version under its name. `before` is the manifest of the one that gave way, None where there was none.

    `kept_as` is the name that it has now; `change_seconds` is how long the names took to change, of the whole `seconds`.
    """

    collection: str
    now: Manifest
    before: Manifest | None
    kept_as: str | None
    seconds: float
    change_seconds: float


def swap(settings: Settings, new: str, live: str) -> Swapped:
    """Give a collection that was built beside another the other's name; the other is kept as NAME.before.

    Searches go on throughout: each is answered by the one version or by the other. Killed at any point, the next opening finishes it.
    Raises InputError for a collection that is not whole or cannot be searched, CollectionNotFound, ModelMismatch, CollectionBusy.
    """
    _check_names(new, live)
    done = _exchange(settings, new, live)
    note(settings, "swap", live, done.now, _in_words(done, f"'{new}' took the name '{live}'"), _figures(done))
    return done


def roll_back(settings: Settings, live: str) -> Swapped:
    """Give a collection's name back to the version before; the present one is kept in its place, so a roll-back can be rolled back.

    Raises InputError where no version was kept, and as `swap` does.
    """
    kept = check_name(live) + BEFORE
    store = Store(settings)
    if not (store.exists(live) and store.exists(kept)):
        raise InputError(f"no earlier version of '{live}' is kept in {store.where}; `vibeshelf collections` shows what is there")
    done = _exchange(settings, kept, live)
    note(settings, "rollback", live, done.now, _in_words(done, f"'{live}' went back to the version before"), _figures(done))
    return done


def _check_names(new: str, live: str) -> None:
    check_name(new)
    check_name(check_name(live) + LEAVING)
    if new == live:
        raise InputError(f"'{new}' has that name already; swap in a collection that was built beside it: --collection {live}-2")
    if live.endswith((BEFORE, LEAVING)):
        raise InputError(f"'{live}' is a version that is kept, not one that is searched; swap into '{live.rpartition('.')[0]}'")


def _exchange(settings: Settings, new: str, live: str) -> Swapped:
    started = time.perf_counter()
    store = Store(settings)
    _require_searchable(settings, store.open(new))
    with store.swapping(live):
        coming = store.open(new)
        going = store.open(live).manifest if store.exists(live) else None
        now = successor(coming.manifest, going, live)
        # The first search after it finds its mirror there.
        lend_mirror(settings.mirrors_dir, coming.manifest, now)
        changing = time.perf_counter()
        store.swap(coming, live, keep=True)
        change_seconds = time.perf_counter() - changing
    kept_as = None if going is None else live + BEFORE
    _tidy_mirrors(settings, new, now, going, kept_as)
    return Swapped(live, now, going, kept_as, time.perf_counter() - started, change_seconds)


def _require_searchable(settings: Settings, index: Index) -> None:
    """Raise unless the app could open this collection as it opens any: a swap must not put in what searches then refuse."""
    manifest = index.manifest
    if not manifest.complete:
        raise InputError(f"collection '{index.name}' is not complete; run its ingest to the end, then swap it in")
    require_match(index, open_encoder(settings, requested_model(settings, None) or manifest.encoder.model))
    failing = [each for each in vitals_of(index, mirror_of(settings, index)) if each.status == FAIL]
    if failing:
        raise InputError(
            f"collection '{index.name}' is not sound: {failing[0].id}: {failing[0].observed}; expected {failing[0].expected}. "
            f"Run: vibeshelf health --collection {index.name} --repair"
        )


def _tidy_mirrors(settings: Settings, new: str, now: Manifest, going: Manifest | None, kept_as: str | None) -> None:
    root = settings.mirrors_dir
    if new != kept_as:
        keep_mirrors(root, new)
    if going is not None and kept_as is not None:
        lend_mirror(root, going, replace(going, collection=kept_as))
        keep_mirrors(root, kept_as, going)
        # Who has just opened the one that gave way finds its mirror still; what is older goes.
        keep_mirrors(root, now.collection, now, going)


def _in_words(done: Swapped, what: str) -> str:
    gave_way = f"; version {done.before.version} gave way and is '{done.kept_as}'" if done.before else ""
    return f"{what}: version {done.now.version}, {done.now.count:,} books, {done.now.encoder.model}{gave_way}"


def _figures(done: Swapped) -> dict[str, float | int | str]:
    before: dict[str, float | int | str] = (
        {} if done.before is None else {"version_before": done.before.version, "books_before": done.before.count}
    )
    return {
        "books": done.now.count,
        **before,
        "seconds": round(done.seconds, 3),
        "names_changed_in_ms": round(1000 * done.change_seconds, 1),
    }
