"""Versions: one takes the other's name and gives it back, an open shelf notices, and nothing that cannot be searched is put in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf
from tests.conftest import settings_in
from tests.fakes import FakeEncoder
from tests.servers import chroma_server
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import CollectionNotFound, InputError, ModelMismatch
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.logbook import entries
from vibeshelf.services.shelf import open_shelf
from vibeshelf.services.swapping import roll_back, swap

MODELS = {name: FakeEncoder(name) for name in ("all-MiniLM-L6-v2", "other")}


@pytest.fixture(params=["embedded", "server"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings for an embedded Chroma, and for a real server."""
    if request.param == "embedded":
        yield settings_in(tmp_path / "data")
        return
    with chroma_server(tmp_path / "server") as url:
        yield settings_in(tmp_path / "data", chroma_url=url)


@pytest.fixture(autouse=True)
def _fake_models(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ingest", "shelf", "swapping"):
        monkeypatch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda _, model, **__: MODELS[model])


def build(settings: Settings, name: str, letter: str, count: int = 12, model: str | None = None) -> None:
    """Make a collection whose books all have ids that begin with its letter."""
    path = settings.data_dir / f"{name}.jsonl"
    rows = [{"id": f"{letter}{at}", "title": f"Tale {at}", "summary": f"A tale of harbour {at} and weather"} for at in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(open_source(str(path)), settings, IngestOptions(name, model))


def letters(settings: Settings, name: str) -> set[str]:
    return {hit.book_id[0] for hit in open_shelf(name, settings=settings).search("a tale of weather", 20)}


def test_a_swap_gives_the_name_and_keeps_the_version_before(anywhere: Settings) -> None:
    build(anywhere, "books", "a")
    build(anywhere, "books-2", "b", 15)
    done = swap(anywhere, "books-2", "books")
    assert letters(anywhere, "books") == {"b"}
    assert letters(anywhere, "books.before") == {"a"}
    found = {info.name: info for info in Store(anywhere).collections()}
    assert sorted(found) == ["books", "books.before"]
    assert {name: info.manifest.collection for name, info in found.items() if info.manifest} == {name: name for name in found}
    assert (done.now, done.kept_as) == (found["books"].manifest, "books.before")
    assert done.before is not None
    assert done.before.version != done.now.version
    assert done.now.revision > done.before.revision


def test_a_roll_back_gives_it_back_and_can_be_rolled_back(anywhere: Settings) -> None:
    build(anywhere, "books", "a")
    build(anywhere, "books-2", "b")
    first = open_shelf("books", settings=anywhere).manifest.version
    swap(anywhere, "books-2", "books")
    back = roll_back(anywhere, "books")
    assert back.now.version == first
    assert (letters(anywhere, "books"), letters(anywhere, "books.before")) == ({"a"}, {"b"})
    roll_back(anywhere, "books")
    assert (letters(anywhere, "books"), letters(anywhere, "books.before")) == ({"b"}, {"a"})
    assert [entry.kind for entry in entries(anywhere)][:3] == ["rollback", "rollback", "swap"]


def test_an_open_shelf_notices_and_its_first_search_builds_nothing(anywhere: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    build(anywhere, "books", "a")
    build(anywhere, "books-2", "b")
    shelf = open_shelf("books", settings=anywhere)
    before = shelf.run("weather", 20)
    swap(anywhere, "books-2", "books")
    monkeypatch.setattr("vibeshelf.services.shelf.build_mirror", lambda *_: pytest.fail("a mirror was built"))
    after = shelf.run("weather", 20)
    assert {hit.book_id[0] for hit in after.hits} == {"b"}
    assert before.version != after.version == shelf.manifest.version
    assert letters(anywhere, "books.before") == {"a"}


def test_only_one_version_is_kept_and_its_mirrors_go_with_the_others(settings: Settings) -> None:
    for letter in "abc":
        build(settings, "books" if letter == "a" else f"books-{letter}", letter)
    for letter in "bc":
        swap(settings, f"books-{letter}", "books")
    assert (letters(settings, "books"), letters(settings, "books.before")) == ({"c"}, {"b"})
    assert [info.name for info in Store(settings).collections()] == ["books", "books.before"]
    assert len([path for path in (settings.mirrors_dir / "books.before").iterdir() if path.is_dir()]) == 1
    assert not any(path.is_dir() for path in (settings.mirrors_dir / "books-b").iterdir())


def test_a_version_of_another_model_is_searched_with_that_model(settings: Settings) -> None:
    build(settings, "books", "a")
    build(settings, "books-2", "b", model="other")
    shelf = open_shelf("books", settings=settings)
    asked_for = open_shelf("books", settings=settings, model="all-MiniLM-L6-v2")
    swap(settings, "books-2", "books")
    assert shelf.run("weather").model == "other"
    assert shelf.encoder is MODELS["other"]
    with pytest.raises(ModelMismatch, match="requested 'all-MiniLM-L6-v2'"):
        asked_for.run("weather")


def test_a_name_that_nobody_has_is_only_given(settings: Settings) -> None:
    build(settings, "books-2", "b")
    done = swap(settings, "books-2", "books")
    assert (done.before, done.kept_as) == (None, None)
    assert letters(settings, "books") == {"b"}
    with pytest.raises(InputError, match="no earlier version of 'books'"):
        roll_back(settings, "books")


def test_what_cannot_be_searched_is_not_put_in(settings: Settings) -> None:
    build(settings, "books", "a")
    build(settings, "half", "h")
    Store(settings).open("half").save_manifest(complete=False)
    build(settings, "poor", "p")
    Store(settings).open("poor").remove(["p1"])
    build(settings, "other-model", "o", model="other")
    with pytest.raises(InputError, match="'half' is not complete; run its ingest"):
        swap(settings, "half", "books")
    with pytest.raises(InputError, match=r"'poor' is not sound: .*health --collection poor --repair"):
        swap(settings, "poor", "books")
    with pytest.raises(CollectionNotFound, match="no collection 'nowhere'"):
        swap(settings, "nowhere", "books")
    with pytest.raises(InputError, match="has that name already"):
        swap(settings, "books", "books")
    with pytest.raises(InputError, match=r"swap into 'books'"):
        swap(settings, "half", "books.before")
    with pytest.raises(ModelMismatch):
        swap(settings.model_copy(update={"model": "all-MiniLM-L6-v2"}), "other-model", "books")
    assert letters(settings, "books") == {"a"}


def test_the_commands_swap_list_and_roll_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    build(settings, "books", "a")
    assert_one_clear_line(vibeshelf(settings.data_dir, "collections", "swap", "nothing", "books"), "no collection 'nothing'", "books")
    assert_one_clear_line(vibeshelf(settings.data_dir, "collections", "rollback", "books"), "no earlier version")
    listed = vibeshelf(settings.data_dir, "collections", "--json")
    (only,) = json.loads(listed.stdout)
    assert (only["collection"], only["count"], len(only["manifest"]["version"])) == ("books", 12, 10)
