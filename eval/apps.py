"""The app as `make run` serves it, in a process that can be killed and started again where it was."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from vibeshelf.core.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
# With room for the starter collection to be made on a slow machine.
_FIRST_START_SECONDS = 900
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Nothing but the page at hand is talked to.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
        wait_until_it_answers(f"{self.url}/_stcore/health", self._process, log, _FIRST_START_SECONDS)
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


def wait_until_it_answers(url: str, process: subprocess.Popen[Any], log: Path | None = None, max_seconds: float = 120) -> None:
    """Return once the address answers. Raises RuntimeError, with what the process logged, when it ends instead or is silent too long."""
    deadline = time.monotonic() + max_seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    ended = f"ended with {process.returncode}" if process.poll() is not None else f"did not answer in {max_seconds:.0f} s"
    said = log.read_text(encoding="utf-8", errors="replace") if log else ""
    raise RuntimeError(f"the server of {url} {ended}: {said or 'it logged nothing'}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bare_app(folder: Path, code: str) -> Iterator[str]:
    """Serve a Streamlit script of these lines, which benchmarks take as their floor; yield its address."""
    script = folder / "bare.py"
    script.write_text(code, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.address", "127.0.0.1", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(60)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser. Raises SystemExit where there is none."""
    if CHROMIUM is None:
        raise SystemExit("no Chromium on this machine: install it (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a data folder of its own, which shares only the exported models."""
    with tempfile.TemporaryDirectory() as folder:
        models = load_settings().models_dir
        models.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "models").symlink_to(models)
        yield Path(folder)
