"""A benchmark begun from the page: in processes of its own, watched, called off. Searching goes on meanwhile, and slows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from vibeshelf.core.settings import Settings
from vibeshelf.services.bench import sweep
from vibeshelf.services.bench_plan import DEFAULT_QUERIES, Plan
from vibeshelf.services.latency import keep
from vibeshelf.ui import resources
from vibeshelf.ui.jobs import BenchDesk, Job
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_LOOK_SECONDS = 0.5
_STEPS = 1000
_QUICK = Plan(queries=20, batch_sizes=(1, 8))
_PLANS = {
    f"{DEFAULT_QUERIES} queries of each length: three minutes": Plan(),
    f"{_QUICK.queries} queries of each length: no p99": _QUICK,
}


def bench_box(collection: str) -> None:
    """Draw the button that begins a benchmark, or how far it is, or how it ended."""
    desk = resources.bench_desk()
    if desk.job is not None and not desk.job.ended:
        _watch(desk)
        return
    if desk.job is not None:
        _outcome(desk.job)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="bench"):
        chosen = st.selectbox("What to measure", list(_PLANS), key="plan", width=420)
        plan = _PLANS[str(chosen)]
        st.button("Measure this machine", type="primary", key="measure", icon=":material/timer:", on_click=_begin, args=(plan, collection))


def _begin(plan: Plan, collection: str) -> None:
    desk = resources.bench_desk()
    if desk.job is None or desk.job.ended:
        of_page = Plan(
            queries=plan.queries, batch_sizes=plan.batch_sizes, collection=collection, note="begun from the page, the app running"
        )
        desk.doing = "beginning"
        desk.job = Job("bench", _work(resources.settings(), of_page, desk)).start()


def _work(settings: Settings, plan: Plan, desk: BenchDesk) -> Callable[[Callable[[int, int], None], Callable[[], bool]], Path]:
    def carry_out(tell: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Path:
        def progress(share: float, what: str) -> None:
            desk.doing = what
            tell(round(share * _STEPS), _STEPS)

        return keep(settings, sweep(settings, plan, progress, cancelled))

    return carry_out


@st.fragment(run_every=_LOOK_SECONDS)
def _watch(desk: BenchDesk) -> None:
    job = desk.job
    if job is None or job.ended:
        resources.forget_bench_results()
        st.rerun()
    else:
        share = min(1.0, job.done / job.total) if job.total else 0.0
        st.progress(share, text=plain(desk.doing))
        st.button("Stop", key="stop-bench", icon=":material/stop:", on_click=job.stop)
        st.caption("Searching goes on; what is searched meanwhile makes the figures a little slower.")


def _outcome(job: Job[Path]) -> None:
    if job.stopped:
        st.info("The benchmark was stopped; nothing of it is kept.", icon=":material/stop_circle:")
    elif job.error is not None:
        show_error(job.error)
    elif job.result is not None:
        st.success(f"Measured and kept: {plain(job.result.name)}", icon=":material/check:")
