"""What a search says of itself: tokens as the model has them, how books were compared, what a score is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vibeshelf.adapters.encoders import Encoder, tokens
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.tokens import Reader, open_reader
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.services import systems
from vibeshelf.services.explaining import comparison_of, weights_of
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.shelf import Shelf


@pytest.fixture(scope="module")
def reader(minilm: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return open_reader("all-MiniLM-L6-v2", tmp_path_factory.mktemp("hashes"))


def test_tokens_are_those_that_the_model_counts(reader: Reader, minilm: Encoder) -> None:
    for text in ("melancholy lighthouses", "Éva's café: 3.5 miles!", "海の老人", "", "x" * 300):
        assert len(reader(text).tokens) == minilm.count_tokens([text])[0]  # type: ignore[attr-defined]


def test_pieces_of_a_word_and_what_the_model_adds_are_told_apart(reader: Reader) -> None:
    found = reader("melancholy lighthousekeeping").tokens
    assert [token.text for token in found if token.special] == ["[CLS]", "[SEP]"]
    words = [token for token in found if not token.special]
    assert words[0].text == "melancholy"
    assert [token.continues for token in words] == [False, False, *[True] * (len(words) - 2)]
    assert len(words) > 2


def test_what_does_not_fit_is_said(reader: Reader) -> None:
    assert reader("a calm sea  ").cut == ""
    long = " ".join(["sea"] * 300)
    found = reader(long)
    assert (len(found.tokens), found.room) == (256, 256)
    # Two places are the model's own.
    assert found.cut == " ".join(["sea"] * (300 - 254))


def test_a_model_that_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="keeps its tokenizer to itself"):
        open_reader("wordllama", tmp_path)


def test_a_prompt_is_part_of_what_is_read(reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = read_model("all-MiniLM-L6-v2", tmp_path)
    prompted = replace(real, spec=replace(real.spec, query_prompt="query: "))
    monkeypatch.setattr(tokens, "read_model", lambda *_: prompted)
    found = open_reader("all-MiniLM-L6-v2", tmp_path)("sea")
    assert [token.text for token in found.tokens] == ["[CLS]", "query", ":", "sea", "[SEP]"]
    assert (found.prompt, found.cut) == ("query: ", "")


def test_the_comparison_is_told_as_it_was_made(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = starter.mirror()
    results = {system: starter.run("a calm sea", 5, system) for system in ("dense", "hybrid", "lexical")}
    assert "all 945 books, one by one and exactly" in comparison_of(results["dense"], mirror)
    assert "nothing was encoded" in comparison_of(results["lexical"], mirror)
    filters = parse_filters(["genre=mystery"])
    assert mirror is not None
    assert f"all {len(mirror.select(filters)):,} books that pass the filters" in comparison_of(results["hybrid"], mirror, filters)
    monkeypatch.setattr(systems, "EXACT_BOOKS", 100)
    assert "HNSW graph" in comparison_of(results["dense"], mirror)
    assert "200 came near by meaning" in comparison_of(results["hybrid"], mirror)
    assert "exactly" in comparison_of(results["dense"], mirror, filters)
    assert "HNSW graph" in comparison_of(results["dense"], None)


def test_the_weights_are_those_of_the_code() -> None:
    assert f"{systems.DENSE_WEIGHT:.0%} meaning" in weights_of("hybrid")
    assert f"{systems.POPULARITY_WEIGHT:g} for being rated" in weights_of("popular")
    assert "cosine" in weights_of("dense")
    assert "BM25" in weights_of("lexical")
