"""The Health page as a visitor meets it: the map under the pointer, the drill, nothing that overflows."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from vibeshelf.services.collection_map import Atlas, open_atlas
from vibeshelf.services.shelf import Shelf

PATIENCE_MS = 120_000


def opened(page: Page, server: Server, view: str) -> Page:
    page.goto(f"{server.url}/Health?collection=starter&view={view}")
    expect(page.get_by_text(re.compile("(quick|full) examination of"))).to_be_visible(timeout=PATIENCE_MS)
    return page


def canvas_of(page: Page) -> Locator:
    canvas = page.locator(".st-key-map canvas, canvas[role=img]").first
    expect(canvas).to_have_attribute("data-drawn", re.compile(r"\d+"), timeout=PATIENCE_MS)
    canvas.scroll_into_view_if_needed()
    return canvas


def state_of(canvas: Locator) -> dict[str, float]:
    return dict(json.loads(canvas.get_attribute("data-view") or "{}"))


def place_of(canvas: Locator, atlas: Atlas, book_id: str) -> tuple[float, float]:
    """Where a book is drawn, in pixels of the page."""
    view, box, row = state_of(canvas), canvas.bounding_box(), atlas.row_of(book_id)
    assert box is not None
    assert row is not None
    x, y = atlas.map.places[row].tolist()
    return box["x"] + view["left"] + x * view["size"], box["y"] + view["top"] + y * view["size"]


def atlas_of(starter: Shelf) -> Atlas:
    return open_atlas(starter.store.settings, starter.index(), starter.mirror(), lambda *_: None, lambda: False)


def test_the_page_tells_and_nothing_overflows(screen: Page, server: Server) -> None:
    opened(screen, server, "Probes")
    expect(screen.get_by_text("Sound: every probe that applies passes.")).to_be_visible()
    expect(screen.get_by_text("Canaries: least cosine", exact=False).first).to_be_visible()
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "Traceback" not in screen.content()


def test_a_book_under_the_pointer_says_its_name_and_a_click_its_neighbours(screen: Page, server: Server, starter: Shelf) -> None:
    atlas = atlas_of(starter)
    canvas = canvas_of(opened(screen, server, "Map"))
    assert canvas.get_attribute("data-drawn") == str(starter.manifest.count)
    screen.mouse.move(*place_of(canvas, atlas, "dracula-stoker"))
    expect(screen.locator(".tip")).to_contain_text("Dracula, Bram Stoker")
    screen.mouse.click(*place_of(canvas, atlas, "dracula-stoker"))
    near = screen.locator(".st-key-map-near")
    expect(near).to_contain_text("Nearest to Dracula", timeout=30_000)
    expect(near.locator("li")).to_have_count(10)
    expect(canvas).to_have_attribute("data-view", re.compile('"marks":10'))
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_query_is_placed_and_the_map_can_be_enlarged(wide: Page, server: Server) -> None:
    canvas = canvas_of(opened(wide, server, "Map"))
    size = state_of(canvas)["size"]
    wide.get_by_role("button", name="Zoom in").click()
    expect(canvas).not_to_have_attribute("data-view", re.compile(f'"size":{size:g},'))
    assert state_of(canvas)["size"] > 1.5 * size
    box = wide.get_by_label("Place a query")
    box.fill("vampires in an old castle")
    box.press("Enter")
    expect(wide.locator(".st-key-map-near")).to_contain_text("Dracula", timeout=30_000)
    expect(wide.locator("canvas[role=img]")).to_have_attribute("aria-label", re.compile("vampires in an old castle"))


def test_the_drill_ends_at_the_guard(wide: Page, server: Server) -> None:
    opened(wide, server, "Drill")
    wide.get_by_role("button", name="Start the drill").click(timeout=PATIENCE_MS)
    expect(wide.get_by_text("4. What Vibeshelf does")).to_be_visible(timeout=2 * PATIENCE_MS)
    refusals = wide.get_by_role("alert").filter(has_text="does not match")
    expect(refusals).to_have_count(2)
    expect(refusals.first).to_contain_text("Search with --model all-MiniLM-L6-v2")
    expect(wide.locator(".st-key-drill-before li")).to_have_count(5)
    expect(wide.get_by_text("live data untouched")).to_be_visible()
