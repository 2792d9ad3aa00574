"""Who looks at a page, as far as anybody needs to know."""

from __future__ import annotations

import secrets

import streamlit as st

_VISITOR = "visitor"


def visitor() -> str:
    """Return a name for this session, drawn at random: it tells visitors apart and says nothing of them."""
    if _VISITOR not in st.session_state:
        st.session_state[_VISITOR] = secrets.token_hex(8)
    return str(st.session_state[_VISITOR])
