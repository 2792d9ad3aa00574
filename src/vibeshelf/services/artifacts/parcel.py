"""What every kind of artifact is packed into and unpacked from, and what is said about both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from vibeshelf.adapters.artifacts import ArtifactStore
from vibeshelf.core.artifacts import Artifact, ArtifactFile
from vibeshelf.core.settings import Settings

FOLDER = "artifacts"


class Progress(Protocol):
    """Told after each step what is being done, how much of it is done, and of how much; `total` is 0 where nobody knows."""

    def __call__(self, doing: str, done: int, total: int) -> None: ...


@dataclass(slots=True)
class Parcel:
    """A push under way: files are sent as they are made, so that the disk holds one of them at a time."""

    store: ArtifactStore
    check: bool
    progress: Progress
    files: list[ArtifactFile] = field(default_factory=list)
    sent_files: int = 0
    sent_bytes: int = 0

    def add(self, path: Path, name: str) -> None:
        """Send a file as `name`, unless the store has it."""
        file, sent = self.store.send(path, name, self.check)
        self.files.append(file)
        self.sent_files += sent
        self.sent_bytes += file.size_bytes if sent else 0
        self.progress("pushing", len(self.files), 0)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A pulled artifact whose files lie, each with the hash that was pushed, in a folder of this machine."""

    artifact: Artifact
    folder: Path
    settings: Settings
    progress: Progress

    def has(self, name: str) -> bool:
        return any(file.path == name for file in self.artifact.files)

    def path(self, name: str) -> Path:
        """Return where a file of the artifact lies. Raises InputError when it has none of that name."""
        return self.folder / self.artifact.file(name).path


@dataclass(frozen=True, slots=True)
class PullOptions:
    """`rename` gives a collection another name here; `replace` allows that something here gives way to it."""

    rename: str | None = None
    replace: bool = False


Packer = Callable[[Settings, str, Parcel], Mapping[str, Any]]
Unpacker = Callable[[Arrived, PullOptions], Mapping[str, Any]]


def silent(doing: str, done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """Give a folder on the disk of the data, gone afterwards."""
    home = settings.data_dir / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".packing-") as name:
        yield Path(name)


@contextmanager
def arriving(settings: Settings, artifact: Artifact) -> Iterator[Path]:
    """Give the folder in which a version arrives: kept when that is cut off, so that it goes on from there, gone when it is done."""
    folder = settings.data_dir / FOLDER / "arriving" / artifact.content_sha256[:32]
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
