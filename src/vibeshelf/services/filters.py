"""Filters as people write them: genre=mystery, year=1900..1950, language=Japanese."""

from __future__ import annotations

from collections.abc import Sequence

from vibeshelf.adapters.index import FILTER_KEYS
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Filter

_NUMBERS = ("year", "average_rating", "ratings_count", "pages")


def parse_filters(conditions: Sequence[str]) -> tuple[Filter, ...]:
    """Return the filters of KEY=VALUE texts: one key twice means either value, two keys mean both conditions.

    Numbers take ranges: year=1900..1950, year=1950.., year=..0. Raises InputError for an unknown key or a bad number.
    """
    ranges: list[Filter] = []
    values: dict[str, list[str | bool]] = {}
    for condition in conditions:
        key, equals, value = (part.strip() for part in condition.partition("="))
        if key not in FILTER_KEYS or not equals or not value:
            raise InputError(f"filter '{condition}' cannot be used; expected KEY=VALUE with KEY one of {', '.join(FILTER_KEYS)}")
        if key in _NUMBERS:
            ranges.append(_range(key, value, condition))
        else:
            values.setdefault(key, []).append(_value(key, value, condition))
    return (*ranges, *(Filter(key, tuple(chosen)) for key, chosen in values.items()))


def _range(key: str, value: str, condition: str) -> Filter:
    low, dots, high = value.partition("..")
    try:
        bounds = [float(part) if part.strip() else None for part in (low, high if dots else low)]
    except ValueError:
        raise InputError(f"filter '{condition}': expected a number or a range such as {key}=1900..1950") from None
    if bounds == [None, None]:
        raise InputError(f"filter '{condition}': expected a number or a range such as {key}=1900..1950")
    return Filter(key, low=bounds[0], high=bounds[1])


def _value(key: str, value: str, condition: str) -> str | bool:
    if key != "described":
        return value.lower() if key == "genre" else value
    if value.lower() not in ("true", "false"):
        raise InputError(f"filter '{condition}': expected described=true or described=false")
    return value.lower() == "true"
