"""A chart with what it is about, and its downloads: SVG and PNG made by the browser from what it shows, figures as CSV."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from vibeshelf.ui.charts import Chart
from vibeshelf.ui.text import plain

_HTML = """
<div class="files">
  <button type="button" data-kind="svg">SVG</button>
  <button type="button" data-kind="png">PNG</button>
  <span class="said" role="status"></span>
</div>
"""
_CSS = """
.files { display: flex; gap: 0.5rem; align-items: center; }
.files button {
  font: inherit; font-size: 0.85rem; padding: 0.25rem 0.7rem; cursor: pointer; color: var(--st-text-color);
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
.files button:hover, .files button:focus-visible { color: var(--st-primary-color); border-color: var(--st-primary-color); }
.said { font-size: 0.85rem; color: var(--st-text-color); }
"""


def show_chart(chart: Chart, *, key: str, title: str, alt: str, facts: str, table: pd.DataFrame | None = None, **selecting: Any) -> Any:
    """Draw a chart, under it what its figures are about, and the buttons that take it away.

    `facts` is not escaped: how many, on which machine, when. `table` holds the figures of the CSV; None offers none. What
    `selecting` asks of the chart (on_select, selection_mode) is returned by Streamlit.
    """
    # As SVG however many marks it has, so that it can be taken away as one.
    shown = chart.properties(usermeta={"embedOptions": {"renderer": "svg"}})
    with st.container(key=f"chart-{key}"):
        selected = st.altair_chart(shown, key=key, alt=alt, **selecting)
    st.caption(plain(facts))
    chart_files(key, title, alt, facts, table)
    return selected


def chart_files(key: str, title: str, alt: str, facts: str, table: pd.DataFrame | None = None) -> None:
    """Draw the buttons that take away the chart that stands in the container `chart-KEY`."""
    name = slug(title)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"files-{key}"):
        if table is not None:
            st.download_button(
                "CSV", _csv(table), f"{name}.csv", "text/csv", key=f"csv-{key}", on_click="ignore",
                help="The figures of this chart", type="tertiary", icon=":material/download:",
            )  # fmt: skip
        _component()(
            key=f"take-{key}", data={"chart": f"chart-{key}", "name": name, "title": title, "alt": alt, "facts": facts}, width="content"
        )


def slug(title: str) -> str:
    """Return a title as a file name."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())


@cache
def _component() -> Callable[..., Any]:
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("vibeshelf_chart_files", html=_HTML, css=_CSS, js=script)


def _csv(table: pd.DataFrame) -> Callable[[], bytes]:
    return lambda: table.to_csv(index=False).encode()
