"""Keys that are pressed while the page is busy: held by a script, and given to the page when it listens again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st

from vibeshelf.ui.layout import alone, style

_ACTS = "acts"


def acted() -> None:
    """Count what a press did. A press that failed is not counted, and the keys held behind it are let go."""
    st.session_state[_ACTS] = _acts() + 1


def hear(keys: Mapping[str, str], note: str = "") -> None:
    """Hear keys, each for the widget of that key: a button, or a text field that it puts the cursor in. `note` is the text field.

    To be called last: when the script is told of these widgets they are on the screen.
    """
    with st.container(key="unseen-keys"):
        _keys()(key="keys", data=alone({"drawn": secrets.token_hex(8), "acts": _acts(), "keys": dict(keys), "note": note}))


def _acts() -> int:
    return int(st.session_state.get(_ACTS, 0))


@cache
def _keys() -> Any:
    return st.components.v2.component("vibeshelf_keys", js=style("judging/keys.js"), isolate_styles=False)
