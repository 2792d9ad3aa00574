"""How calls are timed: what counts, what does not, and how often."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fakes import FakeEncoder
from vibeshelf.core.latency import BOOK, ENCODE, LENGTHS, LONG, MEDIUM, QUERY_STAGES, SHORT, TOKENISE, TOTAL, Engine
from vibeshelf.core.records import SearchResult
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.bench_texts import bench_texts
from vibeshelf.services.bench_timing import MAX_BATCHES, MIN_BATCHES, WARM_UP_QUERIES, batch_samples, query_samples


class CountingEncoder(FakeEncoder):
    """A fake encoder that counts tokens and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.batches: list[int] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(len(texts))
        return super().encode_documents(texts)


TEXTS = {SHORT: ["sea", "snow", "night"], LONG: ["a storm at sea that lasts", "snow in the north all winter"]}


def silent(done: int, of: int) -> None:
    return


def test_every_query_is_a_sample_and_warming_up_is_none() -> None:
    encoder = CountingEncoder()
    told: list[tuple[int, int]] = []
    found = list(query_samples(encoder, None, TEXTS, 4, lambda done, of: told.append((done, of))))
    assert {(each.text, each.stage) for each in found} == {(text, stage) for text in TEXTS for stage in (TOKENISE, ENCODE)}
    assert all(each.n == 4 and each.batch_size == 1 for each in found)
    assert {each.text: each.warm_up for each in found} == {SHORT: 3, LONG: 2}
    assert len(encoder.asked) == 3 + 2 + 2 * 4
    assert told[-1] == (4, 4)
    assert {each.engine for each in found} == {Engine("cpu", "fake", "fp32")}


def test_lengths_take_turns_and_texts_come_again() -> None:
    encoder = CountingEncoder()
    list(query_samples(encoder, None, TEXTS, 3, silent))
    after_warm_up = encoder.asked[5:]
    assert after_warm_up == [TEXTS[SHORT][0], TEXTS[LONG][0], TEXTS[SHORT][1], TEXTS[LONG][1], TEXTS[SHORT][2], TEXTS[LONG][0]]


def test_a_search_gives_its_own_stages() -> None:
    def search(text: str) -> SearchResult:
        return SearchResult(text, "c", "hybrid", "fake", (), 0, 2.0, 3.0, 1.0, 7.0, "cpu", "fake", "fp32")

    found = list(query_samples(CountingEncoder(), search, {SHORT: TEXTS[SHORT]}, 2, silent))
    seconds = {each.stage: each.seconds for each in found}
    assert set(seconds) == set(QUERY_STAGES)
    assert seconds[ENCODE] == (0.002, 0.002)
    assert seconds[TOTAL] == (0.007, 0.007)
    assert all(each.tokens == (3, 3) for each in found)


@pytest.mark.parametrize(("budget", "expected"), [(0.0, MIN_BATCHES), (1e9, MAX_BATCHES)], ids=["no time", "all the time"])
def test_batches_end_with_their_budget_but_not_before_there_are_three(budget: float, expected: int) -> None:
    encoder = CountingEncoder()
    found = batch_samples(encoder, ["one two", "three"], 4, budget)
    assert found.n == expected
    assert (found.stage, found.text, found.batch_size, found.warm_up) == (ENCODE, BOOK, 4, 1)
    assert set(encoder.batches) == {4}
    assert len(encoder.batches) == expected + 1
    assert found.tokens[0] == 2 * (4 + 3)


def test_the_texts_are_as_long_as_they_are_called_and_the_same_each_time() -> None:
    texts = bench_texts()
    words = {length: [len(text.split()) for text in texts.queries[length]] for length in LENGTHS}
    assert max(words[SHORT]) < 25
    assert set(words[MEDIUM]) == {30}
    assert set(words[LONG]) == {120}
    assert all(len(set(of)) == len(of) >= WARM_UP_QUERIES for of in texts.queries.values())
    assert texts == bench_texts()
    assert 120 < len(texts.compared) < 160
