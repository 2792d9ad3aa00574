"""Systems that take turns, each in a process of its own: no thread pool, cache or garbage of one slows the other."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any

from eval.measuring import Samples

Call = Callable[[Any], object]
# What makes a system in its process, with its arguments: a function of a module, so that it can be sent there.
Maker = tuple[Callable[..., Call], tuple[Any, ...]]
# Items that a system handles in one turn, as a server in use would; the processors' threads come to rest between turns.
TURN = 8


def take_turns(makers: Mapping[str, Maker], items: Sequence[Any], repeats: int, warm_up: int = 8) -> Samples:
    """Return the seconds of every call, as its process measured them. Who begins changes with every turn."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(_worker(maker)) for name, maker in makers.items()}
        for worker in workers.values():
            worker(items[:warm_up])
        samples: Samples = {name: [] for name in makers}
        names = list(makers)
        turns = [items[start : start + TURN] for _ in range(repeats) for start in range(0, len(items), TURN)]
        for at, turn in enumerate(turns):
            shift = at % len(names)
            for name in names[shift:] + names[:shift]:
                samples[name] += workers[name](turn)
    return samples


@contextmanager
def _worker(maker: Maker) -> Iterator[Callable[[Sequence[Any]], list[float]]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, maker), daemon=True)
    process.start()
    theirs.close()

    def run(items: Sequence[Any]) -> list[float]:
        ours.send(list(items))
        answer = ours.recv()
        if isinstance(answer, str):
            raise RuntimeError(f"a system failed in its process: {answer}")
        return list(answer)

    try:
        yield run
    finally:
        ours.close()
        process.join(20)


def _serve(connection: Connection, maker: Maker) -> None:
    make, arguments = maker
    try:
        call = make(*arguments)
        while True:
            connection.send([_seconds(call, item) for item in connection.recv()])
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001
        # Whatever it was, the other side must hear of it instead of waiting.
        connection.send(f"{type(error).__name__}: {error}")


def _seconds(call: Call, item: Any) -> float:
    started = time.perf_counter()
    call(item)
    return time.perf_counter() - started
