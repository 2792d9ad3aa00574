"""Speed beside quality: is the quicker engine also the worse one?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vibeshelf.core.latency import SHORT, TOTAL, Quality
from vibeshelf.services.latency import Measured, samples_of
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.charts import Point, frontier
from vibeshelf.ui.latency.charts import trade_chart
from vibeshelf.ui.latency.evaluated import evaluated_systems
from vibeshelf.ui.latency.words import NOT_MEASURED, engine_text, facts_of, time_text
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain


def trade(collection: str, measured: Measured) -> None:
    """Draw the systems that were evaluated, the engines of a machine, and how near their vectors are to the reference's."""
    evaluated_systems(collection)
    st.markdown("**The engines**, from the benchmark")
    rows = _rows(measured)
    if rows:
        _chart(measured, rows)
    else:
        empty_state("Quality is measured with the benchmark when it searches the starter collection, which has judged queries.")
    _agreement(measured)


def _chart(measured: Measured, rows: list[dict[str, object]]) -> None:
    table = pd.DataFrame(rows)
    quality = measured.result.quality[0]
    facts = (
        f"{quality.n} judged queries, {quality.system}, books as the collection holds them. Times: n={rows[0]['n']}. {facts_of(measured)}"
    )
    show_chart(
        trade_chart(table, quality.measure), key="trade", title="Speed beside quality: engines",
        alt=f"{quality.measure} of each engine against the median time of a search", facts=facts, table=table,
    )  # fmt: skip
    st.caption("Up is better, left is quicker. The dashed line joins the engines that no other beats in both; intervals are 95 %.")
    shown = [
        {
            "engine": plain(str(row["engine"])), "p50": time_text(float(str(row["p50_ms"])), int(str(row["n"])), 50),
            plain(quality.measure): _mean(row),
            "best at its speed": "yes" if row["best"] else "no",
        }
        for row in rows
    ]  # fmt: skip
    st.table(pd.DataFrame(shown).set_index("engine"), border="horizontal", alt="Engines with speed and quality, the quickest first")


def _rows(measured: Measured) -> list[dict[str, object]]:
    times = samples_of(measured.result, TOTAL, SHORT)
    known = [(each, times[each.engine]) for each in measured.result.quality if each.engine in times]
    points = {each.engine: _point(each, samples.percentile_ms(50) or 0.0) for each, samples in known}
    best = frontier(list(points.values()))
    rows: list[dict[str, object]] = [
        {
            "engine": engine_text(each.engine, measured.result), "backend": each.backend, "precision": each.precision,
            "p50_ms": points[each.engine].milliseconds, "mean": each.mean, "ci_low": each.ci_low, "ci_high": each.ci_high,
            "best": points[each.engine] in best, "n": samples.n,
        }
        for each, samples in known
    ]  # fmt: skip
    return sorted(rows, key=lambda row: float(str(row["p50_ms"])))


def _point(quality: Quality, milliseconds: float) -> Point:
    return Point(str(quality.engine), milliseconds, quality.mean, quality.ci_low, quality.ci_high)


def _mean(row: dict[str, object]) -> str:
    interval = "" if row["ci_low"] is None else f" ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    return f"{row['mean']:.3f}{interval}"


def _agreement(measured: Measured) -> None:
    if not measured.result.agreement:
        st.caption(f"How near the vectors are to the reference's: {NOT_MEASURED}.")
        return
    first = measured.result.agreement[0]
    rows = [
        {
            "engine": plain(str(each.engine)), "cosine, least": f"{each.cosine_min:.5f}", "mean": f"{each.cosine_mean:.5f}",
            "top 10": f"{each.top10_overlap:.3f}", "verdict": each.verdict,
        }
        for each in measured.result.agreement
    ]  # fmt: skip
    st.markdown("**Vectors beside the reference's** (torch fp32 on the cpu)")
    st.table(pd.DataFrame(rows).set_index("engine"), border="horizontal", alt="Agreement of each engine's vectors with the reference")
    st.caption(
        f"{first.documents} texts and {first.queries} queries. Same: taken without a word. Near: by --precision only. "
        "Withheld: measured, but not offered."
    )
