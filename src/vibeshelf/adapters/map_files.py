"""Maps of collections on disk: columns of numbers and columns of words in one file, there whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = Mapping[str, npt.NDArray[Any]]
_WORDS = "words"


def save_map(path: Path, numbers: Numbers, words: Mapping[str, list[str]]) -> None:
    """Write a map, and drop those of the collection's earlier states beside it. Raises OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    packed = np.frombuffer(json.dumps(words, ensure_ascii=False).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{**numbers, _WORDS: packed})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    for other in path.parent.glob("*.npz"):
        if other != path:
            other.unlink(missing_ok=True)


def load_map(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, list[str]]] | None:
    """Return the columns of a map, or None when it is not there or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            numbers = {name: file[name] for name in file.files}
        return numbers, json.loads(numbers.pop(_WORDS).tobytes().decode("utf-8", "surrogatepass"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
