"""How many books a second, by the size of a batch."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vibeshelf.core.latency import BOOK, ENCODE
from vibeshelf.services.latency import Measured, Row, rows_of
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.charts import throughput_chart
from vibeshelf.ui.latency.words import counts_text, engine_text, facts_of
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain


def throughput(measured: Measured) -> None:
    """Draw the chart of one machine and its ranked table."""
    rows = [row for row in rows_of(measured.result) if (row.stage, row.text) == (ENCODE, BOOK)]
    if not rows:
        empty_state("No batches were measured on this machine.")
        return
    rows.sort(key=lambda row: -row.per_second)
    table = pd.DataFrame([_figures(row, measured) for row in rows])
    tokens = [row.mean_tokens / row.batch_size for row in rows if row.mean_tokens is not None]
    facts = f"{counts_text([row.n for row in rows])} batches each, {sum(tokens) / len(tokens):.0f} tokens a book. " if tokens else ""
    show_chart(
        throughput_chart(table), key="throughput", title="Books encoded a second, by batch",
        alt="Books encoded a second against the number of books encoded at a time, for each engine",
        facts=facts + facts_of(measured), table=table,
    )  # fmt: skip
    shown = [
        {
            "engine": plain(str(row["engine"])),
            "batch": str(row["batch_size"]),
            "books a second": f"{row['per_second']:.1f}",
            "n": str(row["n"]),
        }
        for row in table.to_dict("records")
    ]
    st.table(pd.DataFrame(shown).set_index("engine"), border="horizontal", alt="Engines and batches, the quickest first")


def _figures(row: Row, measured: Measured) -> dict[str, object]:
    return {
        "engine": engine_text(row.engine, measured.result), "backend": row.backend, "precision": row.precision,
        "batch_size": row.batch_size, "per_second": row.per_second, "n": row.n,
    }  # fmt: skip
