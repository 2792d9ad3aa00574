"""Figures for a monitor, in Prometheus' format, on a port of this machine; off unless VIBESHELF_METRICS_PORT is set."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.searches import LoggedSearch, LogHealth

ADDRESS = "127.0.0.1"
# Seconds: from a remembered query to one that waits for a cold disk.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SYSTEMS = ("hybrid", "dense", "lexical", "popular")
# What a visitor brought about; every other error is ours.
REFUSED = ("InputError",)
_log = logging.getLogger("vibeshelf")
# (name, books, model, dimension, fingerprint) of a collection.
Described = tuple[str, int, str, int, str]


class Metrics:
    """Counters of this process's searches, and what is known of its collections and its log when somebody asks."""

    def __init__(self, collections: Callable[[], Iterable[Described]], health: Callable[[], LogHealth]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        self._server: Any = None
        self._searches = Counter(
            "vibeshelf_searches", "Searches by how they ended.", ["system", "source", "outcome"], registry=self.registry
        )
        self._stages = Histogram(
            "vibeshelf_search_stage_seconds",
            "Time of a search by stage; a remembered query has no encode stage.",
            ["system", "stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._running = Gauge("vibeshelf_searches_in_progress", "Searches that run now.", registry=self.registry)
        self.registry.register(_Found(collections, health))

    def in_progress(self) -> AbstractContextManager[None]:
        """Count a search as running inside the block."""
        running: AbstractContextManager[None] = self._running.track_inprogress()
        return running

    def count(self, search: LoggedSearch) -> None:
        """Count a search that ended."""
        # What a visitor typed as a system must not become a series of its own.
        system = search.system if search.system in _SYSTEMS else "unknown"
        self._searches.labels(system, search.source, _outcome(search)).inc()
        if search.error is not None:
            return
        stages = {"encode": search.encode_ms, "search": search.search_ms, "hydrate": search.hydrate_ms, "total": search.total_ms}
        for stage, milliseconds in stages.items():
            if milliseconds is not None:
                self._stages.labels(system, stage).observe(milliseconds / 1000)

    def serve(self, port: int) -> None:
        """Answer on the port until the process ends or it is told to stop. Raises OSError when the port is taken."""
        from prometheus_client import start_http_server

        self._server, _ = start_http_server(port, ADDRESS, self.registry)

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it is served; None when it is not."""
        return None if self._server is None else self._server.server_address[:2]

    def stop(self) -> None:
        """Give the port back."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Found:
    """What is looked up at the time that a monitor asks."""

    def __init__(self, collections: Callable[[], Iterable[Described]], health: Callable[[], LogHealth]) -> None:
        self._collections = collections
        self._health = health

    def describe(self) -> Iterable[Any]:
        return ()

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        books = GaugeMetricFamily(
            "vibeshelf_collection_books", "Books of a collection, and what made its vectors.",
            labels=["collection", "model", "dimension", "fingerprint"],
        )  # fmt: skip
        try:
            for name, count, model, dimension, fingerprint in self._collections():
                books.add_metric([name, model, str(dimension), fingerprint], count)
        except VibeshelfError as error:
            # A monitor sees that the series ended; the reason is in the server's log.
            _log.warning("metrics: the collections cannot be listed: %s", error)
        yield books
        health = self._health()
        lost = CounterMetricFamily("vibeshelf_query_log_lost", "Searches of this process that could not be kept in the log.")
        lost.add_metric([], health.lost)
        yield lost
        waiting = GaugeMetricFamily("vibeshelf_query_log_waiting", "Searches that are not yet written to the log.")
        waiting.add_metric([], health.waiting)
        yield waiting


class _Current:
    """The metrics of this process, once they are switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried = False
        self.metrics: Metrics | None = None

    def start(self, port: int, make: Callable[[], Metrics]) -> None:
        with self._lock:
            if self._tried:
                return
            self._tried = True
            metrics = make()
            try:
                metrics.serve(port)
            except OSError as error:
                _log.warning(
                    "metrics are off: port %s on %s cannot be used (%s); set VIBESHELF_METRICS_PORT to another",
                    port,
                    ADDRESS,
                    error.strerror,
                )
                return
            self.metrics = metrics


_current = _Current()


def current() -> Metrics | None:
    """Return this process's metrics, or None while they are off."""
    return _current.metrics


def start(port: int, make: Callable[[], Metrics]) -> None:
    """Switch the metrics on, once a process; a port that is taken is one warning in the log, and they stay off."""
    _current.start(port, make)


def _outcome(search: LoggedSearch) -> str:
    if search.error is None:
        return "found" if search.results else "nothing"
    return "refused" if search.error in REFUSED else "failed"
