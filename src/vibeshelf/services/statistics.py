"""Uncertainty of measures over queries: bootstrap intervals, paired tests, corrections, how many queries would do.

Every function has a fixed seed, so that the same values give the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
SEED = 20261124
RESAMPLES = 10_000
SAMPLED_SIGNS = 100_000
# Up to here every assignment of signs is tried, which is 65,536 of them.
EXACT_PAIRS = 16
ALPHA, POWER = 0.05, 0.8
# What is held in memory at a time.
_CHUNK_CELLS = 2_000_000


def mean_interval(values: Sequence[float], level: float = 0.95, resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """Return the bootstrap percentile interval (low, high) of the mean over queries; None for fewer than two."""
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:
        return None
    means = _resampled_means(np.random.default_rng(SEED), sample, resamples)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_p_value(differences: Sequence[float], samples: int = SAMPLED_SIGNS) -> float | None:
    """Return the two-sided p of a paired randomisation test: how often random signs give so large a mean difference.

    Exact up to 16 pairs that differ, from 100,000 random assignments above; never 0. None without any pair.
    """
    every = np.asarray(differences, dtype=np.float64)
    # A pair without a difference has none with the other sign either.
    pairs = every[every != 0]
    if not len(every):
        return None
    if len(pairs) <= EXACT_PAIRS:
        return _as_large(_all_signs(len(pairs)) @ pairs, pairs) / float(2 ** len(pairs))
    random = np.random.default_rng(SEED)
    table = _sums_of_eights(pairs)
    drawn = (_random_sums(random, table, rows) for rows, _ in _chunks(samples, len(table)))
    as_large = sum(_as_large(sums, pairs) for sums in drawn)
    return (as_large + 1) / (samples + 1)


def unpaired_p_value(one: Sequence[float], other: Sequence[float], samples: int = RESAMPLES) -> float | None:
    """Return the two-sided p of a permutation test on the difference of two means, from `samples` random deals; never 0.

    None where one of them is empty.
    """
    if not len(one) or not len(other):
        return None
    every = np.concatenate([np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)])
    random = np.random.default_rng(SEED)
    wanted, total, count = abs(_mean_difference(every[: len(one)].sum(), every.sum(), len(one), len(every))), every.sum(), len(one)
    as_large = 0
    for rows, _ in _chunks(samples, len(every)):
        order = np.argsort(random.random((rows, len(every))), axis=1)[:, :count]
        sums = every[order].sum(axis=1)
        as_large += int((np.abs(_mean_difference(sums, total, count, len(every))) >= wanted - 1e-12 * float(np.abs(every).max())).sum())
    return (as_large + 1) / (samples + 1)


def difference_interval(one: Sequence[float], other: Sequence[float], resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """Return the 95 % bootstrap percentile interval of mean(one) - mean(other); None where one has fewer than two values."""
    if min(len(one), len(other)) < 2:
        return None
    random = np.random.default_rng(SEED)
    first, second = (_resampled_means(random, np.asarray(each, dtype=np.float64), resamples) for each in (one, other))
    low, high = np.quantile(first - second, [0.025, 0.975])
    return float(low), float(high)


def share_interval(good: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share after Wilson, which holds for few and for shares near 0 and 1."""
    share, square = good / n, NormalDist().inv_cdf(1 - ALPHA / 2) ** 2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = sqrt(square * (share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_difference_interval(good: int, n: int, other_good: int, other_n: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares after Newcombe, from Wilson's of each."""
    share, other = good / n, other_good / other_n
    (low, high), (other_low, other_high) = share_interval(good, n), share_interval(other_good, other_n)
    difference = share - other
    return (
        difference - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number after Holm, in the order given."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for at, (p_value, place) in enumerate(sorted((p_value, place) for place, p_value in enumerate(p_values))):
        highest = max(highest, min(1.0, (len(p_values) - at) * p_value))
        adjusted[place] = highest
    return adjusted


def queries_needed(differences: Sequence[float], comparisons: int = 1) -> int | None:
    """Return how many more queries would show a difference of this size, with 80 % power, to a test at 5 %.

    By the normal approximation from mean and spread of the differences; with several comparisons at 5 % divided by their number.
    None where it cannot be said: fewer than two queries, or no difference.
    """
    sample = np.asarray(differences, dtype=np.float64)
    if len(sample) < 2 or abs(sample.mean()) < 1e-12:
        return None
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - ALPHA / (2 * comparisons)) + normal.inv_cdf(POWER)
    return max(1, ceil((quantiles * float(sample.std(ddof=1)) / float(sample.mean())) ** 2) - len(sample))


def _mean_difference(sums: Any, total: float, count: int, every: int) -> Any:
    """Return mean of the first `count` minus mean of the rest, from the sums of the first."""
    return sums / count - (total - sums) / (every - count)


def _resampled_means(random: np.random.Generator, sample: Numbers, resamples: int) -> Numbers:
    """Return the means of bootstrap samples, float64 (resamples,)."""
    return np.concatenate([sample[random.integers(0, len(sample), shape)].mean(axis=1) for shape in _chunks(resamples, len(sample))])


def _as_large(sums: Numbers, pairs: Numbers) -> int:
    # Sums of the same numbers in another order differ in their last digits; they tie all the same.
    slack = 1e-12 * float(np.abs(pairs).sum())
    return int((np.abs(sums) >= abs(float(pairs.sum())) - slack).sum())


def _all_signs(count: int) -> Numbers:
    """Return every assignment of signs, float64 (2 ** count, count)."""
    bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    return np.asarray(1 - 2 * bits, dtype=np.float64)


def _sums_of_eights(pairs: Numbers) -> Numbers:
    """Return, for every eight pairs, their sum under each assignment of signs, float64 (n_eights, 256)."""
    eights = np.pad(pairs, (0, -len(pairs) % 8)).reshape(-1, 8)
    sums: Numbers = eights @ _all_signs(8).T
    return sums


def _random_sums(random: np.random.Generator, table: Numbers, rows: int) -> Numbers:
    """Return the sums of all pairs under random signs, float64 (rows,): a random byte is the signs of eight pairs."""
    signs = np.frombuffer(random.bytes(rows * len(table)), dtype=np.uint8).reshape(rows, -1)
    return np.asarray(table[np.arange(len(table)), signs].sum(axis=1), dtype=np.float64)


def _chunks(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yield the shapes of tables that together have `rows` rows, none of them with too many cells for the memory."""
    step = max(1, _CHUNK_CELLS // max(columns, 1))
    for start in range(0, rows, step):
        yield min(step, rows - start), columns
