"""The live panel over a real log, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.unit.test_querylog import row
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.adapters.querylog import QueryLog
from vibeshelf.core.errors import StorageError
from vibeshelf.core.searches import Baseline, LoggedSearch, Objective
from vibeshelf.services.change import comparable
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources

Open = Callable[[], AppTest]


@pytest.fixture
def panel(starter: Shelf, log: QueryLog, monkeypatch: pytest.MonkeyPatch) -> Open:
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "settings", lambda: starter.store.settings)
    monkeypatch.setattr(resources, "search_log", lambda: log)
    return lambda: drawn(AppTest.from_function(_script, default_timeout=120).run())


def _script() -> None:
    from vibeshelf.ui.latency.live import live_panel

    live_panel("starter")


def drawn(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    parts = [*at.markdown, *at.caption, *at.warning, *at.info, *at.error]
    return "\n".join(str(each.value) for each in parts)


def fill(log: QueryLog, times_ms: list[float], begun: datetime | None = None, **changes: object) -> list[LoggedSearch]:
    """Log searches, a second apart, that end now."""
    first = begun or datetime.now(UTC) - timedelta(seconds=len(times_ms))
    rows = [
        row(f"query {at % 30}", at=first + timedelta(seconds=at), total_ms=each, filters=(), book_ids=("dracula-stoker",), **changes)
        for at, each in enumerate(times_ms)
    ]
    for each in rows:
        log.add(each)
    assert log.flush(30)
    return rows


def test_an_empty_log_says_what_would_fill_it(panel: Open, log: QueryLog) -> None:
    at = panel()
    assert "No search of starter in this period" in said(at)
    assert "nothing to compare" in said(at)
    assert not at.metric


def test_real_searches_show_with_their_figures_and_what_made_them(panel: Open, log: QueryLog, starter: Shelf) -> None:
    for text in list(starter_queries().values())[:25]:
        logged_search(starter, text, 10, source="page")
    log.flush()
    at = panel()
    figures = {metric.label: metric.value for metric in at.metric}
    assert (figures["Searches"], figures["Failed"]) == ("25", "0")
    assert float(figures["p50, ms"]) == pytest.approx(float(np.median([each.total_ms for each in log.read()])), rel=0.01)
    # 25 are enough for p95 and not for p99.
    assert figures["p95, ms"] != "—"
    assert figures["p99, ms"] == "—"
    text = said(at)
    assert "n\\=25 searches" in text
    assert "onnx fp32 on cpu" in text
    assert "No drift was seen" in text


def test_the_objective_is_judged_adjusted_and_kept(panel: Open, log: QueryLog) -> None:
    fill(log, [20.0] * 90 + [150.0] * 10)
    at = panel()
    assert "95 % of searches in less than 100 ms" in said(at)
    assert "**missed**" in said(at)
    assert "90 of 100" in said(at)
    assert "the budget is overspent by 100 %" in said(at)
    at.number_input(key="live-ms").set_value(200.0)
    at.number_input(key="live-share").set_value(96.0)
    at.button(key="live-keep").click()
    drawn(at.run())
    assert log.objective() == Objective(0.96, 200.0)
    assert "**kept**: 100 of 100" in said(drawn(at.run()))


def test_a_planted_slowdown_against_a_recorded_baseline_is_said_and_none_is_not(panel: Open, log: QueryLog) -> None:
    random = np.random.default_rng(1)
    before = list(10 * np.exp(0.3 * random.standard_normal(200)))
    fill(log, before, datetime.now(UTC) - timedelta(minutes=30))
    at = panel()
    assert "There is no baseline" in said(at)
    at.button(key="live-record").click()
    drawn(at.run())
    (conditions,) = comparable(log.read())
    kept = log.baseline(conditions, machine_name())
    assert kept is not None
    assert kept.samples_ms == tuple(before)
    assert "0 since; at least 60" in said(at)
    fill(log, list(10 * np.exp(0.3 * random.standard_normal(200))), datetime.now(UTC) - timedelta(minutes=15))
    assert "No change was seen" in said(drawn(at.run()))
    log.record(replace(kept, samples_ms=tuple(each / 2 for each in before)))
    assert "Slower than the baseline" in said(drawn(at.run()))


def test_refused_and_failed_searches_are_told_apart(panel: Open, log: QueryLog) -> None:
    fill(log, [5.0] * 30)
    fill(log, [1.0] * 2, error="InputError", results=None)
    fill(log, [1.0] * 3, error="StorageError", results=None)
    at = panel()
    assert {metric.label: metric.value for metric in at.metric}["Failed"] == "3"
    assert "StorageError 3, InputError 2" in said(at)


def test_hostile_queries_show_as_text(panel: Open, log: QueryLog) -> None:
    nasty = "<script>x</script> **bold** [a](javascript:x)"
    log.add(row(nasty, at=datetime.now(UTC), filters=()))
    log.flush()
    at = panel()
    cell = str(next(each.value for each in at.table if "query" in each.value.columns)["query"].iloc[0])
    assert "\\*\\*bold\\*\\*" in cell
    assert "\\<script\\>" in cell


def test_a_log_that_cannot_be_read_is_said(panel: Open, log: QueryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "read", lambda *_, **__: (_ for _ in ()).throw(StorageError("the log is damaged")))
    assert "the log is damaged" in said(panel())


def test_lost_searches_are_said(panel: Open, log: QueryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = log.health()
    monkeypatch.setattr(log, "health", lambda: replace(healthy, lost=7, problem="database or disk is full."))
    assert "Searches are not kept at the moment: database or disk is full" in said(panel())
    assert "7 searches of this process could not be kept" in said(panel())


def test_the_pause_stops_the_refreshing(panel: Open, log: QueryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = st.fragment

    def fragment(of: Callable[..., None], *, run_every: object = None) -> Callable[..., None]:
        asked.append(run_every)
        return real(of, run_every=run_every)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(st, "fragment", fragment)
    at = panel()
    assert [each for each in asked if each is not None] == [5]
    asked.clear()
    at.toggle(key="live-paused").set_value(True)
    drawn(at.run())
    assert [each for each in asked if each is not None] == []
    assert len(asked) == 3


def test_a_baseline_of_another_machine_is_not_used(panel: Open, log: QueryLog) -> None:
    rows = fill(log, [5.0] * 70)
    (conditions,) = comparable(rows)
    log.record(Baseline(conditions, "another machine", rows[0].at, rows[0].at, rows[0].at, (1.0,) * 100))
    assert "There is no baseline" in said(panel())
