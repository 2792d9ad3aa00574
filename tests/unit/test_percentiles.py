"""The one rule of when a percentile is shown."""

from __future__ import annotations

import pytest

from tests.latency_results import ONNX, samples
from tests.unit.test_querylog import row
from vibeshelf.core.latency import SHORT, TOTAL
from vibeshelf.core.percentiles import needed, percentile
from vibeshelf.services.live import times_of


@pytest.mark.parametrize(("percent", "count"), [(50, 1), (25, 4), (75, 4), (90, 10), (5, 20), (95, 20), (99, 100), (99.9, 1000)])
def test_a_percentile_takes_as_many_as_put_one_beyond_it(percent: float, count: int) -> None:
    assert needed(percent) == count
    assert percentile([1.0] * (count - 1), percent) is None
    assert percentile([1.0] * count, percent) == 1.0


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([10.0, 20.0], 50) == 15.0
    # Of 1 to 21 the 95th lies at place 1 + 0.95 x 20 = 20.
    assert percentile([float(each) for each in range(1, 22)], 95) == pytest.approx(20.0)


@pytest.mark.parametrize("n", [1, 19, 20, 99, 100])
def test_a_benchmark_and_the_log_show_the_same_percentiles_of_the_same_times(n: int) -> None:
    measured = samples(ONNX, TOTAL, SHORT, tuple((at + 1) / 1000 for at in range(n)))
    logged = times_of([row(total_ms=at + 1.0) for at in range(n)])
    found = [measured.percentile_ms(percent) for percent in (50, 95, 99)]
    assert [logged.p50_ms, logged.p95_ms, logged.p99_ms] == [value if value is None else pytest.approx(value) for value in found]
    assert [value is not None for value in found] == [True, n >= 20, n >= 100]
