"""What the panel says of searches, by cases that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.test_querylog import NOW, row
from vibeshelf.core.errors import InputError
from vibeshelf.core.searches import LoggedSearch, Objective
from vibeshelf.services.live import (
    Counted,
    check_objective,
    errors,
    failures,
    kept,
    most_returned,
    most_searched,
    slowest,
    stage_times,
    times_of,
    windows,
)


def of_ms(*times_ms: float) -> list[LoggedSearch]:
    return [row(total_ms=each, at=NOW + timedelta(seconds=at)) for at, each in enumerate(times_ms)]


def failed(kind: str = "StorageError") -> LoggedSearch:
    return row(error=kind, results=None, total_ms=1.0, book_ids=())


def test_a_single_search_has_a_median_and_no_other_percentile() -> None:
    of = times_of(of_ms(7.0))
    assert (of.n, of.p50_ms, of.p95_ms, of.p99_ms) == (1, 7.0, None, None)


def test_percentiles_leave_out_what_failed() -> None:
    of = times_of([*of_ms(*range(1, 22)), failed()])
    assert (of.n, of.p50_ms, of.p99_ms) == (21, 11.0, None)
    assert of.p95_ms == pytest.approx(20.0)


def test_a_stage_that_was_not_measured_is_not_zero() -> None:
    rows = [row(encode_ms=None, remembered=True), row(encode_ms=4.0), row(encode_ms=6.0)]
    assert (stage_times(rows)["encode"].n, stage_times(rows)["encode"].p50_ms) == (2, 5.0)
    assert stage_times(rows)["search"].n == 3


def test_windows_hold_every_search_once_and_empty_ones_are_there() -> None:
    rows = [*of_ms(1, 3, 5, 7), replace(failed(), at=NOW + timedelta(seconds=4)), row(at=NOW + timedelta(seconds=40))]
    found = windows(rows, NOW, NOW + timedelta(seconds=40), 4)
    assert [(each.searches, each.failed, each.times.p50_ms) for each in found] == [(5, 1, 4.0), (0, 0, None), (0, 0, None), (1, 0, 5.0)]
    assert [each.start for each in found] == [NOW + timedelta(seconds=10 * at) for at in range(4)]
    assert found[0].per_minute == 30


def test_refusals_are_counted_and_are_no_failures() -> None:
    rows = [row(), failed(), failed("InputError"), failed("InputError")]
    assert errors(rows) == [Counted("InputError", 2), Counted("StorageError", 1)]
    assert len(failures(rows)) == 1


def test_the_budget_is_spent_by_late_and_by_failed_searches() -> None:
    # 40 count, one refusal does not. 95 % of them may be promised: 2 may be bad, 3 are: one at the limit, one above, one failed.
    rows = [*of_ms(*[50.0] * 37), *of_ms(100.0, 250.0), failed(), failed("InputError")]
    of = kept(rows, Objective(0.95, 100))
    assert (of.n, of.good, of.bad) == (40, 37, 3)
    assert (of.share, of.allowed) == pytest.approx((0.925, 2.0))
    assert (of.left, of.burn) == pytest.approx((-0.5, 1.5))
    # Wilson's interval of 37 of 40.
    assert (of.low, of.high) == pytest.approx((0.8014, 0.9742), abs=5e-4)


def test_without_a_search_nothing_is_kept_or_missed() -> None:
    of = kept([failed("InputError")], Objective())
    assert (of.n, of.share, of.left, of.burn) == (0, None, None, None)


@pytest.mark.parametrize(
    ("share", "milliseconds"), [(1.0, 100), (0.2, 100), (0.95, 0), (0.95, 1e9), (float("nan"), 100), (0.9, float("nan"))]
)
def test_an_objective_that_means_nothing_is_refused(share: float, milliseconds: float) -> None:
    with pytest.raises(InputError, match="expected"):
        check_objective(share, milliseconds)
    assert check_objective(0.99, 50) == Objective(0.99, 50)


def test_most_searched_counts_what_was_asked_and_not_what_was_drawn_again() -> None:
    rows = [row("Sea"), row("sea"), row("storm"), row("storm", repeat=True), row("storm", repeat=True), replace(row(), text=None)]
    assert most_searched(rows) == [Counted("sea", 2), Counted("storm", 1)]
    assert most_searched([replace(row(), text=None)]) == []


def test_most_returned_counts_searches_that_had_a_book() -> None:
    rows = [row(book_ids=("a", "b")), row(book_ids=("b",)), row(book_ids=("b",), repeat=True), failed()]
    assert most_returned(rows) == [Counted("b", 2), Counted("a", 1)]
    assert most_returned(rows, 1) == [Counted("b", 2)]


def test_the_slowest_are_those_that_were_answered() -> None:
    rows = [*of_ms(5, 9, 7), replace(failed(), total_ms=900.0)]
    assert [each.total_ms for each in slowest(rows, 2)] == [9, 7]
