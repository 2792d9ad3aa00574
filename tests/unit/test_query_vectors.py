"""The memory of query vectors: bounded, equal to encoding again, and told."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.fakes import FakeEncoder
from vibeshelf.core.errors import VectorError
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.query_vectors import QueryVectors
from vibeshelf.services.shelf import Shelf, open_shelf


class Counting(FakeEncoder):
    """A fake encoder that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().encode_queries(texts)


def test_a_query_is_encoded_once_and_the_least_recent_one_is_forgotten() -> None:
    encoder = Counting()
    queries = QueryVectors(encoder, size=2)
    assert [queries.get(text)[1] for text in ("a", "b", "a", "c", "a", "b")] == [False, False, True, False, True, False]
    assert encoder.asked == ["a", "b", "c", "b"]
    assert len(queries) == 2
    assert np.array_equal(queries.get("a")[0], encoder.encode_queries(["a"])[0])


def test_none_is_remembered_where_none_is_wanted() -> None:
    queries = QueryVectors(encoder := Counting(), size=0)
    assert [queries.get("a")[1] for _ in range(3)] == [False] * 3
    assert encoder.asked == ["a"] * 3


def test_a_remembered_vector_cannot_be_changed() -> None:
    vector, _ = QueryVectors(FakeEncoder()).get("a")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1.0


def test_a_failed_encoding_is_not_remembered() -> None:
    queries = QueryVectors(FakeEncoder(broken=float("nan")))
    for _ in range(2):
        with pytest.raises(VectorError):
            queries.get("a")
    assert len(queries) == 0


def test_threads_may_share_it() -> None:
    queries = QueryVectors(FakeEncoder(), size=8)
    texts = [f"query {at % 20}" for at in range(400)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: queries.get(text)[0], texts))
    assert len(queries) == 8
    assert all(np.array_equal(vector, found[at % 20]) for at, vector in enumerate(found))


def test_paging_filtering_and_comparing_encode_once(starter: Shelf) -> None:
    shelf = open_shelf(settings=starter.store.settings)
    assert not shelf.run("a storm at sea", 10).remembered
    assert all(shelf.run("a storm at sea", k, system).remembered for k, system in ((20, "hybrid"), (10, "dense")))
    assert not shelf.run("a storm at sea", 10, "lexical").remembered
    fresh = open_shelf(settings=starter.store.settings, remembered_queries=0)
    assert fresh.run("a storm at sea").hits == shelf.run("a storm at sea").hits
    assert not fresh.run("a storm at sea").remembered
