"""What this machine has to run a model on, what was chosen, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from vibeshelf.adapters.encoders import Choice, choose
from vibeshelf.adapters.encoders.gates import GateResult, load_gates
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.variants import Variant
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services import machine
from vibeshelf.services.bench_plan import Inventory
from vibeshelf.ui import resources
from vibeshelf.ui.latency.words import NOT_MEASURED
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_KINDS = (("cpu", "Processor"), ("cuda", "CUDA"), ("mps", "MPS (Apple)"))


def device_cards() -> None:
    """Draw a card for each kind of device, then what runs queries and bulk encoding here."""
    settings = resources.settings()
    try:
        here = resources.inventory()
        files = read_model(settings.model, settings.models_dir)
        queries, bulk = choose(settings, files), choose(settings, files, bulk=True)
    except VibeshelfError as error:
        show_error(error)
        return
    for column, (kind, name) in zip(st.columns(len(_KINDS)), _KINDS, strict=True):
        with column.container(border=True, height="stretch", key=f"device-{kind}"):
            _card(kind, name, here, queries)
    _choice("Queries run on", queries)
    _choice("Bulk encoding runs on", bulk)
    _engines(here, load_gates(settings.models_dir, files))


def _card(kind: str, name: str, here: Inventory, queries: Choice) -> None:
    devices = sorted({each.device for each in here.variants if each.device.partition(":")[0] == kind})
    st.markdown(f"**{name}**")
    if not devices:
        st.caption("not on this machine")
        return
    if kind == "cpu":
        st.caption(plain(f"{machine.processor()}, {machine.usable_cores()} of {machine.cores()} cores"))
    for device in devices:
        if device in here.accelerators:
            st.caption(plain(f"{device}: {here.accelerators[device]}"))
    if queries.variant.device in devices:
        st.caption(":material/check: chosen for queries")


def _choice(what: str, choice: Choice) -> None:
    st.markdown(f"{what} **{plain(str(choice.variant))}**  \n:small[{plain(choice.reason)}]")


def _engines(here: Inventory, gates: Mapping[Variant, GateResult]) -> None:
    with st.expander(f"All {len(here.variants)} ways to run the model on this machine", icon=":material/memory:"):
        st.table(pd.DataFrame([_engine_row(each, gates.get(each)) for each in here.variants]).set_index("engine"), border="horizontal")
        st.caption("Vectors compared with torch fp32 by `vibeshelf gate`, least cosine and overlap of the ten nearest.")


def _engine_row(variant: Variant, gate: GateResult | None) -> dict[str, str]:
    if gate is None or gate.cosine_min is None or gate.top10_overlap is None:
        reason = gate.reason if gate is not None else "run `vibeshelf gate`"
        return {"engine": plain(str(variant)), "vectors": f"{NOT_MEASURED}: {plain(reason)}", "least cosine": "", "top 10": ""}
    words = {"same": "the reference's", "near": "near, by --precision only", "withheld": "withheld"}
    return {
        "engine": plain(str(variant)),
        "vectors": plain(words.get(gate.verdict, gate.verdict)),
        "least cosine": f"{gate.cosine_min:.4f}",
        "top 10": f"{gate.top10_overlap:.3f}",
    }
