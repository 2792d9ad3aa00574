"""What is carried from machine to machine: an artifact is some files, what made them, and the hash of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibeshelf.core.errors import InputError

KINDS = ("model", "collection", "results", "judgments")


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """A file of an artifact: its path inside it (parts separated by '/'), its size and its sha256 (64 hex digits)."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of something. `made_at` is ISO 8601, UTC; `facts` say in plain words and figures what made it and what it is."""

    kind: str
    name: str
    version: str
    made_at: str
    made_by: str
    facts: Mapping[str, Any]
    files: tuple[ArtifactFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def content_sha256(self) -> str:
        return content_hash(self.files)

    def file(self, path: str) -> ArtifactFile:
        """Return the file of that path. Raises InputError when there is none."""
        for file in self.files:
            if file.path == path:
                return file
        raise InputError(f"{self.kind} '{self.name}' {self.version} has no file '{path}'; it is no {self.kind} of this Vibeshelf")


def content_hash(files: tuple[ArtifactFile, ...]) -> str:
    """Return a hash of all paths with their contents, whatever order they are in."""
    return hashlib.sha256(repr(sorted((file.path, file.sha256) for file in files)).encode()).hexdigest()


def version_of(made_at: str, files: tuple[ArtifactFile, ...]) -> str:
    """Return the name of a version: when it was made and the start of what it holds; names sort by time."""
    return f"{made_at.replace('-', '').replace(':', '').split('+')[0]}Z-{content_hash(files)[:8]}"


def check_kind(kind: str) -> str:
    """Return the kind. Raises InputError for one that there is not."""
    if kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'; known: {', '.join(KINDS)}")
    return kind
