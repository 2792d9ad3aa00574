"""The systems and the mirror that they read: equal to bm25s and to plain arithmetic, stable, filtered, never behind."""

from __future__ import annotations

import json
from pathlib import Path

import bm25s
import numpy as np
import pytest

from tests.conftest import settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.lexical import K1, B, build_lexical, load_lexical, tokens
from vibeshelf.adapters.mirror import Mirror, top
from vibeshelf.core.records import Filter, Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.systems import DENSE_WEIGHT, POPULARITY_WEIGHT, SYSTEMS

QUERY = "an old man alone at sea with a great fish"


def mirror_of(shelf: Shelf) -> Mirror:
    mirror = shelf.mirror()
    assert mirror is not None
    return mirror


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_bm25_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    texts = ["The sea and the storm", "a storm at sea, a stormy sea", "", "nothing but sand", "the of and"]
    build_lexical(texts, tmp_path)
    ours = load_lexical(tmp_path)
    theirs = bm25s.BM25(k1=K1, b=B, method="lucene")
    theirs.index([tokens(text) for text in texts], show_progress=False)
    assert ours is not None
    for query in ("storm sea", "sand", "sand sand storm", "unknown"):
        known = [word for word in dict.fromkeys(tokens(query)) if word in theirs.vocab_dict]
        expected = theirs.get_scores(known) if known else np.zeros(len(texts))
        assert ours.scores(query) == pytest.approx(expected, abs=1e-6)


def test_texts_without_any_word_make_no_index(tmp_path: Path) -> None:
    build_lexical(["", "the of and"], tmp_path)
    assert load_lexical(tmp_path) is None


def test_words_of_asking_do_not_count() -> None:
    assert tokens("I remember reading a book about whales, please help") == ["whale"]


@pytest.mark.parametrize("k", [1, 3, 5, 9])
def test_top_breaks_ties_by_position(k: int) -> None:
    scores = np.array([1.0, 3.0, 3.0, 2.0, 3.0])
    assert list(top(scores, k)) == [1, 2, 4, 3, 0][:k]


def test_the_mirror_holds_what_chroma_holds(starter: Shelf) -> None:
    mirror, index = mirror_of(starter), starter.index()
    assert len(mirror) == index.count() == starter.manifest.count
    assert mirror.ids == sorted(mirror.ids)
    some = mirror.ids[::97]
    assert mirror.books(some) == index.books(some)
    stored = index.vectors(some)
    for book_id in some:
        assert np.array_equal(mirror.vectors[mirror.row_of[book_id]], stored[book_id])


@pytest.mark.parametrize(
    "conditions",
    [
        ["genre=mystery"],
        ["genre=mystery", "genre=crime"],
        ["genre=crime", "year=1900..1950"],
        ["year=..-1"],
        ["language=Japanese"],
        ["genre=none"],
    ],
    ids=" ".join,
)
def test_filters_choose_the_same_books_as_chroma(starter: Shelf, conditions: list[str]) -> None:
    filters = parse_filters(conditions)
    vector = starter.encoder.encode_queries([QUERY])[0]
    expected = {book_id for book_id, _ in starter.index().nearest(vector, 1000, filters)}
    mirror = mirror_of(starter)
    assert {mirror.ids[row] for row in mirror.select(filters)} == expected


def test_an_unknown_year_passes_no_year_filter(settings: Settings, tmp_path: Path) -> None:
    source = write(tmp_path / "b.jsonl", [{"id": "1", "title": "Sea"}, {"id": "2", "title": "Sand", "year": 1900}])
    ingest(open_source(str(source)), settings, IngestOptions("two"))
    mirror = mirror_of(open_shelf("two", settings=settings))
    assert [mirror.ids[row] for row in mirror.select([Filter("year", low=-5000)])] == ["2"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_ranks_filters_and_repeats(starter: Shelf, system: str) -> None:
    first = starter.run(QUERY, 20, system)
    assert first.hits[0].title == "The Old Man and the Sea"
    assert [hit.rank for hit in first.hits] == list(range(1, len(first.hits) + 1))
    assert sorted((hit.score for hit in first.hits), reverse=True) == [hit.score for hit in first.hits]
    assert starter.run(QUERY, 20, system).hits == first.hits
    filtered = starter.run(QUERY, 20, system, parse_filters(["language=Japanese"])).hits
    assert filtered
    assert {hit.book.language for hit in filtered} == {"Japanese"}


def test_hybrid_is_the_weighted_share_of_the_best(starter: Shelf) -> None:
    hits = starter.run(QUERY, 100, "hybrid").hits
    dense_best = starter.run(QUERY, 1, "dense").hits[0].score
    lexical_best = starter.run(QUERY, 1, "lexical").hits[0].score
    for hit in hits:
        assert hit.dense is not None
        assert hit.lexical is not None
        expected = DENSE_WEIGHT * hit.dense / dense_best + (1 - DENSE_WEIGHT) * hit.lexical / lexical_best
        assert hit.score == pytest.approx(expected, abs=1e-6)


def test_of_each_work_the_best_edition_is_shown(settings: Settings, tmp_path: Path) -> None:
    """Six editions of one work, two of another, two books of no known work: four results however many are asked for."""
    sea: list[dict[str, object]] = [
        {"id": f"sea{at}", "title": "The Sea", "work_id": "7", "description": f"A storm at sea, edition {'x ' * at}"} for at in range(6)
    ]
    others: list[dict[str, object]] = [
        {"id": "sand1", "title": "Sand", "work_id": "8", "description": "A desert and a well"},
        {"id": "sand2", "title": "Sand, illustrated", "work_id": "8", "description": "A desert and a well, with pictures"},
        {"id": "snow", "title": "Snow", "description": "A village in winter"},
        {"id": "snow too", "title": "Snow", "description": "A village in a long winter"},
    ]
    ingest(open_source(str(write(tmp_path / "b.jsonl", [*sea, *others]))), settings, IngestOptions("editions"))
    shelf = open_shelf("editions", settings=settings)
    for system in ("dense", "hybrid"):
        every = shelf.run("a storm at sea, a desert, a winter", 10, system).hits
        assert len(every) == 4, system
        assert len({hit.book.work_id or hit.book_id for hit in every}) == 4
        assert [hit.rank for hit in every] == [1, 2, 3, 4]
        for k in (1, 2, 3):
            assert shelf.run("a storm at sea, a desert, a winter", k, system).hits == every[:k], (system, k)
    best = shelf.run("a storm at sea", 1, "dense").hits[0]
    vector = shelf.encoder.encode_queries(["a storm at sea"])[0]
    mirror = mirror_of(shelf)
    assert best.book_id == mirror.nearest(vector, 1, mirror.select(()))[0][0]
    assert [hit.book.work_id for hit in shelf.run("storm", 10, "lexical").hits] == ["7"]


def test_the_popular_system_adds_what_it_says(settings: Settings, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "few", "title": "A storm at sea", "ratings_count": 9},
        {"id": "many", "title": "A storm at sea", "ratings_count": 99_999},
        {"id": "unknown", "title": "A storm at sea"},
    ]
    ingest(open_source(str(write(tmp_path / "b.jsonl", rows))), settings, IngestOptions("rated"))
    shelf = open_shelf("rated", settings=settings)
    assert [hit.score for hit in shelf.run("a storm", 3).hits] == pytest.approx([1, 1, 1], abs=1e-5)
    hits = shelf.run("a storm", 3, "popular").hits
    assert [hit.book_id for hit in hits] == ["many", "few", "unknown"]
    assert [hit.score for hit in hits] == pytest.approx([1 + POPULARITY_WEIGHT, 1 + POPULARITY_WEIGHT / 5, 1.0], abs=1e-5)


def test_without_ratings_popular_is_hybrid(starter: Shelf) -> None:
    assert starter.run(QUERY, 10, "popular").hits == starter.run(QUERY, 10, "hybrid").hits


def test_exact_and_indexed_search_agree(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = {system: [hit.book_id for hit in starter.run(QUERY, 10, system).hits] for system in SYSTEMS}
    monkeypatch.setattr("vibeshelf.services.systems.EXACT_BOOKS", 10)
    assert {system: [hit.book_id for hit in starter.run(QUERY, 10, system).hits] for system in SYSTEMS} == exact


def test_lexical_shows_nothing_where_no_word_is_shared(starter: Shelf) -> None:
    assert starter.run("qwxyz", 10, "lexical").hits == ()


def test_upserts_and_deletions_are_seen_by_every_system(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    rows: list[dict[str, object]] = [{"id": str(at), "title": f"Book {at}", "description": "sand and dust"} for at in range(5)]
    ingest(open_source(str(write(path, rows))), settings, IngestOptions("live"))
    shelf = open_shelf("live", settings=settings)
    rows[3]["description"] = "an old sailor and a storm"
    del rows[0]
    ingest(open_source(str(write(path, rows))), settings, IngestOptions("live", prune=True))
    for system in SYSTEMS:
        hits = shelf.run("sailor storm", 10, system).hits
        assert hits[0].book_id == "3", system
        assert "0" not in {hit.book_id for hit in hits}, system


def test_only_the_newest_mirror_is_kept(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    for count in (2, 3):
        ingest(
            open_source(str(write(path, [{"id": str(at), "title": f"T {at}"} for at in range(count)]))), settings, IngestOptions("grows")
        )
    states = [folder for folder in (settings.mirrors_dir / "grows").iterdir() if folder.is_dir()]
    assert len(states) == 1


def test_a_lost_mirror_is_built_again(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    ingest(open_source(str(write(tmp_path / "b.jsonl", [{"id": "1", "title": "Sea"}]))), settings, IngestOptions("one"))
    for path in sorted(settings.mirrors_dir.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert open_shelf("one", settings=settings).run("sea", 1, "lexical").hits[0].book_id == "1"


def test_without_a_mirror_the_dense_system_answers_and_says_so(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(root: Path, index: object) -> Mirror:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vibeshelf.services.shelf.build_mirror", no_room)
    monkeypatch.setattr("vibeshelf.services.shelf.open_mirror", lambda root, manifest: None)
    ingest(open_source(str(write(tmp_path / "b.jsonl", [{"id": "1", "title": "Sea"}]))), settings, IngestOptions("one"))
    found = open_shelf("one", settings=settings).run("sea")
    assert found.hits[0].book_id == "1"
    assert found.system == "dense"
    assert "dense one answered" in found.notes[0]


def test_the_manifest_tells_states_apart(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from vibeshelf.adapters.mirror import mirror_key

    manifest: Manifest = starter.manifest
    assert mirror_key(manifest) != mirror_key(replace(manifest, corpus_hash="x"))
    assert mirror_key(manifest) != mirror_key(replace(manifest, revision=manifest.revision + 1))
    before = mirror_key(manifest)
    monkeypatch.setattr("vibeshelf.adapters.lexical.KIND", "another")
    assert mirror_key(manifest) != before
