"""Filters: whether they give the books that pass, all of them, and no other; the books' own facts are the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN
from vibeshelf.core.records import Book, Filter
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.probes.index import TIE
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.specimen import Specimen

_K = 20
_LEAST_BOOKS = 5
# Chroma may leave out a near book of those that pass; wrong ones it may not give.
_LEAST_RECALL = 0.95


def _filters(specimen: Specimen) -> Finding:
    assert specimen.index is not None
    conditions = list(_conditions(specimen.holdings.books))
    if not conditions or not len(specimen.sample):
        return Finding(NOT_APPLICABLE, "the books have no facts to filter by")
    vector = specimen.unit[specimen.sample[len(specimen.sample) // 2]]
    scores = np.where(specimen.sound, specimen.unit @ vector, -np.inf)
    wrong, recalls = [], []
    for condition in conditions:
        passing = np.array([_passes(book, condition) for book in specimen.holdings.books])
        problem, recall = _asked_of_chroma(specimen, condition, passing, vector, scores)
        wrong += [f"{_said(condition)}: {said}" for said in (problem, _asked_of_mirror(specimen, condition, passing)) if said]
        recalls.append(recall)
    least = min(recalls)
    missed = [f"only {least:.0%} of the nearest books that pass are found"] if least < _LEAST_RECALL else []
    if wrong or missed:
        # Wrong books are a fault; near ones that are missed are what a graph is allowed, only more of it.
        status = FAIL if wrong else WARN
        return Finding(status, "; ".join([*wrong, *missed][:3]), "build the index again with the repair 'rebuild'", repair="rebuild")
    return Finding(PASS, f"{len(conditions)} filters ({', '.join(map(_said, conditions))}) give what passes, in index and mirror")


def _conditions(books: Sequence[Book]) -> Iterator[Filter]:
    """Yield a condition for each kind of fact that the books have: a list, a word, a range of numbers."""
    for key, values in (("genre", [genre for book in books for genre in book.genres]), ("language", [book.language for book in books])):
        common = [(value, count) for value, count in Counter(values).most_common(3) if value and count >= _LEAST_BOOKS]
        if common:
            yield Filter(key, (common[-1][0],))
    years = sorted(book.year for book in books if book.year is not None)
    if len(years) >= 4 * _LEAST_BOOKS:
        yield Filter("year", low=float(years[len(years) // 4]), high=float(years[len(years) // 2]))


def _passes(book: Book, each: Filter) -> bool:
    if each.key == "genre":
        return any(value in book.genres for value in each.values)
    if each.values:
        return getattr(book, each.key) in each.values
    number = getattr(book, each.key)
    return number is not None and (each.low is None or number >= each.low) and (each.high is None or number <= each.high)


def _said(each: Filter) -> str:
    return f"{each.key}={each.values[0]}" if each.values else f"{each.key}={each.low:g}..{each.high:g}"


def _asked_of_chroma(
    specimen: Specimen, condition: Filter, passing: npt.NDArray[np.bool_], vector: Vectors, scores: npt.NDArray[np.float32]
) -> tuple[str, float]:
    assert specimen.index is not None
    allowed = {book.book_id for book, passes in zip(specimen.holdings.books, passing.tolist(), strict=True) if passes}
    found = specimen.index.nearest(vector, _K, [condition])
    wrong = [book_id for book_id, _ in found if book_id not in allowed]
    best = np.sort(scores[passing & specimen.sound])[::-1][:_K]
    recall = sum(cosine >= best[-1] - TIE for _, cosine in found) / len(best) if len(best) else 1.0
    return (f"{len(wrong)} of {len(found)} books do not pass it" if wrong else ""), recall


def _asked_of_mirror(specimen: Specimen, condition: Filter, passing: npt.NDArray[np.bool_]) -> str:
    if specimen.mirror is None:
        return ""
    chosen = {specimen.mirror.ids[row] for row in specimen.mirror.select([condition]).tolist()}
    allowed = {book.book_id for book, passes in zip(specimen.holdings.books, passing.tolist(), strict=True) if passes}
    return f"the mirror selects {len(chosen):,} books, {len(allowed):,} pass" if chosen != allowed else ""


PROBES = (
    Probe(
        "index.filters",
        "Filters",
        "the books that pass, and no other",
        "A filtered search shows books that should not be there, or hides some that should.",
        _filters,
        needs=("index",),
    ),
)
