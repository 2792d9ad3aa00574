"""A collection laid out for examination: what several probes look at is read, encoded or compared once and shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.records import Book, Manifest
from vibeshelf.core.template import render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.guard import bound_of, canary_cosines, differences
from vibeshelf.services.probes.reencoding import SAMPLE, SUSPECTS, Reencoded, Rows, draw, encode_again
from vibeshelf.services.probes.wording import Followed, follow

# Books whose titles are searched for.
_TITLES = 100
_TITLE_WORDS = 12


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a collection holds, as it is stored and unchecked. Row i of `vectors`, float32 (n, dimension), belongs to book i."""

    books: Sequence[Book]
    hashes: Sequence[StoredHashes]
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.books)


@dataclass(frozen=True, slots=True)
class Titles:
    """Books asked for by their titles: rows of the collection, the titles, and these as queries, unit rows float32 (n, dimension)."""

    rows: Rows
    texts: list[str]
    vectors: Vectors


@dataclass(frozen=True)
class Specimen:
    """A collection with the encoder that is to search it.

    `asked` is the encoder that was asked for, whether or not it belongs here; None where it cannot be opened, `problem` then says why.
    `index` and `mirror` are None where only vectors are examined. `recent_queries` are what people asked lately, the latest last;
    `known_ids` the ids of an earlier full examination, None where there was none. `read` reads all that is stored; it is called once,
    when a probe wants it. Another `seed` draws other books.
    """

    manifest: Manifest
    read: Callable[[], Holdings]
    asked: Encoder | None = None
    problem: str = ""
    index: Index | None = None
    mirror: Mirror | None = None
    recent_queries: Sequence[str] = ()
    known_ids: frozenset[str] | None = None
    seed: int = 0

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
    def canaries(self) -> npt.NDArray[np.float32] | None:
        """The cosines of the canaries with what the encoder asked for gives now, float32 (2, n); None where they cannot be compared."""
        if self.asked is None or self.asked.spec.dimension != self.manifest.encoder.dimension:
            return None
        return canary_cosines(self.manifest, self.asked)

    @cached_property
    def holdings(self) -> Holdings:
        return self.read()

    @cached_property
    def texts(self) -> list[str]:
        """The text of every book as the manifest's template makes it."""
        return [render(self.manifest.template, book) for book in self.holdings.books]

    @cached_property
    def norms(self) -> npt.NDArray[np.float64]:
        """The length of every stored vector, (n,); NaN or infinite where its values are."""
        with np.errstate(all="ignore"):
            return np.asarray(np.linalg.norm(self.holdings.vectors.astype(np.float64), axis=1))

    @cached_property
    def sound(self) -> npt.NDArray[np.bool_]:
        """Whether each row is finite and has a length, (n,): what cannot be compared is left to the probes that look for it."""
        return np.asarray(np.isfinite(self.norms) & (self.norms > 1e-6))

    @cached_property
    def unit(self) -> Vectors:
        """The stored vectors as unit rows, float32 (n, dimension); rows that are not sound are zero."""
        lengths = np.where(self.sound, self.norms, 1.0)
        rows = np.where(self.sound[:, None], self.holdings.vectors, 0.0) / lengths[:, None]
        return np.ascontiguousarray(rows, dtype=np.float32)

    @cached_property
    def sample(self) -> Rows:
        """Rows at random, enough to meet a share of 1 % with 99 % probability."""
        return draw(self.sound, self.seed, SAMPLE)

    @cached_property
    def followed(self) -> Followed | None:
        """How well vectors follow their words; None for a collection too small to tell."""
        return follow(self.texts, self.unit, self.sound)

    @cached_property
    def reencoded(self) -> Reencoded | None:
        """The sample and the suspects, encoded again; None without an encoder, or without a book that can be compared."""
        if self.encoder is None or not len(self.sample):
            return None
        suspects = self.followed.least(SUSPECTS) if self.followed else self.sample[:0]
        return encode_again(self.encoder, self.texts, self.unit, self.sample, suspects, bound_of(self.manifest, self.encoder))

    @cached_property
    def titles(self) -> Titles | None:
        """Some of the sample asked for by their titles; None without an encoder or without titles."""
        if self.encoder is None:
            return None
        books = self.holdings.books
        titled = [row for row in self.sample.tolist() if len(books[row].title.split()) > 1]
        rows = np.array(titled[:: max(1, len(titled) // _TITLES)][:_TITLES], dtype=np.int64)
        texts = [" ".join(books[row].title.split()[:_TITLE_WORDS]) for row in rows]
        return Titles(rows, texts, self.encoder.encode_queries(texts)) if texts else None


def read_all(index: Index) -> Holdings:
    """Return all that a collection holds, as it is stored."""
    pages = list(index.stored())
    books = [book for page in pages for book in page.books]
    hashes = [made_of for page in pages for made_of in page.hashes]
    dimension = index.manifest.encoder.dimension
    vectors = np.concatenate([page.vectors for page in pages]) if pages else np.zeros((0, dimension), dtype=np.float32)
    return Holdings(books, hashes, vectors)
