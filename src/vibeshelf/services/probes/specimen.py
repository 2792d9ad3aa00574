"""A collection laid out for examination: what several probes look at is read, encoded or compared once and shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.index import Index, StoredHashes
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Book, Manifest
from vibeshelf.core.template import render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.guard import differences


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a collection holds, as it is stored and unchecked. Row i of `vectors`, float32 (n, dimension), belongs to book i."""

    books: Sequence[Book]
    hashes: Sequence[StoredHashes]
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.books)


@dataclass(frozen=True)
class Specimen:
    """A collection with the encoder that is to search it.

    `asked` is the encoder that was asked for, whether or not it belongs here; None where it cannot be opened, `problem` then says why.
    `index` and `mirror` are None where only vectors are examined. `recent_queries` are what people asked lately, the latest last;
    `known_ids` the ids of the last full examination, None where there was none. `read` reads all that is stored; it is called once,
    when a probe wants it.
    """

    manifest: Manifest
    read: Callable[[], Holdings]
    asked: Encoder | None = None
    problem: str = ""
    index: Index | None = None
    mirror: Mirror | None = None
    recent_queries: Sequence[str] = ()
    known_ids: frozenset[str] | None = None

    @cached_property
    def encoder(self) -> Encoder | None:
        """The encoder, when it is one that makes the vectors which this collection is said to hold."""
        return self.asked if self.asked is not None and not differences(self.manifest.encoder, self.asked.spec) else None

    @property
    def refusal(self) -> str:
        """Why there is no encoder to compare with."""
        if self.asked is None:
            return self.problem or "no encoder"
        return f"'{self.asked.spec.model}' is not the encoder that made this collection"

    @cached_property
    def holdings(self) -> Holdings:
        return self.read()

    @cached_property
    def texts(self) -> list[str]:
        """The text of every book as the manifest's template makes it."""
        return [render(self.manifest.template, book) for book in self.holdings.books]

    @cached_property
    def sound(self) -> npt.NDArray[np.bool_]:
        """Whether each row is finite and has a length, (n,): what cannot be compared is left to the probes that look for it."""
        rows = self.holdings.vectors
        with np.errstate(all="ignore"):
            return np.asarray(np.isfinite(rows).all(axis=1) & (np.linalg.norm(rows, axis=1) > 1e-6))
