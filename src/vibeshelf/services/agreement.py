"""How far raters agree, and how their grades become one.

Cohen's kappa with quadratic weights for two raters, Krippendorff's ordinal alpha for any number with gaps. Both are sums over
items before they are ratios, so that all bootstrap samples of the items are one matrix product. Skipped pairs are no grades.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import RULES, Judgment, Pair
from vibeshelf.core.records import GRADES

Numbers = npt.NDArray[np.float64]
Measure = Callable[[Numbers], Numbers]
RaterGrades = dict[Pair, dict[str, int]]
RESAMPLES = 2000
_SEED = 20261124
_K = len(GRADES)
# Fewer items than this give no interval worth showing.
_MIN_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient over n items with its 95 % interval; None where it is undefined: no overlap, or one category only."""

    coefficient: str
    raters: tuple[str, ...]
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Report:
    """The agreement of a task: of all raters, of every two with items in common, and by query.

    Of all and by query it is kappa where two raters graded in common, alpha where more did.
    """

    overall: Agreement
    pairs: tuple[Agreement, ...]
    queries: Mapping[str, Agreement]
    same: float | None
    within_one: float | None
    graded: int
    graded_twice: int
    disagreements: int
    settled: int


def grades_of(standing: Iterable[Judgment]) -> RaterGrades:
    """Return pair -> rater -> grade, without what was skipped."""
    found: RaterGrades = defaultdict(dict)
    for judgment in standing:
        if judgment.grade is not None:
            found[judgment.pair][judgment.rater] = judgment.grade
    return dict(found)


def report(grades: RaterGrades, settled: Mapping[Pair, Judgment]) -> Report:
    """Return the agreement of a task's grades."""
    twice = {pair: of for pair, of in grades.items() if len(of) > 1}
    by_query: dict[str, RaterGrades] = defaultdict(dict)
    for pair, of in twice.items():
        by_query[pair.query_id][pair] = of
    raters = sorted({rater for of in grades.values() for rater in of})
    together = sorted({rater for of in twice.values() for rater in of})
    spreads = np.array([max(of.values()) - min(of.values()) for of in twice.values()])
    return Report(
        overall=_of_all(twice, together),
        pairs=tuple(kappa for two in combinations(raters, 2) if (kappa := weighted_kappa(twice, *two)).n),
        queries={query_id: _of_all(of, together) for query_id, of in sorted(by_query.items())},
        same=float((spreads == 0).mean()) if len(spreads) else None,
        within_one=float((spreads <= 1).mean()) if len(spreads) else None,
        graded=len(grades),
        graded_twice=len(twice),
        disagreements=len(disputed(grades, settled)),
        settled=len(settled),
    )


def _of_all(twice: RaterGrades, raters: Sequence[str]) -> Agreement:
    return weighted_kappa(twice, *raters) if len(raters) == 2 else ordinal_alpha(twice)


def disputed(grades: RaterGrades, settled: Mapping[Pair, Judgment]) -> list[Pair]:
    """Return the pairs on which raters differ and nothing was settled, the widest apart first."""
    spread = {pair: max(of.values()) - min(of.values()) for pair, of in grades.items() if pair not in settled}
    return sorted((pair for pair, width in spread.items() if width), key=lambda pair: (-spread[pair], pair.query_id, pair.book_id))


def weighted_kappa(grades: RaterGrades, first: str, second: str) -> Agreement:
    """Return Cohen's kappa of two raters, with quadratic weights."""
    both = [(of[first], of[second]) for of in grades.values() if first in of and second in of]
    tables = np.zeros((len(both), _K, _K))
    for at, (one, other) in enumerate(both):
        tables[at, one, other] = 1
    return _agreement("kappa", (first, second), tables, kappa_of)


def ordinal_alpha(grades: RaterGrades) -> Agreement:
    """Return Krippendorff's alpha for ordinal grades, over the pairs that two or more raters graded."""
    units = [list(of.values()) for of in grades.values() if len(of) > 1]
    tables = np.array([_coincidences(unit) for unit in units]).reshape(len(units), _K, _K)
    raters = sorted({rater for of in grades.values() if len(of) > 1 for rater in of})
    return _agreement("alpha", tuple(raters), tables, alpha_of)


def kappa_of(tables: Numbers) -> Numbers:
    """Return the quadratic weighted kappa of each table of counts (n, 4, 4); NaN where chance alone allows no disagreement."""
    weights = np.subtract.outer(np.arange(_K), np.arange(_K)) ** 2.0
    expected = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :]
    return _one_minus((weights * tables).sum(axis=(1, 2)) * tables.sum(axis=(1, 2)), (weights * expected).sum(axis=(1, 2)))


def alpha_of(tables: Numbers) -> Numbers:
    """Return the ordinal alpha of each table of coincidences (n, 4, 4); NaN where all grades are of one category."""
    totals = tables.sum(axis=2)
    # The distance of two grades is how many grades lie from one to the other, half of each end.
    upto = np.cumsum(totals, axis=1) - totals / 2
    distance = (upto[:, :, None] - upto[:, None, :]) ** 2
    observed = (distance * tables).sum(axis=(1, 2))
    expected = (distance * totals[:, :, None] * totals[:, None, :]).sum(axis=(1, 2))
    return _one_minus(observed * (totals.sum(axis=1) - 1), expected)


def combine(grades: RaterGrades, rule: str, settled: Mapping[Pair, Judgment]) -> dict[Pair, int]:
    """Return one grade a pair: what was settled, or else what the rule makes of the raters' grades. Raises InputError."""
    if rule not in RULES:
        raise InputError(f"unknown rule '{rule}'; known: {', '.join(RULES)}")
    one = {pair: _COMBINERS[rule](sorted(of.values())) for pair, of in grades.items()}
    one |= {pair: judgment.grade for pair, judgment in settled.items() if judgment.grade is not None}
    return dict(sorted(one.items(), key=lambda item: (item[0].query_id, item[0].book_id)))


def _lower_median(ordered: Sequence[int]) -> int:
    return ordered[(len(ordered) - 1) // 2]


def _majority(ordered: Sequence[int]) -> int:
    # max keeps the first of equals, which is the lowest.
    return max(ordered, key=ordered.count)


_COMBINERS: dict[str, Callable[[Sequence[int]], int]] = {
    "median": _lower_median,
    "majority": _majority,
    "strictest": lambda ordered: ordered[0],
}


def _coincidences(unit: Sequence[int]) -> Numbers:
    """Return how often each two grades meet in a unit, every rater weighing the same (4, 4)."""
    counts = np.bincount(unit, minlength=_K).astype(np.float64)
    return (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)


def _one_minus(observed: Numbers, expected: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _agreement(coefficient: str, raters: tuple[str, ...], tables: Numbers, measure: Measure) -> Agreement:
    count = len(tables)
    value = float(measure(tables.sum(axis=0)[None])[0]) if count else np.nan
    if np.isnan(value):
        return Agreement(coefficient, raters, None, None, None, count)
    low, high = _interval(tables, measure) if count >= _MIN_ITEMS else (None, None)
    return Agreement(coefficient, raters, value, low, high, count)


def _interval(tables: Numbers, measure: Measure) -> tuple[float | None, float | None]:
    """Return the percentile interval over resampled items; samples in which the coefficient is undefined are left out."""
    # Items with the same table are interchangeable: drawing how often each kind of table occurs is the same, and far quicker.
    kinds, counts = np.unique(tables.reshape(len(tables), -1), axis=0, return_counts=True)
    weights = np.random.default_rng(_SEED).multinomial(len(tables), counts / len(tables), RESAMPLES)
    values = measure((weights.astype(np.float64) @ kinds).reshape(RESAMPLES, _K, _K))
    usable = values[~np.isnan(values)]
    if len(usable) < RESAMPLES / 2:
        return None, None
    low, high = np.percentile(usable, [2.5, 97.5])
    return float(low), float(high)
