"""The Collections page on real collections, without a browser: versions, an ingest with its rejects, swap, roll-back, logbook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT, settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.catalog.starter import starter_path
from vibeshelf.adapters.querylog import query_log
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import open_shelf
from vibeshelf.ui import resources
from vibeshelf.ui.collections.adding import FOLDER, SOURCES
from vibeshelf.ui.collections.ingesting import job

Open = Callable[..., AppTest]
HOSTILE = "<script>x</script> **bold** :red[red]"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data folder of the test's own, without collections."""
    made = settings_in(tmp_path / "data")
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "settings", lambda: made)
    return made


@pytest.fixture
def collections(mine: Settings) -> Open:
    """A way to open the page, or another, in one of its views."""

    def opened(view: str = "Shelf", page: str = "pages/5_Collections.py") -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.switch_page(page)
        if page.endswith("Collections.py"):
            at.query_params["view"] = view
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def build(settings: Settings, name: str, letter: str, count: int = 8) -> None:
    path = settings.data_dir / "some.jsonl"
    rows = [{"id": f"{letter}{at}", "title": f"Tale {at}", "summary": f"A tale of harbour {at} and weather"} for at in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(open_source(str(path)), settings, IngestOptions(name))


def letters(settings: Settings, name: str) -> set[str]:
    return {hit.book_id[0] for hit in open_shelf(name, settings=settings).search("a tale of weather", 20)}


def csv_of(books: int) -> bytes:
    rows = [f"n{at},Tale {at},Ada,A tale of harbour {at}" for at in range(books)]
    return "\n".join(["id,title,author,summary", *rows, f",{HOSTILE},Ada,no id", "n0,Again,Ada,the same id again"]).encode()


def said(at: AppTest) -> str:
    of_kinds = (at.markdown, at.subheader, at.caption, at.success, at.warning, at.error, at.info, at.title)
    return "\n".join(str(each.value) for kind in of_kinds for each in kind)


def downloads(at: AppTest) -> list[str]:
    return [str(getattr(button, "label", "")) for button in at.get("download_button")]


def finished(at: AppTest) -> AppTest:
    if (running := job()) is not None:
        assert running.wait(200)
    at.run()
    assert not at.exception
    return at


@pytest.mark.parametrize("page", ["app.py", "pages/4_Health.py", "pages/5_Collections.py"])
def test_an_empty_folder_is_a_designed_state_on_every_page(collections: Open, page: str) -> None:
    at = collections(page=page)
    assert "The shelf is empty" in said(at)
    assert at.button(key="build-starter").label == "Build the starter collection"
    assert not at.error


def test_the_starter_collection_is_built_without_a_shell(
    collections: Open, mine: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = starter_path().read_text(encoding="utf-8").splitlines(keepends=True)
    wanted = [line for line in lines if "metamorphosis" in line.lower()]
    (tmp_path / "books.jsonl").write_text("".join([*wanted, *lines[:20]]), encoding="utf-8")
    monkeypatch.setattr("vibeshelf.adapters.catalog.starter_path", lambda: tmp_path / "books.jsonl")
    at = finished(collections(page="app.py").button(key="build-starter").click().run())
    resources.forget_collections()
    at.text_input(key="q").set_value("a man wakes up and has turned into an insect").run()
    assert not at.exception
    assert "The shelf is empty" not in said(at)
    assert Store(mine).open("starter").manifest.complete
    assert query_log(mine).flush()
    assert [searched.results for searched in query_log(mine).read()] == [10]


def test_the_shelf_shows_version_model_size_age_and_health(collections: Open, mine: Settings) -> None:
    build(mine, "books", "a")
    manifest = Store(mine).open("books").manifest
    told = said(collections())
    for words in ("books", f"version {manifest.version}", "8 books", "384", "built just now", "vectors 12", "mirror", "not examined"):
        assert words in told.replace("\\", ""), (words, told)
    assert "On the disk" in told


def test_an_uploaded_file_is_ingested_and_its_rejects_are_shown(collections: Open, mine: Settings) -> None:
    at = collections("Add books")
    assert at.button(key="add-begin").disabled
    at.file_uploader(key="add-file").upload("../my books.csv", csv_of(5), "text/csv").run()
    at.text_input(key="add-name").set_value("mine").run()
    finished(at.button(key="add-begin").click().run())
    told = said(at).replace("\\", "")
    assert "mine: read 7 rows" in told
    assert {each.label: each.value for each in at.metric} == {"added": "5", "updated": "0", "unchanged": "0", "rejected": "2"}
    (table,) = at.table
    assert "no id" in " ".join(table.value["why"])
    assert "<script>" not in " ".join(table.value["what it held"]).replace(r"\<script\>", "")
    assert downloads(at) == ["Download all rejected rows"]
    assert letters(mine, "mine") == {"n"}
    assert not list(mine.data_dir.glob(".upload-*"))


def test_a_file_that_cannot_be_read_is_one_line_without_our_folders(collections: Open, mine: Settings) -> None:
    at = collections("Add books")
    at.file_uploader(key="add-file").upload("poor.csv", b"colour,weight\nred,3\n", "text/csv").run()
    finished(at.button(key="add-begin").click().run())
    (error,) = at.error
    assert error.value.replace("\\", "").startswith("poor.csv: expected an id column")
    assert str(mine.data_dir) not in error.value
    assert Store(mine).collections() == []


def test_a_file_of_the_data_folder_can_be_chosen_and_a_stopped_ingest_says_what_is_kept(
    collections: Open, mine: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine.data_dir / SOURCES).mkdir()
    (mine.data_dir / SOURCES / "many.csv").write_bytes(csv_of(600))
    monkeypatch.setattr("vibeshelf.services.ingest_rows.BATCH_ROWS", 64)
    at = collections("Add books")
    at.session_state["add-way"] = FOLDER
    at.run()
    assert at.selectbox(key="add-picked").value == "many.csv"
    at.text_input(key="add-name").set_value("mine").run()
    at.button(key="add-begin").click().run()
    at.button(key="ingest-stop").click().run()
    finished(at)
    assert "was stopped after" in said(at)
    assert not Store(mine).open("mine").manifest.complete
    at = collections()
    assert "Not complete: its ingest was stopped" in said(at)
    assert not any(button.key == "swap-sure-0" for button in at.button)


def test_swap_in_and_roll_back_are_confirmed_and_told(collections: Open, mine: Settings) -> None:
    build(mine, "books", "a")
    build(mine, "books-2", "b")
    at = collections()
    assert letters(mine, "books") == {"a"}
    at.button(key="swap-sure-0").click().run()
    assert not at.exception
    assert "books is version" in said(at)
    assert letters(mine, "books") == {"b"}
    assert "kept for roll-back" in said(at)
    assert not any(button.key == "swap-sure-0" for button in at.button)
    at.button(key="back-sure-0").click().run()
    assert letters(mine, "books") == {"a"}
    assert not at.error


def test_a_refused_swap_is_one_line_and_changes_nothing(collections: Open, mine: Settings) -> None:
    build(mine, "books", "a")
    build(mine, "books-2", "b")
    at = collections()
    Store(mine).open("books-2").save_manifest(complete=False)
    at.button(key="swap-sure-0").click().run()
    (error,) = at.error
    assert "not complete" in error.value
    assert letters(mine, "books") == {"a"}


def test_the_logbook_is_filtered_and_exported(collections: Open, mine: Settings) -> None:
    build(mine, "books", "a")
    build(mine, "books-2", "b")
    at = collections()
    at.button(key="swap-sure-0").click().run()
    at = collections("Logbook")
    told = said(at)
    assert told.count("badge[build]") == 2
    assert told.count("badge[swap]") == 1
    assert downloads(at) == ["CSV", "JSON"]
    at.session_state["log-kinds"] = ["swap"]
    at.run()
    assert "badge[build]" not in said(at)
    at.selectbox(key="log-collection").set_value("books-2").run()
    assert "No such entry" in said(at)
