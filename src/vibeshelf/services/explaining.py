"""How a search came to its results, in sentences for people who want to know."""

from __future__ import annotations

from collections.abc import Sequence

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Filter, SearchResult
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.systems import DENSE_WEIGHT, MOST_CANDIDATES, POPULAR, POPULARITY_WEIGHT, allowed, compares_exactly

_MEANING, _WORDS = f"{DENSE_WEIGHT:.0%}", f"{1 - DENSE_WEIGHT:.0%}"


def comparison_of(result: SearchResult, mirror: Mirror | None, filters: Sequence[Filter] = (), steering: Steering = STRAIGHT) -> str:
    """Return which books were compared with the query, and whether exactly or by Chroma's graph."""
    if result.system == "lexical":
        return f"The words of all {result.count:,} books were looked up in a BM25 index; nothing was encoded."
    exact = compares_exactly(mirror, filters, steering)
    if exact and mirror is not None:
        rows = len(allowed(mirror, filters, steering))
        which = f"all {rows:,} books that pass the filters" if filters else f"all {rows:,} books"
        which += f" without those of {' and '.join(steering.left_out)}" if steering.left_out else ""
        return f"The query's vector was compared with those of {which}, one by one and exactly."
    graph = "Chroma's HNSW graph, which looks at a few hundred vectors on its way to the nearest and can miss one"
    if result.system == "dense":
        return f"The nearest of {result.count:,} books were found by {graph}."
    return f"Of {result.count:,} books {MOST_CANDIDATES} came near by meaning, by {graph}; as many by words; these were compared exactly."


def weights_of(system: str) -> str:
    """Return what a system's score is made of."""
    if system == "dense":
        return "The score is the cosine similarity of two vectors: 1 for the same direction, about 0 for nothing in common."
    if system == "lexical":
        return "The score is BM25: rare words that the query and the book share count most, in short texts more than in long ones."
    both = f"The score is {_MEANING} meaning (cosine) and {_WORDS} shared words (BM25), each as a share of the best book's"
    return f"{both}, and {POPULARITY_WEIGHT:g} for being rated by many." if system == POPULAR else f"{both}."
