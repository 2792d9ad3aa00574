"""The charts of the live panel. Dash, shape and words say what colour says too."""

from __future__ import annotations

import altair as alt
import pandas as pd

from vibeshelf.ui.charts import BETTER, MIDDLE, WORSE, Chart

# Streamlit fits axes and legends into a height.
_TALL, _LOW, _ROW_PIXELS, _AXIS_PIXELS = 320, 230, 40, 60
_SERIES_COLOURS = [BETTER, WORSE]
_DASHES = [[1, 0], [6, 3]]
# An objective far above what was measured would press the lines flat.
_FAR = 3.0


def times_chart(table: pd.DataFrame, objective_ms: float, over_a_day: bool = False) -> Chart:
    """Return p50 and p95 over time, with gaps where there were too few searches, and the objective where it is near.

    Columns: start, end, percentile ('p50', 'p95'), milliseconds (empty where not measured), n.
    """
    highest = float(table["milliseconds"].max())
    near = objective_ms <= _FAR * highest
    scale = alt.Scale(domain=[0, 1.1 * max(highest, objective_ms if near else 0.0)], nice=False)
    base = alt.Chart(table).encode(
        x=_time(table, over_a_day),
        y=alt.Y("milliseconds:Q", title="ms a search", scale=scale),
        color=alt.Color("percentile:N", scale=alt.Scale(domain=["p50", "p95"], range=_SERIES_COLOURS), legend=_legend()),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("percentile:N", scale=alt.Scale(domain=["p50", "p95"], range=_DASHES), legend=_legend())
    )
    dots = base.transform_filter("isValid(datum.milliseconds)").mark_point(filled=True, size=55, opacity=1).encode(
        shape=alt.Shape("percentile:N", scale=alt.Scale(domain=["p50", "p95"], range=["circle", "diamond"]), legend=_legend()),
        tooltip=[_when(), "percentile:N", alt.Tooltip("milliseconds:Q", title="ms", format=".3~g"), "n:Q"],
    )  # fmt: skip
    return alt.layer(lines, dots, *(_promise(objective_ms) if near else ())).properties(height=_TALL)


def rate_chart(table: pd.DataFrame, over_a_day: bool = False) -> Chart:
    """Return how many searches were answered, refused and failed in each window, one upon another.

    Columns: start, end, outcome, searches, bottom, top (the place of the outcome's part).
    """
    outcomes = ["answered", "refused", "failed"]
    count = alt.Y("bottom:Q", title="searches", axis=alt.Axis(tickMinStep=1, format="d", tickCount=4))
    bars = alt.Chart(table).transform_filter("datum.searches > 0").mark_rect().encode(
        x=_time(table, over_a_day), x2="end:T", y=count, y2="top:Q",
        color=alt.Color("outcome:N", scale=alt.Scale(domain=outcomes, range=[BETTER, MIDDLE, WORSE]), legend=_legend()),
        tooltip=[_when(), "outcome:N", "searches:Q"],
    )  # fmt: skip
    return alt.layer(bars).properties(height=_LOW)


def counted_chart(table: pd.DataFrame, what: str) -> Chart:
    """Return bars, the longest first, each with its name above it. Columns: place, name, count."""
    base = alt.Chart(table).encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(padding=0.2)))
    count = alt.X("count:Q", title=what, axis=alt.Axis(tickMinStep=1, tickCount=6, format="d"), scale=alt.Scale(domainMin=0))
    bars = base.mark_bar(color=BETTER, height=9, yOffset=9).encode(x=count, tooltip=["name:N", "count:Q"])
    names = base.mark_text(align="left", dy=-6, dx=1, fontSize=13, limit=520, color=MIDDLE).encode(x=alt.value(0), text="label:N")
    return alt.layer(bars, names).properties(height=_ROW_PIXELS * len(table) + _AXIS_PIXELS)


def shares_chart(table: pd.DataFrame) -> Chart:
    """Return the share of searches that were done within a time, in the baseline and now. Columns: of, milliseconds, share."""
    order = ["baseline", "now"]
    lines = alt.Chart(table).mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=alt.X("milliseconds:Q", title="ms a search (logarithmic)", scale=alt.Scale(type="log", nice=False)),
        y=alt.Y("share:Q", title="share done", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("of:N", scale=alt.Scale(domain=order, range=[MIDDLE, BETTER]), legend=_legend()),
        strokeDash=alt.StrokeDash("of:N", scale=alt.Scale(domain=order, range=_DASHES[::-1]), legend=_legend()),
        tooltip=["of:N", alt.Tooltip("milliseconds:Q", title="ms", format=".3~g"), alt.Tooltip("share:Q", format=".0%")],
    )  # fmt: skip
    return alt.layer(lines).properties(height=_TALL)


def _promise(objective_ms: float) -> tuple[alt.Chart, alt.Chart]:
    base = alt.Chart(pd.DataFrame({"y": [objective_ms], "says": [f"objective {objective_ms:g} ms"]})).encode(y="y:Q")
    rule = base.mark_rule(color=MIDDLE, strokeDash=[2, 2])
    return rule, base.mark_text(align="right", dx=-4, dy=-7, color=MIDDLE).encode(x=alt.value("width"), text="says:N")


def _time(table: pd.DataFrame, over_a_day: bool) -> alt.X:
    # All of the period, with or without searches at its ends; as parts of a date, since a number of milliseconds is no date to the chart.
    domain = [_moment(table["start"].min()), _moment(table["end"].max())]
    axis = alt.Axis(tickCount=5, labelOverlap=True, format="%m-%d %H:%M" if over_a_day else "%H:%M")
    return alt.X("start:T", title="time (UTC)", scale=alt.Scale(type="utc", domain=domain, nice=False), axis=axis)


def _moment(at: pd.Timestamp) -> alt.DateTime:
    utc = at.tz_convert("UTC")
    return alt.DateTime(
        year=utc.year, month=utc.month, date=utc.day, hours=utc.hour, minutes=utc.minute, seconds=utc.second,
        milliseconds=utc.microsecond // 1000, utc=True,
    )  # fmt: skip


def _when() -> alt.Tooltip:
    return alt.Tooltip("utc:N", title="from (UTC)")


def _legend() -> alt.Legend:
    return alt.Legend(orient="bottom", title=None)
