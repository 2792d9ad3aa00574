"""Drift of queries: a planted one is named, none is not, and what cannot be seen says why. With the real tokenizer and the real model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_querylog import row
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders.words import Splitter, open_splitter
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.services.drift import Sample, distinct, drift, is_strange, sample_of, sample_of_queries, tongue_of
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.statistics import difference_interval, share_difference_interval, unpaired_p_value

QUERIES = list(starter_queries().values())


@pytest.fixture(scope="module")
def split(starter: Shelf) -> Splitter:
    return open_splitter("all-MiniLM-L6-v2", starter.store.settings.models_dir)


def test_words_are_seen_as_the_model_sees_them(split: Splitter) -> None:
    known, strange, unknown, nothing = split(["a slow lighthouse", "floccinaucinihilipilification", "𒀀𒁀 sea", "?! ..."])
    assert [(word.text, word.pieces, is_strange(word)) for word in known] == [("a", 1, False), ("slow", 1, False), ("lighthouse", 1, False)]
    assert (strange[0].text, strange[0].unknown, is_strange(strange[0])) == ("floccinaucinihilipilification", False, True)
    assert strange[0].pieces > 3
    assert [(word.unknown, is_strange(word)) for word in unknown] == [(True, True), (False, False)]
    assert nothing == []


def test_a_model_without_a_tokenizer_file_says_so(starter: Shelf) -> None:
    with pytest.raises(ModelUnavailable):
        open_splitter("wordllama", starter.store.settings.models_dir)


@pytest.mark.parametrize(
    ("text", "tongue"),
    [
        ("the sea", "English"), ("Bücher über das Meer", "German"), ("море и sea", "Russian"), ("家族的长篇", "Chinese"),
        ("ባሕር", "Ethiopic"), ("🐋 42", None),
    ],
)  # fmt: skip
def test_the_tongue_is_the_language_or_where_none_is_known_the_script(text: str, tongue: str | None) -> None:
    assert tongue_of(text) == tongue


def test_queries_like_the_reference_do_not_drift(starter: Shelf, split: Splitter) -> None:
    reference, incoming = (sample_of_queries(starter, QUERIES[at::2], split) for at in (0, 1))
    found = drift(reference, incoming)
    assert [(each.n_reference, each.n_incoming) for each in found] == [(40, 40)] * 4
    assert not [each.what for each in found if each.drifted]
    for each in found:
        assert each.low is not None
        assert each.high is not None
        assert each.low <= (each.incoming or 0) - (each.reference or 0) <= each.high


def test_queries_in_another_language_drift_in_it_in_words_and_in_nearness(starter: Shelf, split: Splitter) -> None:
    kinds, subjects = ("роман", "повесть", "рассказы", "сказка", "книга"), ("море", "войну", "любовь", "зиму", "семью")
    russian = [f"{kind} про {subject}" for kind in kinds for subject in subjects]
    found = drift(sample_of_queries(starter, QUERIES, split), sample_of_queries(starter, russian, split))
    words, language, strange, cosine = found
    assert (language.drifted, strange.drifted, cosine.drifted) == (True, True, True)
    assert (language.reference, language.incoming, language.detail) == (0.0, 1.0, "Russian 25")
    assert "войну" in strange.detail or "рассказы" in strange.detail
    assert (cosine.incoming or 0) < (cosine.reference or 0)
    assert words.n_incoming == 25


def test_logged_searches_give_what_searching_them_gives(starter: Shelf, split: Splitter) -> None:
    texts = QUERIES[:25]
    cosines = sample_of_queries(starter, texts, split).cosine
    rows = [replace(row(text, filters=()), cosine=cosine) for text, cosine in zip(texts, cosines, strict=True)]
    assert sample_of([*rows, *rows], split) == sample_of_queries(starter, texts, split)
    filtered = [replace(each, filters=("year=1900..",)) for each in rows]
    assert sample_of([*filtered, *[replace(each, system="dense") for each in rows]], split).cosine == ()


def test_a_query_that_came_often_counts_once() -> None:
    rows = [row("Sea"), row("sea", repeat=True), row("storm"), replace(row("x"), error="X", results=None)]
    assert [each.text for each in distinct(rows)] == ["Sea", "storm"]
    silent = [replace(each, text=None) for each in rows]
    assert len(distinct(silent)) == 2


def test_without_texts_or_with_few_the_reason_is_there_instead_of_a_figure() -> None:
    many = Sample(words=(3.0,) * 30, foreign=(0.0,) * 30, strange=(0.0,) * 30, cosine=(0.3,) * 30)
    words, language, strange, cosine = drift(many, Sample(words=(3.0,) * 30, cosine=(0.3,) * 5))
    assert (words.p_value, words.drifted) == (1.0, False)
    assert "VIBESHELF_QUERY_TEXT=off" in language.why
    assert language.incoming is None
    assert "VIBESHELF_QUERY_TEXT=off" in strange.why
    assert "at least 20" in cosine.why
    assert drift(many, many, no_splitter="no tokenizer")[2].why == "no tokenizer"


def test_two_samples_by_hand() -> None:
    assert unpaired_p_value([1.0, 2.0], []) is None
    assert unpaired_p_value([5.0] * 9, [5.0] * 7) == 1.0
    # Of the 20 ways to deal 6 values to 3 and 3, two give so large a difference.
    assert unpaired_p_value([1.0, 2.0, 3.0], [11.0, 12.0, 13.0]) == pytest.approx(0.1, abs=0.01)
    assert difference_interval([1.0], [1.0, 2.0]) is None
    assert difference_interval([3.0, 3.0], [1.0, 1.0]) == (2.0, 2.0)
    # Newcombe (1998), method 10: 56/70 against 48/80.
    assert share_difference_interval(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)
