"""Drift: whether new books, or what people ask lately, are of another kind than what the collection was built and known for.

Two samples are compared twice: can a classifier tell them apart (its accuracy on what it has not seen), and how far are their means
apart in the space of a Gaussian kernel (maximum mean discrepancy), against the 95th percentile of what shuffling them gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.probes.probe import EXAMPLES, Finding, Probe, example
from vibeshelf.services.probes.specimen import Specimen

Numbers = npt.NDArray[np.float64]
LEAST = 50
_MOST = 500
_PERMUTATIONS = 200
_LEVEL = 0.95
# Any two large samples differ; so well must a classifier tell them apart before that matters.
MATTERS = 0.65
_FOLDS = 5
_RIDGE = 1.0
_POWER_TRIALS = 20
_LEAST_QUERIES, MOST_QUERIES = 2 * LEAST, 2 * _MOST
QUERIES = "drift.queries"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two samples: `area` is the classifier's area under the curve (0.5: not to be told apart), `power` the share of trials in which a
    drift of MATTERS would be found by samples of these sizes."""

    sizes: tuple[int, int]
    area: float
    area_limit: float
    discrepancy: float
    discrepancy_limit: float
    power: float

    @property
    def drifted(self) -> bool:
        return self.area > max(MATTERS, self.area_limit) and self.discrepancy > self.discrepancy_limit


def compare(reference: Vectors, recent: Vectors, seed: int = 0) -> Compared:
    """Compare two samples of unit rows, float32 (n, dimension); each is cut to the same number of rows at random."""
    random = np.random.default_rng(seed)
    size = min(len(reference), len(recent), _MOST)
    one, other = (rows[random.permutation(len(rows))[:size]] for rows in (reference, recent))
    both = np.concatenate([one, other]).astype(np.float64)
    kernel = _kernel(both)
    labels = np.repeat([1.0, -1.0], size)
    shuffles = [random.permutation(labels) for _ in range(_PERMUTATIONS)]
    discrepancies = [_discrepancy(kernel, signs) for signs in shuffles]
    areas = [_area(both, signs, random) for signs in shuffles[:_POWER_TRIALS]]
    # The area of shuffled samples is near normal around one half.
    area_limit = 0.5 + 1.645 * float(np.std(areas))
    return Compared(
        (len(reference), len(recent)),
        _area(both, labels, random),
        area_limit,
        _discrepancy(kernel, labels),
        float(np.quantile(discrepancies, _LEVEL)),
        _power(one, other, area_limit, random),
    )


def _kernel(rows: Numbers) -> Numbers:
    squared = np.maximum(2 - 2 * (rows @ rows.T), 0.0)
    # The usual distance is the kernel's width.
    width = float(np.median(squared[np.triu_indices(len(rows), 1)])) or 1.0
    return np.asarray(np.exp(-squared / width))


def _discrepancy(kernel: Numbers, labels: Numbers) -> float:
    """Return the squared maximum mean discrepancy of the rows labelled 1 and -1, both as many."""
    half = len(labels) / 2
    return float(labels @ kernel @ labels) / half**2


def _area(rows: Numbers, labels: Numbers, random: np.random.Generator) -> float:
    """Return the area under the curve of a linear classifier on rows that it was not fitted to."""
    fold = random.permutation(len(rows)) % _FOLDS
    scores = np.zeros(len(rows))
    for number in range(_FOLDS):
        seen, held = fold != number, fold == number
        centre = rows[seen].mean(axis=0)
        gram = (rows[seen] - centre).T @ (rows[seen] - centre) + _RIDGE * np.eye(rows.shape[1])
        scores[held] = (rows[held] - centre) @ np.linalg.solve(gram, (rows[seen] - centre).T @ labels[seen])
    return _ranked_above(scores[labels > 0], scores[labels < 0])


def _ranked_above(one: Numbers, other: Numbers) -> float:
    below = np.searchsorted(np.sort(other), one, side="left")
    ties = np.searchsorted(np.sort(other), one, side="right") - below
    return float((below + ties / 2).mean() / len(other))


def _power(one: Numbers | Vectors, other: Numbers | Vectors, area_limit: float, random: np.random.Generator) -> float:
    """Return how often a shift is found that lets a perfect classifier reach an area of MATTERS."""
    pool = np.concatenate([one, other]).astype(np.float64)
    _, axes = np.linalg.eigh(np.cov(pool.T))
    axis = axes[:, -1]
    # Two normal curves whose areas overlap so that one is above the other with probability MATTERS lie so many deviations apart.
    shift = 0.545 * float((pool @ axis).std())
    found = 0
    for _ in range(_POWER_TRIALS):
        order = random.permutation(len(pool))
        moved = pool[order].copy()
        moved[len(one) :] += shift * axis
        labels = np.repeat([-1.0, 1.0], [len(one), len(other)])
        found += _area(moved, labels, random) > area_limit
    return found / _POWER_TRIALS


def _documents(specimen: Specimen) -> Finding:
    if specimen.known_ids is None:
        return Finding(NOT_APPLICABLE, "this is the first full examination: the next one compares what came since")
    new = np.array([book.book_id not in specimen.known_ids for book in specimen.holdings.books], dtype=bool)
    recent, before = np.flatnonzero(new & specimen.sound), np.flatnonzero(~new & specimen.sound)
    if min(len(recent), len(before)) < LEAST:
        return Finding(NOT_APPLICABLE, f"{len(recent):,} books came since, {len(before):,} were there; {LEAST} of each are needed")
    finding = _finding(compare(specimen.unit[before], specimen.unit[recent], specimen.seed), "new books")
    shown = [example(specimen.holdings.books[row], "new") for row in recent[:EXAMPLES].tolist()]
    return Finding(finding.status, finding.observed, finding.fix, figures=finding.figures, examples=shown)


def _queries(specimen: Specimen) -> Finding:
    queries = list(dict.fromkeys(specimen.recent_queries))
    if len(queries) < _LEAST_QUERIES or specimen.encoder is None:
        return Finding(NOT_APPLICABLE, f"{len(queries)} different queries are in the search log; {_LEAST_QUERIES} are needed")
    vectors = specimen.encoder.encode_queries(queries[-MOST_QUERIES:])
    half = len(vectors) // 2
    return _finding(compare(vectors[:half], vectors[half:], specimen.seed), "recent queries")


def _finding(compared: Compared, what: str) -> Finding:
    before, recent = compared.sizes
    observed = (
        f"{what} ({recent:,}) are told from those before ({before:,}) with an area of {compared.area:.2f}, chance gives up to "
        f"{compared.area_limit:.2f}; discrepancy {compared.discrepancy:.4f}, chance up to {compared.discrepancy_limit:.4f}; "
        f"a drift that matters is found with a power of {compared.power:.0%}"
    )
    figures: dict[str, Figure] = {
        "area": compared.area, "area_limit": compared.area_limit, "discrepancy": compared.discrepancy,
        "discrepancy_limit": compared.discrepancy_limit, "power": compared.power,
    }  # fmt: skip
    if compared.drifted:
        return Finding(WARN, observed, "measure again on queries and books of the new kind: vibeshelf eval", figures=figures)
    return Finding(PASS, observed, figures=figures)


PROBES = (
    Probe(
        "drift.documents",
        "New books",
        f"an area of {MATTERS} or less",
        "Books that came since are of another kind than those before: what was measured on the old ones need not hold for them.",
        _documents,
    ),
    Probe(
        QUERIES,
        "Recent queries",
        f"an area of {MATTERS} or less",
        "People ask for other things than before: what was measured on earlier queries need not hold for these.",
        _queries,
        needs=("encoder",),
    ),
)
