"""Did searching become slower than it was? Latencies now against a recorded baseline, by a test that seldom cries wolf.

Latencies of neighbours in time are alike (a busy minute, a cold cache), so that single samples cannot be shuffled between then
and now: blocks are, each as long as that likeness lasts. A change must be both unlikely by chance (5 % for p50 and p95 together,
after Holm) and large enough to matter (10 % for p50, 20 % for p95). The test knows nothing of a machine that was busy with other
work for as long as one of the two recordings: that is a change to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from vibeshelf.core.searches import Baseline, Conditions, LoggedSearch
from vibeshelf.services.statistics import ALPHA, POWER, SEED, holm

Numbers = npt.NDArray[np.float64]
# Percentile -> the ratio from which on a change matters.
FLOORS = {50: 1.10, 95: 1.20}
MIN_SAMPLES, MAX_SAMPLES = 60, 2000
# With six blocks on each side a test at 5 % is possible at all; with ten it has some power.
MIN_BLOCKS = 10
_SHUFFLES = 1000
_LEAST_MS = 1e-3


@dataclass(frozen=True, slots=True)
class Ratio:
    """A percentile now over that of the baseline. `p_value` is adjusted for the two that are looked at.

    `visible` is the ratio that would have been found 8 times in 10, with these samples.
    """

    percent: int
    before_ms: float
    now_ms: float
    ratio: float
    p_value: float
    visible: float

    @property
    def changed(self) -> bool:
        return self.p_value <= ALPHA and not 1 / FLOORS[self.percent] < self.ratio < FLOORS[self.percent]


@dataclass(frozen=True, slots=True)
class Change:
    """What the comparison says: slower, faster, both (one percentile each), none, or unknown with `why`."""

    verdict: str
    n_before: int
    n_now: int
    block: int
    ratios: tuple[Ratio, ...] = ()
    why: str = ""


def comparable(rows: Sequence[LoggedSearch]) -> dict[Conditions, list[LoggedSearch]]:
    """Return the searches whose times can be compared, by their conditions, the most frequent first.

    Failed searches and remembered queries are left out, and filtered ones and those for many books, whose work is another.
    """
    found: dict[Conditions, list[LoggedSearch]] = {}
    for row in rows:
        if row.error is None and not row.remembered and not row.filters and row.k <= 20:
            conditions = Conditions(row.collection, row.system, row.model, row.device, row.backend, row.precision)
            found.setdefault(conditions, []).append(row)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def since_baseline(rows: Sequence[LoggedSearch], baseline: Baseline) -> list[LoggedSearch]:
    """Return the searches after those of the baseline, so that none is compared with itself."""
    return [row for row in rows if row.at > baseline.until]


def compare(before_ms: Sequence[float], now_ms: Sequence[float], seed: int = SEED) -> Change:
    """Compare latencies, each in the order of time; only the latest 2,000 of either are looked at."""
    before, now = (np.log(np.maximum(np.asarray(each, dtype=np.float64)[-MAX_SAMPLES:], _LEAST_MS)) for each in (before_ms, now_ms))
    if min(len(before), len(now)) < MIN_SAMPLES:
        why = f"{len(before)} searches in the baseline and {len(now)} since; at least {MIN_SAMPLES} of each are needed"
        return Change("unknown", len(before), len(now), 1, why=why)
    block = max(block_length(before), block_length(now))
    if min(len(before), len(now)) // block < MIN_BLOCKS:
        why = (
            f"searches are alike over stretches of {block}; {MIN_BLOCKS * block} of each are needed, {min(len(before), len(now))} are there"
        )
        return Change("unknown", len(before), len(now), block, why=why)
    ratios = _ratios(before, now, block, seed)
    return Change(_verdict(ratios), len(before), len(now), block, ratios)


def block_length(logs: Numbers) -> int:
    """Return over how many neighbours latencies are alike: 1 when each is for itself.

    Five times the time that ranks take to forget: 1 + 2 x the sum of their autocorrelations, up to the first that chance explains.
    With three times, blocks are still so alike that 7 of 100 pairs without a change looked changed.
    """
    ranks = np.argsort(np.argsort(logs, kind="stable"), kind="stable").astype(np.float64)
    ranks -= ranks.mean()
    power = float(ranks @ ranks)
    alike = 0.0
    for lag in range(1, len(ranks) // 4):
        correlation = float(ranks[lag:] @ ranks[:-lag]) / power
        if correlation < NormalDist().inv_cdf(0.975) / math.sqrt(len(ranks)):
            break
        alike += correlation
    return 1 if not alike else math.ceil(5 * (1 + 2 * alike))


def _ratios(before: Numbers, now: Numbers, block: int, seed: int) -> tuple[Ratio, ...]:
    percents = list(FLOORS)
    blocks = [*_blocks(before, block), *_blocks(now, block)]
    first = len(before) // block
    observed = _differences([np.concatenate(blocks[:first])], [np.concatenate(blocks[first:])])[0]
    null = _null(np.array(blocks), first, seed)
    p_values = [(1 + int((np.abs(null[:, at]) >= abs(observed[at]) - 1e-12).sum())) / (len(null) + 1) for at in range(len(percents))]
    return tuple(
        Ratio(
            percent,
            float(np.exp(np.percentile(before, percent))),
            float(np.exp(np.percentile(now, percent))),
            float(np.exp(observed[at])),
            adjusted,
            _visible(null[:, at], FLOORS[percent]),
        )
        for at, (percent, adjusted) in enumerate(zip(percents, holm(p_values), strict=True))
    )


def _blocks(logs: Numbers, block: int) -> Numbers:
    """Return the latest whole blocks, float64 (n_blocks, block)."""
    whole = len(logs) // block
    return logs[len(logs) - whole * block :].reshape(whole, block)


def _null(blocks: Numbers, first: int, seed: int) -> Numbers:
    """Return the differences of percentiles when blocks are dealt at random, float64 (n_shuffles, n_percentiles)."""
    random = np.random.default_rng(seed)
    dealt = [random.permutation(len(blocks)) for _ in range(_SHUFFLES)]
    return np.concatenate(
        [
            _differences([blocks[order[:first]].ravel() for order in part], [blocks[order[first:]].ravel() for order in part])
            for part in (dealt[start : start + 100] for start in range(0, _SHUFFLES, 100))
        ]
    )


def _differences(before: list[Numbers], now: list[Numbers]) -> Numbers:
    """Return, for each pair of samples, the differences of their percentiles, float64 (n_pairs, n_percentiles)."""
    percents = list(FLOORS)
    found: Numbers = np.percentile(np.array(now), percents, axis=1).T - np.percentile(np.array(before), percents, axis=1).T
    return found


def _visible(null: Numbers, floor: float) -> float:
    """Return the ratio that is found with a power of 80 %: beyond chance and beyond the floor, in spite of its own spread."""
    beyond_chance = float(np.quantile(np.abs(null), 1 - ALPHA / len(FLOORS)))
    return math.exp(max(beyond_chance, math.log(floor)) + NormalDist().inv_cdf(POWER) * float(null.std()))


def _verdict(ratios: Sequence[Ratio]) -> str:
    changed = {ratio.ratio > 1 for ratio in ratios if ratio.changed}
    if not changed:
        return "none"
    return "both" if len(changed) == 2 else "slower" if True in changed else "faster"
