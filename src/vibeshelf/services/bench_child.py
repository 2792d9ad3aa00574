"""The process that measures, as the one that asked sees it: a request goes in, events come out, and it ends when nobody listens."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO, Any

from vibeshelf.core.errors import Cancelled, ModelUnavailable
from vibeshelf.core.settings import Settings

_WORKER = "vibeshelf.services.bench_worker"
_LOOK_SECONDS = 0.2


def never() -> bool:
    """Return that nobody calls it off."""
    return False


def ask(task: str, settings: Settings, cancelled: Callable[[], bool] = never, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield the events of a task in a fresh process.

    Raises ModelUnavailable with the reason when it failed or died, Cancelled soon after `cancelled` says so.
    """
    of_settings = {"data_dir": str(settings.data_dir), "chroma_url": settings.chroma_url, "model": settings.model}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        asked_at = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8"
        )
        try:
            _send(child, {"task": task, "settings": of_settings, "asked_at": asked_at, **request})
            for event in _events(child, cancelled):
                if "failed" in event:
                    raise ModelUnavailable(str(event["failed"]))
                yield event
            if _ended(child, cancelled):
                raise ModelUnavailable(_last_words(child.returncode, complaints))
        finally:
            _end(child)


def _send(child: subprocess.Popen[str], request: dict[str, Any]) -> None:
    assert child.stdin is not None
    # A child that has died already says so by its exit code.
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(request))
        child.stdin.close()


def _events(child: subprocess.Popen[str], cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    lines: SimpleQueue[str | None] = SimpleQueue()
    assert child.stdout is not None
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    while True:
        if cancelled():
            raise Cancelled("the benchmark was stopped")
        with suppress(Empty):
            line = lines.get(timeout=_LOOK_SECONDS)
            if line is None:
                return
            yield json.loads(line)


def _ended(child: subprocess.Popen[str], cancelled: Callable[[], bool]) -> int:
    """Return the exit code of a child that has said all it had to say."""
    while child.poll() is None:
        if cancelled():
            raise Cancelled("the benchmark was stopped")
        time.sleep(_LOOK_SECONDS / 10)
    return child.returncode


def _read(stream: IO[str], lines: SimpleQueue[str | None]) -> None:
    # A stream that was closed under it has no more lines.
    with suppress(ValueError, OSError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _last_words(code: int, complaints: IO[str]) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints if line.strip()]
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"its process {how}{': ' + lines[-1][:200] if lines else ''}"
