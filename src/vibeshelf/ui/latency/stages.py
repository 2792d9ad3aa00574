"""Where the time of a search goes, and how it spreads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from vibeshelf.core.latency import LENGTHS, QUERY_STAGES, Engine, LatencySamples
from vibeshelf.core.percentiles import needed
from vibeshelf.services.latency import Measured, samples_of
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.charts import curves_chart, stages_chart
from vibeshelf.ui.latency.words import STAGE_WORDS, TEXT_WORDS, counts_text, engine_text, facts_of, time_text
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain

_BOX = (5, 25, 50, 75, 95)


def stages(measured: Measured) -> None:
    """Draw the box plots of one engine's stages and the curves of one stage for all engines."""
    text = str(
        st.segmented_control(
            "Text", LENGTHS, default=LENGTHS[0], required=True, key="stages-text", format_func=TEXT_WORDS.__getitem__
        ) or LENGTHS[0]
    )  # fmt: skip
    known = [stage for stage in QUERY_STAGES if samples_of(measured.result, stage, text)]
    if not known:
        empty_state("No single queries of this length were measured.")
        return
    _boxes(measured, text, known)
    _curves(measured, text, known)


def _boxes(measured: Measured, text: str, known: list[str]) -> None:
    engines = _ordered(measured, samples_of(measured.result, known[-1], text))
    engine = st.selectbox("Engine", engines, key="stages-engine", format_func=lambda each: engine_text(each, measured.result))
    engine = engine if engine in engines else engines[0]
    of_stages = {stage: samples_of(measured.result, stage, text)[engine] for stage in known}
    rows = [_box(stage, samples) for stage, samples in of_stages.items()]
    table = pd.DataFrame(rows)
    about = f"{engine}, {TEXT_WORDS[text]}"
    show_chart(
        stages_chart(table, [str(row["stage"]) for row in rows]), key="stages", title=f"Stages of a search: {about}",
        alt=f"Box plot of each stage of a search on {about}", facts=f"{counts_text(table['n'].tolist())} each. {facts_of(measured)}",
        table=table,
    )  # fmt: skip
    st.caption(
        "The box holds the middle half, the line in it is p50. The whiskers end at p5 and p95, not at the extremes, which one busy moment "
        f"makes; they need {needed(95)} samples, the box {needed(25)}. Encode has tokenise in it."
    )
    shown = [
        {
            "stage": STAGE_WORDS[stage],
            **{f"p{at}": time_text(samples.percentile_ms(at), samples.n, at) for at in _BOX},
            "n": f"{samples.n:,}",
        }
        for stage, samples in of_stages.items()
    ]
    st.table(pd.DataFrame(shown).set_index("stage"), border="horizontal", alt="Percentiles of each stage")


def _curves(measured: Measured, text: str, known: list[str]) -> None:
    stage = st.selectbox("Stage", known[::-1], key="curves-stage", format_func=STAGE_WORDS.__getitem__)
    stage = stage if stage in known else known[-1]
    samples = samples_of(measured.result, stage, text)
    table = pd.concat([_curve(engine, each, measured) for engine, each in samples.items()], ignore_index=True)
    about = f"{STAGE_WORDS[stage]}, {TEXT_WORDS[text]}"
    show_chart(
        curves_chart(table), key="curves", title=f"Distribution: {about}",
        alt=f"For each engine the share of calls that were done within a time, {about}",
        facts=f"{counts_text([each.n for each in samples.values()])} each. {facts_of(measured)}", table=table,
    )  # fmt: skip
    ordered = sorted(samples.items(), key=lambda pair: np.median(pair[1].seconds))
    rows = [{"engine": plain(engine_text(engine, measured.result)), **_within(each)} for engine, each in ordered]
    st.table(pd.DataFrame(rows).set_index("engine"), border="horizontal", alt="Times within which shares of the calls were done")


def _ordered(measured: Measured, samples: Mapping[Engine, LatencySamples]) -> list[Engine]:
    """Return the engines, the quickest first and those that are withheld last."""
    return sorted(samples, key=lambda engine: (measured.result.verdict(engine) == "withheld", np.median(samples[engine].seconds)))


def _box(stage: str, samples: LatencySamples) -> dict[str, object]:
    return {"stage": STAGE_WORDS[stage], **{f"p{at}": samples.percentile_ms(at) for at in _BOX}, "n": samples.n}


def _curve(engine: Engine, samples: LatencySamples, measured: Measured) -> pd.DataFrame:
    times = np.sort(np.array(samples.seconds)) * 1000
    return pd.DataFrame({
        "engine": engine_text(engine, measured.result), "backend": engine.backend, "precision": engine.precision,
        "ms": times, "share": np.arange(1, len(times) + 1) / len(times),
    })  # fmt: skip


def _within(samples: LatencySamples) -> dict[str, str]:
    shares = {"half": 50, "95 %": 95, "99 %": 99}
    times = {name: time_text(samples.percentile_ms(percent), samples.n, percent) for name, percent in shares.items()}
    return {**times, "n": f"{samples.n:,}"}
