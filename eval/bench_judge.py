"""Judging in the browser: how long from the key to the next book, and whether many raters and a killed server lose anything.

`python -m eval.bench_judge [--quick] [--part keys|raters]`. The time is taken in the page itself: from the key press to the frame
after which the next book and its buttons are on the screen. Beside it, in turns, the same of a bare Streamlit page with one
button: the floor.
Then eight raters in eight browser windows grade at once, the server is killed (SIGKILL) half-way with keys just pressed, and
what their screens said was saved is looked for in the database.
"""

from __future__ import annotations

import argparse
import time

from playwright.sync_api import Browser, Page

from eval.apps import App, bare_app, chromium, scratch
from eval.measuring import Report, percentile_ms, say
from eval.raters import Rater, stored
from vibeshelf.core.settings import load_settings
from vibeshelf.services.judging import open_desk

RATERS, GRADES, AIM_MS = 8, 200, 300
# Notes the time from a key to the second frame after the class that begins with `start`, which names what is shown, is another.
_STOPWATCH = """start => {
  window.seconds = [];
  const name = () => [...(document.querySelector(`[class*="${start}"]`)?.classList ?? [])].find(each => each.startsWith(start));
  let before = name();
  new MutationObserver(() => {
    const now = name();
    if (!now || now === before) return;
    before = now;
    requestAnimationFrame(() => requestAnimationFrame(() => window.seconds.push((performance.now() - window.pressed) / 1000)));
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['class']});
}"""
# The page takes keys for itself, so this must hear them before any script of the page.
_CLOCK = "addEventListener('keydown', () => { window.pressed = performance.now(); }, true);"
_BARE = """
import streamlit as st

def step():
    st.session_state.at = st.session_state.get("at", 0) + 1

@st.fragment
def counter():
    st.button("next", key=f"grade-3-{st.session_state.get('at', 0)}", shortcut="1", on_click=step)

counter()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 grades instead of 200, by 2 raters instead of 8")
    parser.add_argument("--part", choices=("keys", "raters"), help="only the keys, which want a quiet machine, or the raters")
    arguments = parser.parse_args()
    quick, part = arguments.quick, arguments.part
    report = Report(f"bench-judge-{part}" if part else "bench-judge", quick)
    with scratch() as data_dir, chromium() as browser:
        app = App(data_dir).start()
        try:
            if part != "raters":
                time_keys(report, browser, app, 40 if quick else GRADES)
            if part != "keys":
                grade_at_once(report, browser, app, *((2, 40) if quick else (RATERS, GRADES)))
        finally:
            app.kill()
    print(report.table())
    print(f"\nsaved: {report.save()}")


def time_keys(report: Report, browser: Browser, app: App, count: int) -> None:
    """Measure one rater's keys and the floor, ten of each in turn."""
    rater = Rater(browser.new_page(), app.url, "one rater")
    rater.page.add_init_script(_CLOCK)
    rater.sit_down()
    for _ in range(3):
        rater.grade(1)
    with bare_app(app.data_dir, _BARE) as url:
        bare = browser.new_page()
        bare.add_init_script(_CLOCK)
        bare.goto(url)
        bare.wait_for_selector("[class*='st-key-grade-3-']", timeout=120_000)
        for page in (rater.page, bare):
            page.evaluate(_STOPWATCH, "st-key-grade-3-")
        for turn in range(count // 10):
            for at in range(10):
                rater.grade((turn + at) % 4)
            step_ten_times(bare)
        ours, floor = (page.evaluate("window.seconds") for page in (rater.page, bare))
    report.samples["key to next"] = {"ours": ours, "bare page": floor}
    for q in (50, 95):
        what = f"key press to next book on the screen, p{q} (baseline: a bare Streamlit page with one button)"
        report.add(what, percentile_ms(ours, q), percentile_ms(floor, q), "ms", "<= 4", len(ours))
    report.limits[f"key to next book, p50 (aim: below {AIM_MS}), ms"] = percentile_ms(ours, 50)
    rater.page.close()


def step_ten_times(bare: Page) -> None:
    for _ in range(10):
        seen = bare.evaluate("window.seconds.length")
        bare.keyboard.press("1")
        bare.wait_for_function("seen => window.seconds.length > seen", arg=seen, timeout=120_000)


def grade_at_once(report: Report, browser: Browser, app: App, raters: int, grades: int) -> None:
    """Let raters grade in rounds, all keys of a round before any answer; kill the server in the middle of one. Count what is there."""
    seats = [Rater(browser.new_context().new_page(), app.url, f"rater {at}") for at in range(raters)]
    for seat in seats:
        seat.sit_down()
    killed, cut_off, rounds = False, 0, []
    while any(len(seat.shown_saved) < grades for seat in seats):
        done, began = min(len(seat.shown_saved) for seat in seats), time.perf_counter()
        pressed = [(seat, seat.press((done + at) % 4), (done + at) % 4) for at, seat in enumerate(seats) if len(seat.shown_saved) < grades]
        if done == grades // 2 and not killed:
            cut_off, killed = kill_and_come_back(app, pressed), True
            continue
        for seat, pair, grade in pressed:
            seat.see_saved(pair, grade)
        rounds.append(time.perf_counter() - began)
    report.samples["a key of every rater, until all are shown as saved"] = {"ours": rounds}
    events = open_desk(load_settings(data_dir=app.data_dir)).judgments
    there = {seat.name: stored(app.data_dir, "starter", seat.name) for seat in seats}
    missing = sum(there[seat.name].get(pair) != grade for seat in seats for pair, grade in seat.shown_saved.items())
    report.limits["raters at once"] = raters
    report.limits["grades shown as saved, with the server killed half-way"] = sum(len(seat.shown_saved) for seat in seats)
    report.limits["of them not in the database"] = missing
    report.limits["keys that the kill cut off before they were shown as saved"] = cut_off
    report.limits["of them in the database all the same"] = sum(map(len, there.values())) - sum(len(seat.shown_saved) for seat in seats)
    report.limits["pairs with more than one event of a rater"] = doubled(events.count("starter"), app, [*there, "one rater"])


def doubled(events: int, app: App, raters: list[str]) -> int:
    """Return how many events there are beyond one for each pair of each rater."""
    return events - sum(len(stored(app.data_dir, "starter", rater)) for rater in raters)


def kill_and_come_back(app: App, pressed: list[tuple[Rater, str, int]]) -> int:
    """Kill the server with keys just pressed, start it again and reload; return how many keys were not shown as saved."""
    app.kill()
    cut_off = sum(not seat.look(pair, grade) for seat, pair, grade in pressed)
    app.start()
    for seat, _, _ in pressed:
        seat.come_back()
    say(f"killed and started again; {cut_off} of {len(pressed)} keys were on their way")
    return cut_off


if __name__ == "__main__":
    main()
