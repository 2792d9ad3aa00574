"""Real servers on free ports, for as long as a test needs them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MAX_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(url: str, process: subprocess.Popen[Any], log: Path | None = None) -> None:
    """Return once the address answers; fail, with what the process logged, when it ends or is silent for two minutes."""
    deadline = time.monotonic() + MAX_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    ended = f"ended with {process.returncode}" if process.poll() is not None else f"did not answer in {MAX_SECONDS} s"
    raise AssertionError(f"the server of {url} {ended}: {log.read_text() if log else ''}")


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """Yield the address of a Chroma server over `folder`; it is gone afterwards."""
    port = free_port()
    chroma = Path(sys.executable).parent / "chroma"
    process = subprocess.Popen(
        [str(chroma), "run", "--path", str(folder), "--port", str(port), "--host", "127.0.0.1"],
        env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/api/v2/heartbeat", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
