"""The charts of measured latency. Shape or dash says what colour says too."""

from __future__ import annotations

import altair as alt
import pandas as pd

from vibeshelf.ui.charts import MIDDLE, Chart

# Told apart by people who see colours differently, on light and on dark ground.
_COLOURS = ("#2f86c1", "#d0761f", "#3f9a63", "#b0589f", "#8a8178", "#b59a2a")
_SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down")
_DASHES = {"fp32": [1, 0], "fp16": [8, 2], "bf16": [5, 3], "int8": [2, 2]}
_BACKENDS = ("torch", "onnx", "openvino")
# On a phone a legend has room for the name and the cores of a machine; the line under the chart has all of it.
_BRIEF = r"replace(datum.label, regexp(' *\\((R|TM|this machine|reference)\\)| Processor|, (x86_64|aarch64|arm64)', 'g'), '')"
# Beyond this the shortest times of a linear axis could not be told apart.
_LOG_FROM = 30
# Streamlit fits axes and legends into a chart's height, so each has room of its own on top of the marks'.
_ROW_PIXELS, _TALL, _AXIS_PIXELS, _LEGEND_PIXELS, _LEGEND_ROW_PIXELS = 20, 280, 60, 110, 32


def percentiles_chart(table: pd.DataFrame) -> Chart:
    """Return p50 as a mark with a line to p95 and a thinner one to p99, a row for each engine and machine.

    Columns: engine, machine, p50_ms, p95_ms, p99_ms (empty where not measured), n.
    """
    engines = list(dict.fromkeys(table.sort_values("p50_ms")["engine"]))
    machines = sorted(set(table["machine"]))
    highest = table[["p50_ms", "p95_ms", "p99_ms"]].max().max()
    time = _time_scale(table["p50_ms"].min(), highest)
    base = alt.Chart(table).encode(
        y=alt.Y("engine:N", sort=engines, title=None, axis=alt.Axis(labelLimit=220, ticks=False)),
        yOffset=alt.YOffset("machine:N", sort=machines),
        color=_by_machine(machines),
        tooltip=[
            alt.Tooltip("engine:N"), alt.Tooltip("machine:N"), alt.Tooltip("n:Q"), alt.Tooltip("p50_ms:Q", title="p50 ms", format=".3~g"),
            alt.Tooltip("p95_ms:Q", title="p95 ms", format=".3~g"), alt.Tooltip("p99_ms:Q", title="p99 ms", format=".3~g"),
        ],
    )  # fmt: skip
    axis = f"ms{' (logarithmic)' if time.to_dict().get('type') == 'log' else ''}"
    first = alt.X("p50_ms:Q", title=axis, scale=time)
    thick = base.transform_filter("isValid(datum.p95_ms)").mark_rule(strokeWidth=3).encode(x=first, x2="p95_ms:Q")
    thin = base.transform_filter("isValid(datum.p99_ms)").mark_rule(strokeWidth=1).encode(x=alt.X("p95_ms:Q", title=axis), x2="p99_ms:Q")
    ends = base.transform_filter("isValid(datum.p99_ms)").mark_tick(thickness=2, size=10).encode(x=alt.X("p99_ms:Q", title=axis))
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(x=first, shape=_shape_by_machine(machines))
    return alt.layer(thick, thin, ends, dots).properties(height=_height(engines, machines))


def curves_chart(table: pd.DataFrame) -> Chart:
    """Return for each engine the share of calls that were done within a time. Columns: engine, backend, precision, ms, share."""
    base = alt.Chart(table).encode(
        x=alt.X("ms:Q", title="ms", scale=_time_scale(table["ms"].min(), table["ms"].max())),
        y=alt.Y("share:Q", title="share done", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        color=_by_backend(table), strokeDash=_by_precision(table), detail="engine:N",
        tooltip=["engine:N", alt.Tooltip("ms:Q", format=".3~g"), alt.Tooltip("share:Q", format=".0%")],
    )  # fmt: skip
    return alt.layer(base.mark_line(interpolate="step-after", strokeWidth=2)).properties(height=_TALL + _LEGEND_PIXELS)


def stages_chart(table: pd.DataFrame, stages: list[str]) -> Chart:
    """Return a box plot for each stage: quartiles, and whiskers to the 5th and 95th percentile, since extremes hide the rest.

    Columns: stage, p5, p25, p50, p75, p95 (empty where there were too few), n.
    """
    times = table[["p5", "p25", "p50", "p75", "p95"]].astype(float)
    scale = _time_scale(times.min().min(), times.max().max())
    base = alt.Chart(table).encode(
        y=alt.Y("stage:N", sort=stages, title=None, axis=alt.Axis(labelLimit=200, ticks=False)),
        tooltip=["stage:N", "n:Q", *(alt.Tooltip(f"p{at}:Q", title=f"p{at} ms", format=".3~g") for at in (5, 25, 50, 75, 95))],
    )  # fmt: skip
    axis = "ms"
    spread, half = base.transform_filter("isValid(datum.p95)"), base.transform_filter("isValid(datum.p75)")
    whiskers = spread.mark_rule(color=MIDDLE, strokeWidth=2).encode(x=alt.X("p5:Q", title=axis, scale=scale), x2="p95:Q")
    ends = [spread.mark_tick(color=MIDDLE, thickness=2, size=10).encode(x=alt.X(f"{end}:Q", title=axis)) for end in ("p5", "p95")]
    boxes = half.mark_bar(color=_COLOURS[0], size=16).encode(x=alt.X("p25:Q", title=axis), x2="p75:Q")
    middle = base.mark_tick(color=_COLOURS[1], thickness=3, size=22).encode(x=alt.X("p50:Q", title=axis))
    return alt.layer(whiskers, *ends, boxes, middle).properties(height=34 * len(table) + _AXIS_PIXELS)


def throughput_chart(table: pd.DataFrame) -> Chart:
    """Return books a second against the size of a batch. Columns: engine, backend, precision, batch_size, per_second, n."""
    sizes = sorted(table["batch_size"].unique())
    base = alt.Chart(table).encode(
        x=alt.X("batch_size:O", sort=sizes, title="books encoded at a time", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("per_second:Q", title="books a second", scale=alt.Scale(zero=True)),
        color=_by_backend(table), detail="engine:N",
        tooltip=["engine:N", "batch_size:O", alt.Tooltip("per_second:Q", title="books a second", format=".1f"), "n:Q"],
    )  # fmt: skip
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=_by_precision(table))
    dots = base.mark_point(filled=True, size=70, opacity=1)
    return alt.layer(lines, dots).properties(height=_TALL + _LEGEND_PIXELS)


def trade_chart(table: pd.DataFrame, measure: str) -> Chart:
    """Return quality with its interval against the time of a search; a line joins those that no other beats in both.

    Columns: engine, backend, precision, p50_ms, mean, ci_low, ci_high (empty where there is none), best (bool).
    """
    slowest = float(table["p50_ms"].max())
    scale = alt.Scale(domain=[0, 1.1 * slowest], nice=False)
    time = alt.X("p50_ms:Q", title="median ms a search", scale=scale, axis=alt.Axis(tickCount=8))
    base = alt.Chart(table).encode(x=time)
    quality = alt.Y("mean:Q", title=f"mean {measure}", scale=alt.Scale(zero=False, padding=20))
    line = base.transform_filter("datum.best").mark_line(strokeDash=[4, 4], color=MIDDLE, interpolate="step-after").encode(y=quality)
    spread = base.transform_filter("isValid(datum.ci_low)").mark_rule(strokeWidth=1.5).encode(
        y=alt.Y("ci_low:Q", title=f"mean {measure}"), y2="ci_high:Q", color=_by_backend(table)
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=120, opacity=1).encode(
        y=quality, color=_by_backend(table), shape=_shape_by_precision(),
        tooltip=["engine:N", alt.Tooltip("p50_ms:Q", title="p50 ms", format=".3~g"), alt.Tooltip("mean:Q", title=measure, format=".3f")],
    )  # fmt: skip
    return alt.layer(line, spread, dots).properties(height=_TALL + _LEGEND_PIXELS)


def _height(engines: list[str], machines: list[str]) -> int:
    legend = _LEGEND_ROW_PIXELS * len(machines) if len(machines) > 1 else 0
    return _ROW_PIXELS * len(engines) * len(machines) + _AXIS_PIXELS + legend


def _time_scale(low: float, high: float) -> alt.Scale:
    """Return an axis from 0, or a logarithmic one where times differ widely."""
    if low > 0 and high / low > _LOG_FROM:
        return alt.Scale(type="log", domain=[0.8 * low, 1.1 * high], nice=False)
    return alt.Scale(domain=[0, 1.05 * high], nice=False)


def _by_machine(machines: list[str]) -> alt.Color:
    return alt.Color("machine:N", scale=alt.Scale(domain=machines, range=_cycled(_COLOURS, len(machines))), legend=_legend(machines))


def _shape_by_machine(machines: list[str]) -> alt.Shape:
    return alt.Shape("machine:N", scale=alt.Scale(domain=machines, range=_cycled(_SHAPES, len(machines))), legend=_legend(machines))


def _legend(machines: list[str]) -> alt.Legend | None:
    return alt.Legend(orient="bottom", columns=1, labelLimit=600, title=None, labelExpr=_BRIEF) if len(machines) > 1 else None


def _by_backend(table: pd.DataFrame) -> alt.Color:
    colours = {backend: _COLOURS[at] for at, backend in enumerate(_BACKENDS) if backend in set(table["backend"])}
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color("backend:N", scale=scale, legend=alt.Legend(orient="top", title="backend"))


def _by_precision(table: pd.DataFrame) -> alt.StrokeDash:
    dashes = {precision: dash for precision, dash in _DASHES.items() if precision in set(table["precision"])}
    scale = alt.Scale(domain=list(dashes), range=list(dashes.values()))
    return alt.StrokeDash("precision:N", scale=scale, legend=alt.Legend(orient="bottom", title="precision"))


def _shape_by_precision() -> alt.Shape:
    # Symbols of a legend for shapes alone would be black on any ground.
    legend = alt.Legend(orient="bottom", title="precision", symbolFillColor=MIDDLE, symbolStrokeColor=MIDDLE)
    return alt.Shape("precision:N", legend=legend)


def _cycled(values: tuple[str, ...], count: int) -> list[str]:
    return [values[at % len(values)] for at in range(count)]
