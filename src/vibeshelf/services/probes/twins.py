"""Twins: different books with one vector, where their texts do not explain it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import FAIL, PASS, Figure
from vibeshelf.services.probes.probe import EXAMPLES, Finding, Probe, example
from vibeshelf.services.probes.reencoding import Rows
from vibeshelf.services.probes.specimen import Specimen
from vibeshelf.services.probes.wording import words_of

NEAR = 0.9999
# Pairs whose texts differ are encoded again, up to so many.
_MOST_ENCODED = 32
_PRINCIPAL = 8
_NEIGHBOURS = 4
_SAME_WORDS = 0.8


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Two rows each that have one vector: int64 (n, 2)."""

    rows: npt.NDArray[np.int64]

    def unlike(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Return the pairs whose texts differ."""
        return [(one, other) for one, other in self.rows.tolist() if texts[one] != texts[other]]


def _exact(specimen: Specimen) -> Finding:
    rows = np.flatnonzero(specimen.sound)
    return _judge(specimen, _Pairs(_equal_pairs(specimen.holdings.vectors[rows], rows)), "one and the same vector")


def _near(specimen: Specimen) -> Finding:
    rows = np.flatnonzero(specimen.sound)
    _, first = np.unique(specimen.holdings.vectors[rows], axis=0, return_index=True)
    rows = rows[np.sort(first)]
    return _judge(specimen, _Pairs(_near_pairs(specimen.unit[rows], rows)), f"vectors within cosine {NEAR} of each other")


def _equal_pairs(vectors: npt.NDArray[np.float32], rows: Rows) -> npt.NDArray[np.int64]:
    """Return each row that repeats an earlier one, with the first that has its vector."""
    if not len(rows):
        return np.zeros((0, 2), dtype=np.int64)
    _, first, group = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    head = first[group.ravel()]
    later = np.flatnonzero(head != np.arange(len(rows)))
    return np.stack([rows[head[later]], rows[later]], axis=1)


def _near_pairs(unit: npt.NDArray[np.float32], rows: Rows) -> npt.NDArray[np.int64]:
    """Return pairs of cosine NEAR or more. Vectors that are near are as near on the principal axes, where a tree finds them."""
    if len(rows) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]

    centred = unit - unit.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    flat = centred @ axes[:, -_PRINCIPAL:]
    radius = float(np.sqrt(2 - 2 * NEAR))
    _, found = cKDTree(flat).query(flat, k=min(_NEIGHBOURS + 1, len(rows)), distance_upper_bound=radius)
    one, other = np.repeat(np.arange(len(rows)), found.shape[1]), found.ravel()
    kept = (other < len(rows)) & (one < other)
    one, other = one[kept], other[kept]
    near = (unit[one] * unit[other]).sum(axis=1) >= NEAR
    return np.stack([rows[one[near]], rows[other[near]]], axis=1)


def _judge(specimen: Specimen, pairs: _Pairs, what: str) -> Finding:
    texts, books = specimen.texts, specimen.holdings.books
    unlike = pairs.unlike(texts)
    unexplained = _unexplained(specimen, unlike)
    figures: dict[str, Figure] = {"pairs": len(pairs.rows), "pairs_of_unlike_texts": len(unlike)}
    if not unexplained:
        alike = f"; the texts of {len(pairs.rows):,} pairs explain it" if len(pairs.rows) else ""
        return Finding(PASS, f"no two books have {what} without a reason{alike}", figures=figures)
    shown = [example(books[other], f"has the vector of '{books[one].title}'") for one, other in unexplained[:EXAMPLES]]
    ids = list(dict.fromkeys(books[row].book_id for pair in unexplained for row in pair))
    fix = "encode them again with the repair 'encode'"
    return Finding(FAIL, f"{len(unexplained):,} pairs of different books have {what}", fix, examples=shown, figures=figures,
                   repair="encode", book_ids=ids)  # fmt: skip


def _unexplained(specimen: Specimen, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs that have no right to one vector: the encoder tells them apart, or, without one, their words do."""
    apart = [pair for pair in pairs if not _share_their_words(specimen.texts[pair[0]], specimen.texts[pair[1]])]
    if specimen.encoder is None or not pairs:
        return apart
    # Those with different words first: they are the more likely ones.
    tried = [*apart, *(pair for pair in pairs if pair not in set(apart))][:_MOST_ENCODED]
    flat = [specimen.texts[row] for pair in tried for row in pair]
    vectors = specimen.encoder.encode_documents(flat)
    told_apart = (vectors[::2] * vectors[1::2]).sum(axis=1) < NEAR - (1 - NEAR)
    wrong = {pair for pair, apart_now in zip(tried, told_apart.tolist(), strict=True) if apart_now}
    # Where all that were tried are wrong, the others with different words are, too.
    rest = apart[_MOST_ENCODED:] if wrong and all(pair in wrong for pair in tried) else []
    return [pair for pair in pairs if pair in wrong or pair in set(rest)]


def _share_their_words(one: str, other: str) -> bool:
    first, second = set(words_of(one)), set(words_of(other))
    together = len(first | second)
    return bool(together) and len(first & second) / together >= _SAME_WORDS


_TWINS = "Different books have one vector: one of them was given the other's, and is found for what the other says."
PROBES = (
    Probe("vectors.duplicates", "Duplicates", "one vector for one text", _TWINS, _exact),
    Probe("vectors.near_duplicates", "Near duplicates", "near vectors for like texts only", _TWINS, _near),
)
