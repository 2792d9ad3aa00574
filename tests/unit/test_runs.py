"""Runs: made, kept and found again; never an old one for a changed collection, query, filter or program; stopped when asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.trec import read_run
from vibeshelf.core.errors import Cancelled, CollectionBusy, InputError, StorageError
from vibeshelf.core.settings import Settings
from vibeshelf.services import runs
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.machine import machine_label
from vibeshelf.services.measures import parse_measures
from vibeshelf.services.runs import count_kept, depth_for, kept_runs, make_run, run_fingerprint, strangers
from vibeshelf.services.shelf import Shelf, open_shelf

QUERIES = {"q1": "storm at sea", "q2": "sand and dust", "q3": "unheard"}


def fill(settings: Settings, path: Path, *ids: str) -> None:
    words = ("a storm at sea", "sand in the desert", "dust and sand and wind", "a sailor")
    rows = [{"id": book_id, "title": f"T{at}", "description": words[at % 4], "year": 1900 + at} for at, book_id in enumerate(ids)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(open_source(str(path)), settings, IngestOptions("few", prune=True))


@pytest.fixture
def shelf(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    encoder = FakeEncoder()
    monkeypatch.setattr("vibeshelf.services.ingest.open_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr("vibeshelf.services.shelf.open_encoder", lambda *_, **__: encoder)
    fill(settings, tmp_path / "b.jsonl", "a", "b", "c", "d")
    return open_shelf("few", settings=settings)


def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by every query that is searched."""
    seen: list[str] = []
    original = Shelf.run

    def counted(self: Shelf, query: str, *rest: object) -> object:
        seen.append(query)
        return original(self, query, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Shelf, "run", counted)
    return seen


@pytest.mark.parametrize("system", ["dense", "lexical", "hybrid"])
def test_a_run_is_what_the_shelf_finds(shelf: Shelf, system: str) -> None:
    run = make_run(shelf, QUERIES, system, 3)
    for query_id, text in QUERIES.items():
        hits = shelf.run(text, 3, system).hits
        assert run.rankings[query_id].book_ids == tuple(hit.book_id for hit in hits)
        assert run.rankings[query_id].scores == pytest.approx([hit.score for hit in hits], abs=1e-6)
    assert (run.name, run.k) == (system, 3)
    assert run.median_ms is not None
    assert run.median_ms > 0


@pytest.mark.parametrize("system", ["dense", "lexical"])
def test_a_kept_run_is_the_same_and_searches_nothing(shelf: Shelf, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = searches(monkeypatch)
    first = make_run(shelf, QUERIES, system, 3)
    assert len(seen) == 3
    reported: list[tuple[int, int]] = []
    again = make_run(shelf, QUERIES, system, 3, progress=lambda done, of: reported.append((done, of)))
    assert len(seen) == 3
    assert again == first
    assert reported == [(3, 3)]
    kept = shelf.store.settings.runs_dir / f"{first.fingerprint}.run"
    assert read_run(kept).rankings["q1"] == first.rankings["q1"]


def test_a_run_without_any_result_is_kept_too(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = searches(monkeypatch)
    nothing = {"q3": "unheard"}
    assert make_run(shelf, nothing, "lexical", 3) == make_run(shelf, nothing, "lexical", 3)
    assert seen == ["unheard"]


def test_whatever_changes_a_run_changes_its_fingerprint(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = run_fingerprint(shelf, QUERIES, "dense", 10)
    others = {
        run_fingerprint(shelf, QUERIES, "hybrid", 10),
        run_fingerprint(shelf, QUERIES, "dense", 11),
        run_fingerprint(shelf, {**QUERIES, "q1": "storm"}, "dense", 10),
        run_fingerprint(shelf, QUERIES, "dense", 10, parse_filters(["year=1900..1901"])),
    }
    monkeypatch.setattr(runs, "_code", lambda: "another program")
    others.add(run_fingerprint(shelf, QUERIES, "dense", 10))
    assert len(others - {usual}) == 5
    monkeypatch.undo()


def test_kept_runs_are_those_of_these_queries_on_what_is_there_now(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shelf.store.settings.runs_dir
    assert (kept_runs(folder, shelf.manifest, QUERIES), count_kept(folder, "few")) == ([], 0)
    made = [make_run(shelf, QUERIES, system, 10) for system in ("dense", "lexical")]
    make_run(shelf, {"q1": "storm at sea"}, "dense", 10)
    make_run(shelf, QUERIES, "dense", 10, parse_filters(["year=1900..1901"]))
    monkeypatch.setattr(shelf.encoder, "precision", "int8", raising=False)
    other_engine = make_run(shelf, QUERIES, "dense", 10)
    monkeypatch.undo()
    (folder / "0bad.json").write_text('{"collection": "few"')
    (folder / "0foreign.json").write_text('["few"]')
    found = kept_runs(folder, shelf.manifest, QUERIES)
    assert {each.run.fingerprint for each in found} == {run.fingerprint for run in (*made, other_engine)}
    assert {(each.run.name, each.precision) for each in found} == {("dense", "fp32"), ("lexical", "fp32"), ("dense", "int8")}
    assert {each.machine for each in found} == {machine_label({})}
    monkeypatch.setattr(runs, "_code", lambda: "another program")
    assert (kept_runs(folder, shelf.manifest, QUERIES), count_kept(folder, "few")) == ([], 5)


def test_another_state_of_the_collection_gets_another_run(shelf: Shelf, tmp_path: Path) -> None:
    before = make_run(shelf, QUERIES, "dense", 5)
    fill(shelf.store.settings, tmp_path / "b.jsonl", "a", "b", "c")
    shelf.run("sea")
    after = make_run(shelf, QUERIES, "dense", 5)
    assert after.fingerprint != before.fingerprint
    assert "d" in before.rankings["q1"].book_ids
    assert "d" not in after.rankings["q1"].book_ids


def test_a_collection_that_changes_meanwhile_gives_no_run(shelf: Shelf, tmp_path: Path) -> None:
    def change(done: int, of: int) -> None:
        if done == 1:
            fill(shelf.store.settings, tmp_path / "b.jsonl", "a", "b", "c")

    with pytest.raises(CollectionBusy, match="collection 'few' was changed while it was evaluated; evaluate it again"):
        make_run(shelf, QUERIES, "dense", 5, progress=change)
    assert not list(shelf.store.settings.runs_dir.glob("*"))


def test_a_run_can_be_stopped_and_leaves_nothing(shelf: Shelf) -> None:
    done: list[int] = []
    with pytest.raises(Cancelled, match="stopped after 2 of 3 queries"):
        make_run(shelf, QUERIES, "dense", 3, progress=lambda at, of: done.append(at), cancelled=lambda: len(done) == 2)
    assert done == [1, 2]
    assert not shelf.store.settings.runs_dir.exists()


@pytest.mark.parametrize("damage", ["", "not json", "{}", '{"empty": false, "without_results": []}'])
def test_a_damaged_kept_run_is_made_again(shelf: Shelf, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_run(shelf, QUERIES, "dense", 3)
    (shelf.store.settings.runs_dir / f"{first.fingerprint}.json").write_text(damage)
    seen = searches(monkeypatch)
    assert make_run(shelf, QUERIES, "dense", 3).rankings == first.rankings
    assert len(seen) == 3
    (shelf.store.settings.runs_dir / f"{first.fingerprint}.run").write_text("q1 Q0 a\n")
    assert make_run(shelf, QUERIES, "dense", 3).rankings == first.rankings
    assert len(seen) == 6


def test_queries_that_cannot_be_searched_are_named(shelf: Shelf) -> None:
    run = make_run(shelf, {"q1": "sea", "q2": "x" * 9000, "q3": "\u200b"}, "dense", 2)
    assert run.rankings.keys() == {"q1"}
    assert "9,000 characters" in run.refused["q2"]
    assert "empty" in run.refused["q3"]


def test_a_book_that_a_run_file_cannot_name_is_evaluated_all_the_same(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(shelf.store.settings, tmp_path / "b.jsonl", "war and peace", "b")
    shelf.run("sea")
    run = make_run(shelf, QUERIES, "dense", 2)
    assert set(run.rankings["q1"].book_ids) == {"war and peace", "b"}
    assert "is not kept" in caplog.text
    assert not list(shelf.store.settings.runs_dir.glob("*"))


def test_a_system_that_cannot_run_is_not_replaced_by_another(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.services.shelf.mirror_of", lambda *_: None)
    without = open_shelf("few", settings=shelf.store.settings)
    with pytest.raises(StorageError, match=r"lexical cannot be evaluated: .*dense one answered"):
        make_run(without, QUERIES, "lexical", 2)


def test_depth_is_that_of_the_deepest_measure() -> None:
    assert depth_for(parse_measures("nDCG@10,AP")) == 100
    assert depth_for(parse_measures("nDCG@10,R@200")) == 200
    assert depth_for(parse_measures("nDCG@10"), 20) == 20
    assert depth_for(parse_measures("R@100"), 20) == 100
    with pytest.raises(InputError, match="a system gives 1,000 at most"):
        depth_for(parse_measures("R@1001"))
    with pytest.raises(InputError, match="expected 1 to 1000"):
        depth_for(parse_measures("R@10"), 0)


def test_strangers_are_named_once_in_the_order_of_the_file() -> None:
    named = {"q1": ("a", "x"), "q9": ("x", "y")}
    assert strangers(named, {"q1"}, {"a"}).queries == ("q9",)
    assert strangers(named, {"q1"}, {"a"}).books == ("x", "y")
    assert strangers(named, None, None) == runs.Strangers((), ())
