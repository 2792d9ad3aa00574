"""Speed beside quality of the systems, from the evaluations that were kept: what was not evaluated says so, and how it would be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from vibeshelf.adapters.catalog.starter import STARTER
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.records import Grades, Manifest
from vibeshelf.services.runs import KeptRun, count_kept, kept_runs
from vibeshelf.services.speed_quality import MEASURE, SpeedQuality, judged_queries, not_evaluated, speed_quality
from vibeshelf.ui import resources
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.charts import Point, frontier, speed_chart
from vibeshelf.ui.latency.words import NOT_MEASURED, counts_text, moment_text, time_text
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.relevance.graded import graded
from vibeshelf.ui.text import plain

_HOW = "`vibeshelf eval --collection {collection}{files} --systems {systems}`, or the Relevance page"


def evaluated_systems(collection: str) -> None:
    """Draw the chart of a collection's systems and its ranked table."""
    st.markdown("**The systems**, from the evaluations that were kept")
    known = next((each.manifest for each in resources.collections() if each.name == collection), None)
    sets = dict(_evaluated(known)) if known is not None else {}
    if not sets:
        _nothing(collection)
        return
    name = str(st.selectbox("Judged queries", list(sets), key="trade-queries")) if len(sets) > 1 else next(iter(sets))
    source, runs, grades = sets[name] if name in sets else next(iter(sets.values()))
    found = sorted(speed_quality(runs, grades), key=lambda each: each.milliseconds)
    if found:
        _chart(found, collection, source, len(grades))
    _missing(collection, source, found)


def _evaluated(manifest: Manifest) -> Iterator[tuple[str, tuple[str, list[KeptRun], Grades]]]:
    """Yield the judged sets of which there are runs of the collection as it is: (name, (what it is called, runs, grades))."""
    folder = resources.settings().runs_dir
    if not count_kept(folder, manifest.collection):
        return
    for name in [*resources.judged_sets(), *(tasks := resources.graded_here())]:
        try:
            source, (queries, files) = graded(name, tasks[name]) if name in tasks else (name, resources.judgments(name))
        except VibeshelfError as error:
            show_error(error)
            continue
        grades = {query_id: of for each in files.values() for query_id, of in each.items()}
        if runs := kept_runs(folder, manifest, judged_queries(queries, grades)):
            yield name, (source, runs, grades)


def _nothing(collection: str) -> None:
    kept = count_kept(resources.settings().runs_dir, collection)
    earlier = f" {kept:,} runs are of an earlier state of it, of this program, or of other queries." if kept else ""
    empty_state(f"Not evaluated: {plain(collection)} as it is now.{earlier} It would be by {_how(collection, 'dense,lexical,hybrid')}.")


def _chart(found: Sequence[SpeedQuality], collection: str, source: str, queries: int) -> None:
    points = _points(found)
    best = [point in frontier(points) for point in points]
    table = pd.DataFrame([_figures(each, point, of) for each, point, of in zip(found, points, best, strict=True)])
    depth = " or ".join(str(depth) for depth in sorted({each.depth for each in found}))
    facts = (
        f"{queries:,} judged queries of {source}, collection {collection}. Times: median of the very searches that were judged, for the "
        f"first {depth} books, the query encoded anew, {counts_text([each.timed for each in found])}, {_where(found)}"
    )
    show_chart(
        speed_chart(points, MEASURE), key="trade-systems", title="Speed beside quality: systems",
        alt=f"{MEASURE} of each evaluated system against the median time of a search", facts=facts, table=table,
    )  # fmt: skip
    st.caption(
        "Up is better, left is quicker. The dashed line joins the systems that no other beats in both (circles); intervals are 95 %. "
        "A number is a place in the table."
    )
    rows = [{"place": str(place), **_row(each, of)} for place, (each, of) in enumerate(zip(found, best, strict=True), 1)]
    st.table(pd.DataFrame(rows).set_index("place"), border="horizontal", alt="Systems with speed and quality, the quickest first")


def _points(found: Sequence[SpeedQuality]) -> list[Point]:
    """Return a point for each line, called by its system, or by its place in the table where that would stand there twice."""
    names = [each.system for each in found]
    if len(set(names)) < len(names):
        names = [str(place) for place in range(1, len(found) + 1)]
    return [
        Point(name, each.milliseconds, each.quality.mean or 0.0, each.quality.ci_low, each.quality.ci_high)
        for name, each in zip(names, found, strict=True)
    ]


def _figures(each: SpeedQuality, point: Point, best: bool) -> dict[str, object]:
    return {
        **asdict(point), "system": each.system, "engine": each.engine, "machine": each.machine, "n_queries": each.quality.n,
        "n_timed": each.timed,
        "judged_at_10": each.judged, "best": best, "made_at": each.made_at,
    }  # fmt: skip


def _row(each: SpeedQuality, best: bool) -> dict[str, str]:
    of = each.quality
    interval = "" if of.ci_low is None else f" ({of.ci_low:.3f} to {of.ci_high:.3f})"
    return {
        "system": plain(each.system), "engine": plain(each.engine), "p50": time_text(each.milliseconds, each.timed, 50),
        plain(MEASURE): f"{of.mean:.3f}{interval}", "judged": "n/a" if each.judged is None else f"{100 * each.judged:.0f} %",
        "n": f"{of.n:,}", "best at its speed": "yes" if best else "no",
    }  # fmt: skip


def _where(found: Sequence[SpeedQuality]) -> str:
    machines = sorted({each.machine or "machine not recorded" for each in found})
    return f"{'; '.join(machines)}, {moment_text(max(each.made_at for each in found))}"


def _missing(collection: str, source: str, found: Sequence[SpeedQuality]) -> None:
    if missing := not_evaluated(found):
        st.caption(f"{', '.join(missing)}: {NOT_MEASURED} on these queries. Run {_how(collection, ','.join(missing), source)}.")
    st.caption(
        f"Another engine becomes a point of its own by the same command with `--backend`. Evaluate {plain(source)} on the Relevance page "
        "for other measures, differences query by query and how sure they are."
    )


def _how(collection: str, systems: str, source: str = STARTER) -> str:
    files = "" if source == STARTER and collection == STARTER else " --queries FILE --qrels FILE"
    return _HOW.format(collection=collection, files=files, systems=systems)
