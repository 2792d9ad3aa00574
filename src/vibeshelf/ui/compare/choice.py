"""What is compared, for which words; all of it stands in the address."""

from __future__ import annotations

import streamlit as st

from vibeshelf.core.contests import Contender
from vibeshelf.services.search import DEFAULT_SYSTEM
from vibeshelf.services.shelf import DEFAULT_COLLECTION
from vibeshelf.services.systems import POPULAR, SYSTEMS
from vibeshelf.ui import resources
from vibeshelf.ui.collection_box import meant_first
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain

LEFT, RIGHT = "left", "right"
_UNKNOWN = "unknown-contenders"


def contender_boxes() -> tuple[Contender, Contender]:
    """Draw both choices and return them; the page ends here when there is nothing to choose from."""
    names = [info.name for info in resources.collections() if info.manifest]
    if not names:
        empty_state("There is no collection yet. Make the starter one: `vibeshelf ingest starter`")
        st.stop()
    offered = {each.name: each for each in (Contender(name, system) for name in names for system in (*SYSTEMS, POPULAR))}
    first = DEFAULT_COLLECTION if DEFAULT_COLLECTION in names else names[0]
    left, right = Contender(first, "dense").name, Contender(first, DEFAULT_SYSTEM).name
    _from_address(LEFT, left, offered)
    _from_address(RIGHT, right, offered)
    for wanted in st.session_state.get(_UNKNOWN, ()):
        st.warning(f"There is no {plain(wanted)} here to compare; choose among those below.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="contenders"):
        st.selectbox("This one", meant_first(left, offered), key=LEFT, bind="query-params", on_change=_chosen)
        st.button("Swap", key="swap", icon=":material/swap_horiz:", on_click=_swap, help="The left one to the right")
        st.selectbox("Against", meant_first(right, offered), key=RIGHT, bind="query-params", on_change=_chosen)
    return offered[st.session_state[LEFT]], offered[st.session_state[RIGHT]]


def _from_address(key: str, default: str, offered: dict[str, Contender]) -> None:
    """Take what the address names; a name that is not there is said until the visitor chooses."""
    if st.session_state.get(key) in offered:
        return
    wanted = st.query_params.get(key)
    if wanted and wanted not in offered:
        st.session_state[_UNKNOWN] = (*st.session_state.get(_UNKNOWN, ()), wanted)
    st.session_state[key] = wanted if wanted in offered else default


def _swap() -> None:
    st.session_state[LEFT], st.session_state[RIGHT] = st.session_state[RIGHT], st.session_state[LEFT]


def _chosen() -> None:
    st.session_state.pop(_UNKNOWN, None)
