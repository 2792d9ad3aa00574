"""What a search can be narrowed by, with how many books each choice would leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Filter


def choices(mirror: Mirror, key: str, filters: Sequence[Filter] = ()) -> dict[str, int]:
    """Return value -> the books that have it and pass the other filters, most first, of genre, language or country.

    The key's own filter is left out of account: another value of it would be added to those chosen.
    """
    passing = np.zeros(len(mirror), dtype=bool)
    passing[mirror.select([each for each in filters if each.key != key])] = True
    counts = {str(value): int(passing[rows].sum()) for value, rows in mirror.labels(key).items()}
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def span(mirror: Mirror, key: str) -> tuple[int, int] | None:
    """Return the least and the greatest number of year, pages or rating, rounded outwards; None where fewer than two are known."""
    numbers = mirror.numbers(key)
    known = numbers[~np.isnan(numbers)]
    if not len(known) or known.min() == known.max():
        return None
    return int(np.floor(known.min())), int(np.ceil(known.max()))
