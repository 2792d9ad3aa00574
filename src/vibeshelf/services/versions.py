"""What is on the shelf: every collection with the version that is kept of it, how it was made, how large it is, how healthy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.mirror import mirror_bytes
from vibeshelf.adapters.store import CollectionInfo
from vibeshelf.adapters.swaps import BEFORE
from vibeshelf.core.probes import Examination
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings

# What repairs and pulls build in, and what a swap leaves for milliseconds: nobody's collections.
_PASSING = (".leaving", ".rebuilding", ".pulling")
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Version:
    """One collection. `vector_bytes` is what its vectors take, each once; `mirror_bytes` what its mirror takes, None without one."""

    name: str
    count: int
    manifest: Manifest | None
    vector_bytes: int | None
    mirror_bytes: int | None


@dataclass(frozen=True, slots=True)
class Family:
    """A collection under the name that is searched, and the version that a roll-back brings back, None where none is kept."""

    live: Version
    before: Version | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the data folder holds, in bytes; None where Chroma is a server."""

    chroma_bytes: int | None
    mirrors_bytes: int
    models_bytes: int


def families(settings: Settings, found: Sequence[CollectionInfo]) -> list[Family]:
    """Return the collections by name, each with the version before it; one whose successor is gone stands for itself."""
    versions = {info.name: _version(settings, info) for info in found if not info.name.endswith(_PASSING)}
    kept = {name for name in versions if name.endswith(BEFORE) and name.removesuffix(BEFORE) in versions}
    return [Family(version, versions.get(name + BEFORE)) for name, version in versions.items() if name not in kept]


def candidates(all_of: Sequence[Family], live: str) -> list[Version]:
    """Return what could take the name: every other complete collection, the one that was built last first."""
    others = [family.live for family in all_of if family.live.name != live and family.live.manifest and family.live.manifest.complete]
    return sorted(others, key=lambda version: version.manifest.built_at if version.manifest else "", reverse=True)


def is_of(examination: Examination, manifest: Manifest) -> bool:
    """Return whether an examination was of the collection as this manifest describes it."""
    seen = (examination.fingerprint, examination.revision, examination.count)
    return seen == (manifest.encoder.fingerprint, manifest.revision, manifest.count)


def sizes(settings: Settings) -> Sizes:
    """Return what is on the disk; it looks at every file's size and reads none."""
    chroma = folder_bytes(settings.chroma_dir) if settings.chroma_url is None else None
    return Sizes(chroma, folder_bytes(settings.mirrors_dir), folder_bytes(settings.models_dir))


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder; a file with several names counts once, one that goes meanwhile not at all."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            found = path.stat()
        except OSError:
            continue
        if path.is_file():
            seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())


def _version(settings: Settings, info: CollectionInfo) -> Version:
    manifest = info.manifest
    if manifest is None:
        return Version(info.name, info.count, None, None, None)
    vectors = info.count * manifest.encoder.dimension * _FLOAT_BYTES
    return Version(info.name, info.count, manifest, vectors, mirror_bytes(settings.mirrors_dir, manifest))
