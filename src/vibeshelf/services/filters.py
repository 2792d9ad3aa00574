"""Filters as people write them: genre=mystery, year=1900..1950, language=Japanese."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vibeshelf.adapters.stored_books import FILTER_KEYS
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Filter

_EXAMPLES = {"year": "1900..1950", "average_rating": "4..5", "ratings_count": "1000..", "pages": "..300"}


def parse_filters(conditions: Sequence[str]) -> tuple[Filter, ...]:
    """Return the filters of KEY=VALUE texts: one key twice means either value, two keys mean both conditions.

    Numbers take one range: year=1900..1950, year=1950.., year=..0. Raises InputError for an unknown key or a bad range.
    """
    ranges: list[Filter] = []
    values: dict[str, list[str | bool]] = {}
    for condition in conditions:
        key, equals, value = (part.strip() for part in condition.partition("="))
        if key not in FILTER_KEYS or not equals or not value:
            raise InputError(f"filter '{condition}' cannot be used; expected KEY=VALUE with KEY one of {', '.join(FILTER_KEYS)}")
        if key in _EXAMPLES:
            if any(known.key == key for known in ranges):
                raise InputError(f"filter '{condition}': {key} is given twice; give one range such as {key}={_EXAMPLES[key]}")
            ranges.append(_range(key, value, condition))
        else:
            values.setdefault(key, []).append(_value(key, value, condition))
    return (*ranges, *(Filter(key, tuple(chosen)) for key, chosen in values.items()))


def read_filters(conditions: Sequence[str]) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """Return the filters of those conditions that can be used, and a line for each of the others: an address may hold anything."""
    used: list[str] = []
    lines: list[str] = []
    for condition in conditions:
        try:
            parse_filters([*used, condition])
        except InputError as error:
            lines.append(str(error))
        else:
            used.append(condition)
    return parse_filters(used), tuple(lines)


def filter_text(each: Filter) -> str:
    """Return a filter as people write it: genre=mystery, year=1900..1950; either of several values as genre=mystery|horror."""
    if each.values:
        return f"{each.key}={'|'.join(str(value).lower() if isinstance(value, bool) else value for value in each.values)}"
    low, high = ("" if bound is None else f"{bound:g}" for bound in (each.low, each.high))
    return f"{each.key}={low}" if low and low == high else f"{each.key}={low}..{high}"


def _range(key: str, value: str, condition: str) -> Filter:
    start, dots, end = value.partition("..")
    try:
        low, high = (float(part) if part.strip() else None for part in (start, end if dots else start))
    except ValueError:
        low = high = None
    given = [bound for bound in (low, high) if bound is not None]
    if not given or not all(map(math.isfinite, given)):
        raise InputError(f"filter '{condition}': expected a number or a range such as {key}={_EXAMPLES[key]}")
    if given != sorted(given):
        raise InputError(f"filter '{condition}': the range ends before it starts; expected the lower number first")
    return Filter(key, low=low, high=high)


def _value(key: str, value: str, condition: str) -> str | bool:
    if key != "described":
        return value.lower() if key == "genre" else value
    if value.lower() not in ("true", "false"):
        raise InputError(f"filter '{condition}': expected described=true or described=false")
    return value.lower() == "true"
