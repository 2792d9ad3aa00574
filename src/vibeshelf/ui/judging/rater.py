"""Who is grading: asked once, kept in a cookie of the browser."""

from __future__ import annotations

from urllib.parse import quote, unquote

import streamlit as st

from vibeshelf.core.errors import InputError
from vibeshelf.services.judging import MAX_NAME, check_rater
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_COOKIE = "vibeshelf_rater"
_YEAR_SECONDS = 31_536_000


def known_rater() -> str | None:
    """Return the rater of this session or browser, or None before the name was given."""
    if "rater" not in st.session_state:
        kept = unquote(st.context.cookies.get(_COOKIE, ""))
        try:
            st.session_state["rater"] = check_rater(kept) if kept else None
        except InputError:
            st.session_state["rater"] = None
    rater = st.session_state["rater"]
    if rater and unquote(st.context.cookies.get(_COOKIE, "")) != rater:
        _keep(rater)
    return str(rater) if rater else None


def ask_rater() -> None:
    """Ask for the name."""
    with st.form("who"):
        st.markdown("**Who is grading?** Your grades are kept under this name, apart from everybody else's.")
        st.text_input("Name", key="rater-name", max_chars=MAX_NAME, autocomplete="nickname")
        st.form_submit_button("Begin", type="primary", on_click=_take)
    if error := st.session_state.pop("rater-error", None):
        show_error(error)


def rater_line(rater: str) -> None:
    """Say who is grading, with a way to be somebody else."""
    st.caption(f"Grades are kept under the name {plain(rater)}.")
    st.button("Somebody else is grading", key="other-rater", on_click=_forget)


def _take() -> None:
    try:
        st.session_state["rater"] = check_rater(st.session_state["rater-name"])
    except InputError as error:
        st.session_state["rater-error"] = error


def _forget() -> None:
    st.session_state["rater"] = None


def _keep(rater: str) -> None:
    """Set the cookie. The name is percent-encoded, so that nothing in it can end the string that it stands in."""
    value = quote(rater, safe="")
    with st.container(key="unseen-name"):
        st.html(
            f"<script>document.cookie = '{_COOKIE}={value}; path=/; max-age={_YEAR_SECONDS}; SameSite=Lax'</script>",
            unsafe_allow_javascript=True,
        )
