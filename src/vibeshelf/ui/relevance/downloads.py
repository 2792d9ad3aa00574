"""What can be taken away: runs, tables, charts."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import streamlit as st

from vibeshelf.adapters.trec import write_run
from vibeshelf.core.records import Run
from vibeshelf.services.evaluating import Evaluated
from vibeshelf.ui.charts import Chart, vega_lite
from vibeshelf.ui.relevance.facts import facts_of
from vibeshelf.ui.text import plain

_TABLE = (
    "system", "measure", "mean", "ci_low", "ci_high", "n", "upper", "baseline", "difference", "p_value", "p_adjusted",
    "median_ms", "source", "collection", "model", "device", "made_at", "fingerprint",
)  # fmt: skip


def downloads(evaluated: Evaluated, charts: dict[str, Chart]) -> None:
    """Draw the buttons. Files are made at the click."""
    facts = facts_of(evaluated)
    left_out = [name for name, run in evaluated.runs.items() if not can_be_written(run)]
    with st.container(horizontal=True, gap="small", key="downloads"):
        _button("Table (CSV)", "relevance.csv", partial(table_csv, evaluated), "text/csv")
        _button("Every query (CSV)", "relevance-queries.csv", partial(queries_csv, evaluated), "text/csv")
        for name, run in evaluated.runs.items():
            if name not in left_out:
                _button(f"Run {plain(name)} (TREC)", f"{name}.run", partial(run_bytes, run), "text/plain")
        for title, chart in charts.items():
            made = partial(vega_lite, chart, title, facts)
            _button(f"Chart: {plain(title)} (Vega-Lite)", f"{_slug(title)}.vl.json", made, "application/json")
    if left_out:
        st.caption(f"A TREC run file cannot hold ids with white space, so there is none of {plain(', '.join(left_out))}.")


def table_csv(evaluated: Evaluated) -> bytes:
    """Return a row for each system and measure, with its comparison where there is one; what is not known is empty."""
    compared = {(each.system, each.measure): each for each in evaluated.report.comparisons}
    rows = []
    for system, measured in evaluated.report.measured.items():
        run = evaluated.runs[system]
        for name, of in measured.summaries.items():
            other = compared.get((system, name))
            against = (other.baseline, other.difference, other.p_value, other.p_adjusted) if other else (None,) * 4
            rows.append((
                system, name, of.mean, of.ci_low, of.ci_high, of.n, of.upper, *against, run.median_ms, evaluated.request.source,
                evaluated.collection, evaluated.model if run.made_at else None, run.device, run.made_at, run.fingerprint,
            ))  # fmt: skip
    return _csv(_TABLE, rows)


def queries_csv(evaluated: Evaluated) -> bytes:
    """Return a row for each query, system and measure; an undefined value is empty."""
    rows = (
        (query_id, system, name, value)
        for system, measured in evaluated.report.measured.items()
        for name, values in measured.values.items()
        for query_id, value in values.items()
    )
    return _csv(("query_id", "system", "measure", "value"), rows)


def run_bytes(run: Run) -> bytes:
    """Return a run as a TREC run file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        write_run(path, run)
        return path.read_bytes()


def can_be_written(run: Run) -> bool:
    """Return whether a TREC run file, whose columns end at white space, can hold the run's ids and name."""
    ids = {run.name, *run.rankings, *(book_id for ranking in run.rankings.values() for book_id in ranking.book_ids)}
    return all(name.split() == [name] for name in ids)


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _button(label: str, name: str, made: partial[bytes] | partial[str], mime: str) -> None:
    st.download_button(label, made, name, mime, key=f"download-{name}", on_click="ignore", icon=":material/download:")


def _slug(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())
