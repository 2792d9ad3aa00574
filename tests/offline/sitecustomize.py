"""Put before everything else on PYTHONPATH: writes down, and refuses, whatever in this process asks for an address outside.

It stands in a folder of its own so that nothing imports it but the processes that a test starts with that folder on their path.
"""

import os
import sys
from pathlib import Path


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        wanted = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        wanted = arguments[1][0]
    else:
        return
    name = wanted.decode() if isinstance(wanted, bytes) else str(wanted)
    if name in ("None", "localhost", "::1", "", "0.0.0.0") or name.startswith("127."):
        return
    with Path(os.environ["OUTSIDE_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{event} {name}\n")
    raise OSError(f"no network in this test: {name}")


if "OUTSIDE_LOG" in os.environ:
    sys.addaudithook(_watch)
