"""The Collections page as its owner meets it: a file comes in, its bad rows are said, it takes a name, people find its books."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.conftest import settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, ingest

PATIENCE_MS = 120_000
LIVE, NEW = "lamps", "lamps-2"
WISH = "a lamp that guides ships"


@pytest.fixture
def lamps(server: Server, tmp_path: Path) -> Iterator[Settings]:
    """A collection of two books beside the starter one, in the data folder of the app that runs; gone afterwards."""
    settings = settings_in(server.data_dir)
    rows = [{"id": str(at), "title": f"Old Lamp {at}", "summary": "A lamp on a cliff guides ships."} for at in range(2)]
    (tmp_path / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(open_source(str(tmp_path / "old.jsonl")), settings, IngestOptions(LIVE))
    yield settings
    store = Store(settings)
    with store.writer(LIVE):
        for name in (LIVE, NEW, f"{LIVE}.before"):
            if store.exists(name):
                store.delete(name)


def open_view(page: Page, server: Server, view: str) -> None:
    page.goto(f"{server.url}/Collections?view={view}")
    expect(page.get_by_role("heading", name="What is on the shelf")).to_be_visible(timeout=PATIENCE_MS)


def search(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?collection={LIVE}&q={WISH}")


def test_upload_ingest_rejects_swap_search_and_back(wide: Page, server: Server, lamps: Settings, tmp_path: Path) -> None:
    books = tmp_path / "new lamps.csv"
    books.write_text("id,title,summary\n1,New Lamp,A lamp on a reef guides ships.\n,No Id,A lamp.\n1,Again,A lamp.\n")
    open_view(wide, server, "Add books")
    wide.locator("input[type=file]").set_input_files(books)
    name = wide.get_by_role("textbox", name="Into the collection")
    name.fill(NEW)
    name.press("Enter")
    wide.get_by_role("button", name="Begin").click()
    expect(wide.get_by_text(re.compile("read 3 rows"))).to_be_visible(timeout=PATIENCE_MS)
    expect(wide.get_by_text("2 rows were rejected")).to_be_visible()
    with wide.expect_download() as download:
        wide.get_by_role("button", name="Download all rejected rows").click()
    rejected = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [row["line"] for row in rejected] == [3, 4]
    wide.set_viewport_size({"width": 390, "height": 900})
    assert wide.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    wide.set_viewport_size({"width": 1280, "height": 900})

    open_view(wide, server, "Shelf")
    card = wide.locator("[class*=st-key-family-]").filter(has=wide.get_by_role("heading", name=LIVE, exact=True))
    card.get_by_role("button", name="Swap in").click()
    expect(wide.get_by_text("Then: version")).to_be_visible()
    wide.get_by_role("button", name="Swap now").click()
    expect(wide.get_by_text(re.compile(f"{LIVE} is version .* now: 1 books"))).to_be_visible(timeout=PATIENCE_MS)
    search(wide, server)
    expect(wide.get_by_text("New Lamp").first).to_be_visible(timeout=PATIENCE_MS)
    expect(wide.get_by_text("Old Lamp")).to_have_count(0)

    open_view(wide, server, "Shelf")
    card.get_by_role("button", name="Roll back").click()
    wide.get_by_role("button", name="Roll back now").click()
    expect(wide.get_by_text(re.compile(f"{LIVE} is version .* now: 2 books"))).to_be_visible(timeout=PATIENCE_MS)
    search(wide, server)
    expect(wide.get_by_text("Old Lamp 1").first).to_be_visible(timeout=PATIENCE_MS)
    assert "Traceback" not in wide.content()
