"""The search page as a visitor meets it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

BOX = "What should it feel like?"


def test_a_typed_search_shows_results_and_lands_in_the_address(screen: Page, server: Server) -> None:
    screen.goto(server.url)
    screen.get_by_label(BOX).fill("an old man alone at sea with a great fish")
    screen.get_by_label(BOX).press("Enter")
    expect(screen.locator(".st-key-hit-1")).to_contain_text("The Old Man and the Sea", timeout=30_000)
    expect(screen.locator("[class*=st-key-hit-]")).to_have_count(10)
    expect(screen.get_by_text(re.compile(r"10 of \d+ books in \d+ ms"))).to_be_visible()
    assert "q=an+old+man" in screen.url.replace("%20", "+")


def test_a_link_shows_the_same_results(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=a+man+wakes+up+as+an+insect")
    expect(wide.locator(".st-key-hit-1")).to_contain_text("Metamorphosis", timeout=30_000)
    expect(wide.get_by_label(BOX)).to_have_value("a man wakes up as an insect")


def test_an_empty_box_shows_examples_and_one_of_them_searches(screen: Page, server: Server) -> None:
    screen.goto(server.url)
    screen.locator(".st-key-example-0 button").click()
    expect(screen.locator(".st-key-hit-1")).to_be_visible(timeout=30_000)
    expect(screen.get_by_label(BOX)).to_have_value(re.compile("lighthouse"))


def test_a_query_that_is_too_long_is_refused_in_words(wide: Page, server: Server) -> None:
    wide.goto(server.url)
    wide.get_by_label(BOX).fill("x" * 9000)
    wide.get_by_label(BOX).press("Enter")
    expect(wide.get_by_role("alert")).to_contain_text("9,000 characters", timeout=30_000)
    assert "Traceback" not in wide.content()


def test_the_collections_page_tells_what_was_built(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/Collections")
    expect(screen.get_by_text("How starter was made")).to_be_visible(timeout=30_000)


def test_nothing_overflows_a_phone(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/?q=robots")
    expect(screen.locator(".st-key-hit-10")).to_be_visible(timeout=30_000)
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unknown_collection_in_the_address_is_said(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?collection=nope&q=robots")
    expect(wide.get_by_text("There is no collection nope")).to_be_visible(timeout=30_000)


def test_hostile_text_in_books_and_queries_shows_as_text(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?collection=nasty&q=<script>window.hacked=1</script>")
    card = wide.locator(".st-key-hit-1")
    expect(card).to_contain_text("<script>window.hacked=1</script> **bold** $x$ :red[red]", timeout=60_000)
    expect(card).to_contain_text("& storms :smile: `code` # heading")
    assert card.locator("a[href*=javascript], script, img").count() == 0
    assert wide.evaluate("window.hacked") is None
