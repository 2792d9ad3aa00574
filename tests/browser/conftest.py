"""A real server and a real browser. Where there is no Chromium, the tests are skipped, aloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from eval.apps import CHROMIUM, QUIET
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.servers import free_port, wait_until_it_answers
from vibeshelf.adapters.catalog import open_source
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf

FAILURES = ROOT / "test-results"
# A machine that runs two tests at once may take long over a search; what never comes fails all the same.
expect.set_options(timeout=30_000)


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    data_dir: Path


@contextmanager
def serving(data_dir: Path, **extra: str) -> Iterator[Server]:
    """Run the app as `make run` does, until it answers; stop it in the end."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), "VIBESHELF_DATA_DIR": str(data_dir), **extra}
    log = data_dir / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "vibeshelf.cli", "app"], cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield Server(f"http://127.0.0.1:{port}", data_dir)
    finally:
        process.terminate()
        process.wait(20)


NASTY = {
    "book_id": "nasty",
    "title": "<script>window.hacked=1</script> **bold** $x$ :red[red] [link](javascript:window.hacked=1)",
    "authors": ["<img src=x onerror='window.hacked=1'>"],
    "description": "<u onmouseover='window.hacked=1'>sea</u> & storms :smile: `code` # heading ![i](x)",
    "genres": ["<u>sea</u>", "]] :blue["],
    "year": 1900,
    "language": "<img src=x onerror='window.hacked=1'>",
    "country": "<svg onload='window.hacked=1'>",
    "work_id": "<b onclick='window.hacked=1'>work</b>",
}
# The same with an id that is no less hostile, for the pages that put ids into attributes and addresses.
NASTY_ID = "\"'><img src=x onerror=window.hacked=1>&like=#"


@pytest.fixture(scope="session")
def server(starter: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over the starter collection and one of hostile text."""
    source = tmp_path_factory.mktemp("nasty") / "nasty.jsonl"
    books = [NASTY, {**NASTY, "book_id": NASTY_ID, "title": "<img src=x onerror='window.hacked=1'>", "work_id": "other"}]
    source.write_text("".join(json.dumps(book) + "\n" for book in books))
    ingest(open_source(str(source)), starter.store.settings, IngestOptions("nasty"))
    with serving(starter.store.settings.data_dir) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install it (Debian: apt-get install chromium) to run the browser tests")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page at both widths; a picture is kept when its test fails."""
    yield from _screen(request, browser, request.param)


@pytest.fixture
def wide(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    yield from _screen(request, browser, 1280)


def _screen(request: pytest.FixtureRequest, browser: Browser, width: int) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 900})
    opened = context.new_page()
    failed = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed:
        FAILURES.mkdir(exist_ok=True)
        opened.screenshot(path=FAILURES / f"{request.node.name}.png")
    context.close()
