"""The Compare and How it works pages as a visitor meets them."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

WORDS = "q=an+old+man+alone+at+sea+with+a+great+fish"


def test_a_blind_round_survives_a_reload_and_ends_in_a_verdict(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/Compare?{WORDS}&view=Blind")
    wide.get_by_role("button", name="Mix ten books").click(timeout=30_000)
    boxes = wide.get_by_role("checkbox", name=re.compile("I would like to read"))
    expect(boxes).to_have_count(10, timeout=30_000)
    expect(wide.get_by_test_id("stCaptionContainer").filter(has_text="found by")).to_have_count(0)
    boxes.first.focus()
    wide.keyboard.press("Space")
    expect(boxes.first).to_be_checked()
    # What is pressed is on disk before the page says so: the reload asks the server.
    expect(wide.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)
    wide.reload()
    expect(boxes.first).to_be_checked(timeout=30_000)
    expect(boxes.nth(1)).not_to_be_checked()
    wide.get_by_role("button", name="I am done").click()
    expect(wide.get_by_test_id("stAlert").first).to_contain_text("wins this round", timeout=30_000)
    expect(wide.get_by_test_id("stCaptionContainer").filter(has_text="found by")).to_have_count(10)
    expect(wide.locator(".st-key-standing")).to_contain_text("n = 1 round of 1 visitor")
    expect(wide.locator(".st-key-standing")).to_contain_text("Not decided")


def test_side_by_side_shows_moves_fits_a_phone_and_hostile_text_stays_text(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/Compare?q=sea&left=dense+on+nasty&right=dense+on+starter")
    row = screen.locator(".vl-side").first.locator(".vl-row").filter(has_text="**bold**")
    expect(row).to_contain_text("<script>window.hacked=1</script> **bold** $x$ :red[red]", timeout=60_000)
    expect(row.locator(".vl-move")).to_contain_text("not on the right")
    expect(screen.locator(".vl-right .vl-row")).to_have_count(10)
    assert screen.locator(".vl-lists").locator("a, script, img, u").count() == 0
    assert screen.evaluate("window.hacked") is None
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_walk_draws_its_numbers_and_leads_back_to_the_search(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/How_it_works?{WORDS}")
    expect(screen.locator(".st-key-picture-query rect")).to_have_count(384, timeout=30_000)
    picture = screen.locator(".st-key-picture-heap .vs-picture")
    expect(picture).to_have_attribute("aria-label", re.compile("How many books are how near"))
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screen.get_by_role("link", name="See the search").click(timeout=30_000)
    expect(screen.get_by_label("What should it feel like?")).to_have_value("an old man alone at sea with a great fish", timeout=30_000)
    expect(screen.locator("#hit-1")).to_contain_text("The Old Man and the Sea", timeout=30_000)
