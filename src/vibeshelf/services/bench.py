"""The benchmark of a machine: every device, backend and precision that it has, one after the other, each in a fresh process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.encoders.gates import GateResult, load_gates
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.variants import REFERENCE, Variant
from vibeshelf.adapters.one_bench import only_bench
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import ModelUnavailable, VibeshelfError
from vibeshelf.core.latency import COLD_START, BenchResult, Environment, LatencySamples, NotMeasured
from vibeshelf.core.records import Manifest, Ranking
from vibeshelf.core.settings import Settings
from vibeshelf.services import machine
from vibeshelf.services.bench_child import ask, never
from vibeshelf.services.bench_findings import agreements, qualities
from vibeshelf.services.bench_plan import Inventory, Plan, chosen, inventory
from vibeshelf.services.chronicle import note_bench

# A cold start is repeated in further processes, until there are three or they have taken as long.
_STARTS, _START_SECONDS = 3, 6.0
Progress = Callable[[float, str], None]


@dataclass(slots=True)
class _Found:
    """What came back of one variant."""

    samples: list[LatencySamples] = field(default_factory=list)
    rankings: dict[str, Ranking] = field(default_factory=dict)
    threads: int = 0


def sweep(settings: Settings, plan: Plan, progress: Progress = lambda *_: None, cancelled: Callable[[], bool] = never) -> BenchResult:
    """Measure what the plan says and return it. `progress` is told (share done, what is being done).

    An engine that fails is among `not_measured`, and the others go on.
    Raises InputError when nothing is left to measure, BenchBusy beside another benchmark, Cancelled soon after `cancelled` says so.
    """
    with only_bench(settings.bench_dir), tempfile.TemporaryDirectory(prefix="vibeshelf-bench-") as folder:
        progress(0.0, "looking at what this machine has")
        here = inventory(settings)
        return _Sweep(settings, plan, here, Path(folder), progress, cancelled).run_and_note()


class _Sweep:
    """One benchmark while it runs."""

    def __init__(
        self, settings: Settings, plan: Plan, here: Inventory, folder: Path, progress: Progress, cancelled: Callable[[], bool]
    ) -> None:
        self._settings, self._plan, self._here, self._folder = settings, plan, here, folder
        self._progress, self._cancelled = progress, cancelled
        self._not_measured: list[NotMeasured] = []
        self._manifest: Manifest | None = None
        self._collection, self._books = self._searchable()

    def run_and_note(self) -> BenchResult:
        result = self.run()
        note_bench(self._settings, result, self._manifest)
        return result

    def run(self) -> BenchResult:
        variants = chosen(self._here, self._plan)
        began, load_before = time.monotonic(), machine.load()
        found = {}
        for at, variant in enumerate(variants):
            if (of := self._attempt(variant, at, len(variants))) is not None:
                found[variant] = of
        if not found:
            raise ModelUnavailable("; ".join(f"{each.what}: {each.reason}" for each in self._not_measured))
        if REFERENCE not in found:
            self._reference_vectors()
        gates = self._gates()
        environment = self._environment(found, load_before, time.monotonic() - began)
        return BenchResult(
            environment,
            tuple(samples for of in found.values() for samples in of.samples),
            tuple(agreements(self._vectors(REFERENCE), {variant: self._vectors(variant) for variant in found}, gates)),
            tuple(qualities(self._plan.system, {variant: of.rankings for variant, of in found.items() if of.rankings})),
            tuple(self._not_measured),
        )

    def _attempt(self, variant: Variant, at: int, of: int) -> _Found | None:
        """Return what was found of a variant, or None when it cannot run."""

        def tell(share: float, what: str) -> None:
            self._progress((at + share) / of, f"{what} {variant} ({at + 1} of {of})")

        try:
            return self._measured(variant, tell)
        except ModelUnavailable as error:
            self._not_measured.append(NotMeasured(str(variant), str(error)))
            return None

    def _measured(self, variant: Variant, tell: Progress) -> _Found:
        if variant in self._here.unbuilt:
            tell(0.0, "making the graph of")
            self._ask("build", variant)
        tell(0.0, "measuring")
        found = _Found()
        request = {
            "queries": self._plan.queries, "batch_sizes": self._plan.batch_sizes, "collection": self._collection,
            "system": self._plan.system, "judged": self._plan.collection == STARTER, "vectors": str(self._vectors(variant)),
        }  # fmt: skip
        for event in self._ask("measure", variant, lambda share: tell(0.9 * share, "measuring"), **request):
            _take(found, event)
        tell(0.9, "starting")
        found.samples[:2] = self._further_starts(variant, found.samples[:2])
        return found

    def _further_starts(self, variant: Variant, first: Sequence[LatencySamples]) -> list[LatencySamples]:
        """Return the samples of loading and of cold starts, with those of some more processes."""
        times = {each.stage: list(each.seconds) for each in first}
        while len(times[COLD_START]) < _STARTS and sum(times[COLD_START]) < _START_SECONDS:
            for event in self._ask("start", variant):
                if "samples" in event:
                    times[event["samples"]["stage"]] += event["samples"]["seconds"]
        return [replace(each, seconds=tuple(times[each.stage])) for each in first]

    def _ask(self, task: str, variant: Variant, tell: Callable[[float], None] | None = None, **request: Any) -> list[dict[str, Any]]:
        of_variant = {"backend": variant.backend, "device": variant.device, "precision": variant.precision}
        events = []
        for event in ask(task, self._settings, self._cancelled, variant=of_variant, **request):
            if "at" in event and tell is not None:
                tell(event["at"])
            events.append(event)
        return events

    def _reference_vectors(self) -> None:
        self._progress(1.0, "the reference's vectors, to compare with")
        try:
            self._ask("vectors", REFERENCE, vectors=str(self._vectors(REFERENCE)))
        except ModelUnavailable as error:
            self._not_measured.append(NotMeasured("agreement with the reference", str(error)))

    def _vectors(self, variant: Variant) -> Path:
        return self._folder / f"{variant.key.replace(':', '-')}.npz"

    def _gates(self) -> dict[Variant, GateResult]:
        return load_gates(self._settings.models_dir, read_model(self._settings.model, self._settings.models_dir))

    def _searchable(self) -> tuple[str | None, int]:
        """Return the collection's name and count when this model can search it; else searching is not measured, and why is noted."""
        try:
            manifest = Store(self._settings).open(self._plan.collection).manifest
        except VibeshelfError as error:
            self._not_measured.append(NotMeasured("search and hydrate", str(error)))
            return None, 0
        if manifest.encoder.fingerprint != self._here.fingerprint:
            reason = f"collection '{manifest.collection}' was built with '{manifest.encoder.model}', not '{self._here.model}'"
            self._not_measured.append(NotMeasured("search and hydrate", reason))
            return None, 0
        self._manifest = manifest
        return manifest.collection, manifest.count

    def _environment(self, found: Mapping[Variant, _Found], load_before: float, run_seconds: float) -> Environment:
        accelerators = {device: name for device, name in self._here.accelerators.items() if any(each.device == device for each in found)}
        return Environment(
            label=machine.machine_label(accelerators),
            processor=machine.processor(),
            platform=machine.system(),
            python=machine.python(),
            cores=machine.cores(),
            usable_cores=machine.usable_cores(),
            memory_bytes=machine.memory_bytes(),
            governor=machine.governor(),
            load_before=load_before,
            load_after=machine.load(),
            accelerators=accelerators,
            threads={str(variant): of.threads for variant, of in found.items()},
            versions=machine.versions(),
            model=self._here.model,
            fingerprint=self._here.fingerprint,
            collection=self._collection,
            books=self._books,
            system=self._plan.system,
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
            run_seconds=round(run_seconds, 1),
            note=self._plan.note,
        )


def _take(found: _Found, event: Mapping[str, Any]) -> None:
    if "samples" in event:
        row = event["samples"]
        found.samples.append(LatencySamples(**{**row, "seconds": tuple(row["seconds"]), "tokens": tuple(row["tokens"])}))
    found.threads = event.get("threads", found.threads)
    for query_id, (book_ids, scores) in event.get("rankings", {}).items():
        found.rankings[query_id] = Ranking(tuple(book_ids), tuple(scores))
