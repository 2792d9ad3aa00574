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
    expect(screen.locator("#hit-1")).to_contain_text("The Old Man and the Sea", timeout=30_000)
    expect(screen.locator(".vs-card")).to_have_count(10)
    expect(screen.get_by_text(re.compile(r"10 of \d+ books in \d+ ms"))).to_be_visible()
    assert "q=an+old+man" in screen.url.replace("%20", "+")


def test_a_link_shows_the_same_results(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=a+man+wakes+up+as+an+insect")
    expect(wide.locator("#hit-1")).to_contain_text("Metamorphosis", timeout=30_000)
    expect(wide.get_by_label(BOX)).to_have_value("a man wakes up as an insect")


def test_an_empty_box_shows_examples_and_one_of_them_searches(screen: Page, server: Server) -> None:
    screen.goto(server.url)
    example = screen.locator(".st-key-example-0 button")
    words = str(example.text_content(timeout=30_000))
    example.click()
    expect(screen.locator("#hit-1")).to_be_visible(timeout=30_000)
    expect(screen.get_by_label(BOX)).to_have_value(words)


def test_a_query_that_is_too_long_is_refused_in_words(wide: Page, server: Server) -> None:
    wide.goto(server.url)
    wide.get_by_label(BOX).fill("x" * 9000)
    wide.get_by_label(BOX).press("Enter")
    expect(wide.get_by_role("alert")).to_contain_text("9,000 characters", timeout=30_000)
    assert "Traceback" not in wide.content()


def test_the_collections_page_tells_what_was_built(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/Collections")
    expect(screen.get_by_text("How it was made").first).to_be_visible(timeout=30_000)


def test_nothing_overflows_a_phone(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/?q=robots")
    expect(screen.locator("#hit-10")).to_be_visible(timeout=30_000)
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unknown_collection_in_the_address_is_said(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?collection=nope&q=robots")
    expect(wide.get_by_text("There is no collection nope")).to_be_visible(timeout=30_000)


def test_hostile_text_in_books_and_queries_shows_as_text(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?collection=nasty&q=<script>window.hacked=1</script>")
    card = wide.locator("#hit-1")
    expect(card).to_contain_text("<script>window.hacked=1</script> **bold** $x$ :red[red]", timeout=60_000)
    expect(card).to_contain_text("& storms :smile: `code` # heading")
    assert wide.locator(".vs-cards").locator("a[href*=javascript], script, img, u, svg[onload], b").count() == 0
    other = wide.locator(".vs-card", has_text="<img src=x onerror='window.hacked=1'>").last
    other.get_by_role("link", name=re.compile("More like")).click()
    expect(wide.locator(".st-key-seed")).to_contain_text("<img src=x", timeout=60_000)
    expect(wide.locator("#hit-1")).to_contain_text("**bold** $x$", timeout=60_000)
    assert wide.evaluate("window.hacked") is None
    for page in ("Health", "Collections", "Judge", "Relevance", "Latency"):
        wide.goto(f"{server.url}/{page}?collection=nasty")
        expect(wide.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
        assert wide.evaluate("window.hacked") is None, page


def test_nothing_is_fetched_from_elsewhere(wide: Page, server: Server) -> None:
    asked: list[str] = []
    wide.on("request", lambda request: asked.append(request.url))
    for address in ("/?q=robots", "/Judge", "/Relevance", "/Collections"):
        wide.goto(f"{server.url}{address}")
        expect(wide.locator(".st-key-brand")).to_be_visible(timeout=30_000)
    expect(wide.locator("link[rel*=icon]")).to_have_attribute("href", re.compile("/media/"))
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    assert [url for url in asked if "/app/static/fonts/" in url]


def test_sentences_that_match_are_marked(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=an+old+man+alone+at+sea+with+a+great+fish")
    expect(wide.locator("#hit-1 mark").first).to_be_visible(timeout=30_000)
    expect(wide.locator("#hit-1 .vs-word")).to_have_text("very close")


def test_more_like_this_goes_on_and_back(screen: Page, server: Server) -> None:
    screen.goto(f"{server.url}/?q=a+man+wakes+up+as+an+insect")
    first = screen.locator("#hit-1")
    expect(first).to_contain_text("Metamorphosis", timeout=30_000)
    first.get_by_role("link", name="More like The Metamorphosis").click()
    expect(screen.locator(".st-key-seed")).to_contain_text("The Metamorphosis", timeout=30_000)
    expect(screen.locator(".vs-card")).to_have_count(10)
    expect(screen.locator("#hit-1 .vs-title")).not_to_have_text("The Metamorphosis")
    title = screen.locator("#hit-1 .vs-title").text_content()
    screen.locator("#hit-1").get_by_role("link", name=re.compile("More like")).click()
    expect(screen.locator(".st-key-seed")).to_contain_text(str(title), timeout=30_000)
    screen.reload()
    expect(screen.locator(".st-key-seed")).to_contain_text(str(title), timeout=30_000)
    screen.get_by_role("button", name="Search anew").click()
    expect(screen.locator(".st-key-example-0")).to_be_visible(timeout=30_000)


def test_a_thumb_stays_pressed_and_can_be_taken_back(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=robots")
    up = wide.locator("#hit-2").get_by_role("button", name=re.compile("Thumb up"))
    up.click(timeout=30_000)
    expect(up).to_have_attribute("aria-pressed", "true")
    wide.get_by_role("button", name="Show ten more").click()
    expect(wide.locator(".vs-card")).to_have_count(20, timeout=30_000)
    expect(up).to_have_attribute("aria-pressed", "true")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "false")


def test_nonsense_finds_nothing_close(wide: Page, server: Server) -> None:
    wide.goto(f"{server.url}/?q=javascript+npm+install+error+404")
    expect(wide.get_by_text("Nothing here comes close")).to_be_visible(timeout=30_000)
    # Wishes instead of noise; the nearest are there for those who ask.
    expect(wide.locator("#hit-1")).to_have_count(0)
    wide.get_by_role("button", name="Show the nearest all the same").click()
    expect(wide.locator("#hit-10")).to_be_attached(timeout=30_000)
    instead = wide.locator(".st-key-instead-0 button")
    wish = instead.inner_text()
    instead.click()
    expect(wide.locator(".st-key-q input")).to_have_value(wish)
    expect(wide.locator("#hit-1")).to_be_visible(timeout=30_000)
    expect(wide.get_by_text("Nothing here comes close")).to_have_count(0)
    wide.goto(f"{server.url}/?q=a+man+wakes+up+as+an+insect")
    expect(wide.locator("#hit-1")).to_be_visible(timeout=30_000)
    expect(wide.get_by_text("Nothing here comes close")).to_have_count(0)
