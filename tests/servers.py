"""Real servers on free ports, for as long as a test needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.apps import free_port, wait_until_it_answers

__all__ = ["chroma_server", "free_port", "wait_until_it_answers"]


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
