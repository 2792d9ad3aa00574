"""A swap is killed at every step and met by searches from everywhere: each answer is whole, of one version, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, settings_in
from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.folder_lock import LOCK, refuse_while_written, writing
from vibeshelf.adapters.store import Store
from vibeshelf.core.errors import CollectionBusy
from vibeshelf.core.records import SearchResult
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.swapping import roll_back, swap

# Kills itself right before the n-th of Chroma's calls that a swap is made of.
KILLED = """
import os, signal, sys
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import load_settings

left = [int(sys.argv[1])]
def counted(call):
    def then(*arguments, **named):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return then
Collection.modify = counted(Collection.modify)
Client.delete_collection = counted(Client.delete_collection)
store = Store(load_settings())
with store.swapping("books"):
    store.swap(store.open("books-2"), "books", keep=sys.argv[2] == "keep")
"""
# Searches until a file appears, then says how often, and which answers were not of one version.
SEARCHER = """
import json, sys, pathlib
from vibeshelf.core.settings import load_settings
from vibeshelf.services import systems
from vibeshelf.services.shelf import open_shelf

systems.EXACT_BOOKS = 0
stop, ready = map(pathlib.Path, sys.argv[1:])
shelf, versions, mixed = open_shelf("books"), {}, []
ready.touch()
while not stop.exists():
    for system in ("hybrid", "dense"):
        result = shelf.run("a tale of weather", 20, system)
        letters = "".join(sorted({hit.book_id[0] for hit in result.hits}))
        if versions.setdefault(result.version, letters) != letters or len(letters) != 1:
            mixed.append(letters)
fresh = open_shelf("books").run("a tale of weather", 20)
print(json.dumps({"versions": versions, "mixed": mixed, "last": fresh.version}))
"""


def save(path: Path, letter: str, count: int = 40) -> Path:
    rows = [{"id": f"{letter}{at}", "title": f"Tale {at}", "summary": f"A tale of harbour {at} and weather"} for at in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def build(settings: Settings, name: str, letter: str) -> None:
    ingest(open_source(str(save(settings.data_dir / f"{name}.jsonl", letter))), settings, IngestOptions(name))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ingest", "shelf", "swapping"):
        monkeypatch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda *_, **__: FakeEncoder())


def letters(settings: Settings, name: str) -> str:
    return "".join(sorted({hit.book_id[0] for hit in open_shelf(name, settings=settings).search("a tale of weather", 50)}))


def python(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-c", *arguments], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# (before which step, what has the name afterwards, what is kept): the first step alone decides nothing yet.
@pytest.mark.parametrize(
    ("step", "how", "expected", "kept"),
    [(1, "keep", "a", "z"), (2, "keep", "b", "a"), (3, "keep", "b", "a"), (4, "keep", "b", "a"), (3, "drop", "b", "z")],
    ids=["before anything", "name given away", "name taken", "older one deleted", "before the old one is deleted"],
)
def test_killed_between_two_steps_the_next_opening_ends_it(
    settings: Settings, fake: None, step: int, how: str, expected: str, kept: str
) -> None:
    for name, letter in (("books.before", "z"), ("books", "a"), ("books-2", "b")):
        build(settings, name, letter)
    killed = python(settings, KILLED, str(step), how)
    _, said = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, said
    assert letters(settings, "books") == expected
    names = [info.name for info in Store(settings).collections()]
    assert names == (["books", "books-2", "books.before"] if expected == "a" else ["books", "books.before"])
    assert letters(settings, "books.before") == kept


def test_a_killed_swap_whose_new_version_is_gone_is_undone(settings: Settings, fake: None) -> None:
    build(settings, "books", "a")
    build(settings, "books-2", "b")
    killed = python(settings, KILLED, "2", "keep")
    killed.communicate(timeout=120)
    Store(settings).delete("books-2")
    assert letters(settings, "books") == "a"
    assert [info.name for info in Store(settings).collections()] == ["books"]


class Searching:
    """Threads that search one shelf until they are told to stop."""

    def __init__(self, shelf: Shelf, threads: int) -> None:
        self.answers: list[SearchResult] = []
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._shelf = shelf
        self._threads = [threading.Thread(target=self._search, args=(at,)) for at in range(threads)]

    def __enter__(self) -> Searching:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, more: int) -> None:
        wanted = len(self.answers) + more
        while len(self.answers) < wanted and not self.errors:
            self._stop.wait(0.01)

    def _search(self, at: int) -> None:
        while not self._stop.is_set():
            try:
                self.answers.append(self._shelf.run(f"a tale of weather {at}", 20, ("hybrid", "dense", "lexical")[at % 3]))
            except BaseException as error:  # noqa: BLE001
                self.errors.append(error)
                return


@pytest.fixture
def searchers(tmp_path: Path) -> Iterator[Callable[[Settings], list[subprocess.Popen[str]]]]:
    begun: list[subprocess.Popen[str]] = []

    def begin(settings: Settings) -> list[subprocess.Popen[str]]:
        ready = [tmp_path / f"ready-{at}" for at in range(2)]
        begun.extend(python(settings, SEARCHER, str(tmp_path / "stop"), str(each)) for each in ready)
        while not all(each.exists() for each in ready):
            assert all(process.poll() is None for process in begun), [process.communicate() for process in begun]
            threading.Event().wait(0.05)
        return begun

    yield begin
    for process in begun:
        process.kill()
        process.wait(20)


def test_eight_searchers_and_two_processes_meet_no_error_and_no_mixed_answer(
    tmp_path: Path, searchers: Callable[[Settings], list[subprocess.Popen[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real model and real processes; Chroma's graph answers, as it does for large collections, and the mirror the rest."""
    monkeypatch.setattr("vibeshelf.services.systems.EXACT_BOOKS", 0)
    settings = settings_in(tmp_path / "data")
    build(settings, "books", "a")
    build(settings, "books-2", "b")
    others = searchers(settings)
    versions = {open_shelf(name, settings=settings).manifest.version: letter for name, letter in (("books", "a"), ("books-2", "b"))}
    with Searching(open_shelf("books", settings=settings), 8) as searching:
        change_five_times(settings, searching)
    (tmp_path / "stop").touch()
    assert not searching.errors, searching.errors
    seen = {(answer.version, "".join(sorted({hit.book_id[0] for hit in answer.hits}))) for answer in searching.answers}
    assert seen == set(versions.items())
    for process in others:
        said, complained = process.communicate(timeout=60)
        assert process.returncode == 0, complained
        told = json.loads(said)
        assert not told["mixed"]
        assert told["versions"] == versions
        assert versions[told["last"]] == "b"


def change_five_times(settings: Settings, searching: Searching) -> None:
    """Swap another version in, then roll back and forth, with forty answers before, between and after."""
    searching.wait_for(40)
    swap(settings, "books-2", "books")
    for _ in range(4):
        searching.wait_for(40)
        roll_back(settings, "books")
    searching.wait_for(40)


def test_searches_go_on_while_another_model_takes_over(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {name: FakeEncoder(name) for name in ("all-MiniLM-L6-v2", "other")}
    for module in ("ingest", "shelf", "swapping"):
        monkeypatch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda _, model, **__: models[model])
    build(settings, "books", "a")
    ingest(open_source(str(save(settings.data_dir / "b.jsonl", "b"))), settings, IngestOptions("books-2", "other"))
    with Searching(open_shelf("books", settings=settings), 8) as searching:
        change_five_times(settings, searching)
    assert not searching.errors, searching.errors
    seen = {(answer.model, letter) for answer in searching.answers for letter in {hit.book_id[0] for hit in answer.hits}}
    assert seen == {("all-MiniLM-L6-v2", "a"), ("other", "b")}


def test_a_writer_that_has_not_said_its_name_yet_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    with writing(tmp_path, "books"):
        pass
    assert (tmp_path / LOCK).read_bytes() == b""
    # What a killed writer leaves, under the lock of one that has begun just now: nobody is told of the dead one.
    with writing(tmp_path, "other"):
        (tmp_path / LOCK).write_text(json.dumps({"pid": 2**22 + 1, "collection": "books", "since": "2026-11-28"}))
        with pytest.raises(CollectionBusy, match="writing to"):
            refuse_while_written(tmp_path, "books")
        (tmp_path / LOCK).write_text(json.dumps({"pid": os.getppid(), "collection": "other", "since": "2026-11-28"}))
        refuse_while_written(tmp_path, "books")
