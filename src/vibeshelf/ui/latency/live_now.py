"""The present: how many, how fast, how many failed, and whether the objective is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.core.percentiles import needed
from vibeshelf.core.searches import LoggedSearch, Objective
from vibeshelf.services.live import Kept, Times, Window, errors, failures, kept, slowest, stage_times, times_of, windows
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.live_charts import rate_chart, times_chart
from vibeshelf.ui.latency.words import NOT_MEASURED, time_text
from vibeshelf.ui.text import plain, shortened

_STAGES = {"encode": "encode", "search": "compare and rank", "hydrate": "fetch books"}
_TEXT_CHARS = 90


@dataclass(frozen=True, slots=True)
class Shown:
    """The searches that the panel is about, in the order of time, from `start` to `at`; `cut` when there were more before."""

    collection: str
    period: str
    rows: Sequence[LoggedSearch]
    start: datetime
    at: datetime
    objective: Objective
    cut: bool

    @property
    def facts(self) -> str:
        """What every figure is about, not escaped."""
        count = f"the newest {len(self.rows):,}, there were more" if self.cut else f"n={len(self.rows):,}"
        engines = ", ".join(sorted({f"{row.backend} {row.precision} on {row.device}" for row in self.rows}))
        when = f"{self.period} to {self.at:%Y-%m-%d %H:%M} UTC"
        return f"{count} searches, {when}, collection {self.collection}, {engines}, {machine_name()}"


def now_view(shown: Shown) -> None:
    """Draw the figures, the promise, the charts over time, and what stands out."""
    of, failed = times_of(shown.rows), failures(shown.rows)
    _tiles(shown, of, len(failed))
    _promise(shown)
    found = windows(shown.rows, shown.start, shown.at)
    _times(shown, found)
    _rates(shown, found)
    _stages(shown)
    _slowest(shown)
    _errors(shown)


def _tiles(shown: Shown, of: Times, failed: int) -> None:
    minutes = (shown.at - shown.start).total_seconds() / 60
    with st.container(horizontal=True, gap="small", key="live-tiles"):
        _tile("Searches", f"{len(shown.rows):,}", f"{len(shown.rows) / minutes:.2g} a min")
        for percent, value in ((50, of.p50_ms), (95, of.p95_ms), (99, of.p99_ms)):
            note = f"needs n={needed(percent)}" if value is None else f"n={of.n:,}"
            _tile(f"p{percent}, ms", "—" if value is None else f"{value:.3g}", note)
        refused = sum(row.error is not None for row in shown.rows) - failed
        _tile("Failed", f"{failed:,}", f"{refused:,} refused")


def _tile(label: str, value: str, note: str) -> None:
    st.metric(label, value, note, delta_color="off", delta_arrow="off", border=True, width=126)


def _promise(shown: Shown) -> None:
    objective = shown.objective
    of = kept(shown.rows, objective)
    latest = kept([row for row in shown.rows if row.at > shown.at - (shown.at - shown.start) / 12], objective)
    said = f"**Objective**: {100 * objective.share:.3g} % of searches in less than {objective.milliseconds:g} ms. "
    if of.share is None or of.low is None or of.high is None or of.left is None or of.burn is None:
        st.markdown(f"{said}No search counts towards it in this period.")
        return
    verdict, icon = _verdict(of, objective)
    st.markdown(
        f"{icon} {said}**{verdict}**: {of.good:,} of {of.n:,} were ({100 * of.share:.3g} %, 95 % interval {100 * of.low:.3g} to "
        f"{100 * of.high:.3g} %). Of the {of.allowed:,.1f} that may be late or fail, {of.bad:,} were: "
        f"{_left(of.left)}. It is spent at {of.burn:.2g} times the allowed rate"
        + (f", in the latest twelfth of the period at {latest.burn:.2g} times." if latest.burn is not None else ".")
    )


def _verdict(of: Kept, objective: Objective) -> tuple[str, str]:
    if (of.low or 0) >= objective.share:
        return "kept", ":material/check_circle:"
    if (of.high or 0) < objective.share:
        return "missed", ":material/cancel:"
    # The interval holds the promise: it could be either by chance.
    return ("kept so far" if (of.share or 0) >= objective.share else "missed so far") + ", too few to be sure", ":material/help:"


def _left(left: float) -> str:
    return f"{100 * left:.0f} % of the budget is left" if left >= 0 else f"the budget is overspent by {-100 * left:.0f} %"


def _times(shown: Shown, found: list[Window]) -> None:
    table = pd.DataFrame([
        {"start": each.start, "end": each.end, "utc": _utc(each.start), "percentile": name, "milliseconds": value, "n": each.times.n}
        for each in found
        for name, value in (("p50", each.times.p50_ms), ("p95", each.times.p95_ms))
    ])  # fmt: skip
    length, fewest = _length(found[0].seconds), f"p95 needs {needed(95)} searches"
    if not table["milliseconds"].notna().any():
        st.caption(f"Over time: {NOT_MEASURED}, too few within {length} each ({fewest}).")
        return
    show_chart(
        times_chart(table, shown.objective.milliseconds, _over_a_day(shown)), key="live-times", title="Searches: p50 and p95 over time",
        alt=f"Median and 95th percentile of the time of a search in {len(found)} windows of {length}",
        facts=f"Windows of {length}; a gap has too few ({fewest}). {shown.facts}", table=table.drop(columns="utc"),
    )  # fmt: skip


def _rates(shown: Shown, found: list[Window]) -> None:
    table = pd.DataFrame([row for each in found for row in _outcomes(each)])
    length = _length(found[0].seconds)
    show_chart(
        rate_chart(table, _over_a_day(shown)), key="live-rate", title="Searches: how many",
        alt=f"Searches answered, refused and failed in {len(found)} windows of {length}", facts=f"Windows of {length}. {shown.facts}",
        table=table.drop(columns=["utc", "bottom", "top"]),
    )  # fmt: skip


def _outcomes(window: Window) -> list[dict[str, object]]:
    """Return a row for each outcome of a window, with its place in a pile of them."""
    refused = window.searches - window.failed - window.times.n
    rows: list[dict[str, object]] = []
    bottom = 0
    for outcome, count in (("answered", window.times.n), ("refused", refused), ("failed", window.failed)):
        place = {"bottom": bottom, "top": bottom + count}
        rows.append({"start": window.start, "end": window.end, "utc": _utc(window.start), "outcome": outcome, "searches": count, **place})
        bottom += count
    return rows


def _over_a_day(shown: Shown) -> bool:
    return shown.at - shown.start > timedelta(days=1)


def _utc(at: datetime) -> str:
    return f"{at:%m-%d %H:%M:%S}"


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"


def _stages(shown: Shown) -> None:
    remembered = sum(row.remembered for row in shown.rows)
    table = [
        {
            "stage": _STAGES[stage], "p50": time_text(of.p50_ms, of.n, 50), "p95": time_text(of.p95_ms, of.n, 95),
            "p99": time_text(of.p99_ms, of.n, 99), "n": f"{of.n:,}",
        }
        for stage, of in stage_times(shown.rows).items()
    ]  # fmt: skip
    with st.expander("By stage"):
        st.table(pd.DataFrame(table).set_index("stage"), border="horizontal", alt="Percentiles of each stage")
        st.caption(f"{remembered:,} searches had the vector of an earlier one and encoded nothing.")


def _slowest(shown: Shown) -> None:
    table = [
        {
            "waited": time_text(row.total_ms, 1, 50), "query": plain(_cut(row.text)), "of which": _stages_of(row),
            "how": plain(", ".join([row.system, f"k={row.k}", *row.filters])), "at (UTC)": _utc(row.at),
        }
        for row in slowest(shown.rows)
    ]  # fmt: skip
    if table:
        with st.expander("The slowest"), st.container(key="live-slowest"):
            st.table(pd.DataFrame(table).set_index("waited"), border="horizontal", alt="The slowest searches")


def _stages_of(row: LoggedSearch) -> str:
    stages = {"encode": row.encode_ms, "rank": row.search_ms, "fetch": row.hydrate_ms}
    return ", ".join(f"{name} {value:.3g}" for name, value in stages.items() if value is not None)


def _errors(shown: Shown) -> None:
    if found := errors(shown.rows):
        counts = ", ".join(f"{plain(each.name)} {each.count:,}" for each in found)
        st.markdown(f"**Errors**: {counts}. InputError is a query or a choice that cannot be searched, and counts as refused, not failed.")


def _cut(text: str | None) -> str:
    return "(not kept)" if text is None else shortened(text, _TEXT_CHARS)
