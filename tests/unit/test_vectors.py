"""The checks of vectors: unit rows of the right shape pass, everything else is refused with its maker and its number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from vibeshelf.core.errors import VectorError
from vibeshelf.core.vectors import check_unit_rows, unit_rows


def test_rows_are_brought_to_unit_length_in_float32() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]]), 2, 2, "a model")
    assert rows.dtype == np.float32
    assert np.allclose(rows, [[0.6, 0.8], [0.0, -1.0]])
    assert check_unit_rows(rows, 2, "a collection") is rows


@pytest.mark.parametrize("length", [1e-5, 1.0, 1e15], ids=["tiny", "unit", "long"])
def test_only_the_direction_counts(length: float) -> None:
    assert unit_rows([[length, length]], 1, 2, "a model")[0] == pytest.approx([0.5**0.5] * 2)


def test_no_text_gives_no_row() -> None:
    assert unit_rows(np.zeros((0, 7)), 0, 7, "a model").shape == (0, 7)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[1.0, 0.0]], r"a model gave vectors of shape \(1, 2\), expected \(2, 2\)"),
        ([[1.0, 0.0, 0.0]] * 2, r"shape \(2, 3\), expected \(2, 2\)"),
        ([[[1.0, 0.0]], [[1.0, 0.0]]], r"shape \(2, 1, 2\), expected \(2, 2\)"),
        ([[1.0, 0.0], [np.nan, 1.0]], "1 of 2 vectors with values that are not finite; none was used"),
        ([[np.inf, 0.0], [-np.inf, 1.0]], "2 of 2 vectors with values that are not finite"),
        ([[1.0, 0.0], [1e300, 1.0]], "1 of 2 vectors with values that are not finite"),
        ([[1.0, 0.0], [0.0, 0.0]], "1 of 2 vectors without a usable length; none was used"),
        ([[1e38, 1e38], [1e30, 1e30]], "2 of 2 vectors without a usable length"),
    ],
    ids=["count", "dimension", "nesting", "nan", "infinite", "beyond float32", "zero", "length beyond float32"],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_a_model_must_not_give(raw: npt.ArrayLike, message: str) -> None:
    with pytest.raises(VectorError, match=message):
        unit_rows(raw, 2, 2, "a model")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 0.0, 0.0]], r"books: vectors of shape \(1, 3\), expected \(n, 2\)"),
        ([1.0, 0.0], r"shape \(2,\), expected \(n, 2\)"),
        ([[np.nan, 1.0]], "books: vectors with values that are not finite"),
        ([[0.0, 0.0]], "length is not 1"),
        ([[1.0, 0.0], [0.6, 0.7]], "length is not 1"),
    ],
    ids=["dimension", "one row flat", "nan", "zero", "shorter"],
)
def test_what_is_no_unit_row(rows: list[object], message: str) -> None:
    with pytest.raises(VectorError, match=message):
        check_unit_rows(np.array(rows, dtype=np.float32), 2, "books")
