"""The Latency page as a visitor meets it, with the results of two machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.latency_results import CUDA, ONNX, TORCH, result
from vibeshelf.adapters.bench_files import write_result

PATIENCE_MS = 90_000
THEIRS = "Imported Processor, x86_64, 16 cores"


@pytest.fixture
def two_machines(server: Server) -> Iterator[Server]:
    """The server, with a result of its own and one from elsewhere."""
    own = server.data_dir / "bench" / "20261120100000-test.latency.jsonl"
    write_result(own, result())
    theirs = server.data_dir / "bench" / "imported" / "20261120100000-theirs.latency.jsonl"
    write_result(theirs, result((TORCH, ONNX, CUDA), n=50, factor=0.5, label=THEIRS))
    yield server
    own.unlink()
    theirs.unlink(missing_ok=True)


def opened(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/Latency?collection=starter")
    expect(page.get_by_text("How these were measured")).to_be_visible(timeout=PATIENCE_MS)
    return page


def test_two_machines_stand_side_by_side_and_nothing_overflows(screen: Page, two_machines: Server) -> None:
    opened(screen, two_machines)
    table = screen.locator(".st-key-ranked table")
    expect(table).to_contain_text("torch fp16 on cuda")
    expect(table).to_contain_text("onnx int8 on cpu (withheld)")
    expect(table).to_contain_text("not measured (n=50, needs 100)")
    expect(screen.get_by_text(f": {THEIRS} (imported)").first).to_be_visible()
    for key in ("percentiles", "stages", "curves", "throughput", "trade"):
        expect(screen.locator(f".st-key-chart-{key} svg.marks")).to_be_attached(timeout=30_000)
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_chart_is_taken_away_as_svg_png_and_csv(wide: Page, two_machines: Server) -> None:
    opened(wide, two_machines)
    expect(wide.locator(".st-key-chart-percentiles svg.marks")).to_be_attached(timeout=30_000)
    files = wide.locator(".st-key-files-percentiles")
    with wide.expect_download(timeout=30_000) as taken:
        files.get_by_role("button", name=re.compile("as SVG")).click()
    svg = Path(taken.value.path()).read_text(encoding="utf-8")
    assert taken.value.suggested_filename == "latency-whole-search-short-query.svg"
    assert svg.startswith("<svg")
    # The description's text is whole; what is drawn is broken into lines.
    description = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL)
    assert description is not None
    assert re.search(r"n=\d+ to 101 each", description.group(1))
    assert f": {THEIRS} (imported), 2026-11-20 10:00 UTC" in description.group(1)
    assert "<path" in svg
    with wide.expect_download(timeout=30_000) as taken:
        files.get_by_role("button", name=re.compile("as PNG")).click()
    assert Path(taken.value.path()).read_bytes().startswith(b"\x89PNG\r\n")
    with wide.expect_download(timeout=30_000) as taken:
        files.get_by_role("button", name="CSV").click()
    lines = Path(taken.value.path()).read_text().splitlines()
    assert lines[0].startswith("engine,machine,p50_ms,p95_ms,p99_ms,n")
    assert len([line for line in lines if "Test Processor" in line or THEIRS in line]) == 6


def test_a_result_comes_in_and_a_bad_one_is_one_line(wide: Page, two_machines: Server, tmp_path: Path) -> None:
    opened(wide, two_machines)
    wide.get_by_text("Results of other machines").click()
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no result\n")
    _upload(wide, bad)
    wide.get_by_role("button", name="Import", exact=True).click()
    expect(wide.get_by_role("alert").filter(has_text="bad.jsonl, line 1: it is no JSON")).to_be_visible(timeout=30_000)
    assert "Traceback" not in wide.content()
    good = tmp_path / "good.jsonl"
    write_result(good, result((ONNX,), label="Third Processor, arm64, 8 cores"))
    _upload(wide, good)
    wide.get_by_role("button", name="Import", exact=True).click()
    expect(wide.get_by_text("Imported: Third Processor, arm64, 8 cores (imported)")).to_be_visible(timeout=30_000)
    wide.get_by_role("button", name="Remove Third Processor").click()
    expect(wide.get_by_role("button", name="Remove Third Processor")).to_have_count(0, timeout=30_000)


def _upload(page: Page, path: Path) -> None:
    """Choose a file and wait until the server has it: a form that is sent before brings the file of before."""
    with page.expect_response(lambda answer: "upload_file" in answer.url and answer.ok):
        page.locator(".st-key-bench-file input[type=file]").set_input_files(path)


def test_a_benchmark_begins_says_how_far_it_is_and_is_stopped_while_searching_goes_on(wide: Page, two_machines: Server) -> None:
    opened(wide, two_machines)
    wide.get_by_role("button", name="Measure this machine").click()
    expect(wide.get_by_text(re.compile(r"measuring .* \(1 of \d+\)"))).to_be_visible(timeout=PATIENCE_MS)
    other = wide.context.new_page()
    other.goto(f"{two_machines.url}/?q=an+old+man+and+a+great+fish")
    expect(other.get_by_text("The Old Man and the Sea").first).to_be_visible(timeout=PATIENCE_MS)
    other.close()
    wide.get_by_role("button", name="Stop").click()
    expect(wide.get_by_text("The benchmark was stopped; nothing of it is kept.")).to_be_visible(timeout=PATIENCE_MS)
