"""What a benchmark is to measure, and what there is to measure on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.encoders.packaged import PACKAGED
from vibeshelf.adapters.encoders.variants import Variant
from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings
from vibeshelf.services.bench_child import ask
from vibeshelf.services.search import DEFAULT_SYSTEM, check_system

AUTO, ALL = "auto", "all"
DEFAULT_QUERIES, DEFAULT_BATCHES = 100, (1, 32)
MAX_QUERIES, MAX_BATCH = 5000, 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured. `devices` may be auto and the others all, which is whatever there is; `note` goes into the result."""

    devices: tuple[str, ...] = (AUTO,)
    backends: tuple[str, ...] = (ALL,)
    precisions: tuple[str, ...] = (ALL,)
    batch_sizes: tuple[int, ...] = DEFAULT_BATCHES
    queries: int = DEFAULT_QUERIES
    collection: str = STARTER
    system: str = DEFAULT_SYSTEM
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.queries <= MAX_QUERIES:
            raise InputError(f"{self.queries} queries; expected 1 to {MAX_QUERIES:,} of each length")
        if not self.batch_sizes or not all(1 <= size <= MAX_BATCH for size in self.batch_sizes):
            raise InputError(f"batch sizes {', '.join(map(str, self.batch_sizes)) or 'none'}; expected numbers from 1 to {MAX_BATCH:,}")
        check_system(self.system)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What can run a model on this machine; `unbuilt` are variants whose graph has yet to be made."""

    variants: tuple[Variant, ...]
    unbuilt: frozenset[Variant]
    accelerators: Mapping[str, str]
    model: str
    fingerprint: str


def inventory(settings: Settings) -> Inventory:
    """Return what this machine has, asked in a process of its own, so that nothing heavy stays in this one.

    Raises ModelUnavailable or InputError for a model that cannot be measured.
    """
    if settings.model in PACKAGED:
        raise InputError(f"model '{settings.model}' has an engine of its own and nothing to compare; choose another: VIBESHELF_MODEL")
    found = next(ask("inventory", settings))
    rows = [(Variant(row["backend"], row["device"], row["precision"]), row["built"]) for row in found["variants"]]
    unbuilt = frozenset(variant for variant, built in rows if not built)
    return Inventory(tuple(variant for variant, _ in rows), unbuilt, found["accelerators"], found["model"], found["fingerprint"])


def chosen(here: Inventory, plan: Plan) -> list[Variant]:
    """Return the variants of the plan, the reference first. Raises InputError for a name that is not here, or when none is left."""
    found = list(here.variants)
    for what, wanted, every in (
        ("device", plan.devices, AUTO), ("backend", plan.backends, ALL), ("precision", plan.precisions, ALL),
    ):  # fmt: skip
        known = sorted({str(getattr(variant, what)) for variant in here.variants})
        if missing := [name for name in wanted if name not in (*known, every, AUTO, ALL)]:
            raise InputError(f"no {what} '{missing[0]}' on this machine; it has: {', '.join(known)}")
        if not {every, AUTO, ALL} & set(wanted):
            found = [variant for variant in found if getattr(variant, what) in wanted]
    if not found:
        raise InputError(f"nothing to measure; this machine has: {'; '.join(map(str, here.variants))}")
    return found
