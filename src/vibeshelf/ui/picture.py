"""Small pictures in the page's own colours: SVG that we draw of numbers, never of what others wrote."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from vibeshelf.ui.layout import alone

_SCRIPT = """export default function ({ data: [data], parentElement }) {
  const box = parentElement.querySelector(".vs-picture")
  box.innerHTML = data.svg
  box.setAttribute("aria-label", data.alt)
}"""


def picture(svg: str, alt: str, key: str) -> None:
    """Draw an SVG whose shapes have the classes of look.css; `alt` says what is in it to those who cannot see it."""
    _picture()(key=key, data=alone({"svg": svg, "alt": alt}))


@cache
def _picture() -> Any:
    return st.components.v2.component(
        "vibeshelf_picture", html='<div class="vs-picture" role="img"></div>', js=_SCRIPT, isolate_styles=False
    )
