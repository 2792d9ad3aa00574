"""The examination of a collection: every probe, one verdict, and what has changed since the last time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.examinations import KEPT, Examinations, open_examinations
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import ForeignCollection, ModelUnavailable, StorageError
from vibeshelf.core.probes import FAIL, Examination, ProbeResult, worst
from vibeshelf.core.settings import Settings
from vibeshelf.services.chronicle import note_verdict
from vibeshelf.services.logged_search import recent_queries
from vibeshelf.services.probes.drift import MOST_QUERIES, QUERIES
from vibeshelf.services.probes.registry import chosen
from vibeshelf.services.probes.specimen import Specimen, read_all
from vibeshelf.services.shelf import Shelf, mirror_of, requested_model

_log = logging.getLogger("vibeshelf")


class ProbeProgress(Protocol):
    """Told before each probe how many are done, how many there are, and which one comes."""

    def __call__(self, done: int, total: int, title: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    probes: Sequence[str] | None
    cheap: bool
    progress: ProbeProgress | None

    @property
    def wants_queries(self) -> bool:
        return any(probe.id == QUERIES for probe in chosen(self.probes, self.cheap))

    @property
    def full(self) -> bool:
        return not self.probes and not self.cheap


def examine(
    shelf: Shelf,
    probes: Sequence[str] | None = None,
    cheap: bool = False,
    progress: ProbeProgress | None = None,
    queries: Sequence[str] | None = None,
) -> Examination:
    """Examine an opened shelf: all probes, or those of these ids or groups, or the cheap ones only. A full examination is kept.

    `queries` are what people asked lately, the latest last; without them the latest of the search log.
    Raises InputError for an unknown id, CollectionBusy while another process writes, StorageError.
    """
    asked = _Asked(probes, cheap, progress)
    wanted = _queries(shelf.store.settings, shelf.name, queries, asked)
    specimen = specimen_of(shelf.index(), shelf.mirror(), shelf.encoder, recent_queries=wanted)
    return _examine_and_keep(shelf.store.settings, specimen, asked)


def examine_collection(
    settings: Settings,
    collection: str,
    model: str | None = None,
    probes: Sequence[str] | None = None,
    cheap: bool = False,
    progress: ProbeProgress | None = None,
    queries: Sequence[str] | None = None,
) -> Examination:
    """Examine a collection by name, also one that the guard refuses to open: what it refuses is then a failing probe.

    Raises as `examine` does, and CollectionNotFound.
    """
    asked = _Asked(probes, cheap, progress)
    wanted = _queries(settings, collection, queries, asked)
    store = Store(settings)
    try:
        index = store.open(collection)
    except ForeignCollection as error:
        return _foreign(error, cheap)
    encoder: Encoder | None = None
    problem = ""
    try:
        encoder = open_encoder(settings, requested_model(settings, model) or index.manifest.encoder.model)
    except ModelUnavailable as error:
        problem = str(error)
    specimen = specimen_of(index, mirror_of(settings, index), encoder, problem, wanted)
    return _examine_and_keep(settings, specimen, asked)


def history(settings: Settings, collection: str, cheap: bool = False, limit: int = KEPT) -> list[Examination]:
    """Return the examinations of a collection that were kept, the newest first. Raises StorageError."""
    with closing(open_examinations(settings)) as kept:
        return kept.latest(collection, cheap, limit)


def _queries(settings: Settings, collection: str, given: Sequence[str] | None, asked: _Asked) -> Sequence[str]:
    """Return what people asked lately, the latest last; none where no probe looks at it. Raises InputError for an unknown id."""
    if not asked.wants_queries or given is not None:
        return given or ()
    try:
        return recent_queries(settings, MOST_QUERIES, collection)[::-1]
    except StorageError as error:
        _log.warning("recent queries are not examined: %s", error)
        return ()


def specimen_of(
    index: Index, mirror: Mirror | None, encoder: Encoder | None, problem: str = "", recent_queries: Sequence[str] = ()
) -> Specimen:
    """Return a collection laid out for examination; nothing is read yet."""
    return Specimen(index.manifest, lambda: read_all(index), encoder, problem, index, mirror, recent_queries)


def examine_specimen(specimen: Specimen, probes: Sequence[str] | None = None, cheap: bool = False) -> Examination:
    """Examine what is laid out, without a history. Raises InputError for an unknown id."""
    return _examine(specimen, _Asked(probes, cheap, None))


def _examine_and_keep(settings: Settings, specimen: Specimen, asked: _Asked) -> Examination:
    if not asked.full:
        return _examine(specimen, asked)
    try:
        with closing(open_examinations(settings)) as kept:
            return _keep(settings, kept, specimen, asked)
    except StorageError as error:
        _log.warning("the examination is not kept: %s", error)
        return _examine(specimen, asked)


def _keep(settings: Settings, kept: Examinations, specimen: Specimen, asked: _Asked) -> Examination:
    name, fingerprint = specimen.manifest.collection, specimen.manifest.encoder.fingerprint
    # Each examination draws other books, and what it drew can be drawn again.
    known = kept.known_ids(name, fingerprint)
    specimen = replace(specimen, known_ids=known, seed=kept.count(name))
    examination = _examine(specimen, asked)
    earlier = kept.latest(name, limit=1)
    examination = replace(examination, changes=tuple(changes(earlier[0], examination)) if earlier else ())
    kept.add(examination)
    note_verdict(settings, earlier[0] if earlier else None, examination, specimen.manifest)
    if known is None:
        kept.know(name, fingerprint, [book.book_id for book in specimen.holdings.books])
    return examination


def changes(before: Examination, after: Examination) -> Iterator[str]:
    """Yield a sentence for each probe whose status is otherwise than before, and for a collection that became another."""
    if before.fingerprint != after.fingerprint:
        yield f"Since {before.when} another encoder is named by the manifest."
    if before.count != after.count:
        yield f"Since {before.when} the manifest counts {after.count:,} books, {before.count:,} before."
    was = {result.id: result for result in before.results}
    for result in after.results:
        earlier = was.get(result.id)
        if earlier is not None and earlier.status != result.status:
            yield f"Since {before.when} {result.id} went from {earlier.status} to {result.status}: {result.observed}."


def _examine(specimen: Specimen, asked: _Asked) -> Examination:
    started = time.perf_counter()
    probes = chosen(asked.probes, asked.cheap)
    results = []
    for done, probe in enumerate(probes):
        if asked.progress:
            asked.progress(done, len(probes), probe.title)
        results.append(probe.run(specimen))
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


def _foreign(error: ForeignCollection, cheap: bool) -> Examination:
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
    return Examination(error.collection, FAIL, (result,), 0.0, _now(), None, None, None, cheap)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
