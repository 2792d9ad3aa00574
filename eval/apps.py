"""The app as `make run` serves it, in a process that can be killed and started again where it was."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# With room for the starter collection to be made on a slow machine.
MAX_SECONDS = 900


class App:
    """An app over a data folder. It keeps its port, so that a browser finds it again after a restart."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self._process: subprocess.Popen[Any] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> App:
        """Return when it answers."""
        env = {**os.environ, "PORT": str(self.port), "VIBESHELF_DATA_DIR": str(self.data_dir), "PYTHONPATH": str(ROOT / "src")}
        log = self.data_dir / "app.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen([sys.executable, "-m", "vibeshelf.cli", "app"], cwd=ROOT, env=env, stdout=out, stderr=out)
        wait_until_it_answers(self.url, self._process, log)
        return self

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """End it without a chance to finish anything (SIGKILL)."""
        self._end(lambda process: process.kill())

    def _end(self, how: Any) -> None:
        if self._process is not None:
            how(self._process)
            self._process.wait(60)
            self._process = None


def wait_until_it_answers(url: str, process: subprocess.Popen[Any], log: Path | None = None) -> None:
    """Return once a Streamlit server answers. Raises RuntimeError, with its log, when it ends instead or is silent too long."""
    deadline = time.monotonic() + MAX_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log else ""
    raise RuntimeError(f"no app answered on {url}: {said or 'it logged nothing'}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
