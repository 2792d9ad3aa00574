"""Speed beside quality."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from vibeshelf.services.evaluating import Evaluated
from vibeshelf.services.measures import Measure
from vibeshelf.ui.chart_files import chart_files
from vibeshelf.ui.charts import Point, speed_chart
from vibeshelf.ui.relevance.facts import facts_of, speed_of
from vibeshelf.ui.text import plain


def points_of(evaluated: Evaluated, measure: Measure) -> list[Point]:
    """Return the systems whose time is known and for which the measure is defined."""
    points = []
    for name, measured in evaluated.report.measured.items():
        summary, milliseconds = measured.summaries[measure.name], evaluated.runs[name].median_ms
        if summary.mean is not None and milliseconds is not None:
            points.append(Point(name, milliseconds, summary.mean, summary.ci_low, summary.ci_high))
    return points


def speed_of_systems(evaluated: Evaluated, measure: Measure, points: list[Point]) -> None:
    """Draw the chart, and say of every system how quick it was or that it was not measured."""
    if points:
        alt = f"{measure.name} of each system against the time of a search"
        with st.container(key="chart-speed"):
            st.altair_chart(speed_chart(points, measure.name), key="speed", alt=alt)
        st.caption("Up is better, left is quicker. A circle: no other system is both as quick and as good; a diamond: one is.")
        chart_files("speed", "speed and quality", alt, facts_of(evaluated), pd.DataFrame([asdict(point) for point in points]))
    said = [f"{plain(name)}: {plain(speed_of(run))}" for name, run in evaluated.runs.items()]
    depth, count = evaluated.request.depth, evaluated.report.queries
    st.caption(
        f"Median of a search for the first {depth} books, its query encoded anew, over {count:,} queries of "
        f"{plain(evaluated.request.source)} in collection {plain(evaluated.collection)}. " + " · ".join(said)
    )
