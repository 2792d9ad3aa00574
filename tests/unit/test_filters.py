"""Filters as people write them: ranges, values, and what is said when they cannot be used."""

from __future__ import annotations

import pytest

from vibeshelf.adapters.stored_books import FILTER_KEYS
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Filter
from vibeshelf.services.filters import parse_filters


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("year=1900..1950", 1900, 1950),
        ("year=1950..", 1950, None),
        ("year=..0", None, 0),
        ("year=1984", 1984, 1984),
        ("year=-750..-1", -750, -1),
        (" year = 1900 .. 1950 ", 1900, 1950),
        ("average_rating=4.25..", 4.25, None),
        ("pages=300..300", 300, 300),
        ("ratings_count=1e3..", 1000, None),
    ],
)
def test_numbers_are_ranges_with_both_ends_included(condition: str, low: float | None, high: float | None) -> None:
    key = condition.partition("=")[0].strip()
    assert parse_filters([condition]) == (Filter(key, low=low, high=high),)


@pytest.mark.parametrize(
    "condition", ["year=soon", "year=..", "year= .. ", "year=1900-1950", "year=nan", "pages=inf", "year=1900..1950..2000"]
)
def test_what_is_no_range_is_answered_with_an_example(condition: str) -> None:
    with pytest.raises(InputError, match=r"expected a number or a range such as (year=1900\.\.1950|pages=\.\.300)"):
        parse_filters([condition])


@pytest.mark.parametrize("condition", ["year=1950..1900", "year=1900...1950", "average_rating=5..4"])
def test_a_range_that_can_match_nothing_is_refused(condition: str) -> None:
    with pytest.raises(InputError, match="ends before it starts; expected the lower number first"):
        parse_filters([condition])


def test_a_number_twice_is_refused_because_it_is_neither_either_nor_both() -> None:
    with pytest.raises(InputError, match=r"'year=1950': year is given twice; give one range such as year=1900\.\.1950"):
        parse_filters(["year=1900", "genre=war", "year=1950"])


def test_one_key_twice_means_either_value() -> None:
    assert parse_filters(["author=Ada Moor", "described=false", "author=Ben=Ro"]) == (
        Filter("author", ("Ada Moor", "Ben=Ro")),
        Filter("described", (False,)),
    )


def test_no_condition_is_no_filter() -> None:
    assert parse_filters([]) == ()


@pytest.mark.parametrize(("value", "described"), [("true", True), ("TRUE", True), ("False", False)])
def test_described_is_true_or_false(value: str, described: bool) -> None:
    assert parse_filters([f"described={value}"]) == (Filter("described", (described,)),)


@pytest.mark.parametrize("condition", ["genre", "=war", "genre=", "Genre=war", "colour=red", "year>1900"])
def test_an_unknown_key_or_no_value_lists_the_keys(condition: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_filters([condition])
    assert f"filter '{condition}' cannot be used; expected KEY=VALUE" in str(caught.value)
    assert all(key in str(caught.value) for key in FILTER_KEYS)
