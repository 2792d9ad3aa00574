"""The README's blocks marked `sh` and `python` run as they stand, and say what it says they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.browser.conftest import free_port
from tests.conftest import ROOT
from vibeshelf.services.shelf import Shelf

BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(kind, body) for kind, body in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))]
RUNNABLE = [at for at, (kind, _) in enumerate(BLOCKS) if kind != "text"]


def expected_output(at: int) -> str:
    follows = BLOCKS[at + 1 : at + 2]
    return follows[0][1] if follows and follows[0][0] == "text" else ""


def run_server(command: str, env: dict[str, str]) -> None:
    """Start a block that serves, wait until it answers, stop it."""
    port = free_port()
    process = subprocess.Popen(["sh", "-c", command], cwd=ROOT, env={**env, "PORT": str(port)}, start_new_session=True)
    try:
        for _ in range(1200):
            assert process.poll() is None, "the server stopped"
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                assert answer.status == 200
                return
            time.sleep(0.1)
        pytest.fail("the server did not answer")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.mark.parametrize("at", RUNNABLE, ids=lambda at: f"{BLOCKS[at][0]}-{at}")
def test_block_runs_and_prints_what_the_readme_shows(at: int, starter: Shelf) -> None:
    kind, body = BLOCKS[at]
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(starter.store.settings.data_dir)}
    if body.startswith("make run"):
        run_server(body, env)
        return
    command = ["sh", "-ec", body] if kind == "sh" else [sys.executable, "-c", body]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    for line in expected_output(at).splitlines():
        assert line in done.stdout + done.stderr or re.search(r" in \d+ ms", line), (line, done.stdout)


def test_the_readme_has_blocks_of_each_kind() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "text"}
    assert len(RUNNABLE) >= 4


def test_pictures_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / picture).stat().st_size > 10_000, picture


def test_no_path_of_a_machine_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    private = re.compile(r"/(home|root|work|Users|opt)/[a-z]")
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".sh", ".yaml", ".yml", "", ".lock") and path.is_file():
            found = private.search(path.read_text(encoding="utf-8"))
            assert found is None or Path(name).name == "test_readme.py", (name, found)
