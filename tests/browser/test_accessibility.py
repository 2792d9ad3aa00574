"""No page has a serious or critical violation of axe-core's rules (WCAG 2 A and AA among them), in light and dark, wide and narrow."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Server

ADDRESSES = {
    "search": "/",
    "results": "/?q=a+man+wakes+up+as+an+insect",
    "nothing close": "/?q=javascript+npm+install+error+404",
    "narrowed": "/?q=robots&genre=science+fiction&year=1950..1999",
    "hostile text": "/?collection=nasty&q=sea",
    "judge": "/Judge",
    "relevance": "/Relevance",
    "latency": "/Latency",
    "live": "/Latency?view=Live",
    "health": "/Health",
    "collections": "/Collections",
    "compare": "/Compare?q=a+clever+murder+on+a+train",
    "how it works": "/How_it_works?q=a+clever+murder+on+a+train",
}
_AT_REST = ".stApp[data-test-script-state='notRunning']"
_GRAVE = ("serious", "critical")
_SCREENS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (390, "dark"))


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_axe_finds_nothing_grave(browser: Browser, server: Server, address: str) -> None:
    found: list[str] = []
    for width, scheme in _SCREENS:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.goto(f"{server.url}{address}")
        page.wait_for_selector(".st-key-brand", timeout=60_000)
        page.wait_for_selector(_AT_REST, timeout=120_000)
        found += [f"{width} {scheme}: {line}" for line in lasting_violations(page)]
        context.close()
    assert not found


def lasting_violations(page: Page) -> list[str]:
    """Return the violations that stay: for a moment after it was drawn a page still fades in."""
    for _ in range(6):
        if not (found := violations(page)):
            break
        page.wait_for_timeout(500)
    return found


def violations(page: Page) -> list[str]:
    """Return what axe-core finds on a page as it is, of the kinds that keep people out: a line each, with the first place."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}, {len(each['nodes'])} places, first {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in _GRAVE
    ]


def test_axe_would_find_a_picture_without_words(wide: Page, server: Server) -> None:
    wide.goto(server.url)
    wide.wait_for_selector(_AT_REST, timeout=60_000)
    wide.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
    assert any(line.startswith("image-alt") for line in violations(wide))
