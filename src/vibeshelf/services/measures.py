"""Measures of one ranking: parsed, computed by ir-measures, and bounded by what the unjudged could change.

What counts how:
- Every query of the judgments counts. A query without results is 0, except for Judged@k, which says what share of the results
  shown was judged and is undefined where none was shown.
- A query whose judgments name no relevant book is 0 whatever was found, as in trec_eval; it lowers every system alike.
- Bpref compares relevant with judged non-relevant books; where a query has none of the latter it is undefined.
- Unjudged books count as not relevant. That is the lower bound; `upper_bounds` gives the other.
- A book is relevant from grade 1 up unless the name says otherwise: RR(rel=2)@10.
- The order is that of the ranking. Libraries break ties of scores in ways of their own, so they are shown ranks, not scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, log2
from typing import Any

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Grades, Ranking

EXAMPLES = "nDCG@10, RR@10, AP, P@10, R@100, Judged@10, Bpref, RR(rel=2)@10"
DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100", "Judged@10")
MAX_CUTOFF = 10_000
# None: undefined for this query.
QueryValues = dict[str, float | None]
_BOUNDED = ("nDCG", "P", "RR", "R")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as it was asked for. `cutoff` is its k, None for all results; `relevant_from` the lowest grade that is relevant."""

    name: str
    kind: str
    cutoff: int | None
    relevant_from: int
    bounded: bool

    @property
    def is_coverage(self) -> bool:
        """Whether it says how much was judged, and not how good the results are."""
        return self.kind == "Judged"


def parse_measures(names: str | Iterable[str]) -> tuple[Measure, ...]:
    """Return the measures of names, or of one text with commas between them, without repetitions.

    Raises InputError for a name that ir-measures does not know or cannot compute here.
    """
    listed = re.split(r",(?![^(]*\))", names) if isinstance(names, str) else names
    wanted = dict.fromkeys(name.strip() for name in listed if name.strip())
    if not wanted:
        raise InputError(f"no measure is named; expected some of {EXAMPLES}")
    return tuple(parse_measure(name) for name in wanted)


@lru_cache(maxsize=256)
def parse_measure(name: str) -> Measure:
    """Return the measure of a name in ir-measures' notation; upper and lower case are the same. Raises InputError."""
    try:
        parsed = _library(name)
        parsed.validate_params()
    except (ValueError, NameError, AssertionError, KeyError, TypeError, AttributeError):
        raise InputError(f"unknown measure '{name}'; expected names such as {EXAMPLES}") from None
    cutoff, relevant_from = parsed.params.get("cutoff"), parsed.params.get("rel", 1)
    if cutoff is not None and not 1 <= cutoff <= MAX_CUTOFF:
        raise InputError(f"measure '{name}' looks at {cutoff} results; expected 1 to {MAX_CUTOFF:,}")
    if relevant_from < 1:
        raise InputError(f"measure '{name}': rel is {relevant_from}; expected a grade from 1 up")
    _require_computable(name, parsed)
    return Measure(name, parsed.NAME, cutoff, relevant_from, _is_bounded(parsed))


def query_values(measures: Sequence[Measure], grades: Grades, rankings: Mapping[str, Ranking]) -> dict[str, QueryValues]:
    """Return measure -> query id -> value for every query of the judgments, in their order."""
    shown = {query_id: _ranks(rankings[query_id]) for query_id in grades if query_id in rankings and rankings[query_id].book_ids}
    wanted = {each.name: _library(each.name) for each in measures}
    found: dict[Any, dict[str, float]] = {key: {} for key in wanted.values()}
    for metric in _pipeline().iter_calc(list(found), {query_id: dict(of) for query_id, of in grades.items()}, shown) if grades else ():
        found[metric.measure][metric.query_id] = float(metric.value)
    return {
        each.name: {query_id: _defined(each, of, query_id in shown, found[wanted[each.name]][query_id]) for query_id, of in grades.items()}
        for each in measures
    }


def upper_bounds(measure: Measure, grades: Grades, rankings: Mapping[str, Ranking]) -> dict[str, float] | None:
    """Return query id -> the most that judging the unjudged of the top k could make of the measure; None where it has no bound.

    The unjudged among the first k get the highest grade of all judgments. For nDCG the ideal stays that of the judged books, at
    most 1: a relevant book more can only make the ideal harder to reach, so no judgment can bring more. For P, RR and R the
    bound is what these judgments would give.
    """
    if not measure.bounded or not grades:
        return None
    top_grade = max((grade for of in grades.values() for grade in of.values()), default=0)
    top_grade = max(top_grade, measure.relevant_from)
    supposed = {query_id: _supposed(of, rankings.get(query_id), measure.cutoff, top_grade) for query_id, of in grades.items()}
    if measure.kind == "nDCG":
        return {query_id: _highest_ndcg(of, supposed[query_id], rankings.get(query_id), measure.cutoff) for query_id, of in grades.items()}
    values = query_values([measure], supposed, rankings)[measure.name]
    return {query_id: value or 0.0 for query_id, value in values.items()}


def without_relevant(grades: Grades, relevant_from: int = 1) -> list[str]:
    """Return the queries for which no judged book is relevant."""
    return [query_id for query_id, of in grades.items() if max(of.values(), default=0) < relevant_from]


def _library(name: str) -> Any:
    """Return ir-measures' own object for a name. Raises what ir-measures raises."""
    import ir_measures

    known = {each.lower(): each for each in ir_measures.measures.registry}
    match = re.match(r"[^@(]+", name)
    kind = match.group() if match else ""
    return ir_measures.parse_measure(known.get(kind.lower(), kind) + name[len(kind) :])


@lru_cache(maxsize=1)
def _pipeline() -> Any:
    """Return what computes measures: all that ir-measures brings but gdeval, which is a Perl program."""
    import ir_measures

    usual = ir_measures.DefaultPipeline.providers
    return type(ir_measures.DefaultPipeline)([each for each in usual if each.NAME != "gdeval"])


def _require_computable(name: str, parsed: Any) -> None:
    """Raise InputError when no library that is installed computes the measure; found out on one query, since some only say so then."""
    try:
        list(_pipeline().iter_calc([parsed], {"q": {"a": 1, "b": 0}}, {"q": {"a": 1.0}}))
    except (ValueError, RuntimeError, ImportError):
        raise InputError(f"measure '{name}' cannot be computed here; expected one of {EXAMPLES}") from None


def _is_bounded(parsed: Any) -> bool:
    return parsed.NAME in _BOUNDED and not set(parsed.params) - {"cutoff", "rel"}


def _ranks(ranking: Ranking) -> dict[str, float]:
    count = len(ranking.book_ids)
    return {book_id: float(count - at) for at, book_id in enumerate(ranking.book_ids)}


def _defined(measure: Measure, judged: Mapping[str, int], has_results: bool, value: float) -> float | None:
    if measure.is_coverage and not has_results:
        return None
    if measure.kind == "Bpref" and not any(grade < measure.relevant_from for grade in judged.values()):
        return None
    return value if isfinite(value) else None


def _supposed(judged: Mapping[str, int], ranking: Ranking | None, cutoff: int | None, grade: int) -> dict[str, int]:
    top = ranking.book_ids[:cutoff] if ranking else ()
    return {**dict.fromkeys(top, grade), **judged}


def _highest_ndcg(judged: Mapping[str, int], supposed: Mapping[str, int], ranking: Ranking | None, cutoff: int | None) -> float:
    shown = ranking.book_ids[:cutoff] if ranking else ()
    reached = _dcg([supposed[book_id] for book_id in shown])
    ideal = _dcg(sorted(judged.values(), reverse=True)[:cutoff])
    return min(1.0, reached / ideal) if ideal else float(reached > 0)


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))
