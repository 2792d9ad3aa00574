"""Faults planted in a real collection: each a pure function of the collection and a strength, with the probe that must name it.

Everything is changed as a careless program would change it: what the collection says of itself stays as it was.
"""

# Every planting takes the same arguments, needed or not.
# ruff: noqa: ARG001, ARG005
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eval.distortions import unit_rows
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.records import Book
from vibeshelf.core.template import render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.drill.other_model import Disguised
from vibeshelf.services.probes.specimen import Specimen

# Strength, random numbers -> what is stored then.
Plant = Callable[[Specimen, float, np.random.Generator], Specimen]


@dataclass(frozen=True)
class Fault:
    """A way in which vectors go wrong. `strength` is the least at which it must be found, in the words of `unit`.

    `weaker` strengths are tried besides, to see where it is no longer found; empty where there is nothing weaker.
    """

    name: str
    probe: str
    strength: float
    unit: str
    plant: Plant
    weaker: tuple[float, ...] = ()


class Remembering:
    """The real encoder, asked once for every text: a text has one vector, and a thousand plantings need not encode it again."""

    def __init__(self, encoder: Encoder, known: Mapping[str, Vectors] | None = None) -> None:
        """`known` are documents that it has encoded before: text -> unit row, float32 (dimension,)."""
        self.spec, self.backend, self.precision, self.device = encoder.spec, encoder.backend, encoder.precision, encoder.device
        self._encoder = encoder
        self._known: dict[tuple[str, str], Vectors] = {("document", text): row for text, row in (known or {}).items()}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        # Without prompts of their own the towers are one, and share what they know.
        tower = "query" if self.spec.query_prompt != self.spec.document_prompt else "document"
        return self._rows(tower, texts, self._encoder.encode_queries)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._rows("document", texts, self._encoder.encode_documents)

    def __getattr__(self, name: str) -> Any:
        # Not every encoder counts tokens, and who asks must be told which do.
        if name == "count_tokens":
            return getattr(self._encoder, name)
        raise AttributeError(name)

    def documents(self) -> tuple[list[str], Vectors]:
        """Return the texts that it knows as documents with their vectors, float32 (n, dimension)."""
        texts = [text for tower, text in self._known if tower == "document"]
        return texts, self._rows("document", texts, self._encoder.encode_documents)

    def _rows(self, tower: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if (tower, text) not in self._known]
        if new:
            self._known.update(zip([(tower, text) for text in new], encode(new), strict=True))
        rows = [self._known[tower, text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.spec.dimension)


def copy_of(specimen: Specimen, seed: int = 0, **changes: Any) -> Specimen:
    """Return the specimen with some of what it holds changed, nothing of it looked at yet."""
    held = specimen.holdings
    parts = {name: changes.pop(name) for name in ("books", "hashes", "vectors") if name in changes}
    holdings = replace(held, **parts)
    return replace(specimen, read=lambda: holdings, seed=seed, **changes)


def _rows(specimen: Specimen, share: float, random: np.random.Generator) -> np.ndarray:
    """Return a share of the rows at random, at least two."""
    count = len(specimen.holdings)
    return random.choice(count, max(2, round(share * count)), replace=False)


def in_some(change: Callable[[Vectors, np.random.Generator], np.ndarray]) -> Plant:
    """Change a share of the vectors."""

    def plant(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
        vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
        vectors[rows] = change(vectors[rows], random)
        return copy_of(specimen, vectors=vectors)

    return plant


def in_all(change: Callable[[Vectors, float, np.random.Generator], np.ndarray]) -> Plant:
    """Change all vectors by so much."""

    def plant(specimen: Specimen, strength: float, random: np.random.Generator) -> Specimen:
        vectors = np.asarray(change(specimen.holdings.vectors.copy(), strength, random), dtype=np.float32)
        return copy_of(specimen, vectors=vectors)

    return plant


def of_another_model(other: Encoder) -> Plant:
    """A share of the vectors made by another model of the same dimension."""

    def plant(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
        vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
        vectors[rows] = other.encode_documents([specimen.texts[row] for row in rows])
        return copy_of(specimen, vectors=vectors)

    return plant


def of_other_texts(rewrite: Callable[[str], str]) -> Plant:
    """A share of the vectors made of a rewritten text: cut, prompted, or what the book said before."""

    def plant(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
        assert specimen.encoder is not None
        vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
        vectors[rows] = specimen.encoder.encode_documents([rewrite(specimen.texts[row]) for row in rows])
        return copy_of(specimen, vectors=vectors)

    return plant


def as_queries(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """A share of the vectors made by the query tower."""
    assert specimen.encoder is not None
    vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
    vectors[rows] = specimen.encoder.encode_queries([specimen.texts[row] for row in rows])
    return copy_of(specimen, vectors=vectors)


def swapped(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """A share of the vectors shuffled among themselves, none left in its place."""
    vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
    vectors[rows] = vectors[np.roll(rows, 1)]
    return copy_of(specimen, vectors=vectors)


def shifted(specimen: Specimen, places: float, random: np.random.Generator) -> Specimen:
    """All vectors some places on."""
    return copy_of(specimen, vectors=np.roll(specimen.holdings.vectors, int(places), axis=0))


def shifted_in_part(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """The vectors of one run of books one place on, as after a batch with a row too many."""
    count = max(2, round(share * len(specimen.holdings)))
    start = int(random.integers(0, len(specimen.holdings) - count + 1))
    vectors = specimen.holdings.vectors.copy()
    vectors[start : start + count] = np.roll(vectors[start : start + count], 1, axis=0)
    return copy_of(specimen, vectors=vectors)


def duplicated(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """A share of the books given the vector of one of them."""
    vectors, rows = specimen.holdings.vectors.copy(), _rows(specimen, share, random)
    vectors[rows[1:]] = vectors[rows[0]]
    return copy_of(specimen, vectors=vectors)


def nearly_duplicated(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """The same with a trace of noise."""
    same = duplicated(specimen, share, random).holdings.vectors
    noise = random.standard_normal(same.shape) * (0.003 / np.sqrt(same.shape[1]))
    changed = (same != specimen.holdings.vectors).any(axis=1)
    return copy_of(specimen, vectors=unit_rows(np.where(changed[:, None], same + noise, same)))


def hubs(specimen: Specimen, count: float, random: np.random.Generator) -> Specimen:
    """So many books get the mean of all: near to everything."""
    vectors = specimen.holdings.vectors.copy()
    rows = random.choice(len(vectors), int(count), replace=False)
    mean = vectors.mean(axis=0)
    vectors[rows] = unit_rows(mean[None, :] + random.standard_normal((len(rows), len(mean))) * 1e-3)
    return copy_of(specimen, vectors=vectors)


def edited_texts(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """The descriptions of a share of the books changed, their vectors and hashes kept."""
    rows = set(_rows(specimen, share, random).tolist())
    books = [
        replace(book, description=f"A new description. {book.description}") if row in rows else book
        for row, book in enumerate(specimen.holdings.books)
    ]
    return copy_of(specimen, books=books)


def edited_facts(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """The years of a share of the books changed, their hashes kept."""
    rows = set(_rows(specimen, share, random).tolist())
    books = [replace(book, year=(book.year or 0) + 1) if row in rows else book for row, book in enumerate(specimen.holdings.books)]
    return copy_of(specimen, books=books)


def older_texts(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """A share of the vectors made of what the books said before, and stored under the hashes of what they say now."""
    assert specimen.encoder is not None
    rows = _rows(specimen, share, random)
    vectors = specimen.holdings.vectors.copy()
    before = [render(specimen.manifest.template, replace(specimen.holdings.books[row], description="No description yet.")) for row in rows]
    vectors[rows] = specimen.encoder.encode_documents(before)
    return copy_of(specimen, vectors=vectors)


def removed(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """A share of the books deleted."""
    rows = set(_rows(specimen, share, random).tolist())
    held = specimen.holdings
    kept = [row for row in range(len(held)) if row not in rows]
    return copy_of(specimen, books=[held.books[row] for row in kept], hashes=[held.hashes[row] for row in kept], vectors=held.vectors[kept])


def added(specimen: Specimen, share: float, random: np.random.Generator) -> Specimen:
    """So many vectors put in by something else: no facts, no hashes."""
    held = specimen.holdings
    rows = _rows(specimen, share, random)
    strangers = [Book(f"stranger-{row}", "") for row in rows]
    return copy_of(
        specimen,
        books=[*held.books, *strangers],
        hashes=[*held.hashes, *[StoredHashes("", "")] * len(rows)],
        vectors=np.concatenate([held.vectors, held.vectors[rows]]),
    )


def manifest_with(**changes: Any) -> Plant:
    """The manifest edited."""
    return lambda specimen, strength, random: copy_of(specimen, manifest=replace(specimen.manifest, **changes))


def spec_with(**changes: Any) -> Plant:
    """What the manifest says of its encoder edited, or another encoder asked for."""
    return lambda specimen, strength, random: copy_of(
        specimen, manifest=replace(specimen.manifest, encoder=replace(specimen.manifest.encoder, **changes))
    )


def edited_canaries(specimen: Specimen, count: float, random: np.random.Generator) -> Specimen:
    """So many canaries given other vectors."""
    canaries = list(specimen.manifest.canaries)
    for at in random.choice(len(canaries), int(count), replace=False):
        other = canaries[(at + 1) % len(canaries)]
        canaries[at] = replace(canaries[at], query_vector=other.query_vector, document_vector=other.document_vector)
    return copy_of(specimen, manifest=replace(specimen.manifest, canaries=tuple(canaries)))


def searched_with(other: Encoder, lies: bool) -> Plant:
    """Another model answers the queries; it `lies` when it goes by the name and hashes of the one that built the collection."""

    def plant(specimen: Specimen, strength: float, random: np.random.Generator) -> Specimen:
        manifest = specimen.manifest
        return copy_of(specimen, asked=Disguised(other, manifest.encoder, manifest.precision) if lies else other)

    return plant
