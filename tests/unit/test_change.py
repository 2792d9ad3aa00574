"""The change detector: it sees what was planted, seldom what was not, and says when it cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_querylog import NOW, row
from vibeshelf.core.searches import Baseline, Conditions
from vibeshelf.services.change import (
    FLOORS,
    MIN_SAMPLES,
    Change,
    block_length,
    comparable,
    compare,
    since_baseline,
)


def latencies(random: np.random.Generator, n: int, alike: float = 0.0) -> np.ndarray:
    """Milliseconds with a long tail: lognormal, every twentieth a spike; `alike` is how much of one search the next one keeps."""
    noise = random.standard_normal(n)
    state = np.empty(n)
    state[0] = noise[0]
    for at in range(1, n):
        state[at] = alike * state[at - 1] + np.sqrt(1 - alike**2) * noise[at]
    return np.asarray(6 * np.exp(0.35 * state) * np.where(random.random(n) < 0.05, random.uniform(2, 6, n), 1))


def verdicts(pairs: int, n: int, alike: float, slowdown: float = 1.0) -> list[Change]:
    random = np.random.default_rng(20261124)
    return [compare(list(latencies(random, n, alike)), list(slowdown * latencies(random, n, alike))) for _ in range(pairs)]


@pytest.mark.parametrize(("n", "alike"), [(120, 0.0), (400, 0.5)], ids=["apart", "neighbours alike"])
def test_of_two_hundred_pairs_without_a_change_five_percent_at_most_raise_an_alarm(n: int, alike: float) -> None:
    found = [change.verdict for change in verdicts(200, n, alike)]
    alarms = len(found) - found.count("none") - found.count("unknown")
    assert alarms <= 10
    assert found.count("none") >= 180


@pytest.mark.parametrize(("n", "alike"), [(200, 0.0), (600, 0.5)], ids=["apart", "neighbours alike"])
def test_a_planted_slowdown_is_seen(n: int, alike: float) -> None:
    for change in verdicts(20, n, alike, 1.4):
        assert change.verdict == "slower"
        assert next(ratio for ratio in change.ratios if ratio.percent == 50).ratio > FLOORS[50]


def test_a_planted_speedup_is_seen_as_one() -> None:
    assert {change.verdict for change in verdicts(10, 300, 0.0, 0.7)} == {"faster"}


def test_a_change_that_is_certain_and_too_small_to_matter_is_none() -> None:
    # 3 % slower, by samples so narrow that chance never gives it.
    random = np.random.default_rng(1)
    before = 10 + 0.01 * random.standard_normal(300)
    change = compare(list(before), list(1.03 * (10 + 0.01 * random.standard_normal(300))))
    assert change.verdict == "none"
    assert change.ratios[0].p_value < 0.01
    assert change.ratios[0].ratio == pytest.approx(1.03, abs=0.001)


def test_a_slow_tail_alone_is_seen() -> None:
    random = np.random.default_rng(2)
    before, now = latencies(random, 600), latencies(random, 600)
    now[random.random(600) < 0.12] *= 8
    change = compare(list(before), list(now))
    assert change.verdict == "slower"
    assert [ratio.percent for ratio in change.ratios if ratio.changed] == [95]


def test_the_slowdown_that_would_have_been_seen_is_mostly_seen() -> None:
    visible = float(np.median([change.ratios[0].visible for change in verdicts(10, 200, 0.0)]))
    seen = sum(change.verdict == "slower" for change in verdicts(40, 200, 0.0, visible))
    assert 1.1 < visible < 1.4
    assert seen >= 28


def test_too_few_searches_are_said_and_nothing_is_decided() -> None:
    change = compare([5.0] * MIN_SAMPLES, [50.0] * (MIN_SAMPLES - 1))
    assert (change.verdict, change.ratios) == ("unknown", ())
    assert f"at least {MIN_SAMPLES}" in change.why


def test_searches_that_are_alike_for_long_are_too_few() -> None:
    slow = list(np.exp(np.sin(np.arange(100) / 8)))
    change = compare(slow, slow)
    assert change.verdict == "unknown"
    assert "alike over stretches" in change.why


def test_blocks_are_as_long_as_neighbours_are_alike() -> None:
    random = np.random.default_rng(3)
    assert block_length(np.log(latencies(random, 1000))) <= 2
    assert 10 <= block_length(np.log(latencies(random, 4000, 0.6))) <= 40


def test_equal_samples_are_no_change() -> None:
    change = compare([5.0] * 100, [5.0] * 100)
    assert (change.verdict, change.ratios[0].ratio, change.ratios[0].p_value) == ("none", 1.0, 1.0)


def test_only_like_is_compared_with_like() -> None:
    plain = row(filters=())
    rows = [plain, row(), replace(plain, remembered=True), replace(plain, error="X", results=None), replace(plain, k=500),
            replace(plain, backend="torch"), replace(plain, total_ms=9.0)]  # fmt: skip
    found = comparable(rows)
    assert [[each.total_ms for each in of] for of in found.values()] == [[5.0, 9.0], [5.0]]
    assert next(iter(found)) == Conditions("starter", "hybrid", "m", "cpu", "onnx", "fp32")
    baseline = Baseline(next(iter(found)), "machine", NOW, NOW, NOW, (5.0,))
    assert since_baseline(rows, baseline) == []
