"""Asking and narrowing as a visitor does it: filters and the back button, links, the box and its suggestions."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

BOX = "What should it feel like?"
AT_REST = ".stApp[data-test-script-state=notRunning]"


def test_filters_land_in_the_address_and_the_back_button_takes_them_back(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=robots")
    expect(wide.locator("#hit-10")).to_be_attached(timeout=60_000)
    expect(wide.locator(AT_REST)).to_be_visible(timeout=60_000)
    genre = wide.locator(".st-key-narrow-genre button").first
    genre.click(timeout=60_000)
    wide.get_by_role("button", name=re.compile("^mystery")).click()
    expect(genre).to_contain_text("mystery", timeout=30_000)
    expect(wide.locator("#hit-1 .vs-genres")).to_contain_text("mystery")
    assert "genre=mystery" in wide.evaluate("location.search")
    wide.go_back()
    expect(genre).to_contain_text("Genre", timeout=30_000)
    assert "genre" not in wide.evaluate("location.search")
    wide.go_forward()
    expect(genre).to_contain_text("mystery", timeout=30_000)


def test_a_link_with_filters_shows_the_same_page_and_says_what_it_cannot_use(screen: Page, server: Server) -> None:
    hostile = "<img src=x onerror=window.hacked=1>"
    screen.goto(f"{server.url}/?q=robots&genre=science+fiction&year=1950..1999&country={hostile}&pages=%3Cb%3E")
    expect(screen.locator(".st-key-narrow-genre")).to_contain_text("science fiction", timeout=60_000)
    expect(screen.locator(".st-key-narrow-year")).to_contain_text("1950 to 1999")
    expect(screen.get_by_role("alert").first).to_contain_text(hostile)
    assert screen.evaluate("window.hacked") is None
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_like_a_book_but_otherwise_is_explained_and_can_be_undone(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/?q=like+The+Old+Man+and+the+Sea+but+funny,+no+war")
    reading = screen.locator(".st-key-reading")
    expect(reading).to_contain_text("The vector of The Old Man and the Sea by Ernest Hemingway", timeout=60_000)
    expect(reading).to_contain_text("Kept away from: war.")
    expect(screen.locator("#hit-1 .vs-title")).not_to_have_text("The Old Man and the Sea")
    reading.get_by_role("button", name="Take my words as they are").click()
    expect(reading).to_contain_text("taken as they are", timeout=30_000)
    assert "words=plain" in screen.evaluate("location.search")


def test_the_box_has_the_focus_and_suggests_while_it_is_typed_in(wide: Page, server: Server) -> None:
    wide.goto(server.url)
    box = wide.get_by_role("combobox", name=BOX)
    expect(box).to_be_focused(timeout=60_000)
    wide.keyboard.type("old man and")
    option = wide.get_by_role("option", name=re.compile("The Old Man and the Sea"))
    expect(option).to_be_visible(timeout=30_000)
    expect(box).to_have_attribute("aria-expanded", "true")
    wide.keyboard.press("ArrowDown")
    chosen = wide.locator(".vs-suggestion[aria-selected=true]")
    expect(box).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    wide.keyboard.press("Escape")
    expect(option).to_be_hidden()
    expect(box).to_have_value("old man and")
    wide.keyboard.type(" the s")
    expect(option).to_be_visible(timeout=30_000)
    wide.keyboard.press("ArrowDown")
    wide.keyboard.press("Enter")
    expect(wide.locator("#hit-1")).to_contain_text("The Old Man and the Sea", timeout=30_000)
    expect(box).to_have_value("The Old Man and the Sea")
