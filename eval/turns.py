"""Systems that take turns, each in a process of its own: no thread pool, cache or garbage of one slows the other."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from eval.measuring import Samples

# Handles some items and returns the seconds of each.
Turn = Callable[[Sequence[Any]], list[float]]
# Items that a system handles in one turn, as a server in use would; the processors' threads come to rest between turns.
TURN = 8


class Player:
    """A system in a process of its own. It stays for as many measurements as are wanted: importing torch takes seconds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def call(self, method: str, *arguments: Any) -> Any:
        """Return what the system's method returns. Raises RuntimeError when it fails."""
        return self._ask(method, arguments, None)

    def turn(self, method: str, *arguments: Any) -> Turn:
        """Return what measures calls of `method(*arguments, item)`, in the system's process."""
        return lambda items: list(self._ask(method, arguments, list(items)))

    def _ask(self, *request: Any) -> Any:
        self._connection.send(request)
        failure, answer = self._connection.recv()
        if failure:
            raise RuntimeError(f"a system failed in its process: {failure}")
        return answer


@contextmanager
def player(make: Callable[..., object], *arguments: Any) -> Iterator[Player]:
    """Start a process and make a system in it: `make` is a class or function of a module, so that it can be sent there."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, make, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Player(ours)
    finally:
        ours.close()
        process.join(20)


def take_turns(turns: Mapping[str, Turn], items: Sequence[Any], repeats: int, warm_up: int = 8) -> Samples:
    """Return the seconds of every call, as its process measured them. Who begins changes with every turn."""
    for turn in turns.values():
        turn(items[:warm_up])
    samples: Samples = {name: [] for name in turns}
    names = list(turns)
    parts = [items[start : start + TURN] for _ in range(repeats) for start in range(0, len(items), TURN)]
    for at, part in enumerate(parts):
        shift = at % len(names)
        for name in names[shift:] + names[:shift]:
            samples[name] += turns[name](part)
    return samples


def _serve(connection: Connection, make: Callable[..., object], arguments: Sequence[Any]) -> None:
    try:
        system = make(*arguments)
        while True:
            method, first, items = connection.recv()
            call = getattr(system, method)
            answer = call(*first) if items is None else [_seconds(call, (*first, item)) for item in items]
            connection.send((None, answer))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001
        # Whatever it was, the other side must hear of it instead of waiting.
        connection.send((f"{type(error).__name__}: {error}", None))


def _seconds(call: Callable[..., object], arguments: Sequence[Any]) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started
