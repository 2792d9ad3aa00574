"""The systems by measures with their intervals, and what the comparisons say."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vibeshelf.services.evaluating import Evaluated, unjudged_shown
from vibeshelf.services.evaluation import Comparison, Summary
from vibeshelf.services.measures import Measure
from vibeshelf.ui.layout import has_page
from vibeshelf.ui.relevance.facts import facts_of
from vibeshelf.ui.relevance.uploads import without_folders
from vibeshelf.ui.text import plain

# A dash at which no line ends.
_TO = "\u2060–\u2060"
JUDGE = "pages/1_Judge.py"


def table_of(evaluated: Evaluated) -> None:
    """Draw the table, what it is about, and what should be known before it is believed."""
    report, measures = evaluated.report, evaluated.request.measures
    rows = {
        plain(system) + (" :small[baseline]" if system == report.baseline else ""): {
            plain(measure.name): _cell(measured.summaries[measure.name], measure, report.queries) for measure in measures
        }
        for system, measured in report.measured.items()
    }
    with st.container(key="table"):
        st.table(pd.DataFrame.from_dict(rows, orient="index"), border="horizontal", alt="Systems by measures, means with 95 % intervals")
    st.caption(f"Means over queries, under each its 95 % interval · {plain(facts_of(evaluated))}")
    if others := report.unjudged:
        what = "query" if len(others) == 1 else "queries"
        st.caption(f"{len(others):,} more {what} of the file without any judgment, not scored ({plain(_some(others))}).")
    for note in (*evaluated.notes, *_of_queries(evaluated)):
        st.warning(plain(without_folders(note)), icon=":material/info:")


def measure_choice(evaluated: Evaluated) -> Measure | None:
    """Ask which measure the rest of the page is about; None where only coverage was measured."""
    measures = {measure.name: measure for measure in evaluated.request.measures if not measure.is_coverage}
    if not measures:
        return None
    if st.session_state.get("by") not in measures:
        st.session_state.pop("by", None)
    name = st.segmented_control(
        "By the measure", list(measures), default=next(iter(measures)), required=True, key="by", bind="query-params"
    )
    return measures.get(str(name)) or next(iter(measures.values()))


def verdicts(evaluated: Evaluated, measure: Measure) -> None:
    """Say of every system whether it differs from the baseline, and what the unjudged could change."""
    compared = [each for each in evaluated.report.comparisons if each.measure == measure.name]
    for each in compared:
        st.markdown(f"{_mark(each)} {plain(each.sentence)}")
    if compared:
        count = len(evaluated.report.comparisons)
        st.caption(f"Paired randomisation test; p is corrected for the {count} comparisons of this table (Holm).")
    holes(evaluated, measure)


def holes(evaluated: Evaluated, measure: Measure) -> None:
    """Say how many of the books shown nobody judged, what they could change, and where to judge them."""
    k = measure.cutoff or evaluated.request.depth
    count = unjudged_shown(evaluated, k)
    if not count:
        st.caption(f"Every book that these systems show in their top {k} was judged.")
        return
    could = [
        f"{system} at most {upper:.3f}"
        for system, measured in evaluated.report.measured.items()
        if (upper := measured.summaries[measure.name].upper) is not None
    ]
    bound = f"Were all of them of the highest grade: {', '.join(could)}." if could else ""
    st.caption(f"{count:,} books in the top {k} were not judged for their query and count as not relevant. {plain(bound)}")
    if has_page(JUDGE):
        st.page_link(JUDGE, label="Judge them", icon=":material/thumbs_up_down:")


def _cell(summary: Summary, measure: Measure, queries: int) -> str:
    if summary.mean is None:
        return "n/a"
    count = "" if summary.n == queries else f"  \n:small[{summary.n:,} queries]"
    if measure.is_coverage:
        return f"{_percent(summary.mean)}{count}"
    interval = "" if summary.ci_low is None else f"  \n:small[{summary.ci_low:.3f}{_TO}{summary.ci_high:.3f}]"
    return f"**{summary.mean:.3f}**{interval}{count}"


def _percent(share: float) -> str:
    """Return the share so that only all is 100 % and only none is 0 %."""
    shown = f"{100 * share:.0f}"
    if (shown == "100" and share < 1) or (shown == "0" and share > 0):
        shown = f"{100 * min(max(share, 0.0001), 0.9999):.2f}"
    return f"{shown} %"


def _mark(comparison: Comparison) -> str:
    if not comparison.decided:
        return ":material/help:"
    return ":material/arrow_upward:" if (comparison.difference or 0) > 0 else ":material/arrow_downward:"


def _of_queries(evaluated: Evaluated) -> list[str]:
    hopeless = evaluated.report.without_relevant
    if not hopeless:
        return []
    return [f"For {len(hopeless):,} of the judged queries no book is relevant: 0 for every system ({_some(hopeless)})"]


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
