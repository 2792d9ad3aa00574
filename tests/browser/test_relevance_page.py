"""The Relevance page as a visitor meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries, starter_queries_path

PATIENCE_MS = 90_000


def opened(page: Page, server: Server, address: str = "") -> Page:
    page.goto(f"{server.url}/Relevance?collection=starter&{address}")
    expect(page.get_by_text("Take away")).to_be_visible(timeout=PATIENCE_MS)
    return page


def test_three_systems_give_a_table_and_sentences_and_nothing_overflows(screen: Page, server: Server) -> None:
    opened(screen, server)
    table = screen.locator(".st-key-table table")
    for system in ("dense", "lexical", "hybrid"):
        expect(table.get_by_role("rowheader", name=system)).to_be_visible()
    expect(table.get_by_role("columnheader", name="Judged@10", exact=True)).to_have_count(1)
    said = screen.get_by_text(re.compile(r"hybrid (beats|loses to|and) dense.*nDCG@10, p .* 80 queries"))
    expect(said).to_be_visible()
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_click_on_a_bar_opens_its_query(wide: Page, server: Server) -> None:
    opened(wide, server)
    chart = wide.locator(".st-key-differences svg.marks")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.5})
    view = wide.locator(".st-key-opened")
    expect(view).to_be_visible(timeout=30_000)
    query_id = re.search(r"query=(q\d+)", wide.url)
    assert query_id is not None
    expect(view).to_contain_text(starter_queries()[query_id.group(1)])
    expect(view.locator("ol")).to_have_count(2)
    expect(view.locator("ol").first.locator("li")).to_have_count(10)
    wide.reload()
    expect(wide.locator(".st-key-opened")).to_contain_text(starter_queries()[query_id.group(1)], timeout=PATIENCE_MS)


def test_a_bad_file_is_one_clear_line_and_a_good_one_mends_it(wide: Page, server: Server, tmp_path: Path) -> None:
    wide.goto(f"{server.url}/Relevance?collection=starter&queries=files+of+your+own&systems=hybrid&systems=dense")
    bad = tmp_path / "bad.trec"
    bad.write_text("q01 0 emma-austen 1\nq01 0 dracula-stoker 1.5\n")
    queries = wide.locator(".st-key-own-queries input[type=file]")
    qrels = wide.locator(".st-key-own-qrels input[type=file]")
    queries.set_input_files(starter_queries_path(), timeout=PATIENCE_MS)
    qrels.set_input_files(bad)
    expect(wide.get_by_role("alert").first).to_contain_text("bad.trec, line 2: grade '1.5'", timeout=30_000)
    assert "Traceback" not in wide.content()
    qrels.set_input_files(starter_qrels_path())
    expect(wide.get_by_text("Take away")).to_be_visible(timeout=PATIENCE_MS)
    expect(wide.locator(".st-key-table table").get_by_role("rowheader")).to_have_count(2)


def test_a_chart_can_be_taken_away_with_its_figures(wide: Page, server: Server) -> None:
    opened(wide, server)
    with wide.expect_download(timeout=30_000) as taken:
        wide.get_by_role("button", name="Chart: speed and quality (Vega-Lite)").click()
    content = json.loads(Path(taken.value.path()).read_text())
    assert content["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert "80 judged queries of starter" in content["title"]["subtitle"]
