"""The live panel: what the log says of the searches of a collection, drawn anew by itself until it is paused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.searches import LoggedSearch, LogHealth, Objective
from vibeshelf.services.live import check_objective
from vibeshelf.ui import resources
from vibeshelf.ui.latency.live_asked import asked_view
from vibeshelf.ui.latency.live_change import change_view
from vibeshelf.ui.latency.live_drift import drift_view
from vibeshelf.ui.latency.live_now import Shown, now_view
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.text import plain

REFRESH_SECONDS = 5
# What is drawn anew again and again must not fade each time.
_STYLE = "<style>.st-key-live-figures [data-stale='true'] { opacity: 1 !important; transition: none !important; }</style>"
# What is looked at at a time; more would take longer to read than to wait for.
MAX_SHOWN = 20_000
PERIODS = {
    "15 minutes": timedelta(minutes=15), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "all": None,
}  # fmt: skip


def live_panel(collection: str) -> None:
    """Draw the panel of a collection."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="live-choices"):
        period = st.segmented_control(
            "Period", list(PERIODS), default="hour", required=True, key="live-period", bind="query-params", label_visibility="collapsed"
        )
        _objective_box()
        paused = st.toggle("Pause", key="live-paused", help=f"Otherwise the figures are drawn anew every {REFRESH_SECONDS} seconds.")
    st.html(_STYLE)
    st.fragment(_figures, run_every=None if paused else REFRESH_SECONDS)(collection, str(period or "hour"))
    st.subheader("Against the baseline", anchor=False)
    st.fragment(change_view)(collection)
    st.subheader("Do queries drift?", anchor=False)
    st.fragment(drift_view)(collection, PERIODS[str(period or "hour")])


def _figures(collection: str, period: str) -> None:
    try:
        shown = _read(collection, period)
    except VibeshelfError as error:
        show_error(error)
        return
    with st.container(key="live-figures"):
        _draw(collection, shown)


def _draw(collection: str, shown: Shown) -> None:
    _health_line(resources.search_log().health(), shown.at)
    if not shown.rows:
        empty_state(
            f"No search of {plain(collection)} in this period. Search on the Search page, with `vibeshelf search` or from Python: "
            "it shows here within seconds."
        )
        return
    now_view(shown)
    st.subheader("What is asked", anchor=False)
    asked_view(shown)


def _read(collection: str, period: str) -> Shown:
    log = resources.search_log()
    at, length = datetime.now(UTC), PERIODS[period]
    rows: list[LoggedSearch] = log.read(None if length is None else at - length, MAX_SHOWN, collection)
    first = rows[0].at if rows else at
    start = first if length is None or len(rows) == MAX_SHOWN else at - length
    named = "all that is kept" if length is None else f"the last {period}"
    start = min(start, at - timedelta(seconds=1))
    return Shown(collection, named, rows, start, at, log.objective(), len(rows) == MAX_SHOWN)


def _health_line(health: LogHealth, at: datetime) -> None:
    if health.problem is not None:
        st.warning(f"Searches are not kept at the moment: {plain(health.problem)} They go on all the same.", icon=":material/report:")
    if health.lost:
        st.warning(f"{health.lost:,} searches of this process could not be kept.", icon=":material/report:")
    if health.kept is None:
        return
    since = f" since {health.since:%Y-%m-%d %H:%M}" if health.since else ""
    texts = "with their texts" if health.keeps_text else "without their texts (VIBESHELF\\_QUERY\\_TEXT=off)"
    st.caption(
        f"As of {at:%Y-%m-%d %H:%M:%S} UTC. The log keeps {health.kept:,} searches of all collections{since}, {texts}, "
        f"{health.size_bytes / 1e6:.1f} MB; the oldest go beyond {health.room:,}."
    )


def _objective_box() -> None:
    objective = resources.search_log().objective()
    with st.popover("Objective", icon=":material/flag:", key="live-objective"), st.form("live-objective-form", border=False):
        st.number_input(
            "Share of searches, %", 50.0, 99.9, 100 * objective.share, step=0.5, format="%.1f", key="live-share",
        )  # fmt: skip
        st.number_input("end in less than, ms", 1.0, 60_000.0, objective.milliseconds, step=10.0, format="%.0f", key="live-ms")
        st.form_submit_button("Keep", key="live-keep", on_click=_keep_objective)


def _keep_objective() -> None:
    try:
        promised: Objective = check_objective(st.session_state["live-share"] / 100, st.session_state["live-ms"])
        resources.search_log().promise(promised)
    except VibeshelfError as error:
        show_error(error)
