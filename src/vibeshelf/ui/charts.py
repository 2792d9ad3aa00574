"""The charts of the pages. Each says what its marks mean; colour never does so alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import altair as alt
import pandas as pd

# Told apart by people who see colours differently, and on light and dark ground.
BETTER, WORSE, MIDDLE = "#2f86c1", "#d0761f", "#8a8178"
PICKED = "picked"
Chart = alt.LayerChart | alt.FacetChart
_TALL, _SQUARE = 280, 300


@dataclass(frozen=True, slots=True)
class Difference:
    """One query in a chart of differences: what the system and the baseline reached, and their difference."""

    query_id: str
    text: str
    system: float
    baseline: float
    difference: float


@dataclass(frozen=True, slots=True)
class Point:
    """One system in a chart of speed and quality; the interval is None where there is none."""

    system: str
    milliseconds: float
    mean: float
    low: float | None
    high: float | None


def differences_chart(rows: Sequence[Difference], system: str, baseline: str, measure: str) -> Chart:
    """Return a bar for each query, those that the system gained most on first. A click picks `query_id` in the selection 'picked'."""
    ordered = sorted(rows, key=lambda row: (-row.difference, row.query_id))
    table = pd.DataFrame([{**asdict(row), "place": place, "winner": _winner(row)} for place, row in enumerate(ordered, 1)])
    edge = max([abs(row.difference) for row in ordered], default=0.0) or 1.0
    table["top"], table["bottom"] = edge, -edge
    picked = alt.selection_point(name=PICKED, fields=["query_id"], empty=False, toggle=False)
    base = alt.Chart(table).encode(x=alt.X("place:O", axis=None, scale=alt.Scale(padding=0)))
    colour = alt.Color("winner:N", legend=None, scale=alt.Scale(domain=["system", "baseline", "neither"], range=[BETTER, WORSE, MIDDLE]))
    axis = f"{measure}: {system} − {baseline}"
    bars = base.mark_bar(width=alt.RelativeBandSize(band=0.85)).encode(
        y=alt.Y("difference:Q", title=axis, scale=alt.Scale(domain=[-edge, edge], nice=False)), color=colour
    )
    # Bars as high as the chart and without gaps take the clicks, so that a small difference, or none, can be opened too.
    targets = base.mark_bar(color=MIDDLE, cursor="pointer", width=alt.RelativeBandSize(band=1)).encode(
        y=alt.Y("bottom:Q", title=axis),
        y2="top:Q",
        opacity=alt.condition(picked, alt.value(0.3), alt.value(0.001)),
        tooltip=[
            alt.Tooltip("query_id:N", title="query"),
            alt.Tooltip("text:N", title="text"),
            alt.Tooltip("system:Q", title=system, format=".3f"),
            alt.Tooltip("baseline:Q", title=baseline, format=".3f"),
            alt.Tooltip("difference:Q", title="difference", format="+.3f"),
        ],
    ).add_params(picked)  # fmt: skip
    return alt.layer(bars, targets).properties(height=_TALL)


def speed_chart(points: Sequence[Point], measure: str) -> Chart:
    """Return quality (with its 95 % interval) against the time of a search; a line joins the systems that no other beats in both."""
    table = pd.DataFrame([{**asdict(point), "best": point in frontier(points)} for point in points])
    # From 0, and with room for the last name.
    slowest = max((point.milliseconds for point in points), default=0.0) or 1.0
    time = alt.X("milliseconds:Q", title="median ms a search", scale=alt.Scale(domain=[0, 1.25 * slowest], nice=False))
    quality = alt.Y("mean:Q", title=f"mean {measure}", scale=alt.Scale(zero=False, padding=20))
    base = alt.Chart(table).encode(x=time)
    line = base.transform_filter("datum.best").mark_line(strokeDash=[4, 4], color=MIDDLE, interpolate="step-after").encode(y=quality)
    spread = base.transform_filter("isValid(datum.low)").mark_rule(color=MIDDLE, strokeWidth=2).encode(
        y=alt.Y("low:Q", title=f"mean {measure}"), y2="high:Q"
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(
        y=quality,
        color=alt.condition("datum.best", alt.value(BETTER), alt.value(WORSE)),
        shape=alt.condition("datum.best", alt.value("circle"), alt.value("diamond")),
        tooltip=["system:N", alt.Tooltip("milliseconds:Q", format=".1f"), alt.Tooltip("mean:Q", title=measure, format=".3f")],
    )  # fmt: skip
    names = base.mark_text(align="left", dx=10, dy=-12, fontSize=13, color=MIDDLE).encode(y=quality, text="system:N")
    return alt.layer(line, spread, dots, names).properties(height=_SQUARE)


def frontier(points: Sequence[Point]) -> list[Point]:
    """Return the points than which no other is both as quick and as good, and better in one of them."""
    return [point for point in points if not any(_beats(other, point) for other in points)]


def vega_lite(chart: Chart, title: str, facts: str) -> str:
    """Return the chart as Vega-Lite JSON with its data, and with what its figures are about in its title."""
    headed = chart.properties(title=alt.TitleParams(title, subtitle=facts, anchor="start"), width=640)
    return str(headed.to_json())


def picked_query(selection: Mapping[str, object]) -> str | None:
    """Return the query that was clicked, from what Streamlit says of a chart's selection."""
    picked = selection.get(PICKED)
    first = picked[0] if isinstance(picked, list) and picked else None
    return str(first["query_id"]) if isinstance(first, dict) and "query_id" in first else None


def _winner(row: Difference) -> str:
    return "system" if row.difference > 0 else "baseline" if row.difference < 0 else "neither"


def _beats(one: Point, other: Point) -> bool:
    as_good = one.milliseconds <= other.milliseconds and one.mean >= other.mean
    return as_good and (one.milliseconds < other.milliseconds or one.mean > other.mean)
