"""What is to be evaluated: judged queries, systems, measures, a baseline. The choice stands in the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from vibeshelf.adapters.catalog.starter import STARTER
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.records import Run
from vibeshelf.services.evaluating import Request, beside_coverage
from vibeshelf.services.measures import Measure, parse_measures
from vibeshelf.services.systems import POPULAR, SYSTEMS
from vibeshelf.ui import resources
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.relevance.graded import graded
from vibeshelf.ui.relevance.uploads import other_runs, own_queries
from vibeshelf.ui.resources import Judgments
from vibeshelf.ui.text import plain

OWN = "files of your own"
_UNKNOWN = "unknown-queries"
_USUAL_SYSTEMS = ("dense", "lexical", "hybrid")
_USUAL_MEASURES = ("nDCG@10", "RR@10", "R@100")
_MEASURES = (*_USUAL_MEASURES, "P@10", "AP", "Bpref", "nDCG@20", "RR(rel=2)@10", "R@10")
_HELP = "Names of ir-measures; type another. Judged@k, the share of the books shown that somebody judged, always stands beside them."


def ask_request(source: str) -> Request | None:
    """Draw the choices and return the request, or None where one cannot be made yet; the page then says why."""
    about, judgments = _judgments(source)
    left, right = st.columns(2)
    with left:
        systems = _systems_box()
    with right:
        measures = _measures_box()
    with st.expander("Compare with the runs of other tools", key="other-tools"):
        imported = other_runs(systems)
    baseline = _baseline_box((*systems, *(run.name for run in imported.values())))
    if judgments is None:
        empty_state("Give both files: queries and judgments. Their query ids have to be the same, and the book ids the collection's.")
    elif measures and _has_systems(systems, imported):
        return Request(about, *judgments, systems, measures, imported, baseline)
    return None


def source_box() -> str:
    """Draw the choice of judged queries and return its name."""
    names = [*resources.judged_sets(), *resources.graded_here(), OWN]
    wanted = st.query_params.get("queries")
    if wanted and wanted not in names:
        # Streamlit takes it out of the address at once; the page says it until the visitor chooses.
        st.session_state[_UNKNOWN] = wanted
    if unknown := st.session_state.get(_UNKNOWN):
        st.warning(f"There are no queries {plain(unknown)} here; these are others.")
    source: str = st.selectbox(
        "Judged queries", names, names.index(STARTER), key="queries", bind="query-params", persist_state="session", on_change=_chosen
    )
    return source


def _judgments(source: str) -> tuple[str, Judgments | None]:
    """Return what the figures are said to be about, and the judgments, or None where files are missing."""
    if source == OWN:
        return source, own_queries()
    if task := resources.graded_here().get(source):
        return graded(source, task)
    return source, resources.judgments(source)


def _chosen() -> None:
    st.session_state.pop(_UNKNOWN, None)


def _systems_box() -> tuple[str, ...]:
    names = (*SYSTEMS, POPULAR)
    return tuple(st.multiselect("Systems", names, _USUAL_SYSTEMS, key="systems", bind="query-params", persist_state="session"))


def _measures_box() -> tuple[Measure, ...]:
    names = st.multiselect(
        "Measures", _MEASURES, _USUAL_MEASURES, key="measures", bind="query-params", persist_state="session",
        accept_new_options=True, max_selections=8, help=_HELP,
    )  # fmt: skip
    try:
        return beside_coverage(parse_measures(names))
    except VibeshelfError as error:
        show_error(error)
        return ()


def _baseline_box(names: tuple[str, ...]) -> str | None:
    if len(names) < 2:
        return None
    at = names.index("dense") if "dense" in names else 0
    if st.session_state.get("baseline") not in names:
        st.session_state.pop("baseline", None)
    chosen: str = st.selectbox("Compared with", names, at, key="baseline", bind="query-params", persist_state="session")
    return chosen


def _has_systems(systems: tuple[str, ...], imported: Mapping[Path, Run]) -> bool:
    if not systems and not imported:
        empty_state("Choose a system, or give a run of another tool.")
    return bool(systems or imported)
