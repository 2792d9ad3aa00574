"""What can be seen of an exchanged model: by an app that watches the usual signs, and by judgments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

import numpy as np

from vibeshelf.core.records import Book, Grades, Ranking
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.drill.records import Answer, Case, Sign, Truth
from vibeshelf.services.measures import parse_measure, query_values

Found = Mapping[str, list[tuple[str, float]]]
_MEASURE = "nDCG@10"
_SEED = 20261124
# What an app that watches its searches would complain about.
_BUDGET_MS = 250.0
_TIME = f"median time of a search (alarm above {_BUDGET_MS:.0f} ms)"


@dataclass(frozen=True, slots=True)
class Searched:
    """Searches by one model: query id -> (book_id, cosine) best first; the queries' vectors, float32 (n, dimension); ms of each;
    how many the store refused, which then found nothing."""

    found: Found
    vectors: Vectors
    times_ms: tuple[float, ...]
    refused: int = 0


def signs_of(before: Searched, after: Searched) -> tuple[Sign, ...]:
    """Return what an app without a guard can watch, before and after; `alarming` where its value would make somebody look."""
    watched: list[tuple[str, Callable[[Searched], str], bool]] = [
        ("length of a query's vector", lambda of: f"{of.vectors.shape[1]} numbers", True),
        ("norm of a query's vector", lambda of: _range(np.linalg.norm(of.vectors, axis=1).tolist()), True),
        ("values that are not finite", lambda of: str(int((~np.isfinite(of.vectors)).sum())), True),
        ("searches that Chroma refused", lambda of: str(of.refused), True),
        ("results for each query", lambda of: _counts(of.found), True),
        ("scores fall with the rank", lambda of: "always" if _falling(of.found) else "not always", True),
        ("scores of the first ten", lambda of: _range(_scores(of.found)), False),
    ]
    signs = [Sign(name, say(before), say(after), matters and say(before) != say(after)) for name, say, matters in watched]
    times = median(before.times_ms), median(after.times_ms)
    return (*signs, Sign(_TIME, f"{times[0]:.1f} ms", f"{times[1]:.1f} ms", times[1] > _BUDGET_MS >= times[0]))


def truth_of(before: Searched, after: Searched, book_ids: Sequence[str], grades: Grades) -> Truth:
    """Return what the exchange did to the results, with what books in random order would reach."""
    random = np.random.default_rng(_SEED)
    shuffled = {query_id: [(book_ids[at], -float(at)) for at in random.permutation(len(book_ids))] for query_id in grades}
    kept = [len(_ids(of) & _ids(after.found[query_id])) / max(len(of), 1) for query_id, of in before.found.items()]
    ten = min(10, len(book_ids))
    return Truth(
        len(grades), _mean(_ndcg(before.found, grades)), _mean(_ndcg(after.found, grades)), _mean(_ndcg(shuffled, grades)),
        fmean(kept), ten / len(book_ids),
    )  # fmt: skip


def cases_of(queries: Mapping[str, str], before: Searched, after: Searched, books: Mapping[str, Book], grades: Grades) -> tuple[Case, ...]:
    """Return every query with its results on both sides, those that lost the most first."""
    ndcg_before, ndcg_after = _ndcg(before.found, grades), _ndcg(after.found, grades)
    cases = [
        Case(
            query_id, text, _answers(before.found[query_id], books, grades.get(query_id, {})),
            _answers(after.found[query_id], books, grades.get(query_id, {})), ndcg_before.get(query_id), ndcg_after.get(query_id),
        )
        for query_id, text in queries.items()
    ]  # fmt: skip
    return tuple(sorted(cases, key=lambda case: ((case.ndcg_after or 0.0) - (case.ndcg_before or 0.0), case.query_id)))


def _answers(found: Sequence[tuple[str, float]], books: Mapping[str, Book], graded: Mapping[str, int]) -> tuple[Answer, ...]:
    return tuple(Answer(book_id, books[book_id].title, books[book_id].author, score, graded.get(book_id)) for book_id, score in found)


def _ndcg(found: Found, grades: Grades) -> dict[str, float]:
    if not grades:
        return {}
    rankings = {
        query_id: Ranking(tuple(book_id for book_id, _ in of), tuple(score for _, score in of))
        for query_id, of in found.items()
        if query_id in grades
    }
    values = query_values([parse_measure(_MEASURE)], grades, rankings)[_MEASURE]
    return {query_id: value for query_id, value in values.items() if value is not None}


def _ids(found: Sequence[tuple[str, float]]) -> set[str]:
    return {book_id for book_id, _ in found}


def _scores(found: Found) -> list[float]:
    return [score for of in found.values() for _, score in of]


def _falling(found: Found) -> bool:
    return all(one[1] >= two[1] for of in found.values() for one, two in pairwise(of))


def _counts(found: Found) -> str:
    counts = sorted({len(of) for of in found.values()})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _range(values: Sequence[float]) -> str:
    if not values:
        return "n/a"
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _mean(values: Mapping[str, float]) -> float | None:
    return fmean(values.values()) if values else None
