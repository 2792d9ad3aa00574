"""Runs of our systems: made through a shelf, kept as TREC run files by the fingerprint of all that made them.

A run is kept under data_dir/runs as FINGERPRINT.run with FINGERPRINT.json beside it, which is written last and tells what it is.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from vibeshelf.adapters import index, lexical, mirror
from vibeshelf.adapters.rows import write_lines
from vibeshelf.adapters.trec import read_run, separated, write_run
from vibeshelf.core.errors import Cancelled, CollectionBusy, InputError, SourceError, StorageError
from vibeshelf.core.records import Filter, Manifest, Ranking, Run
from vibeshelf.services import machine, search, systems
from vibeshelf.services.measures import Measure
from vibeshelf.services.search import MAX_K, check_k, check_system
from vibeshelf.services.shelf import Shelf

DEFAULT_DEPTH = 100
_log = logging.getLogger("vibeshelf")
# What ranks. A kept run is not used once one of these files has changed.
_RANKING_CODE = (index, lexical, mirror, search, systems)


@dataclass(frozen=True, slots=True)
class Strangers:
    """Query ids and book ids in a file that the evaluation does not know, in the file's order."""

    queries: tuple[str, ...]
    books: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that lies in the data folder, with the engine that encoded its queries. `machine` is None where it was not recorded."""

    run: Run
    backend: str
    precision: str
    machine: str | None


def depth_for(measures: Sequence[Measure], wanted: int | None = None) -> int:
    """Return how many results to ask for: what is wanted (100), but as many as the deepest measure looks at.

    Raises InputError for more than a system can give.
    """
    deepest = max(measures, key=lambda each: each.cutoff or 0)
    if (deepest.cutoff or 0) > MAX_K:
        raise InputError(f"measure '{deepest.name}' looks at {deepest.cutoff:,} results; a system gives {MAX_K:,} at most")
    return max(check_k(DEFAULT_DEPTH if wanted is None else wanted), deepest.cutoff or 0)


def make_run(
    shelf: Shelf,
    queries: Mapping[str, str],
    system: str,
    k: int = DEFAULT_DEPTH,
    filters: Sequence[Filter] = (),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Run:
    """Return the best k books of a system for every query, from what was kept where that was made in the same way.

    `progress` is told (done, of how many) after each query; the run ends with Cancelled soon after `cancelled` says so. A query
    that cannot be searched (empty, too long) has no results and is named in `refused`.
    Raises CollectionBusy when the collection changes meanwhile, StorageError where the system cannot run on this machine.
    """
    fingerprint = run_fingerprint(shelf, queries, check_system(system), check_k(k), filters)
    folder = shelf.store.settings.runs_dir
    if (kept := _read_kept(folder, fingerprint, system)) is not None:
        if progress:
            progress(len(queries), len(queries))
        return kept
    run = _search_all(shelf, queries, system, k, filters, fingerprint, progress or (lambda *_: None), cancelled or (lambda: False))
    if run_fingerprint(shelf, queries, system, k, filters) != fingerprint:
        raise CollectionBusy(f"collection '{shelf.name}' was changed while it was evaluated; evaluate it again")
    _keep(folder, run, _about(shelf, queries, system))
    return run


def run_fingerprint(shelf: Shelf, queries: Mapping[str, str], system: str, k: int, filters: Sequence[Filter] = ()) -> str:
    """Return what names a run: the state of the collection, the encoder, the system and its code, k, filters and queries."""
    encoder = shelf.encoder
    return _fingerprint(shelf.manifest, encoder.spec.fingerprint, encoder.backend, encoder.precision, queries, system, k, filters)


def kept_runs(folder: Path, manifest: Manifest, queries: Mapping[str, str]) -> list[KeptRun]:
    """Return every run of these queries that was kept and that would be made again the same way, whatever engine made it.

    Those of another state of the collection, of another version of what ranks, and of filtered searches are not among them.
    """
    found = []
    for about in _sidecars(folder, manifest.collection):
        engine = str(about["backend"]), str(about["precision"])
        made = _fingerprint(manifest, manifest.encoder.fingerprint, *engine, queries, about["system"], about["k"])
        if about["fingerprint"] == made and (run := _read_kept(folder, made, about["system"])) is not None:
            found.append(KeptRun(run, *engine, about.get("machine")))
    return sorted(found, key=lambda each: each.run.made_at or "")


def count_kept(folder: Path, collection: str) -> int:
    """Return how many runs of a collection were kept, of whatever queries and whatever state."""
    return sum(1 for _ in _sidecars(folder, collection))


def _sidecars(folder: Path, collection: str) -> Iterator[dict[str, Any]]:
    """Yield what is told of each run of a collection; one that cannot be read is none."""
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, TypeError, AttributeError):
            about = json.loads(path.read_text(encoding="utf-8"))
            if about.get("collection") == collection and {"backend", "precision", "system", "k", "fingerprint"} <= about.keys():
                yield about


def _fingerprint(
    manifest: Manifest,
    model: str,
    backend: str,
    precision: str,
    queries: Mapping[str, str],
    system: str,
    k: int,
    filters: Sequence[Filter] = (),
) -> str:
    parts = (
        mirror.mirror_key(manifest), model, backend, precision, system, _code(), k, tuple(map(repr, filters)), tuple(queries.items()),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def is_kept(shelf: Shelf, queries: Mapping[str, str], system: str, k: int, filters: Sequence[Filter] = ()) -> bool:
    """Return whether `make_run` will find the run; a damaged one is made again all the same."""
    return (shelf.store.settings.runs_dir / f"{run_fingerprint(shelf, queries, system, k, filters)}.json").is_file()


def strangers(named: Mapping[str, Iterable[str]], query_ids: Collection[str] | None, book_ids: Collection[str] | None) -> Strangers:
    """Return the queries and books of judgments or of a run that are not among those that are known; None knows all."""
    queries = () if query_ids is None else (query_id for query_id in named if query_id not in query_ids)
    books = () if book_ids is None else (book_id for of in named.values() for book_id in of if book_id not in book_ids)
    return Strangers(tuple(queries), tuple(dict.fromkeys(books)))


def _search_all(
    shelf: Shelf,
    queries: Mapping[str, str],
    system: str,
    k: int,
    filters: Sequence[Filter],
    fingerprint: str,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> Run:
    rankings: dict[str, Ranking] = {}
    refused: dict[str, str] = {}
    times_ms: list[float] = []
    for done, (query_id, text) in enumerate(queries.items(), 1):
        if cancelled():
            raise Cancelled(f"the evaluation of {system} was stopped after {done - 1:,} of {len(queries):,} queries")
        try:
            # Encoded anew: the vectors that another system left behind would make this one look quicker than it is.
            found = shelf.run(text, k, system, filters, False)
        except InputError as error:
            refused[query_id] = str(error)
            continue
        if found.system != system:
            raise StorageError(f"{system} cannot be evaluated: {'; '.join(found.notes)}")
        # As a run file gives them back, so that a kept run is the same to the last digit.
        scores = separated(tuple(hit.score for hit in found.hits))
        rankings[query_id] = Ranking(tuple(hit.book_id for hit in found.hits), tuple(scores))
        times_ms.append(found.total_ms)
        progress(done, len(queries))
    return Run(system, rankings, fingerprint, k, refused, median(times_ms) if times_ms else None, *_where_and_when(shelf))


def _where_and_when(shelf: Shelf) -> tuple[str, str]:
    encoder = shelf.encoder
    return f"{encoder.backend} {encoder.precision} on {encoder.device}", datetime.now(UTC).isoformat(timespec="seconds")


def _about(shelf: Shelf, queries: Mapping[str, str], system: str) -> dict[str, Any]:
    encoder = shelf.encoder
    return {
        "collection": shelf.name, "system": system, "model": encoder.spec.model, "backend": encoder.backend,
        "precision": encoder.precision, "queries": len(queries), "machine": machine.machine_label({}),
    }  # fmt: skip


def _keep(folder: Path, run: Run, about: dict[str, Any]) -> None:
    """Keep a run where that is possible; a full disk or an id that a run file cannot hold only costs the time to make it again."""
    without_results = [query_id for query_id, ranking in run.rankings.items() if not ranking.book_ids]
    sidecar = {
        **about, "device": run.device, "made_at": run.made_at, "fingerprint": run.fingerprint, "k": run.k,
        "median_ms": run.median_ms, "refused": dict(run.refused),
        "without_results": without_results, "empty": len(without_results) == len(run.rankings),
    }  # fmt: skip
    try:
        write_run(folder / f"{run.fingerprint}.run", run)
        write_lines(folder / f"{run.fingerprint}.json", [json.dumps(sidecar, indent=1)])
    except (OSError, InputError) as error:
        _log.warning("the run of %s is not kept: %s", run.name, error)


def _read_kept(folder: Path, fingerprint: str, system: str) -> Run | None:
    """Return the run that was kept under this fingerprint; None when there is none, or when it is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, SourceError):
        about = json.loads((folder / f"{fingerprint}.json").read_text(encoding="utf-8"))
        rankings = {} if about["empty"] else dict(read_run(folder / f"{fingerprint}.run").rankings)
        rankings |= {query_id: Ranking((), ()) for query_id in about["without_results"]}
        return Run(system, rankings, fingerprint, about["k"], about["refused"], about["median_ms"], about["device"], about["made_at"])
    return None


@lru_cache(maxsize=1)
def _code() -> str:
    found = hashlib.sha256()
    for module in _RANKING_CODE:
        found.update(Path(str(module.__file__)).read_bytes())
    return found.hexdigest()
