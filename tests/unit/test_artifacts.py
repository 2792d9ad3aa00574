"""Artifacts in a folder: what comes out is what went in, a cut costs what was cut, and a flipped byte is found."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from tests.conftest import MODEL_CACHE, settings_in
from tests.fakes import FakeEncoder
from vibeshelf.adapters.artifact_index import dump_artifact, load_artifact
from vibeshelf.adapters.artifacts import ArtifactStore, open_artifacts
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.gates import load_gates
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.index import StoredPage
from vibeshelf.adapters.shards import in_shards, read_shard, write_shard
from vibeshelf.adapters.store import Store
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.artifacts import Artifact, ArtifactFile, content_hash
from vibeshelf.core.contests import ONE, Contender, Contest, Drawn
from vibeshelf.core.errors import InputError, SourceError, StorageError
from vibeshelf.core.judging import Pair
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.artifacts.moving import pull, push, verify
from vibeshelf.services.artifacts.parcel import PullOptions
from vibeshelf.services.contests import open_contests
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.judging import open_desk
from vibeshelf.services.shelf import Shelf, open_shelf


class Cut(Exception):
    """The plug is pulled."""


def cut_at(step: int) -> object:
    def progress(doing: str, done: int, total: int) -> None:
        if done == step:
            raise Cut

    return progress


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return open_artifacts(str(tmp_path / "store"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A collection `small` of 150 books by the fake encoder, with every kind of fact present and absent; tests only read it."""
    home = tmp_path_factory.mktemp("small")
    rows = [
        {"id": f"b{at}", "title": f"Book {at}", "summary": f"about subject{at % 7} and weather{at}", "author": f"Ann {at % 5}"}
        | ({"year": 1900 + at, "genres": ["mystery", "sea"]} if at % 2 else {})
        for at in range(150)
    ]
    (home / "books.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = settings_in(home / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vibeshelf.services.ingest.open_encoder", lambda *_, **__: FakeEncoder())
        ingest(open_source(str(home / "books.jsonl")), settings, IngestOptions("small"))
    return settings


@pytest.fixture
def results(settings: Settings) -> Settings:
    """A data folder with five results."""
    settings.runs_dir.mkdir()
    for at in range(5):
        (settings.runs_dir / f"r{at}.run").write_text(f"q1 Q0 b{at} 1 0.{at} dense\n" * 100)
    return settings


def contents(settings: Settings, name: str) -> tuple[list[Book], list[StoredHashes], np.ndarray]:
    pages = list(Store(settings).open(name).stored())
    return [b for p in pages for b in p.books], [h for p in pages for h in p.hashes], np.concatenate([p.vectors for p in pages])


def object_of(tmp_path: Path, file: ArtifactFile) -> Path:
    return tmp_path / "store" / "objects" / file.sha256[:2] / file.sha256


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_collection_comes_back_as_it_was(small: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    pushed = push(small, store, "collection", "small")
    here = settings_in(tmp_path / "here")
    pulled = pull(here, store, "collection", "small", options=PullOptions(rename="copy"))
    ours, theirs = contents(here, "copy"), contents(small, "small")
    assert ours[:2] == theirs[:2]
    # Chroma makes unit rows of what it is given, which may move the last bit.
    assert np.abs(ours[2] - theirs[2]).max() < 1e-6
    mine, original = Store(here).open("copy").manifest, Store(small).open("small").manifest
    assert {**asdict(mine), "collection": ""} == {**asdict(original), "collection": ""}
    assert (pulled.outcome["count"], pulled.outcome["recall"] >= 0.95) == (150, True)
    # The fake model cannot be opened here: that is said, and is no proof.
    assert pulled.outcome["canary_cosine_min"] is None
    assert "not here" in pulled.outcome["note"]
    assert pushed.artifact.facts["books"] == 150
    assert not list((here.data_dir / "artifacts").rglob("*.parquet"))


def test_a_collection_of_the_real_model_answers_the_same_elsewhere(starter: Shelf, store: ArtifactStore, tmp_path: Path) -> None:
    push(starter.store.settings, store, "collection", "starter")
    here = settings_in(tmp_path / "here")
    outcome = pull(here, store, "collection", "starter").outcome
    assert outcome["canary_cosine_min"] > 0.999
    assert outcome["greatest_cosine_difference"] < 1e-5
    copy = open_shelf("starter", settings=here)
    for system in ("dense", "hybrid"):
        ours, theirs = (shelf.run("an old man and a great fish", 10, system).hits for shelf in (copy, starter))
        assert [hit.book for hit in ours] == [hit.book for hit in theirs]
        assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-5)


def test_the_same_content_is_sent_and_listed_once(small: Settings, store: ArtifactStore) -> None:
    first, second = (push(small, store, "collection", "small") for _ in range(2))
    assert (first.new, second.new, second.sent_files) == (True, False, 0)
    assert first.sent_files == len(first.artifact.files)
    assert list(store.versions()) == [first.artifact] == [second.artifact]


def test_a_new_book_costs_the_last_shard_only(tmp_path: Path) -> None:
    vectors = np.eye(10, 12, dtype=np.float32)
    books = [Book(f"b{at}", f"Title {at}", ("Ann", "Bo") if at % 2 else (), year=-at or None, average_rating=at / 3) for at in range(10)]
    hashes = [StoredHashes(f"t{at}", f"r{at}") for at in range(10)]

    def shards(count: int) -> list[bytes]:
        written = []
        pages = iter([StoredPage(books[:3], hashes[:3], vectors[:3]), StoredPage(books[3:count], hashes[3:count], vectors[3:count])])
        for page in in_shards(pages, 4):
            write_shard(tmp_path / "shard", page)
            written.append((tmp_path / "shard").read_bytes())
        return written

    nine, ten = shards(9), shards(10)
    assert (len(nine), nine[:2], nine[2] == ten[2]) == (3, ten[:2], False)
    (tmp_path / "shard").write_bytes(ten[1])
    page = read_shard(tmp_path / "shard", 12)
    assert (page.books, page.hashes) == (books[4:8], hashes[4:8])
    assert np.array_equal(page.vectors, vectors[4:8])
    with pytest.raises(SourceError, match="no shard of 13-d vectors"):
        read_shard(tmp_path / "shard", 13)


def test_a_push_that_was_cut_is_seen_by_nobody_and_goes_on(results: Settings, store: ArtifactStore) -> None:
    with pytest.raises(Cut):
        push(results, store, "results", "all", progress=cut_at(3))  # type: ignore[arg-type]
    assert list(store.versions()) == []
    again = push(results, store, "results", "all")
    assert (again.sent_files, len(again.artifact.files)) == (2, 5)
    assert (verify(store).problems, store.leftovers()) == ((), 0)


def test_a_pull_that_was_cut_goes_on(results: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    push(results, store, "results", "all")
    here = settings_in(tmp_path / "here")
    with pytest.raises(Cut):
        pull(here, store, "results", "all", progress=cut_at(3))  # type: ignore[arg-type]
    assert not here.runs_dir.exists()
    again = pull(here, store, "results", "all")
    assert (again.fetched_files, again.outcome["placed"]) == (2, 5)
    assert {path.name: path.read_text() for path in here.runs_dir.iterdir()} == {
        path.name: path.read_text() for path in results.runs_dir.iterdir()
    }


def test_a_flipped_byte_is_found_kept_out_and_mended(results: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    artifact = push(results, store, "results", "all").artifact
    flip(object_of(tmp_path, artifact.files[2]))
    (problem,) = verify(store).problems
    assert "runs/r2.run" in problem
    here = settings_in(tmp_path / "here")
    with pytest.raises(StorageError, match=r"r2\.run .* is damaged"):
        pull(here, store, "results", "all")
    assert not here.runs_dir.exists()
    assert push(results, store, "results", "all", check=True).sent_files == 1
    assert verify(store).problems == ()
    assert pull(here, store, "results", "all").outcome["placed"] == 5


def test_an_object_that_is_gone_or_cut_short_is_sent_again(results: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    files = push(results, store, "results", "all").artifact.files
    object_of(tmp_path, files[0]).unlink()
    object_of(tmp_path, files[1]).write_bytes(b"q1")
    assert len(verify(store).problems) == 2
    assert push(results, store, "results", "all").sent_files == 2
    assert verify(store).problems == ()


def test_results_never_overwrite_others_unasked(results: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    push(results, store, "results", "all")
    here = settings_in(tmp_path / "here")
    here.runs_dir.mkdir()
    (here.runs_dir / "r1.run").write_text("mine")
    with pytest.raises(InputError, match=r"runs/r1\.run; pull with --replace"):
        pull(here, store, "results", "all")
    assert [path.name for path in here.runs_dir.iterdir()] == ["r1.run"]
    assert pull(here, store, "results", "all", options=PullOptions(replace=True)).outcome["placed"] == 5
    assert (here.runs_dir / "r1.run").read_text() != "mine"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "runs/../../x", "a\\b", "C:x", "", "runs//x"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    files = (ArtifactFile(path, 1, "0" * 64),)
    text = dump_artifact(Artifact("results", "all", "v1", "2026-01-01", "someone", {}, files))
    with pytest.raises(SourceError, match="leads elsewhere"):
        load_artifact(text, "index")


def test_a_list_of_files_that_was_edited_is_refused() -> None:
    artifact = Artifact("results", "all", "v1", "2026-01-01", "someone", {}, (ArtifactFile("runs/x", 1, "0" * 64),))
    assert load_artifact(dump_artifact(artifact), "index") == artifact
    with pytest.raises(SourceError, match="not the one that was pushed"):
        load_artifact(dump_artifact(artifact).replace("runs/x", "runs/y"), "index")


def test_a_copy_that_answers_otherwise_is_not_let_in(small: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    """A store whose hashes are right and whose vectors are not: two books have changed theirs."""
    artifact = push(small, store, "collection", "small").artifact
    shard = artifact.file("shards/000000.parquet")
    page = read_shard(object_of(tmp_path, shard), 48)
    swapped = page.vectors.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    write_shard(tmp_path / "other", StoredPage(page.books, page.hashes, swapped))
    other, _ = store.send(tmp_path / "other", shard.path)
    files = tuple(other if file == shard else file for file in artifact.files)
    store.publish(Artifact("collection", "small", f"99991231T000000Z-{content_hash(files)[:8]}", "9999", "x", {}, files))
    here = settings_in(tmp_path / "here")
    with pytest.raises(SourceError, match="cosines that differ"):
        pull(here, store, "collection", "small")
    assert Store(here).collections() == []
    assert pull(here, store, "collection", "small", artifact.version).outcome["count"] == 150


def test_a_collection_gives_way_only_when_asked(small: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    push(small, store, "collection", "small")
    here = settings_in(tmp_path / "here")
    pull(here, store, "collection", "small")
    before = Store(here).open("small").manifest.revision
    with pytest.raises(InputError, match="is here already"):
        pull(here, store, "collection", "small")
    assert pull(here, store, "collection", "small", options=PullOptions(replace=True)).outcome["replaced"] is True
    assert [(info.name, info.count) for info in Store(here).collections()] == [("small", 150)]
    assert Store(here).open("small").manifest.revision > before


def test_judgments_travel_whole_and_those_here_are_kept(settings: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    pair = Pair("q1", "b1")
    open_desk(settings).judgments.grade("starter", pair, "ann", 3)
    assert push(settings, store, "judgments", "all").artifact.facts["events"] == 1
    assert push(settings, store, "judgments", "all").new is False
    here = settings_in(tmp_path / "here")
    desk = open_desk(here)
    desk.judgments.grade("starter", pair, "bo", 0)
    with pytest.raises(InputError, match="there are judgments"):
        pull(here, store, "judgments", "all")
    kept = pull(here, store, "judgments", "all", options=PullOptions(replace=True)).outcome["kept_copy"]
    # The desk that was open sees what came, and what was there is in the copy.
    assert [(each.rater, each.grade) for each in desk.judgments.standing("starter")] == [("ann", 3)]
    (tmp_path / "old").mkdir()
    Path(str(kept)).rename(tmp_path / "old" / "judgments.sqlite")
    assert [each.rater for each in open_desk(load_settings(data_dir=tmp_path / "old")).judgments.standing("starter")] == ["bo"]


def test_blind_comparisons_travel_with_the_judgments(settings: Settings, store: ArtifactStore, tmp_path: Path) -> None:
    one, other = Contender("starter", "dense"), Contender("starter", "hybrid")
    mine = open_contests(settings)
    mine.settle(mine.deal(Contest(one, other, "state"), "sea", "visitor", "seed", (Drawn("b1", "starter", "The Sea", ONE),)).round_id)
    facts = push(settings, store, "judgments", "all").artifact.facts
    assert (facts["rounds"], facts["verdicts"]) == (1, 1)
    assert "events" not in facts, "nobody judged"
    here = settings_in(tmp_path / "here")
    assert pull(here, store, "judgments", "all").outcome["verdicts"] == 1
    assert [each.query for each in open_contests(here).settled(one, other)] == ["sea"]
    with pytest.raises(InputError, match="there are blind comparisons"):
        pull(here, store, "judgments", "all")
    open_desk(here).judgments.grade("starter", Pair("q1", "b1"), "bo", 0)
    kept = pull(here, store, "judgments", "all", options=PullOptions(replace=True)).outcome["kept_copy"]
    assert Path(str(kept)).name.startswith("contests-before-")
    assert len(open_desk(here).judgments.standing("starter")) == 1, "what did not come takes nobody's place"


def test_a_model_serves_from_its_pulled_export(minilm: Encoder, store: ArtifactStore, tmp_path: Path) -> None:
    origin = settings_in(tmp_path / "origin")
    pushed = push(origin, store, "model", "all-MiniLM-L6-v2")
    assert "onnx-fp32" in pushed.artifact.facts["exports"]
    # A data folder without the shared exports.
    here = load_settings(data_dir=tmp_path / "here")
    outcome = pull(here, store, "model", "all-MiniLM-L6-v2").outcome
    assert "384 dimensions" in outcome["note"]
    files = read_model("all-MiniLM-L6-v2", here.models_dir)
    assert load_gates(here.models_dir, files) == load_gates(MODEL_CACHE, files)
    again = pull(here, store, "model", "all-MiniLM-L6-v2").outcome
    assert (again["placed"], again["gates_added"]) == (0, 0)


def test_the_command_pushes_lists_verifies_and_pulls(results: Settings, tmp_path: Path) -> None:
    def call(*arguments: str) -> tuple[int, dict[str, object]]:
        done = vibeshelf(results.data_dir, "artifacts", *arguments, "--store", str(tmp_path / "store"), "--json")
        assert done.stderr == "", done.stderr
        return done.returncode, json.loads(done.stdout)

    code, pushed = call("push", "results")
    assert (code, pushed["kind"], pushed["name"], pushed["sent_files"]) == (0, "results", "all", 5)
    code, listed = call("list")
    assert (code, [row["version"] for row in listed["versions"]]) == (0, [pushed["version"]])  # type: ignore[attr-defined]
    assert call("verify")[0] == 0
    assert call("pull", "results")[1]["outcome"]["there_already"] == 5  # type: ignore[index]
    flip(next((tmp_path / "store" / "objects").rglob("*/*")))
    code, found = call("verify")
    assert (code, found["status"], len(found["problems"])) == (1, "fail", 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["push"], ["KIND"]),
        (["push", "novel"], ["novel", "collection"]),
        (["push", "collection"], ["NAME"]),
        (["pull", "collection", "nowhere"], ["nowhere", "there: none"]),
        (["push", "results"], ["no results"]),
        (["push", "judgments"], ["no judgments"]),
        (["pull", "model", "m", "--as", "x"], ["--as"]),
        (["list", "--store", "gopher://x/y"], ["gopher"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_bad_input_is_one_line(settings: Settings, arguments: list[str], words: list[str]) -> None:
    assert_one_clear_line(vibeshelf_here(settings.data_dir, "artifacts", *arguments), *words)
