"""The figures for a monitor: a real server on a port of this machine, read as a monitor reads it."""

from __future__ import annotations

import logging
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from tests.servers import free_port
from tests.unit.test_querylog import row
from vibeshelf.adapters import metrics
from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.monitoring import start_metrics
from vibeshelf.services.shelf import Shelf


@pytest.fixture
def port(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port on which the metrics of this test are served."""
    monkeypatch.setattr(metrics, "_current", metrics._Current())
    chosen = free_port()
    start_metrics(starter.store.settings.model_copy(update={"metrics_port": chosen}))
    yield chosen
    current = metrics.current()
    if current is not None:
        current.stop()


def scraped(port: int) -> dict[str, float]:
    from prometheus_client.parser import text_string_to_metric_families

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            f"{sample.name}{{{','.join(f'{key}={value}' for key, value in sorted(sample.labels.items()))}}}": sample.value
            for family in families
            for sample in family.samples
        }


def test_searches_are_counted_by_system_and_outcome_and_timed_by_stage(starter: Shelf, port: int) -> None:
    logged_search(starter, "a brand new query about whales", 3, source="page")
    logged_search(starter, "a brand new query about whales", 3, source="page")
    logged_search(starter, "qwxyz", 3, "lexical", source="cli")
    with pytest.raises(InputError):
        logged_search(starter, "sea", 3, "made up by a visitor", source="page")
    found = scraped(port)
    assert found["vibeshelf_searches_total{outcome=found,source=page,system=hybrid}"] == 2
    assert found["vibeshelf_searches_total{outcome=nothing,source=cli,system=lexical}"] == 1
    assert found["vibeshelf_searches_total{outcome=refused,source=page,system=unknown}"] == 1
    # The second had its vector remembered.
    assert found["vibeshelf_search_stage_seconds_count{stage=encode,system=hybrid}"] == 1
    assert found["vibeshelf_search_stage_seconds_count{stage=total,system=hybrid}"] == 2
    assert 0 < found["vibeshelf_search_stage_seconds_sum{stage=total,system=hybrid}"] < 60
    assert found["vibeshelf_searches_in_progress{}"] == 0
    encoder = starter.manifest.encoder
    about = f"collection=starter,dimension=384,fingerprint={encoder.fingerprint},model={encoder.model}"
    assert found[f"vibeshelf_collection_books{{{about}}}"] == starter.manifest.count
    assert found["vibeshelf_query_log_lost_total{}"] == 0


def test_a_search_is_in_progress_while_it_runs(starter: Shelf, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def run(*_: object, **__: object) -> None:
        seen.append(scraped(port)["vibeshelf_searches_in_progress{}"])
        raise StorageError("gone")

    monkeypatch.setattr(starter, "run", run)
    with pytest.raises(StorageError):
        logged_search(starter, "sea", source="page")
    assert seen == [1]
    assert scraped(port)["vibeshelf_searches_total{outcome=failed,source=page,system=hybrid}"] == 1


def test_only_this_machine_is_answered(port: int) -> None:
    current = metrics.current()
    assert current is not None
    assert current.address == ("127.0.0.1", port)


def test_a_port_that_is_taken_is_one_warning_and_searching_goes_on(
    starter: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metrics, "_current", metrics._Current())
    with socket.socket() as taken, caplog.at_level(logging.WARNING, "vibeshelf"):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = starter.store.settings.model_copy(update={"metrics_port": port})
        start_metrics(settings)
        start_metrics(settings)
        assert starter.search("sea", 1)
    assert metrics.current() is None
    (warning,) = [record.getMessage() for record in caplog.records if "metrics" in record.getMessage()]
    assert f"port {port} on 127.0.0.1 cannot be used" in warning
    assert "VIBESHELF_METRICS_PORT" in warning


def test_they_are_off_unless_asked_for(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_current", metrics._Current())
    start_metrics(starter.store.settings)
    assert metrics.current() is None


def test_what_cannot_be_looked_up_is_left_out_and_the_rest_is_told(starter: Shelf, port: int) -> None:
    def broken() -> list[metrics.Described]:
        raise StorageError("gone")

    counted = metrics.Metrics(broken, starter.log.health)
    counted.count(row())
    from prometheus_client import generate_latest

    text = generate_latest(counted.registry).decode()
    assert 'vibeshelf_searches_total{outcome="found",source="page",system="hybrid"} 1.0' in text
    assert "vibeshelf_collection_books{" not in text
