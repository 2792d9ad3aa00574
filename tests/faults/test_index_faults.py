"""Faults of the index, of the store and of what is kept beside it, planted in real Chroma collections of real vectors; and repairs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eval.planting import Remembering

from tests.conftest import settings_in
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import drop_mirror, mirror_key
from vibeshelf.adapters.store import GRAPH, Store
from vibeshelf.core.errors import InputError, ModelMismatch
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Examination, ProbeResult
from vibeshelf.core.settings import Settings
from vibeshelf.services import health, repair
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.health import examine, examine_collection, examine_specimen, history, specimen_of
from vibeshelf.services.probes.specimen import Holdings, read_all
from vibeshelf.services.shelf import Shelf, mirror_of, open_shelf

BOOKS = 300


@pytest.fixture(scope="session")
def encoder(starter: Shelf) -> Remembering:
    return Remembering(starter.encoder)


@pytest.fixture(scope="session")
def some(starter: Shelf) -> Holdings:
    """Some books of the starter collection with their vectors."""
    held = read_all(starter.index())
    return Holdings(held.books[:BOOKS], held.hashes[:BOOKS], held.vectors[:BOOKS])


@pytest.fixture
def build(tmp_path: Path, starter: Shelf, some: Holdings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make a collection 'books' of these vectors, in a folder of the test's own, as an ingest would leave it."""
    for module in (health, repair):
        monkeypatch.setattr(module, "open_encoder", lambda *_, **__: encoder)
    settings = settings_in(tmp_path / "data")

    def made(**changes: Any) -> Index:
        manifest = replace(
            starter.manifest,
            collection="books",
            count=len(some),
            corpus_hash=corpus_hash((book.book_id, made_of) for book, made_of in zip(some.books, some.hashes, strict=True)),
            **changes,
        )
        store = Store(settings)
        with store.writer("books"):
            store.create(manifest).put(some.books, some.hashes, some.vectors)
        index = store.open("books")
        mirror_of(settings, index)
        return index

    yield made
    Store(settings).close()


def look(index: Index, *probes: str) -> dict[str, ProbeResult]:
    examination = examine_collection(index.store.settings, "books", probes=probes)
    return {result.id: result for result in examination.results}


def settings_of(index: Index) -> Settings:
    return index.store.settings


def test_a_clean_collection_passes_every_probe_and_is_kept(build: Any) -> None:
    index = build()
    examination = examine_collection(settings_of(index), "books")
    assert {result.id: result.observed for result in examination.results if result.status in (WARN, FAIL)} == {}
    assert examination.status == PASS
    assert (examination.count, examination.changes) == (BOOKS, ())
    kept = history(settings_of(index), "books")
    assert [each.examined_at for each in kept] == [examination.examined_at]
    assert kept[0].results == examination.results


def test_a_graph_that_finds_little_is_named(build: Any) -> None:
    poor = {"max_neighbors": 2, "ef_construction": 2, "ef_search": 2}
    index = build(hnsw=poor)
    result = look(index, "index.recall", "index.own_text")["index.recall"]
    assert result.status == FAIL
    assert float(str(result.figures["high"])) < 0.95
    assert result.repair == "rebuild"


def test_graph_parameters_that_the_manifest_does_not_name_are_told(build: Any) -> None:
    index = build()
    index.save_manifest(hnsw={"max_neighbors": 48})
    result = look(index, "index.parameters")["index.parameters"]
    assert (result.status, result.observed) == (WARN, "max_neighbors 16, the manifest says 48")


def test_another_distance_space_is_named(build: Any) -> None:
    index = build()
    metadata = index._collection.metadata
    store = index.store
    store.delete("books")
    store.client.create_collection("books", metadata=metadata, configuration={"hnsw": {"space": "l2"}}, embedding_function=None)
    examination = examine_collection(settings_of(index), "books")
    assert [(result.id, result.status) for result in examination.results] == [("index.space", FAIL)]
    assert "l2" in examination.results[0].observed


def test_a_manifest_that_cannot_be_read_is_named(build: Any) -> None:
    index = build()
    index._collection.modify(metadata={"vibeshelf_manifest": "{]"})
    examination = examine_collection(settings_of(index), "books")
    assert [(result.id, result.status) for result in examination.results] == [("towers.manifest", FAIL)]


def test_a_lexical_index_that_is_gone_is_named_and_built_again(build: Any) -> None:
    index = build()
    folder = settings_of(index).mirrors_dir / "books" / mirror_key(index.manifest)
    shutil.rmtree(folder / "lexical")
    assert look(index, "index.lexical")["index.lexical"].status == FAIL
    repair.repair(settings_of(index), "books", "mirror")
    assert look(index, "index.lexical", "index.mirrored")["index.lexical"].status == PASS


def test_a_lexical_index_of_other_books_is_named(build: Any) -> None:
    index = build()
    folder = settings_of(index).mirrors_dir / "books" / mirror_key(index.manifest) / "lexical"
    rows = np.load(folder / "indices.csc.index.npy")
    np.save(folder / "indices.csc.index.npy", (rows + 1) % BOOKS)
    result = look(index, "index.lexical")["index.lexical"]
    assert result.status == FAIL
    assert "are not found by their title's words" in result.observed


def test_a_mirror_of_other_vectors_is_named_and_built_again(build: Any) -> None:
    index = build()
    path = settings_of(index).mirrors_dir / "books" / mirror_key(index.manifest) / "vectors.f32"
    rows = np.fromfile(path, dtype=np.float32).reshape(BOOKS, -1)
    rows[[3, 4]] = rows[[4, 3]]
    rows.tofile(path)
    result = look(index, "index.mirrored")["index.mirrored"]
    assert (result.status, len(result.examples)) == (FAIL, 2)
    repair.mend(settings_of(index), an_examination(result))
    assert look(index, "index.mirrored")["index.mirrored"].status == PASS


def test_a_mirror_that_is_cut_short_is_named_at_every_opening(build: Any, encoder: Remembering) -> None:
    index = build()
    path = settings_of(index).mirrors_dir / "books" / mirror_key(index.manifest) / "vectors.f32"
    path.write_bytes(path.read_bytes()[: 4 * 384 * 200])
    shelf = Shelf(index.store, index, encoder)
    assert [result.id for result in shelf.vitals()] == ["index.mirror"]
    found = shelf.run("a lighthouse", 3, "dense")
    assert any("200 rows for 300 books" in note and "vibeshelf health" in note for note in found.notes)
    assert "index.mirror" in {result.id for result in examine(shelf, cheap=True).results if result.status == FAIL}


def test_facts_that_a_filter_would_get_wrong_are_named(build: Any) -> None:
    index = build()
    stored = index._collection.get(include=["metadatas"])
    index._collection.update(ids=stored["ids"], metadatas=[{**facts, "year": 1900} for facts in stored["metadatas"]])
    results = look(index, "index.filters", "vectors.corpus")
    assert results["index.filters"].status == FAIL
    assert "the mirror selects" in results["index.filters"].observed
    assert results["vectors.corpus"].status == FAIL


def test_a_deleted_book_is_named_and_restored_with_its_vector(build: Any, some: Holdings) -> None:
    index = build()
    book_id = some.books[7].book_id
    index.remove([book_id])
    results = look(index, "vectors.count", "vectors.missing")
    assert [results[name].status for name in ("vectors.count", "vectors.missing")] == [FAIL, FAIL]
    assert results["vectors.missing"].book_ids == (book_id,)
    with pytest.raises(InputError, match="do the repair 'restore' first"):
        repair.repair(settings_of(index), "books", "encode")
    repair.mend(settings_of(index), an_examination(results["vectors.missing"]))
    again = Store(settings_of(index)).open("books")
    assert np.allclose(again.vectors([book_id])[book_id], some.vectors[7], atol=1e-6)
    assert {result.status for result in look(again, "vectors.count", "vectors.missing", "vectors.corpus").values()} == {PASS}


def test_a_stranger_is_named_and_removed(build: Any, some: Holdings) -> None:
    index = build()
    index._collection.add(ids=["stranger"], embeddings=some.vectors[:1])
    result = look(index, "vectors.orphaned")["vectors.orphaned"]
    assert (result.status, result.book_ids) == (FAIL, ("stranger",))
    repair.mend(settings_of(index), an_examination(result))
    assert {result.status for result in look(index, "vectors.orphaned", "vectors.count").values()} == {PASS}


def test_swapped_vectors_are_named_and_encoded_again(build: Any, some: Holdings) -> None:
    index = build()
    pair = [some.books[5].book_id, some.books[6].book_id]
    index._collection.update(ids=pair, embeddings=some.vectors[[6, 5]])
    first = examine_collection(settings_of(index), "books")
    failed = {result.id: result for result in first.results if result.status == FAIL}
    assert sorted(failed["vectors.order"].book_ids) == sorted(pair)
    repaired = repair.mend(settings_of(index), first)
    assert [(done.repair, done.books) for done in repaired if done.repair == "encode"] == [("encode", 2)]
    second = examine_collection(settings_of(index), "books")
    assert [result.id for result in second.results if result.status == FAIL] == []
    assert any(sentence.startswith("Since ") and "vectors.order went from fail to pass" in sentence for sentence in second.changes)


def test_a_rebuilt_collection_has_the_same_books_and_a_graph_that_finds_them(build: Any, some: Holdings) -> None:
    index = build(hnsw={"max_neighbors": 2, "ef_construction": 2, "ef_search": 2})
    index.save_manifest(hnsw={})
    reader_sees = Store(settings_of(index)).open("books").count()
    done = repair.repair(settings_of(index), "books", "rebuild")
    assert done.books == reader_sees == BOOKS
    again = Store(settings_of(index)).open("books")
    assert [info.name for info in Store(settings_of(index)).collections()] == ["books"]
    assert again.manifest.collection == "books"
    assert again.hnsw()["ef_search"] == again.manifest.hnsw["ef_search"] == GRAPH["ef_search"]
    results = look(again, "index.recall", "vectors.corpus", "vectors.count", "index.mirrored", "index.parameters")
    assert {result.id: result.status for result in results.values() if result.status != PASS} == {}


def test_a_repair_that_needs_another_encoder_than_there_is_refuses(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build()
    monkeypatch.undo()
    settings = settings_of(index)
    index.save_manifest(encoder=replace(index.manifest.encoder, weights_sha256="0" * 64))
    with pytest.raises(ModelMismatch, match="its model does not match"):
        repair.repair(settings, "books", "encode")
    with pytest.raises(ModelMismatch):
        open_shelf("books", settings=settings)
    examination = examine_collection(settings, "books", probes=["towers", "vectors.foreign"])
    statuses = {result.id: result.status for result in examination.results}
    assert statuses["towers.fingerprint"] == FAIL
    assert statuses["vectors.foreign"] == "not_applicable"


def test_books_of_another_kind_are_drift_and_books_of_the_same_kind_are_not(build: Any, some: Holdings, encoder: Remembering) -> None:
    index = build()
    specimen = specimen_of(index, mirror_of(settings_of(index), index), encoder)
    near = some.vectors @ encoder.encode_queries(["a detective investigates a murder"])[0]
    alike = set(np.argsort(-near)[:80].tolist())
    random = set(np.random.default_rng(0).choice(BOOKS, 80, replace=False).tolist())
    assert drifted(specimen, some, alike).status == WARN
    assert drifted(specimen, some, random).status == PASS


def drifted(specimen: Any, some: Holdings, new: set[int]) -> ProbeResult:
    known = frozenset(book.book_id for row, book in enumerate(some.books) if row not in new)
    return examine_specimen(replace(specimen, known_ids=known), ["drift.documents"]).results[0]


def test_queries_about_other_things_are_drift(build: Any, some: Holdings, encoder: Remembering) -> None:
    index = build()
    specimen = specimen_of(index, mirror_of(settings_of(index), index), encoder)
    # The starter books stand in the order of their years, which is a drift of its own.
    order = np.random.default_rng(0).permutation(BOOKS)[:240]
    titles = [some.books[row].title for row in order]
    dishes = ("rice", "beans", "soup", "pasta", "fish", "bread", "cake", "eggs", "curry", "stew", "leeks")
    tastes = ("butter", "garlic", "lemon", "wine", "milk", "honey", "salt", "pepper", "oil", "thyme", "mint")
    kitchen = [f"how to cook {dish} with {taste}" for dish in dishes for taste in tastes][:120]
    assert asked(specimen, titles).status == PASS
    assert asked(specimen, [*titles[:120], *kitchen]).status == WARN


@pytest.mark.parametrize("keeps_text", [True, False], ids=["texts kept", "no texts kept"])
def test_what_was_searched_lately_is_examined_where_texts_are_kept(build: Any, encoder: Remembering, keeps_text: bool) -> None:
    index = build()
    settings = settings_of(index).model_copy(update={"query_text": keeps_text})
    shelf = Shelf(Store(settings), index, encoder)
    titles = list(dict.fromkeys(book.title for book in read_all(index).books))[:120]
    for title in titles:
        shelf.search(title, k=1)
    shelf.log.flush()
    result = examine_collection(settings, "books", probes=["drift.queries"]).results[0]
    assert examine(shelf, probes=["drift.queries"]).results[0].observed == result.observed
    if keeps_text:
        assert result.status in (PASS, WARN)
        assert f"recent queries ({len(titles) // 2})" in result.observed
    else:
        assert (result.status, result.observed) == (NOT_APPLICABLE, "0 different queries are in the search log; 100 are needed")


def asked(specimen: Any, queries: Sequence[str]) -> ProbeResult:
    return examine_specimen(replace(specimen, recent_queries=queries), ["drift.queries"]).results[0]


def test_a_store_that_answers_otherwise_when_it_is_opened_anew_is_named(
    build: Any, some: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build()
    assert look(index, "index.reopened")["index.reopened"].status == PASS
    seen_before = index.nearest

    def stale(vector: Any, k: int, filters: Any = ()) -> list[tuple[str, float]]:
        farther: list[tuple[str, float]] = seen_before(vector, k + 1, filters)[1:]
        return farther

    monkeypatch.setattr(index, "nearest", stale)
    specimen = specimen_of(index, None, None)
    assert examine_specimen(specimen, ["index.reopened"]).results[0].status == FAIL


def test_a_mirror_that_was_dropped_is_built_at_the_next_opening(build: Any) -> None:
    index = build()
    settings = settings_of(index)
    drop_mirror(settings.mirrors_dir, index.manifest)
    assert sorted(path.name for path in (settings.mirrors_dir / "books").iterdir()) == [".lock"]
    assert mirror_of(settings, index) is not None


def an_examination(*results: ProbeResult) -> Examination:
    return Examination("books", FAIL, results, 0.0, "2026-11-24T00:00:00+00:00", None, None, None)
