"""Switches the metrics on where the settings ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from vibeshelf.adapters import metrics
from vibeshelf.adapters.querylog import query_log
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings


def start_metrics(settings: Settings) -> None:
    """Serve /metrics on VIBESHELF_METRICS_PORT of this machine when that is set; once a process, later calls do nothing."""
    if settings.metrics_port is None:
        return

    def collections() -> Iterator[metrics.Described]:
        for info in Store(settings).collections():
            if manifest := info.manifest:
                yield info.name, info.count, manifest.encoder.model, manifest.encoder.dimension, manifest.encoder.fingerprint

    metrics.start(settings.metrics_port, lambda: metrics.Metrics(collections, query_log(settings).health))
