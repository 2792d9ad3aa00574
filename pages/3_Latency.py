"""Latency: what a search costs on each device, backend and precision, here and on other machines, and how the live one does."""

from functools import partial

import streamlit as st

from vibeshelf.ui import resources
from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.latency.cards import device_cards
from vibeshelf.ui.latency.cost import cost
from vibeshelf.ui.latency.live import live_panel
from vibeshelf.ui.latency.machines import details, devices_not_measured, imports, machine_box, one_machine
from vibeshelf.ui.latency.percentiles import percentiles
from vibeshelf.ui.latency.stages import stages
from vibeshelf.ui.latency.throughput import throughput
from vibeshelf.ui.latency.trade import trade
from vibeshelf.ui.latency.work import bench_box
from vibeshelf.ui.layout import empty_state, page


def measured(collection: str) -> None:
    st.subheader("This machine", anchor=False)
    device_cards()
    bench_box(collection)
    found, errors = resources.bench_results()
    shown = machine_box(found)
    if shown:
        devices_not_measured(found)
        st.subheader("How long it takes", anchor=False)
        percentiles(shown)
        one = one_machine(shown)
        for heading, part in (
            ("Where the time goes", stages),
            ("Many at a time", throughput),
            ("Speed beside quality", partial(trade, collection)),
            ("What it costs", cost),
        ):
            st.subheader(heading, anchor=False)
            part(one)
        details(shown)
    else:
        empty_state("Nothing was measured yet. Measure this machine here or with `vibeshelf bench`, or import a result of another one.")
    imports(found, errors)


VIEWS = {"Measured": measured, "Live": live_panel}

with page("Latency"):
    st.title("How fast is it?", anchor=False)
    name = collection_box()
    chosen = st.segmented_control(
        "View", list(VIEWS), default="Measured", required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    VIEWS[str(chosen or "Measured")](name)
