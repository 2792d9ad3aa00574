"""Ingest: every row accounted for, nothing encoded twice, the same on a server as in a folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf
from tests.conftest import settings_in
from tests.fakes import FakeEncoder
from tests.servers import chroma_server, free_port
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.store import GRAPH, Store
from vibeshelf.core.errors import InputError, Mismatch, SourceError
from vibeshelf.core.settings import Settings
from vibeshelf.services import ingest as ingest_module
from vibeshelf.services.ingest import IngestOptions, IngestReport, ingest
from vibeshelf.services.ingest_rows import BATCH_ROWS
from vibeshelf.services.shelf import open_shelf

Row = dict[str, object]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """One fake encoder for ingest and search, which counts what it encodes."""
    encoder = FakeEncoder()
    monkeypatch.setattr("vibeshelf.services.ingest.open_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr("vibeshelf.services.shelf.open_encoder", lambda *_, **__: encoder)
    return encoder


@pytest.fixture(params=["embedded", "server"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings for an embedded Chroma, and for a real server."""
    if request.param == "embedded":
        yield settings_in(tmp_path / "data")
        return
    with chroma_server(tmp_path / "server") as url:
        yield settings_in(tmp_path / "data", chroma_url=url)


def rows_of(count: int) -> list[Row]:
    return [{"id": f"b{at}", "title": f"Book {at}", "summary": f"about subject{at} and weather", "year": 1900 + at} for at in range(count)]


def save(tmp_path: Path, rows: list[Row]) -> Path:
    path = tmp_path / "books.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(settings: Settings, path: Path, **options: object) -> IngestReport:
    report = ingest(open_source(str(path)), settings, IngestOptions("books", **options))  # type: ignore[arg-type]
    tally = report.tally
    assert tally.read == tally.added + tally.updated + tally.unchanged + tally.rejected
    return report


def counts(report: IngestReport) -> dict[str, int]:
    return {name: value for name, value in asdict(report.tally).items() if value}


def test_a_collection_lives_through_its_changes(anywhere: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    rows = rows_of(40)
    assert counts(run(anywhere, save(tmp_path, rows))) == {"read": 40, "added": 40, "encoded": 40}
    shelf = open_shelf("books", settings=anywhere)
    assert shelf.search("subject7", 1)[0].book_id == "b7"
    assert GRAPH.items() <= shelf.index().hnsw().items()
    assert GRAPH.items() <= shelf.manifest.hnsw.items()
    assert counts(run(anywhere, save(tmp_path, rows))) == {"read": 40, "unchanged": 40}
    rows[3]["summary"] = "an old lighthouse"
    rows[4]["year"] = 1800
    del rows[5]["year"]
    assert counts(run(anywhere, save(tmp_path, rows))) == {"read": 40, "updated": 3, "unchanged": 37, "encoded": 1}
    assert shelf.search("lighthouse", 1)[0].book_id == "b3"
    assert shelf.index().books(["b4", "b5"])["b4"].year == 1800
    assert shelf.index().books(["b5"])["b5"].year is None
    del rows[0:10]
    assert counts(run(anywhere, save(tmp_path, rows), prune=True)) == {"read": 30, "unchanged": 30, "removed": 10}
    assert {hit.book_id for hit in shelf.search("weather", 100)} == {f"b{at}" for at in range(10, 40)}
    assert shelf.manifest.count == 30
    assert shelf.manifest.complete


def test_filters_work_on_a_server_and_in_a_folder(anywhere: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    run(anywhere, save(tmp_path, rows_of(30)))
    hits = open_shelf("books", settings=anywhere).search("weather", 100, where={"year": "1910..1914"})
    assert sorted(hit.book_id for hit in hits) == [f"b{at}" for at in range(10, 15)]


def test_duplicates_go_to_the_rejects_file_with_their_line(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    rows: list[Row] = [*rows_of(300), {"id": "b2", "title": "Again"}, {"title": "No id"}]
    report = run(settings, save(tmp_path, rows))
    assert counts(report) == {"read": 302, "added": 300, "rejected": 2, "encoded": 300}
    assert report.rejects_file is not None
    rejected = [json.loads(line) for line in Path(report.rejects_file).read_text().splitlines()]
    assert {(row["line"], row["reason"]) for row in rejected} == {(301, "duplicate id: an earlier row has it"), (302, "no id")}


def test_two_editions_with_the_same_text_both_stay(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    rows: list[Row] = [{"id": name, "title": "Dune", "summary": "Sand and spice"} for name in ("first", "second")]
    run(settings, save(tmp_path, rows))
    assert {hit.book_id for hit in open_shelf("books", settings=settings).search("spice")} == {"first", "second"}


def test_a_book_without_description_is_found_by_its_genres_and_marked(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    run(
        settings, save(tmp_path, [{"id": "1", "title": "Untold", "genres": ["seafaring"]}, {"id": "2", "title": "Told", "summary": "Dust"}])
    )
    hit = open_shelf("books", settings=settings).search("seafaring", where={"described": "false"})[0]
    assert (hit.book_id, hit.book.described) == ("1", False)


def test_the_limit_reads_so_many_rows(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    assert counts(run(settings, save(tmp_path, rows_of(9)), limit=4)) == {"read": 4, "added": 4, "encoded": 4}


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"limit": 3, "prune": True}, {"template": "no field"}], ids=["limit", "prune", "template"]
)
def test_options_that_cannot_be_used_are_refused(settings: Settings, tmp_path: Path, fake: FakeEncoder, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        run(settings, save(tmp_path, rows_of(2)), **options)


def test_another_template_than_the_collections_is_refused(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    run(settings, save(tmp_path, rows_of(2)))
    with pytest.raises(Mismatch, match="document template does not match"):
        run(settings, save(tmp_path, rows_of(2)), template="{description}")


def test_a_source_without_a_usable_row_makes_nothing(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    with pytest.raises(SourceError, match="no usable row"):
        run(settings, save(tmp_path, [{"title": "No id"}]))
    assert Store(settings).collections() == []


def test_a_collection_whose_ingest_broke_off_says_so_and_is_finished_by_the_next(
    settings: Settings, tmp_path: Path, fake: FakeEncoder
) -> None:
    path = save(tmp_path, rows_of(600))
    whole = path.read_text()
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(whole.encode())[:-300])
    with pytest.raises(SourceError, match="cut off"):
        ingest(open_source(str(cut)), settings, IngestOptions("books"))
    shelf = open_shelf("books", settings=settings)
    assert "not complete" in shelf.run("weather").notes[0]
    report = run(settings, path)
    assert report.tally.unchanged > 0
    assert shelf.run("weather", system="hybrid").notes == ()
    assert shelf.manifest.count == 600


def test_the_corpus_hash_does_not_depend_on_the_order(settings: Settings, tmp_path: Path, fake: FakeEncoder) -> None:
    run(settings, save(tmp_path, rows_of(20)))
    ingest(open_source(str(save(tmp_path, rows_of(20)[::-1]))), settings, IngestOptions("turned"))
    infos = {info.name: info.manifest for info in Store(settings).collections()}
    assert infos["books"] is not None
    assert infos["turned"] is not None
    assert infos["books"].corpus_hash == infos["turned"].corpus_hash


def test_memory_does_not_grow_with_the_file(settings: Settings, tmp_path: Path, fake: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ingest holds is a batch or two, whatever the length of the source."""
    held: list[int] = []
    original = ingest_module._Run._prepare

    def watch(self: ingest_module._Run, books: object) -> object:
        held.append(len(books))  # type: ignore[arg-type]
        return original(self, books)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest_module._Run, "_prepare", watch)
    run(settings, save(tmp_path, rows_of(2000)))
    assert max(held) <= BATCH_ROWS
    assert len(held) == -(-2000 // BATCH_ROWS)


def test_a_server_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    done = vibeshelf(tmp_path, "search", "x", VIBESHELF_CHROMA_URL=f"http://127.0.0.1:{free_port()}")
    assert_one_clear_line(done, "no server there", "chroma run")


def test_copies_of_settings_have_folders_of_their_own(settings: Settings, tmp_path: Path) -> None:
    copy = settings.model_copy(update={"data_dir": tmp_path / "b"})
    assert settings.chroma_dir == settings.data_dir / "chroma"
    assert copy.chroma_dir == tmp_path / "b" / "chroma"
