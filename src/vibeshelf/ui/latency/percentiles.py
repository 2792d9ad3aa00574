"""p50, p95 and p99 of every engine on every machine that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

import pandas as pd
import streamlit as st

from vibeshelf.core.latency import COLD_START, LENGTHS, MODEL_LOAD, QUERY_STAGES, STAGES, TOTAL
from vibeshelf.services.latency import Measured, Row, rows_of
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.charts import percentiles_chart
from vibeshelf.ui.latency.words import (
    NOT_MEASURED,
    STAGE_MEANINGS,
    STAGE_WORDS,
    TEXT_WORDS,
    counts_text,
    engine_text,
    facts_of,
    time_text,
)  # fmt: skip
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain

_ONCE = (COLD_START, MODEL_LOAD)
# A longer table scrolls.
_LONG_TABLE, _TABLE_PIXELS = 14, 520
_ORDER = (TOTAL, *(stage for stage in STAGES if stage != TOTAL))


def percentiles(found: Sequence[Measured]) -> None:
    """Draw the choice of stage and text, the chart and the ranked table."""
    stage, text = _choices()
    rows = [(measured, row) for measured in found for row in rows_of(measured.result) if _is_about(row, stage, text)]
    if not rows:
        empty_state(f"{STAGE_WORDS[stage]}: not measured on the machines that are shown.")
        return
    shown = [measured for measured in found if any(other is measured for other, _ in rows)]
    letters = {measured.label: ascii_uppercase[at] for at, measured in enumerate(shown)}
    table = pd.DataFrame([_figures(measured, row, letters) for measured, row in rows]).sort_values("p50_ms", ignore_index=True)
    about = STAGE_WORDS[stage] if stage in _ONCE else f"{STAGE_WORDS[stage]}, {TEXT_WORDS[text]}"
    show_chart(
        percentiles_chart(table), key="percentiles", title=f"Latency: {about}",
        alt=f"Median, 95th and 99th percentile of {about} for each engine and machine",
        facts=". ".join([f"{counts_text(table['n'].tolist())} each", *(f"{letters[each.label]}: {facts_of(each)}" for each in shown)]),
        table=table,
    )  # fmt: skip
    st.caption(
        f"{STAGE_WORDS[stage].capitalize()}: {STAGE_MEANINGS[stage]}. The mark is p50, the thick line ends at p95, the thin one at p99."
    )
    _ranked(rows, letters)
    if missing := [measured.label for measured in found if measured not in shown]:
        st.caption(f"{plain(about.capitalize())}: {NOT_MEASURED} on {plain('; '.join(missing))}.")


def _choices() -> tuple[str, str]:
    stage = st.segmented_control(
        "Stage", _ORDER, default=TOTAL, required=True, key="stage", bind="query-params", format_func=STAGE_WORDS.__getitem__
    )
    stage = str(stage or TOTAL)
    if stage in _ONCE:
        return stage, LENGTHS[0]
    text = st.segmented_control(
        "Text", LENGTHS, default=LENGTHS[0], required=True, key="text", bind="query-params", format_func=TEXT_WORDS.__getitem__
    )
    return stage, str(text or LENGTHS[0])


def _is_about(row: Row, stage: str, text: str) -> bool:
    return row.stage == stage and row.batch_size == 1 and (stage not in QUERY_STAGES or row.text == text)


def _figures(measured: Measured, row: Row, letters: Mapping[str, str]) -> dict[str, object]:
    return {
        "engine": engine_text(row.engine, measured.result), "machine": f"{letters[measured.label]}: {measured.label}",
        "p50_ms": row.p50_ms, "p95_ms": row.p95_ms,
        "p99_ms": row.p99_ms, "n": row.n, "stage": row.stage, "text": row.text, "measured_at": measured.result.environment.measured_at,
    }  # fmt: skip


def _ranked(rows: Sequence[tuple[Measured, Row]], letters: Mapping[str, str]) -> None:
    ordered = sorted(rows, key=lambda pair: pair[1].p50_ms or 0.0)
    table = [
        {
            "rank": rank, "engine": plain(engine_text(row.engine, measured.result)),
            **({"machine": letters[measured.label]} if len(letters) > 1 else {}),
            "p50": time_text(row.p50_ms, row.n, 50), "p95": time_text(row.p95_ms, row.n, 95), "p99": time_text(row.p99_ms, row.n, 99),
            "n": str(row.n),
        }
        for rank, (measured, row) in enumerate(ordered, 1)
    ]  # fmt: skip
    with st.container(key="ranked", height=_TABLE_PIXELS if len(table) > _LONG_TABLE else "content"):
        st.table(pd.DataFrame(table).set_index("rank"), border="horizontal", alt="Engines, the quickest first")
