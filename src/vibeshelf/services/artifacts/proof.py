"""What a collection answers, written down where it is whole, so that a copy can be held against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vibeshelf.adapters.index import Index
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Manifest
from vibeshelf.core.vectors import Vectors

K = 10
SAMPLED_BOOKS = 48
# Float32 sums in another order differ by less; a vector of other bytes differs by more.
SAME_SCORE = 1e-5
# Graphs of the same vectors, built in another order of threads, find a neighbour more or less.
RECALL_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Proof:
    """The exact ten nearest, with cosines, of the canaries' queries and of `books`; `recall` is the share the graph finds of them."""

    count: int
    corpus_hash: str
    books: tuple[str, ...]
    ids: tuple[tuple[str, ...], ...]
    scores: tuple[tuple[float, ...], ...]
    recall: float


class Sample:
    """Queries of a collection and, as its vectors pass by, their exact ten nearest."""

    def __init__(self, queries: Vectors) -> None:
        self.queries = queries
        self._best: list[list[tuple[float, str]]] = [[] for _ in queries]

    def see(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Take part of the collection into account: row i of `vectors`, float32 (n, dimension), belongs to id i."""
        scores = self.queries @ vectors.T
        for best, row in zip(self._best, scores, strict=True):
            nearest = np.argpartition(-row, min(K, len(row) - 1))[: K + 1]
            best.extend((-float(row[at]), ids[at]) for at in nearest)
            best.sort()
            del best[K:]

    @property
    def ids(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(book_id for _, book_id in best) for best in self._best)

    @property
    def scores(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(-negative for negative, _ in best) for best in self._best)

    def recall(self, index: Index) -> float:
        """Return the mean share of the exact nearest that the collection's own graph finds."""
        shares = []
        for query, exact in zip(self.queries, self.ids, strict=True):
            found = {book_id for book_id, _ in index.nearest(query, K)}
            shares.append(len(found & set(exact)) / max(len(exact), 1))
        return float(np.mean(shares))


def sampled(ids: Sequence[str]) -> tuple[str, ...]:
    """Return some of the ids, evenly over all of them."""
    return tuple(ids[at] for at in np.unique(np.linspace(0, len(ids) - 1, min(SAMPLED_BOOKS, len(ids)), dtype=int)))


def sample_of(manifest: Manifest, index: Index, books: Sequence[str]) -> Sample:
    """Return the sample of a collection's canaries and of these books of it. Raises SourceError where one is missing."""
    stored = index.vectors(books)
    if missing := [book_id for book_id in books if book_id not in stored]:
        raise SourceError(f"collection '{index.name}' lacks {len(missing)} of {len(books)} sampled books, the first '{missing[0]}'")
    rows = [canary.query_vector for canary in manifest.canaries] + [tuple(stored[book_id]) for book_id in books]
    return Sample(np.asarray(rows, dtype=np.float32))


def compare(proof: Proof, sample: Sample, recall: float) -> tuple[float, float]:
    """Return (greatest difference of a cosine, graph recall) of a copy. Raises SourceError when it does not answer the same."""
    theirs, ours = proof.scores, sample.scores
    if [len(each) for each in theirs] != [len(each) for each in ours]:
        raise SourceError("the copy finds another number of books than the original; it is not the same. Pull it again")
    worst = max((abs(a - b) for one, other in zip(theirs, ours, strict=True) for a, b in zip(one, other, strict=True)), default=0.0)
    if worst > SAME_SCORE:
        raise SourceError(
            f"the copy's nearest books have cosines that differ by {worst:.2g}; at most {SAME_SCORE} is expected. Pull it again"
        )
    if recall < proof.recall - RECALL_MARGIN:
        raise SourceError(f"the copy's graph finds {recall:.3f} of the nearest books, the original's {proof.recall:.3f}. Pull it again")
    return worst, recall


def dump_proof(proof: Proof) -> str:
    """Return the proof as JSON."""
    return json.dumps(asdict(proof), ensure_ascii=False, indent=1)


def load_proof(text: str) -> Proof:
    """Return the proof of a JSON text. Raises SourceError for anything else."""
    try:
        row: dict[str, Any] = json.loads(text)
        ids, scores = (tuple(tuple(each) for each in row[key]) for key in ("ids", "scores"))
        return Proof(int(row["count"]), str(row["corpus_hash"]), tuple(row["books"]), ids, scores, float(row["recall"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"the proof of the collection cannot be read ({error}); push it again") from None
