"""The command line as a person calls it: in a process of its own, or in this one, which saves a second each time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from tests.conftest import ROOT
from vibeshelf import cli


def vibeshelf(data_dir: Path, *arguments: str, timeout: float = 200, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vibeshelf.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "VIBESHELF_DATA_DIR": str(data_dir), **env},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def vibeshelf_here(data_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The same in this process: for what a command says and answers, where nothing depends on a process being new."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, {"VIBESHELF_DATA_DIR": str(data_dir), **env}), redirect_stdout(out), redirect_stderr(err):
        try:
            code: object = cli.main(arguments)
        except SystemExit as stopped:
            # What argparse refuses.
            code = stopped.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Bad input: exit code 2, one line on stderr that says what is the matter, nothing on stdout, no traceback."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, (word, done.stderr)
