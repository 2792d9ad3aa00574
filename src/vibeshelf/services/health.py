"""The examination of a collection: every probe, one verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.index import Index, Store
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.errors import CollectionBusy, ForeignCollection, ModelUnavailable, VibeshelfError
from vibeshelf.core.probes import FAIL, Examination, ProbeResult, worst
from vibeshelf.core.settings import Settings
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.registry import chosen
from vibeshelf.services.probes.specimen import Holdings, Specimen
from vibeshelf.services.shelf import Shelf, mirror_of, requested_model


class ProbeProgress(Protocol):
    """Told before each probe how many are done, how many there are, and which one comes."""

    def __call__(self, done: int, total: int, title: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    probes: Sequence[str] | None
    cheap: bool
    progress: ProbeProgress | None


def examine(
    shelf: Shelf,
    probes: Sequence[str] | None = None,
    cheap: bool = False,
    progress: ProbeProgress | None = None,
    recent_queries: Sequence[str] = (),
) -> Examination:
    """Examine an opened shelf: all probes, or those of these ids or groups, or the cheap ones only.

    Raises InputError for an unknown id, CollectionBusy while another process writes, StorageError.
    """
    specimen = specimen_of(shelf.index(), shelf.mirror(), shelf.encoder, recent_queries=recent_queries)
    return _examine(specimen, _Asked(probes, cheap, progress))


def examine_collection(
    settings: Settings,
    collection: str,
    model: str | None = None,
    probes: Sequence[str] | None = None,
    cheap: bool = False,
    progress: ProbeProgress | None = None,
    recent_queries: Sequence[str] = (),
) -> Examination:
    """Examine a collection by name, also one that the guard refuses to open: what it refuses is then a failing probe.

    Raises as `examine` does, and CollectionNotFound.
    """
    asked = _Asked(probes, cheap, progress)
    chosen(probes, cheap)
    store = Store(settings)
    try:
        index = store.open(collection)
    except ForeignCollection as error:
        return _foreign(error, asked)
    encoder: Encoder | None = None
    problem = ""
    try:
        encoder = open_encoder(settings, requested_model(settings, model) or index.manifest.encoder.model)
    except ModelUnavailable as error:
        problem = str(error)
    specimen = specimen_of(index, mirror_of(settings, index), encoder, problem, recent_queries)
    return _examine(specimen, asked)


def specimen_of(
    index: Index, mirror: Mirror | None, encoder: Encoder | None, problem: str = "", recent_queries: Sequence[str] = ()
) -> Specimen:
    """Return a collection laid out for examination; nothing is read yet."""
    return Specimen(index.manifest, lambda: read_all(index), encoder, problem, index, mirror, recent_queries)


def read_all(index: Index) -> Holdings:
    """Return all that a collection holds, as it is stored."""
    pages = list(index.stored())
    books = [book for page in pages for book in page.books]
    hashes = [made_of for page in pages for made_of in page.hashes]
    dimension = index.manifest.encoder.dimension
    vectors = np.concatenate([page.vectors for page in pages]) if pages else np.zeros((0, dimension), dtype=np.float32)
    return Holdings(books, hashes, vectors)


def _examine(specimen: Specimen, asked: _Asked) -> Examination:
    started = time.perf_counter()
    probes = chosen(asked.probes, asked.cheap)
    results = []
    for done, probe in enumerate(probes):
        if asked.progress:
            asked.progress(done, len(probes), probe.title)
        results.append(_run(probe, specimen))
    manifest = specimen.manifest
    return Examination(
        manifest.collection,
        worst([result.status for result in results]),
        tuple(results),
        time.perf_counter() - started,
        _now(),
        manifest.encoder.fingerprint,
        manifest.revision,
        manifest.count,
        asked.cheap,
    )


def _run(probe: Probe, specimen: Specimen) -> ProbeResult:
    try:
        return probe.run(specimen)
    except CollectionBusy:
        raise
    except VibeshelfError as error:
        # What cannot even be looked at is not in order.
        return probe.result(Finding(FAIL, str(error), "mend what the message names, and examine again"))


def _foreign(error: ForeignCollection, asked: _Asked) -> Examination:
    """Return what can be said of a collection that is not ours: that it is not."""
    name = "index.space" if error.what == "distance space" else "towers.manifest"
    result = ProbeResult(
        name,
        name.partition(".")[0],
        FAIL,
        f"its {error.what}: {error.built_with}",
        str(error.requested),
        "It was not made by Vibeshelf, or was changed since: what its vectors mean cannot be known.",
        error.fix,
    )
    return Examination(error.collection, FAIL, (result,), 0.0, _now(), None, None, None, asked.cheap)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
