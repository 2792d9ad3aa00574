"""A connection that breaks: everything goes through to a server until so many bytes were sent, then nothing does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Listens on a port of its own. `allow` bytes go to the server (None: any number), then every connection is cut."""

    def __init__(self, target_port: int, allow: int | None) -> None:
        self.allow, self.sent = allow, 0
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._may_pass(len(data) if counted else 0):
                    break
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _may_pass(self, size: int) -> bool:
        with self._lock:
            self.sent += size
            return self.allow is None or self.sent <= self.allow


@contextmanager
def cut_after(target_port: int, allow: int | None) -> Iterator[Proxy]:
    """Give a proxy to a port of this machine that cuts every connection once `allow` bytes went to it."""
    proxy = Proxy(target_port, allow)
    try:
        yield proxy
    finally:
        proxy.close()
