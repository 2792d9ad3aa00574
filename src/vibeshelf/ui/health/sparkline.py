"""How earlier examinations went, in one small row of bars."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from vibeshelf.core.probes import FAIL, WARN, Examination

_FAILS, _WARNS, _PASSES = "#c9504f", "#d0a21f", "#3f9b52"


def sparkline(examinations: Sequence[Examination]) -> None:
    """Draw the examinations, the newest first in `examinations` and last in the picture; nothing for a single one."""
    if len(examinations) < 2:
        return
    table = pd.DataFrame([_row(place, each) for place, each in enumerate(reversed(examinations), 1)])
    st.altair_chart(_chart(table), alt=_said(examinations), key="sparkline")
    st.caption(
        f"The latest {len(examinations)} full examinations, the oldest first. "
        "A bar is as high as probes fail or warn; a low green one says that all pass."
    )


def _row(place: int, examination: Examination) -> dict[str, object]:
    counts = {status: sum(each.status == status for each in examination.results) for status in (FAIL, WARN)}
    return {
        "place": place, "when": examination.when, "fail": counts[FAIL], "warn": counts[WARN], "status": examination.status,
        "high": max(0.4, counts[FAIL] + counts[WARN]),
    }  # fmt: skip


def _chart(table: pd.DataFrame) -> alt.Chart:
    colours = alt.Scale(domain=["fail", "warn", "pass"], range=[_FAILS, _WARNS, _PASSES])
    bars: alt.Chart = alt.Chart(table).mark_bar(size=9, cornerRadiusEnd=2).encode(
        x=alt.X("place:O", axis=None), y=alt.Y("high:Q", axis=None),
        color=alt.Color("status:N", legend=None, scale=colours),
        tooltip=[alt.Tooltip("when:N"), alt.Tooltip("status:N", title="verdict"), "fail:Q", "warn:Q"],
    ).properties(height=44, width=min(640, 14 * len(table)))  # fmt: skip
    return bars


def _said(examinations: Sequence[Examination]) -> str:
    latest = ", ".join(each.status for each in reversed(examinations[:10]))
    return f"Verdicts of the latest {min(len(examinations), 10)} examinations, the oldest first: {latest}"
