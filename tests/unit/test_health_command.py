"""`vibeshelf health`: the keys of the contract, the exit codes, collections that the guard refuses, and repairs. Real model throughout."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from tests.conftest import settings_in
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings

FEW = [
    {"id": f"b{at}", "title": f"The {word} of the north", "author": "A. Writer", "summary": f"A story about a {word}, told slowly."}
    for at, word in enumerate(["sea", "moon", "war", "garden", "lighthouse", "doctor", "orchard", "train"])
]


@pytest.fixture
def built(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path / "data")
    source = tmp_path / "books.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in FEW))
    assert vibeshelf(settings.data_dir, "ingest", str(source), "--collection", "books").returncode == 0
    return settings


def test_it_prints_the_keys_of_the_contract_mends_and_exits_as_promised(built: Settings) -> None:
    done = vibeshelf(built.data_dir, "health", "--collection", "books", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads(done.stdout)
    assert {"status", "collection", "probes"} <= content.keys()
    assert content["status"] == "pass"
    for probe in content["probes"]:
        assert {"id", "status", "observed", "expected", "meaning", "fix", "examples"} <= probe.keys()
        assert probe["status"] in ("pass", "not_applicable")
    assert {probe["group"] for probe in content["probes"]} == {"towers", "vectors", "geometry", "index", "drift"}

    store = Store(built)
    store.open("books")._collection.add(ids=["stranger"], embeddings=[[1.0] + [0.0] * 383])
    store.close()
    failed = vibeshelf(built.data_dir, "health", "--collection", "books")
    assert failed.returncode == 1
    assert "vectors.orphaned" in failed.stdout
    assert "vectors.orphaned went from pass to fail" in failed.stdout
    mended = vibeshelf(built.data_dir, "health", "--collection", "books", "--repair", "--json")
    assert mended.returncode == 0, mended.stdout
    assert "remove: 1 books" in mended.stderr
    assert json.loads(mended.stdout)["status"] == "pass"


def test_a_collection_that_the_guard_refuses_is_examined_and_says_why(built: Settings) -> None:
    store = Store(built)
    index = store.open("books")
    index.save_manifest(encoder=replace(index.manifest.encoder, weights_sha256="0" * 64))
    store.close()
    done = vibeshelf(built.data_dir, "health", "--collection", "books", "--json")
    assert done.returncode == 1
    probes = {probe["id"]: probe for probe in json.loads(done.stdout)["probes"]}
    assert probes["towers.fingerprint"]["status"] == "fail"
    assert "000000000000" in probes["towers.fingerprint"]["observed"]
    assert "vibeshelf ingest" in probes["towers.fingerprint"]["fix"]
    assert probes["vectors.foreign"]["status"] == "not_applicable"
    assert probes["vectors.count"]["status"] == "pass"


def test_a_model_that_is_not_here_is_a_failing_probe(built: Settings) -> None:
    done = vibeshelf(built.data_dir, "health", "--collection", "books", "--model", "no-such/model", "--probe", "towers", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "the model cannot be opened" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--probe", "vectors.norm"], "did you mean vectors.norms?"),
        (["--collection", "nowhere"], "no collection 'nowhere'"),
        (["--probe"], "expected at least one argument"),
    ],
    ids=["probe", "collection", "empty"],
)
def test_bad_input_is_one_clear_line(built: Settings, arguments: list[str], words: str) -> None:
    assert_one_clear_line(vibeshelf_here(built.data_dir, "health", *arguments), words)
