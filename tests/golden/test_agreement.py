"""Agreement on examples worked by hand or printed in the literature, and equality with the packages of the field."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import Judgment, Pair
from vibeshelf.services.agreement import RaterGrades, combine, disputed, grades_of, ordinal_alpha, report, weighted_kappa


def graded(**raters: list[int | None]) -> RaterGrades:
    """Grades of raters for the same books; None where one did not grade."""
    given = [
        Judgment("q", f"b{at:04}", grade, name, "2026-11-24")
        for name, grades in raters.items()
        for at, grade in enumerate(grades)
        if grade is not None
    ]
    return grades_of(given)


def test_kappa_worked_by_hand() -> None:
    # Squared distances: observed 0+0+1+0 = 1 over 4 items. By chance: a has 0,1,2,3; b has 0,1,1,3;
    # the 16 squared distances sum to (0+1+1+9) + (1+0+0+4) + (4+1+1+1) + (9+4+4+0) = 40, over 16.
    # kappa = 1 - (1/4) / (40/16) = 0.9
    found = weighted_kappa(graded(a=[0, 1, 2, 3], b=[0, 1, 1, 3]), "a", "b")
    assert found.value == pytest.approx(0.9)
    assert (found.n, found.low) == (4, None)


def test_alpha_of_the_published_example() -> None:
    # The example of three coders, 15 units and grades 1 to 4 with gaps, in Wikipedia's "Krippendorff's alpha": interval .811,
    # ordinal .807. Moved down by one here, which changes no order.
    coders = (
        "* * * * * 3 4 1 2 1 1 3 3 * 3",
        "1 * 2 1 3 3 4 3 * * * * * * *",
        "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
    )
    rows = [[None if mark == "*" else int(mark) - 1 for mark in row.split()] for row in coders]
    found = ordinal_alpha(graded(a=rows[0], b=rows[1], c=rows[2]))
    expected = krippendorff.alpha([[np.nan if grade is None else grade for grade in row] for row in rows], level_of_measurement="ordinal")
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.value == pytest.approx(0.807, abs=5e-4)
    assert found.n == 12
    assert found.low is not None
    assert found.low < found.value < found.high  # type: ignore[operator]


def test_two_hundred_random_tables_agree_with_the_packages() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        count, raters = int(random.integers(2, 60)), int(random.integers(2, 6))
        truth = random.integers(0, 4, count)
        rows = np.clip(truth + random.integers(-1, 2, (raters, count)), 0, 3).astype(float)
        rows[random.random((raters, count)) < 0.2] = np.nan
        grades = graded(**{f"r{at}": [None if np.isnan(grade) else int(grade) for grade in row] for at, row in enumerate(rows)})
        ours = ordinal_alpha(grades).value
        twice = (~np.isnan(rows)).sum(axis=0) > 1
        if ours is not None:
            assert ours == pytest.approx(krippendorff.alpha(rows[:, twice], level_of_measurement="ordinal"), abs=1e-10)
        both = ~np.isnan(rows[0]) & ~np.isnan(rows[1])
        kappa = weighted_kappa(grades, "r0", "r1")
        assert kappa.n == both.sum()
        if kappa.value is not None:
            expected = cohen_kappa_score(rows[0][both], rows[1][both], weights="quadratic", labels=[0, 1, 2, 3])
            assert kappa.value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    "grades",
    [graded(a=[1, 1, 1], b=[1, 1, 1]), graded(a=[0, 1, None], b=[None, None, 2]), graded(a=[0, 1, 2]), {}],
    ids=["one category", "no overlap", "one rater", "nothing"],
)
def test_what_is_undefined_has_no_value(grades: RaterGrades) -> None:
    assert ordinal_alpha(grades).value is None
    assert weighted_kappa(grades, "a", "b").value is None
    assert report(grades, {}).overall.low is None


def test_two_raters_have_kappa_in_the_headline_and_more_have_alpha() -> None:
    two = graded(a=[0, 1, 2, 3, 1], b=[0, 1, 1, 3, None])
    found = report(two, {})
    assert found.overall == found.queries["q"] == weighted_kappa(two, "a", "b")
    assert (found.overall.coefficient, found.overall.n) == ("kappa", 4)
    assert found.overall.value == pytest.approx(0.9)
    three = graded(a=[0, 1, 2, 3], b=[0, 1, 1, 3], c=[None, 1, None, 2])
    assert report(three, {}).overall == ordinal_alpha(three)


def test_the_interval_narrows_with_more_items_and_is_the_same_each_time() -> None:
    random = np.random.default_rng(1)

    def width(count: int) -> float:
        truth = random.integers(0, 4, count)
        noisy = np.clip(truth + random.integers(-1, 2, count), 0, 3)
        found = weighted_kappa(graded(a=truth.tolist(), b=noisy.tolist()), "a", "b")
        assert found == weighted_kappa(graded(a=truth.tolist(), b=noisy.tolist()), "a", "b")
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert 2 < width(50) / width(800) < 8


@pytest.mark.parametrize(("rule", "expected"), [("median", 1), ("majority", 3), ("strictest", 0)])
def test_several_grades_become_one(rule: str, expected: int) -> None:
    grades = graded(a=[0], b=[1], c=[3], d=[3])
    assert combine(grades, rule, {}) == {Pair("q", "b0000"): expected}
    settled = Judgment("q", "b0000", 2, "e", "2026-11-24")
    assert combine(grades, rule, {settled.pair: settled}) == {settled.pair: 2}


def test_ties_go_to_the_lower_grade() -> None:
    assert combine(graded(a=[1], b=[2]), "median", {}) == {Pair("q", "b0000"): 1}
    assert combine(graded(a=[3], b=[1]), "majority", {}) == {Pair("q", "b0000"): 1}
    with pytest.raises(InputError, match="known: median, majority, strictest"):
        combine({}, "mean", {})


def test_disagreements_come_widest_first_until_they_are_settled() -> None:
    grades = graded(a=[0, 0, 2], b=[1, 3, 2])
    assert [pair.book_id for pair in disputed(grades, {})] == ["b0001", "b0000"]
    settled = Judgment("q", "b0001", 1, "c", "2026-11-24")
    assert [pair.book_id for pair in disputed(grades, {settled.pair: settled})] == ["b0000"]
