"""Files that arrived, put among those that are here, never over other ones unless that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vibeshelf.adapters.artifacts import hash_of
from vibeshelf.core.artifacts import ArtifactFile
from vibeshelf.core.errors import InputError


def place(arrived: Path, files: Sequence[ArtifactFile], home: Path, replace: bool) -> tuple[int, int]:
    """Move files to the same paths below `home`; return (how many were put there, how many were there already).

    Raises InputError, before anything is moved, where another file has the name of one and `replace` is not set.
    """
    wanted = [file for file in files if not _is_same(home / file.path, file)]
    taken = [file.path for file in wanted if (home / file.path).exists()]
    if taken and not replace:
        raise InputError(
            f"{len(taken)} files in {home} are other ones, the first {taken[0]}; pull with --replace to put these in their place"
        )
    for file in wanted:
        target = home / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        (arrived / file.path).replace(target)
    return len(wanted), len(files) - len(wanted)


def _is_same(path: Path, file: ArtifactFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size_bytes and hash_of(path) == file.sha256
