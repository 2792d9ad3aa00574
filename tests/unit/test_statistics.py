"""Intervals that cover, tests that do not cry wolf, corrections by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vibeshelf.services.statistics import holm, mean_interval, paired_p_value, queries_needed


def test_intervals_cover_the_true_mean_about_as_often_as_they_say() -> None:
    """300 samples of 50 from a skewed distribution whose mean is .25, as per-query values are."""
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        interval = mean_interval(random.beta(0.5, 1.5, 50).tolist(), resamples=1000)
        assert interval is not None
        covered += interval[0] <= 0.25 <= interval[1]
    assert 0.90 <= covered / 300 <= 0.98


def test_intervals_are_those_of_the_normal_approximation_for_many_queries() -> None:
    values = np.random.default_rng(1).random(2000)
    interval = mean_interval(values.tolist())
    assert interval is not None
    half = 1.96 * values.std(ddof=1) / np.sqrt(2000)
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=5e-4)


def test_the_same_values_give_the_same_interval_and_few_give_none() -> None:
    assert mean_interval([0.1, 0.9, 0.4]) == mean_interval([0.1, 0.9, 0.4])
    assert mean_interval([0.5]) is None
    assert mean_interval([]) is None
    assert mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_exact_p_values_by_hand() -> None:
    # All three differ in one direction: of 8 assignments only +++ and --- are as large.
    assert paired_p_value([1, 1, 1]) == 2 / 8
    # |1 + 2 - 3| = 0: every assignment is as large.
    assert paired_p_value([1, 2, -3]) == 1.0
    # |4 + 1 - 1| = 4: of 8, those with 4 and -4 (2 each: +4 +-1 -+1) and with 6 and -6 (1 each).
    assert paired_p_value([4, 1, -1]) == 6 / 8
    # Queries without a difference say nothing.
    assert paired_p_value([1, 1, 1, 0, 0]) == 2 / 8
    assert paired_p_value([0.0, 0.0]) == 1.0
    assert paired_p_value([]) is None


def test_exact_p_values_are_scipys() -> None:
    from scipy.stats import permutation_test  # type: ignore[import-untyped]

    differences = np.random.default_rng(2).normal(0.2, 1, 12)
    expected = permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert paired_p_value(differences.tolist()) == pytest.approx(expected.pvalue, abs=1e-12)


def test_sampled_p_values_are_near_the_exact_ones() -> None:
    """With 17 pairs the test samples; adding a pair too small to matter to 16 must hardly change p."""
    differences = np.random.default_rng(3).normal(0.4, 1, 16).tolist()
    exact, sampled = paired_p_value(differences), paired_p_value([*differences, 1e-9])
    assert exact is not None
    assert sampled is not None
    assert sampled == pytest.approx(exact, abs=0.006)
    assert sampled != exact


def test_p_is_never_0_and_the_same_each_time() -> None:
    clear = [0.5] * 40
    assert paired_p_value(clear) == 1 / 100_001
    noise = np.random.default_rng(4).normal(0, 1, 40).tolist()
    assert paired_p_value(noise) == paired_p_value(noise)


@pytest.mark.parametrize("pairs", [10, 40])
def test_two_systems_that_are_the_same_are_told_apart_5_times_in_100(pairs: int) -> None:
    """400 pairs of systems whose values differ by chance alone, many of them not at all, as per-query values do."""
    random = np.random.default_rng(6)
    alarms = 0
    for _ in range(400):
        differences = np.where(random.random(pairs) < 0.3, 0.0, random.choice([0.1, 0.2, 0.5, 1.0], pairs)) * random.choice([-1, 1], pairs)
        p_value = paired_p_value(differences.tolist(), samples=2000)
        assert p_value is not None
        alarms += p_value <= 0.05
    # 5 % and three standard errors; discrete values may stay below.
    assert 0.01 <= alarms / 400 <= 0.085


def test_a_real_difference_is_found_with_the_power_that_was_promised() -> None:
    """As many queries as `queries_needed` asks for find a difference of .1 at a spread of .3 in about 80 of 100 tries."""
    random = np.random.default_rng(8)
    pilot = random.normal(0, 1, 2000)
    pilot = 0.1 + 0.3 * (pilot - pilot.mean()) / pilot.std(ddof=1)
    # (1.960 + 0.842)^2 (.3 / .1)^2 = 70.6
    assert queries_needed(pilot.tolist()) == 1  # there are more than enough
    needed = queries_needed((pilot[:20] - pilot[:20].mean()) / pilot[:20].std(ddof=1) * 0.3 + 0.1)
    assert needed == 71 - 20
    found = sum((paired_p_value(random.normal(0.1, 0.3, 71).tolist(), samples=2000) or 1) <= 0.05 for _ in range(200))
    assert 0.70 <= found / 200 <= 0.90


def test_more_comparisons_need_more_queries() -> None:
    differences = np.random.default_rng(9).normal(0.05, 0.3, 50).tolist()
    one, six = queries_needed(differences), queries_needed(differences, comparisons=6)
    assert one is not None
    assert six is not None
    assert six > one


def test_what_cannot_be_said_is_none() -> None:
    assert queries_needed([]) is None
    assert queries_needed([0.1]) is None
    assert queries_needed([0.1, -0.1]) is None
    assert queries_needed([0.0, 0.0, 0.0]) is None


def test_holm_by_hand() -> None:
    # .01 x 4, .02 x 3, .03 x 2, .04 x 1, each at least as large as the one before.
    assert holm([0.01, 0.04, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
