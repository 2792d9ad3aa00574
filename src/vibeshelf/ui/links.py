"""Links to other pages with words in their address.

`st.page_link` loses what its address shares with a bound box of the page that it leaves (the words, the collection), so these
are plain links, which the browser follows in the same tab.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st

Link = tuple[str, str, Mapping[str, str]]


def links(*each: Link) -> None:
    """Draw links in a row: label, page ('' is the Search page) and what stands in its address."""
    st.html(f'<div class="vs-links">{"".join(_anchor(*link) for link in each)}</div>')


def _anchor(label: str, page: str, address: Mapping[str, str]) -> str:
    return f'<a href="./{page}?{escape(urlencode(address), quote=True)}">{escape(label)}</a>'
