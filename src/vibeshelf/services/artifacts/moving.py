"""Push, pull, list and verify: the same for every kind of artifact."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vibeshelf import __version__
from vibeshelf.adapters.artifacts import ArtifactStore
from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.core.artifacts import Artifact, check_kind, content_hash, version_of
from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.collections import pack_collection, refuse_collection, unpack_collection
from vibeshelf.services.artifacts.judgments import pack_judgments, unpack_judgments
from vibeshelf.services.artifacts.models import pack_model, unpack_model
from vibeshelf.services.artifacts.parcel import Arrived, Packer, Parcel, Progress, PullOptions, Unpacker, arriving, silent
from vibeshelf.services.artifacts.results import pack_results, unpack_results

_PACK: dict[str, Packer] = {
    "model": pack_model, "collection": pack_collection, "results": pack_results, "judgments": pack_judgments,
}  # fmt: skip
_UNPACK: dict[str, Unpacker] = {
    "model": unpack_model, "collection": unpack_collection, "results": unpack_results, "judgments": unpack_judgments,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did. `new` is False where the newest version held the very same files, which is then `artifact`."""

    artifact: Artifact
    new: bool
    sent_files: int
    sent_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did; `outcome` says what became of it here, with the proof where there is one."""

    artifact: Artifact
    fetched_files: int
    fetched_bytes: int
    fetch_seconds: float
    seconds: float
    outcome: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at every byte of some versions found: a line for each file that is not what was pushed."""

    versions: int
    objects: int
    size_bytes: int
    problems: tuple[str, ...]
    leftovers: int


def push(settings: Settings, store: ArtifactStore, kind: str, name: str, check: bool = False, progress: Progress | None = None) -> Pushed:
    """Carry something of this machine into the store. Files that are there are not sent again; with `check` they are read first.

    Raises InputError for what is not here, StorageError for a store that fails; the same push then goes on where it stopped.
    """
    started = time.perf_counter()
    parcel = Parcel(store, check, progress or silent)
    facts = _PACK[check_kind(kind)](settings, name, parcel)
    files = tuple(parcel.files)
    known = [each for each in store.versions(kind, name) if each.content_sha256 == content_hash(files)]
    artifact = known[-1] if known else _new(kind, name, facts, parcel)
    if not known:
        store.publish(artifact)
    return Pushed(artifact, not known, parcel.sent_files, parcel.sent_bytes, time.perf_counter() - started)


def pull(
    settings: Settings,
    store: ArtifactStore,
    kind: str,
    name: str,
    version: str | None = None,
    options: PullOptions | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Bring a version (the newest unless told) here, verify each file, put it in its place and prove that it is the same.

    Raises InputError for what is not there or would replace something, StorageError for what is damaged or a store that fails.
    """
    options = options or PullOptions()
    if options.rename is not None and kind != "collection":
        raise InputError(f"--as gives a collection another name; a {check_kind(kind)} keeps its own")
    started = time.perf_counter()
    artifact = store.find(check_kind(kind), name, version)
    if kind == "collection":
        # Before anything is fetched, not after.
        refuse_collection(settings, artifact, options)
    tell = progress or silent
    with arriving(settings, artifact) as folder:
        fetched = []
        for done, file in enumerate(artifact.files, 1):
            if store.fetch(file, folder / file.path):
                fetched.append(file.size_bytes)
            tell("pulling", done, len(artifact.files))
        fetch_seconds = time.perf_counter() - started
        outcome = _UNPACK[kind](Arrived(artifact, folder, settings, tell), options)
    return Pulled(artifact, len(fetched), sum(fetched), fetch_seconds, time.perf_counter() - started, outcome)


def verify(
    store: ArtifactStore, kind: str | None = None, name: str | None = None, version: str | None = None, progress: Progress | None = None
) -> Verified:
    """Read every file of the versions that are meant, all of them unless told, and compare its hash."""
    if kind is not None and name is not None:
        store.find(check_kind(kind), name, version)
    chosen = [each for each in store.versions(kind, name) if version is None or each.version == version]
    objects = {file.sha256: (file, artifact) for artifact in chosen for file in artifact.files}
    problems, tell = [], progress or silent
    for done, (file, artifact) in enumerate(objects.values(), 1):
        if (problem := store.problem(file)) is not None:
            problems.append(f"{artifact.kind} '{artifact.name}' {artifact.version}: {problem}")
        tell("verifying", done, len(objects))
    size = sum(file.size_bytes for file, _ in objects.values())
    return Verified(len(chosen), len(objects), size, tuple(problems), store.leftovers())


def stored_bytes(artifacts: Iterable[Artifact]) -> int:
    """Return the bytes that these versions take together, content that they share counted once."""
    return sum({file.sha256: file.size_bytes for artifact in artifacts for file in artifact.files}.values())


def _new(kind: str, name: str, facts: Mapping[str, Any], parcel: Parcel) -> Artifact:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    files = tuple(parcel.files)
    made_by = f"vibeshelf {__version__} on {machine_name()}"
    return Artifact(kind, name, version_of(made_at, files), made_at, made_by, facts, files)
