"""The frame of every page: title, menu, and what is shown when something cannot be done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.ui.banner import banner
from vibeshelf.ui.text import plain

_log = logging.getLogger("vibeshelf")
_ROOT = Path(__file__).resolve().parents[3]
# Our own file: Streamlit would have the browser fetch a Material icon for the page from elsewhere.
_ICON = _ROOT / "static" / "icon.png"
_BRAND = "Vibeshelf"
# Pages in the order of the menu; a page that is not there is not offered.
_MENU = (
    ("app.py", "Search", ":material/search:"),
    ("pages/6_Compare.py", "Compare", ":material/compare_arrows:"),
    ("pages/1_Judge.py", "Judge", ":material/thumbs_up_down:"),
    ("pages/2_Relevance.py", "Relevance", ":material/leaderboard:"),
    ("pages/3_Latency.py", "Latency", ":material/timer:"),
    ("pages/4_Health.py", "Health", ":material/ecg_heart:"),
    ("pages/5_Collections.py", "Collections", ":material/library_books:"),
    ("pages/7_How_it_works.py", "How it works", ":material/school:"),
)


@contextmanager
def page(title: str) -> Iterator[None]:
    """Draw the frame, then the body; whatever the body raises is shown in words, never as a traceback."""
    st.set_page_config(page_title=f"{title} · {_BRAND}", page_icon=str(_ICON) if _ICON.is_file() else None, layout="centered")
    st.html(f"<style>{style('look.css')}</style>")
    # Before anything that may take long: the server can go in the middle of it.
    with st.container(key="scripts"):
        st.html(f"<script>{style('reach.js')}{style('offline.js')}</script>", unsafe_allow_javascript=True)
    _menu()
    try:
        if title != "Health":
            banner()
        yield
    except VibeshelfError as error:
        show_error(error)
    except Exception:  # noqa: BLE001
        _log.exception("page %s", title)
        st.error(
            "This page met a defect of ours. What you had stored is safe; the server's log says what happened.",
            icon=":material/bug_report:",
        )


def show_error(error: VibeshelfError) -> None:
    """Show an error's one line; it says what was seen, what was expected and what to do."""
    st.error(plain(str(error)), icon=":material/error:")


def empty_state(line: str) -> None:
    """Show that there is nothing, and what would change that."""
    st.info(line, icon=":material/menu_book:")


def has_page(path: str) -> bool:
    """Return whether a page, such as 'pages/1_Judge.py', is there to be linked to."""
    return (_ROOT / path).is_file()


def alone(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the data of a component as it is to be handed over.

    Among the values of a mapping Streamlit looks for tables, for which it loads pandas: half a second of the first visit.
    """
    return [data]


@cache
def style(name: str) -> str:
    """Return a style sheet or a script that lies beside the code of the pages, such as 'look.css' or 'search/cards.js'."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _menu() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="masthead"):
        with st.container(key="brand", width="content"):
            st.page_link("app.py", label=_BRAND)
        with st.container(horizontal=True, gap="xxsmall", key="menu", width="content"):
            for path, label, icon in _MENU:
                if has_page(path):
                    st.page_link(path, label=label, icon=icon)
