"""Killed, crowded out, full, read-only: one clear line, and nothing that was stored is lost. Real processes throughout."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.command import assert_one_clear_line, vibeshelf
from tests.conftest import MODEL_CACHE, ROOT, settings_in
from vibeshelf.adapters.folder_lock import current_writer, writing
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings
from vibeshelf.services.shelf import open_shelf

# Some seconds of encoding, of which a kill takes place within the first half.
ROWS, KILLS, KILL_WITHIN_SECONDS = 500, 5, 2.0


def save_books(path: Path, count: int) -> Path:
    rows = [{"id": f"b{at}", "title": f"Book {at}", "summary": f"A tale of number {at * 7919 % 1009}, told slowly."} for at in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@contextmanager
def started(data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "vibeshelf.cli", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def wait_for_writer(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        if current_writer(settings.chroma_dir):
            return
        time.sleep(0.05)
    pytest.fail("the ingest never began to write")


def test_killed_at_five_random_moments_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    source = save_books(tmp_path / "books.jsonl", ROWS)
    undisturbed, killed = settings_in(tmp_path / "whole"), settings_in(tmp_path / "killed")
    assert vibeshelf(undisturbed.data_dir, "ingest", str(source), "--collection", "books").returncode == 0
    moments = random.Random(int(time.time()))
    for _ in range(KILLS):
        with started(killed.data_dir, "ingest", str(source), "--collection", "books") as process:
            wait_for_writer(killed, process)
            time.sleep(moments.uniform(0.0, KILL_WITHIN_SECONDS))
            process.send_signal(signal.SIGKILL)
    report = json.loads(vibeshelf(killed.data_dir, "ingest", str(source), "--collection", "books", "--json").stdout)
    assert report["read"] == ROWS == report["added"] + report["unchanged"]
    whole, after = (open_shelf("books", settings=settings) for settings in (undisturbed, killed))
    assert after.manifest.corpus_hash == whole.manifest.corpus_hash
    assert after.manifest.count == after.index().count() == ROWS
    ids = [f"b{at}" for at in range(ROWS)]
    expected, found = whole.index().vectors(ids), after.index().vectors(ids)
    assert min(float(np.dot(expected[book_id], found[book_id])) for book_id in ids) > 0.9999


def test_while_one_writes_others_are_told_and_see_the_new_state_afterwards(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    for name, count in (("books", 30), ("other", 5)):
        assert (
            vibeshelf(settings.data_dir, "ingest", str(save_books(tmp_path / f"{name}.jsonl", count)), "--collection", name).returncode == 0
        )
    reader = open_shelf("books", settings=settings)
    assert len(reader.search("tale", 100)) == 30
    larger = save_books(tmp_path / "larger.jsonl", 600)
    with started(settings.data_dir, "ingest", str(larger), "--collection", "books") as writer:
        wait_for_writer(settings, writer)
        assert_one_clear_line(
            vibeshelf(settings.data_dir, "ingest", str(larger), "--collection", "books"), "has been writing to 'books'", "Wait"
        )
        assert_one_clear_line(vibeshelf(settings.data_dir, "ingest", str(larger), "--collection", "third"), "has been writing to 'books'")
        assert_one_clear_line(vibeshelf(settings.data_dir, "search", "tale", "--collection", "books"), "cannot be used now")
        elsewhere = vibeshelf(settings.data_dir, "search", "tale", "--collection", "other")
        assert elsewhere.returncode == 0, elsewhere.stderr
        assert writer.wait(120) == 0
    assert len(reader.search("tale", 1000)) == 600
    assert reader.manifest.count == 600


def test_a_dead_writer_leaves_no_lock(tmp_path: Path) -> None:
    with writing(tmp_path, "books"):
        assert current_writer(tmp_path) is not None
    assert current_writer(tmp_path) is None
    with writing(tmp_path, "books"):
        pass


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here ({done.stderr.strip()[:80]}): not tested")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


needs_mount = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small file system needs root on Linux")


@needs_mount
def test_a_full_disk_is_one_clear_line_and_keeps_what_was_stored(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=24m"):
        (disk / "models").symlink_to(MODEL_CACHE)
        assert vibeshelf(disk, "ingest", str(save_books(tmp_path / "few.jsonl", 20)), "--collection", "books").returncode == 0
        ballast = disk / "ballast"
        room = os.statvfs(disk)
        ballast.write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - 200_000))
        done = vibeshelf(disk, "ingest", str(save_books(tmp_path / "many.jsonl", ROWS)), "--collection", "books")
        assert_one_clear_line(done)
        assert "full" in done.stderr or "No space" in done.stderr, done.stderr
        ballast.unlink()
        found = vibeshelf(disk, "search", "tale", "--collection", "books", "-k", "100", "--json")
        assert found.returncode == 0, found.stderr
        assert {f"b{at}" for at in range(20)} <= {hit["book_id"] for hit in json.loads(found.stdout)["hits"]} or json.loads(found.stdout)[
            "count"
        ] >= 20
        assert vibeshelf(disk, "ingest", str(tmp_path / "many.jsonl"), "--collection", "books").returncode == 0


@needs_mount
def test_a_read_only_data_folder_is_one_clear_line(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=8m"):
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert_one_clear_line(
            vibeshelf(disk, "ingest", str(save_books(tmp_path / "few.jsonl", 3)), "--collection", "books", "--model", "wordllama"),
            "VIBESHELF_DATA_DIR",
        )
        assert_one_clear_line(vibeshelf(disk, "search", "tale"), "no collection")


def test_nothing_of_torch_is_imported_by_a_search(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    assert vibeshelf(settings.data_dir, "ingest", str(save_books(tmp_path / "few.jsonl", 20)), "--collection", "books").returncode == 0
    command = [sys.executable, "-X", "importtime", "-m", "vibeshelf.cli", "search", "tale", "--collection", "books"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "VIBESHELF_DATA_DIR": str(settings.data_dir)}, capture_output=True, text=True
    )
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "chromadb" in imported
    assert imported.isdisjoint({"torch", "transformers", "sentence_transformers", "streamlit", "bm25s", "sklearn", "scipy"})
    assert Store(settings).exists("books")
