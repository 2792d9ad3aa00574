"""The Search page in a browser: from Enter to painted results, a first visit, and a server's start to its first result.

`python -m eval.bench_page [--quick]`. Times are taken in the page itself, to the second frame after what was asked for is in
the document. Beside each, in turns, the same of a bare Streamlit page with one box that repeats what was typed: the floor
under every page of Streamlit. Wishes are never asked twice, so that each is encoded. A first visit has an empty browser cache.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from eval.apps import App, bare_app, chromium, scratch
from eval.measuring import Report, percentile_ms, say
from vibeshelf.adapters.catalog.starter import starter_queries

SEARCHES, VISITS, STARTS = 50, 12, 5
RESULTS_MS, MARKS_MS, FIRST_RESULT_MS = 300, 200, 2500
_PATIENCE_MS = 120_000
# A server that nobody asks anything has encoded all sentences of the starter collection in this time, once the machine is at rest.
_LEARNING_SECONDS = 180
_BARE = """
import streamlit as st

typed = st.text_input("Ask", key="q", placeholder="anything")
if typed:
    st.markdown(f"You asked: {typed}")
"""
_OUR_BOX, _BARE_BOX = ".st-key-q input", "[data-testid=stTextInput] input"
_FIRST, _ALL = "the first marked sentence", "all marked sentences"
# Notes when the box is there, when what answers the wish is painted, and when its sentences are marked; milliseconds of the page's clock.
_STOPWATCH = """
(() => {
  const seen = window.vsSeen = {box: null, enter: null, results: null, marks: null, all: null, wish: null};
  const painted = (name) => requestAnimationFrame(() => requestAnimationFrame(() => { seen[name] ??= performance.now(); }));
  const asked = new Set();
  const once = (name) => { if (!asked.has(name)) { asked.add(name); painted(name); } };
  window.vsAsk = (wish) => {
    Object.assign(seen, {enter: null, results: null, marks: null, all: null, wish});
    ['results', 'marks', 'all'].forEach((name) => asked.delete(name));
  };
  addEventListener('keydown', (event) => { if (event.key === 'Enter') seen.enter = performance.now(); }, true);
  const look = () => {
    if (document.querySelector('.st-key-q input, [data-testid=stTextInput] input')) once('box');
    if (seen.wish === null) return;
    const list = document.querySelector('.vs-cards');
    const paragraphs = [...document.querySelectorAll('[data-testid=stMarkdown] p')];
    const said = paragraphs.some((each) => each.textContent === `You asked: ${seen.wish}`);
    const ours = list?.dataset.asked?.split('\\n')[1] === seen.wish && list.children.length >= 10;
    const none = document.querySelector('.st-key-nothing')?.textContent.includes(seen.wish);
    if (ours || said || none) once('results');
    if (ours && list.querySelector('mark')) once('marks');
    if (none || (ours && list.dataset.marked === 'whole')) once('all');
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10 searches, 3 visits and 2 starts")
    quick = parser.parse_args().quick
    report = Report("bench-page", quick)
    with scratch() as data_dir, chromium() as browser:
        app = App(data_dir).start()
        try:
            with bare_app(data_dir, _BARE) as bare:
                measure_searches(report, browser, app.url, bare, 10 if quick else SEARCHES)
                measure_visits(report, browser, app.url, bare, 3 if quick else VISITS)
        finally:
            app.stop()
        measure_starts(report, browser, data_dir, 2 if quick else STARTS)
    print(report.table())
    print(f"\nsaved: {report.save()}")


def measure_searches(report: Report, browser: Browser, ours: str, bare: str, count: int) -> None:
    """Type one wish after another into both pages, in turns."""
    pages = {"ours": (visit(browser, ours), _OUR_BOX), "bare page": (visit(browser, bare), _BARE_BOX)}
    wishes = [text for text in starter_queries().values() if len(text) <= 80]
    for name, (page, box) in pages.items():
        for wish in wishes[count : count + 3]:
            ask(page, box, wish, name == "ours")
    seconds: dict[str, list[float]] = {"ours": [], "bare page": []}
    marks: dict[str, list[float]] = {_FIRST: [], _ALL: []}
    for wish in wishes[:count]:
        for name, (page, box) in pages.items():
            seen = ask(page, box, wish, name == "ours")
            seconds[name].append((seen["results"] - seen["enter"]) / 1000)
            if name == "ours":
                marks[_ALL].append((seen["all"] - seen["results"]) / 1000)
                # Not every wish has a sentence that answers it.
                marks[_FIRST] += [(seen["marks"] - seen["results"]) / 1000] if seen["marks"] is not None else []
    if not report.quick:
        time.sleep(_LEARNING_SECONDS)
        learnt = [ask(*pages["ours"], wish, True) for wish in wishes[count + 3 :]]
        marks[f"{_ALL}, once learnt"] = [(seen["all"] - seen["results"]) / 1000 for seen in learnt]
    report.samples["enter to painted results"] = seconds
    report.samples["results to marked sentences"] = marks
    _compare(report, "Enter to painted results, warm", seconds, count)
    report.limits[f"Enter to painted results, p95 (reach: {RESULTS_MS}), ms"] = percentile_ms(seconds["ours"], 95)
    for which, taken in marks.items():
        report.limits[f"results to {which}, p50 of {len(taken)} (reach: {MARKS_MS}), ms"] = percentile_ms(taken, 50)
        report.limits[f"results to {which}, p95 of {len(taken)}, ms"] = percentile_ms(taken, 95)
    for page, _ in pages.values():
        page.context.close()


def measure_visits(report: Report, browser: Browser, ours: str, bare: str, count: int) -> None:
    """Visit both pages with nothing in the browser's cache, in turns, and search at once in ours."""
    seconds: dict[str, list[float]] = {"ours": [], "bare page": []}
    first: list[float] = []
    for at in range(count):
        for name, url in (("ours", ours), ("bare page", bare)):
            page = visit(browser, url)
            seconds[name].append(page.evaluate("window.vsSeen.box") / 1000)
            if name == "ours":
                first.append(ask(page, _OUR_BOX, f"a book for the visit {at} of a rainy year", marks=False)["results"] / 1000)
            page.context.close()
    report.samples["first visit to the box"] = seconds
    report.samples["first visit to first result"] = {"ours": first}
    _compare(report, "first visit, empty browser cache, to the box", seconds, count)
    report.limits[f"first visit to first result, p50 of {count} (reach: {FIRST_RESULT_MS}), ms"] = percentile_ms(first, 50)
    report.limits[f"first visit to first result, slowest of {count}, ms"] = max(first) * 1000


def measure_starts(report: Report, browser: Browser, data_dir: Path, count: int) -> None:
    """Start each server, visit as soon as it answers, and ask."""
    seconds: dict[str, list[float]] = {"ours": [], "bare page": []}
    for _ in range(count):
        seconds["ours"].append(_timed(lambda: _start_and_ask(browser, data_dir)))
        seconds["bare page"].append(_timed(lambda: _start_bare_and_ask(browser, data_dir)))
    report.samples["server start to first result"] = seconds
    ours, floor = (percentile_ms(seconds[name], 50) for name in ("ours", "bare page"))
    report.add("server start to first result, p50", ours, floor, "ms", "<= 3", count, "the baseline has neither model nor books")


def _start_and_ask(browser: Browser, data_dir: Path) -> None:
    app = App(data_dir).start()
    try:
        page = visit(browser, app.url)
        ask(page, _OUR_BOX, "an old man alone at sea with a great fish", marks=False)
        page.context.close()
    finally:
        app.kill()


def _start_bare_and_ask(browser: Browser, data_dir: Path) -> None:
    with bare_app(data_dir, _BARE) as bare:
        page = visit(browser, bare)
        ask(page, _BARE_BOX, "an old man alone at sea with a great fish", marks=False)
        page.context.close()


def visit(browser: Browser, url: str) -> Page:
    """Open a page in a context of its own and return it once its box is painted."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(_STOPWATCH)
    page.goto(url)
    page.wait_for_function("window.vsSeen.box !== null", timeout=_PATIENCE_MS)
    return page


def ask(page: Page, box: str, wish: str, marks: bool) -> dict[str, float]:
    """Type a wish, press Enter and return what was seen; with `marks`, wait until all sentences are marked that will be."""
    page.evaluate("wish => window.vsAsk(wish)", wish)
    page.fill(box, wish)
    page.press(box, "Enter")
    page.wait_for_function("window.vsSeen.results !== null", timeout=_PATIENCE_MS)
    if marks:
        page.wait_for_function("window.vsSeen.all !== null", timeout=_PATIENCE_MS)
    return dict(page.evaluate("window.vsSeen"))


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    seconds = time.perf_counter() - started
    say(f"  {seconds:.2f} s")
    return seconds


def _compare(report: Report, what: str, seconds: dict[str, list[float]], count: int) -> None:
    for q in (50, 95) if count >= 20 else (50,):
        ours, floor = (percentile_ms(seconds[name], q) for name in ("ours", "bare page"))
        report.add(f"{what}, p{q} (baseline: a bare Streamlit page with one box)", ours, floor, "ms", "<= 2", count)


if __name__ == "__main__":
    main()
