"""Without a network everything works, and nothing tries to reach one: no telemetry, no model hub, no address that is looked up."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.command import vibeshelf
from tests.conftest import ROOT, settings_in
from tests.servers import free_port, wait_until_it_answers
from vibeshelf.services.shelf import Shelf

WATCHED = str(ROOT / "tests" / "offline")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The file where a watched process writes whom it asked for."""
    return tmp_path / "outside.log"


def watched(outside: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([WATCHED, os.environ.get("PYTHONPATH", "")]), "OUTSIDE_LOG": str(outside)}


def test_the_watch_sees_who_looks_outside(outside: Path) -> None:
    ask = "import urllib.request; urllib.request.urlopen('http://books.example/', timeout=2)"
    done = subprocess.run([sys.executable, "-c", ask], env={**os.environ, **watched(outside)}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "books.example" in outside.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("ingest", "starter", "--limit", "40", "--collection", "forty"),
        ("ingest", "starter", "--limit", "20", "--collection", "torch", "--backend", "torch"),
        ("search", "a slow lighthouse story", "-k", "3"),
        ("eval", "--measures", "nDCG@10"),
        ("judge", "agreement"),
        ("doctor",),
        ("collections",),
    ],
    ids=lambda words: " ".join(words),
)
def test_commands_work_and_look_nowhere(words: tuple[str, ...], starter: Shelf, tmp_path: Path, outside: Path) -> None:
    reads_only = words[0] != "ingest"
    data_dir = starter.store.settings.data_dir if reads_only else settings_in(tmp_path / "data").data_dir
    done = vibeshelf(data_dir, *words, timeout=200, **watched(outside))
    assert done.returncode == 0, done.stderr
    assert not outside.exists(), outside.read_text()


def test_the_app_looks_nowhere(starter: Shelf, tmp_path: Path, outside: Path) -> None:
    """Also on 0.0.0.0, where Streamlit by itself asks a server on the internet for this machine's address."""
    port, log = free_port(), tmp_path / "server.log"
    env = {**os.environ, "PORT": str(port), "VIBESHELF_DATA_DIR": str(starter.store.settings.data_dir), **watched(outside)}
    with log.open("wb") as out:
        command = [sys.executable, "-m", "vibeshelf.cli", "app", "--address", "0.0.0.0"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.wait(20)
    assert not outside.exists(), outside.read_text()
