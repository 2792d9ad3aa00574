"""What a visitor sees while a collection is being opened, where it is refused, and while the server is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from eval.apps import App
from playwright.sync_api import Page, expect

from tests.conftest import copy_collections, settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.store import Store
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf

SAID = "The server does not answer. This page stays as it is, and goes on by itself."


@pytest.fixture(scope="module")
def app(starter: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server of its own, which tests may kill, with a second collection that nothing has opened and one that another model made."""
    made = settings_in(tmp_path_factory.mktemp("gone") / "data")
    copy_collections(starter.store.settings.data_dir, made.data_dir)
    book = {"book_id": "b", "title": "The Light", "authors": ["A. Keeper"], "description": "A keeper alone at sea with a lamp."}
    source = made.data_dir / "second.jsonl"
    source.write_text(json.dumps(book) + "\n")
    ingest(open_source(str(source)), made, IngestOptions("second"))
    store, held = Store(made), next(iter(starter.index().stored()))
    other = replace(starter.manifest.encoder, weights_sha256="0" * 64)
    with store.writer("foreign"):
        store.create(replace(starter.manifest, collection="foreign", encoder=other)).put(held.books, held.hashes, held.vectors)
    store.close()
    running = App(made.data_dir).start()
    yield running
    running.stop()


def test_outlines_stand_where_the_books_will_be_until_the_collection_is_open(wide: Page, app: App) -> None:
    wide.add_init_script(
        """new MutationObserver(() => {
          window.ghosts = Math.max(window.ghosts ?? 0, document.querySelectorAll(".vs-ghost").length)
        }).observe(document, { childList: true, subtree: true })"""
    )
    wide.goto(f"{app.url}/?collection=second&q=alone+at+sea")
    expect(wide.locator("#hit-1")).to_contain_text("The Light")
    assert wide.evaluate("window.ghosts") == 3
    expect(wide.locator(".vs-ghost")).to_have_count(0)
    wide.evaluate("window.ghosts = 0")
    wide.locator(".st-key-q input").fill("a lamp")
    wide.keyboard.press("Enter")
    expect(wide.locator(".vs-cards[data-asked*='a lamp'] #hit-1")).to_be_visible()
    assert wide.evaluate("window.ghosts") == 0


def test_a_collection_of_another_model_is_refused_with_what_to_do(screen: Page, app: App) -> None:
    screen.goto(f"{app.url}/?collection=foreign&q=alone+at+sea")
    refused = screen.get_by_role("alert").filter(has_text="does not match")
    expect(refused).to_contain_text("built with 'all-MiniLM-L6-v2'")
    expect(refused).to_contain_text("vibeshelf")
    expect(screen.locator("#hit-1, .vs-ghost")).to_have_count(0)
    # What came of opening it is known from now on, and every page says so with the way to its health.
    screen.reload()
    banner = screen.locator(".st-key-banner")
    expect(banner).to_contain_text("foreign cannot be trusted. Its model does not match, so nothing is searched with it.")
    expect(refused).to_have_count(1)
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    banner.get_by_role("link", name="See its health").click()
    expect(screen.get_by_role("heading", name="Can it be trusted?")).to_be_visible()
    assert "collection=foreign" in screen.url
    assert "Traceback" not in screen.content()


def test_when_the_server_goes_the_page_stays_says_so_and_goes_on(screen: Page, app: App) -> None:
    screen.goto(f"{app.url}/?q=an+old+man+alone+at+sea")
    first = screen.locator("#hit-1")
    expect(first).to_contain_text("The Old Man and the Sea")
    screen.evaluate(
        """() => {
          window.dialogs = 0
          new MutationObserver((changes) => {
            for (const node of changes.flatMap((each) => [...each.addedNodes])) window.dialogs += node.dataset?.testid === "stDialog"
          }).observe(document.body, { childList: true, subtree: true })
        }"""
    )
    app.kill()
    try:
        line = screen.get_by_role("alert").filter(has_text=SAID)
        expect(line).to_be_visible()
        # A press that the server cannot hear does nothing, and does not look as if it had.
        thumb = first.get_by_role("button", name="Thumb up")
        thumb.click()
        expect(thumb).to_have_attribute("aria-pressed", "false")
        first.get_by_role("link", name="More like The Old Man and the Sea").click()
        # Streamlit's dialog comes after some seconds, and is closed: nothing covers the page or keeps it from being read.
        screen.wait_for_function("window.dialogs === 1", timeout=90_000)
        expect(screen.get_by_test_id("stDialog")).to_have_count(0)
        expect(first).to_contain_text("Eighty-four days")
        assert screen.evaluate("getComputedStyle(document.documentElement).overflow") != "hidden"
        assert screen.evaluate("!document.querySelector('#root').inert && document.documentElement.scrollWidth <= innerWidth")
        assert "like=" not in screen.url
    finally:
        app.start()
    expect(line).to_have_count(0, timeout=90_000)
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    screen.locator(".st-key-q input").fill("robots that dream")
    screen.keyboard.press("Enter")
    expect(screen.locator(".vs-cards[data-asked*='robots that dream'] #hit-1")).to_be_visible()
