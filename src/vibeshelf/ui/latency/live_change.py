"""Is searching slower than it was? The latest searches against a baseline that somebody recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import streamlit as st

from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.searches import Baseline, Conditions, LoggedSearch
from vibeshelf.services.change import ALARM, FLOORS, MAX_SAMPLES, MIN_SAMPLES, Change, comparable, compare, since_baseline
from vibeshelf.ui import resources
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.live_charts import shares_chart
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

# The latest searches: more would hide a slowdown of today behind those of last week.
RECENT = 500
_VERDICTS = {
    "slower": ("Slower than the baseline", ":material/trending_up:"),
    "faster": ("Faster than the baseline", ":material/trending_down:"),
    "both": ("Changed: one percentile is higher, the other lower", ":material/swap_vert:"),
    "none": ("No change was seen", ":material/check_circle:"),
    "unknown": ("Not known yet", ":material/help:"),
}


def change_view(collection: str) -> None:
    """Draw the verdict with its figures, and the button that records a baseline."""
    try:
        found = comparable(resources.search_log().read(limit=20_000, collection=collection))
    except VibeshelfError as error:
        show_error(error)
        return
    if not found:
        st.caption("No unfiltered search whose query was encoded anew is in the log, so there is nothing to compare.")
        return
    conditions = _conditions_box(list(found))
    rows = found[conditions]
    baseline = resources.search_log().baseline(conditions, machine_name())
    if baseline is None:
        st.markdown("There is no baseline for these conditions on this machine yet.")
    else:
        _compared(baseline, since_baseline(rows, baseline)[-RECENT:])
    _record_button(conditions, rows[-MAX_SAMPLES:])


def _conditions_box(known: list[Conditions]) -> Conditions:
    if len(known) == 1:
        return known[0]
    chosen = st.selectbox("Searches by", known, key="live-conditions", format_func=conditions_text)
    return chosen if chosen in known else known[0]


def conditions_text(of: Conditions) -> str:
    """Return what the compared searches have in common, in words."""
    return f"{of.system}, {of.model} on {of.backend} {of.precision}, {of.device}"


def _compared(baseline: Baseline, rows: Sequence[LoggedSearch]) -> None:
    change = compare(baseline.samples_ms, [row.total_ms for row in rows])
    words, icon = _VERDICTS[change.verdict]
    st.markdown(f"{icon} **{words}**. {_figures(change)}")
    facts = (
        f"Baseline of {baseline.since:%Y-%m-%d %H:%M} to {baseline.until:%Y-%m-%d %H:%M} UTC, n={len(baseline.samples_ms):,}; since then "
        f"the latest {len(rows):,}. {conditions_text(baseline.conditions)}, collection {baseline.conditions.collection}, {baseline.machine}"
    )
    if not rows:
        st.caption(plain(facts))
        return
    table = pd.concat([_shares("baseline", baseline.samples_ms), _shares("now", [row.total_ms for row in rows])], ignore_index=True)
    show_chart(
        shares_chart(table), key="live-change", title="Searches now and in the baseline",
        alt="Share of searches done within a time, in the baseline and since", facts=facts, table=table,
    )  # fmt: skip
    st.caption(
        f"Compared by shuffling blocks of {change.block:,} neighbouring searches, as long as they are alike. A change counts when chance "
        f"gives one so large in less than {100 * ALARM:.0f} % of cases (p50 and p95 together) and when it is at least "
        f"{_percent(FLOORS[50])} for p50, {_percent(FLOORS[95])} for p95. Other work on the machine slows searches too: the test "
        "cannot tell that from a fault."
    )


def _figures(change: Change) -> str:
    if change.why:
        return f"{change.why[0].upper()}{change.why[1:]}."
    return " ".join(
        f"p{of.percent}: {of.before_ms:.3g} then, {of.now_ms:.3g} ms now (times {of.ratio:.2f}, p {_p_text(of.p_value)}"
        + (")." if of.changed else f"; a slowdown of {_percent(of.visible)} would have been seen 8 times in 10).")
        for of in change.ratios
    )


def _record_button(conditions: Conditions, rows: Sequence[LoggedSearch]) -> None:
    enough = len(rows) >= MIN_SAMPLES
    label = f"the latest {len(rows):,} as the baseline" if enough else f"a baseline (needs {MIN_SAMPLES}, {len(rows):,} are there)"
    st.button(
        f"Record {label}",
        key="live-record", icon=":material/straighten:", disabled=not enough, on_click=_record, args=(conditions, rows),
        help="Later searches are compared with it. An earlier baseline of the same conditions is kept in the log, but no longer used.",
    )  # fmt: skip


def _record(conditions: Conditions, rows: Sequence[LoggedSearch]) -> None:
    samples = tuple(row.total_ms for row in rows)
    try:
        resources.search_log().record(Baseline(conditions, machine_name(), datetime.now(UTC), rows[0].at, rows[-1].at, samples))
    except VibeshelfError as error:
        show_error(error)


def _shares(of: str, samples_ms: Sequence[float]) -> pd.DataFrame:
    """Return the curve of shares at a hundred places, or at every sample where there are fewer."""
    count = min(100, len(samples_ms))
    shares = np.arange(1, count + 1) / count
    return pd.DataFrame({"of": of, "milliseconds": np.quantile(samples_ms, shares, method="inverted_cdf"), "share": shares})


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):.0f} %"


def _p_text(p_value: float) -> str:
    return "< 0.01" if p_value < 0.01 else f"= {p_value:.2f}"
