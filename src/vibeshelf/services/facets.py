"""What a search can be narrowed by: the values that a collection has, with how many books each would leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Filter
from vibeshelf.services.filters import filter_text

# In the order of the page. A key is offered where the books differ in it.
LISTS = ("genre", "language", "country")
RANGES = ("year", "pages", "average_rating")
# So many values of a key are offered, the commonest first; any other can still be asked for in the address.
MOST_VALUES = 60
# The ranges that are offered of each number, low and high, both included.
_PRESETS: dict[str, tuple[tuple[float | None, float | None], ...]] = {
    "year": ((None, 1799), (1800, 1899), (1900, 1949), (1950, 1999), (2000, None)),
    "pages": ((None, 199), (200, 399), (400, None)),
    "average_rating": ((3.5, None), (4.0, None), (4.25, None)),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """A key with its choices, each with how many of the books that pass the other filters it would leave."""

    key: str
    choices: tuple[tuple[Filter, int], ...]


def facets(mirror: Mirror, filters: Sequence[Filter] = ()) -> list[Facet]:
    """Return what this collection can be narrowed by; a key that tells no books apart is left out.

    A key's own filter is left out of account in its counts: another value of it would be added to those chosen, another range
    would take its place.
    """
    found = [*(_values(mirror, key, filters) for key in LISTS), *(_ranges(mirror, key, filters) for key in RANGES)]
    return [each for each in found if each is not None]


def within(mirror: Mirror, filters: Sequence[Filter]) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """Return the filters with values as the collection spells them, and a line for each value that none of its books has."""
    kept, lines = [], []
    for each in filters:
        if not each.values:
            kept.append(each)
            continue
        spelt = {str(value).casefold(): value for value in mirror.labels(each.key)}
        known = [spelt[name] for value in each.values if (name := str(value).casefold()) in spelt]
        lines += [
            f"No book here has the {each.key} '{value}'; it was left out." for value in each.values if str(value).casefold() not in spelt
        ]
        if known:
            kept.append(Filter(each.key, tuple(dict.fromkeys(known))))
    return tuple(kept), tuple(lines)


def _values(mirror: Mirror, key: str, filters: Sequence[Filter]) -> Facet | None:
    labels = mirror.labels(key)
    if len(labels) < 2:
        return None
    passing = _passing(mirror, key, filters)
    chosen = {value for each in filters if each.key == key for value in each.values}
    whole = bool(passing.all())
    counts = [(value, len(rows) if whole else int(np.count_nonzero(passing[rows]))) for value, rows in labels.items()]
    counts.sort(key=lambda pair: (-pair[1], str(pair[0])))
    offered = counts[:MOST_VALUES] + [pair for pair in counts[MOST_VALUES:] if pair[0] in chosen]
    return Facet(key, tuple((Filter(key, (value,)), count) for value, count in offered))


def _ranges(mirror: Mirror, key: str, filters: Sequence[Filter]) -> Facet | None:
    numbers = mirror.numbers(key)
    if len(np.unique(numbers[~np.isnan(numbers)])) < 2:
        return None
    known = numbers[_passing(mirror, key, filters)]
    choices = [Filter(key, low=low, high=high) for low, high in _PRESETS[key]]
    return Facet(key, tuple((each, _count(known, each)) for each in choices))


def _count(numbers: npt.NDArray[np.float64], each: Filter) -> int:
    low, high = -np.inf if each.low is None else each.low, np.inf if each.high is None else each.high
    # Nothing is known to lie in a range that is not known at all: a comparison with NaN is False.
    return int(((numbers >= low) & (numbers <= high)).sum())


def _passing(mirror: Mirror, key: str, filters: Sequence[Filter]) -> npt.NDArray[np.bool_]:
    passing = np.zeros(len(mirror), dtype=bool)
    passing[mirror.select([each for each in filters if each.key != key])] = True
    return passing


def filters_text(filters: Sequence[Filter]) -> str:
    """Return what names a set of filters, whatever their order."""
    return " ".join(sorted(map(filter_text, filters)))
