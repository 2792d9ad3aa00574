"""The live panel as a watcher meets it, beside a visitor who searches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, serving
from tests.conftest import copy_collections, settings_in
from vibeshelf.services.shelf import Shelf

PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def server(starter: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a log of its own: the chart shows the ten most searched, and other tests search too."""
    made = settings_in(tmp_path_factory.mktemp("live") / "data")
    copy_collections(starter.store.settings.data_dir, made.data_dir)
    with serving(made.data_dir) as running:
        yield running


def searched(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/?collection=starter&q={query}")
    expect(page.locator("#hit-1")).to_be_visible(timeout=PATIENCE_MS)


def test_a_search_appears_by_itself_and_nothing_overflows(screen: Page, server: Server) -> None:
    searched(screen, server, "a+whale+and+a+captain")
    watcher = screen.context.new_page()
    watcher.goto(f"{server.url}/Latency?collection=starter&view=Live")
    expect(watcher.locator(".st-key-chart-live-searched svg.marks")).to_contain_text("a whale and a captain", timeout=PATIENCE_MS)
    # The watcher's page is not touched again: it finds by itself what another page searches.
    searched(screen, server, "a+quarrel+between+two+lighthouse+keepers")
    expect(watcher.locator(".st-key-chart-live-searched svg.marks")).to_contain_text("two lighthouse keepers", timeout=PATIENCE_MS)
    expect(watcher.locator(".st-key-chart-live-rate svg.marks")).to_be_attached()
    expect(watcher.get_by_text(re.compile("95 % of searches in less than 100 ms"))).to_be_visible()
    expect(watcher.get_by_text("A query that came often counts once")).to_be_attached(timeout=PATIENCE_MS)
    assert watcher.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "Traceback" not in watcher.content()


def test_the_figures_of_a_chart_are_taken_away(wide: Page, server: Server) -> None:
    searched(wide, server, "robots")
    wide.goto(f"{server.url}/Latency?collection=starter&view=Live")
    wide.get_by_text("Pause", exact=True).click(timeout=PATIENCE_MS)
    files = wide.locator(".st-key-files-live-rate")
    with wide.expect_download(timeout=30_000) as taken:
        files.get_by_role("button", name="CSV").click()
    lines = Path(taken.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "start,end,outcome,searches"
    assert sum(int(line.rsplit(",", 1)[1]) for line in lines[1:]) >= 1
