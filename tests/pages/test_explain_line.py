"""The line over the results and the story under it, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.settings import Settings
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources

Open = Callable[..., AppTest]


@pytest.fixture
def searching(starter: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A way to open the Search page, with the story open or not."""
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "settings", lambda: settings)
    monkeypatch.setattr(resources, "shelf", lambda _: starter)
    monkeypatch.setattr(resources, "collections", starter.store.collections)

    def opened(query: str, explain: bool) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.query_params["q"] = query
        if explain:
            at.session_state["explain"] = True
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def said(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in at.markdown)


def test_the_line_tells_times_device_and_collection_and_the_story_waits(searching: Open) -> None:
    at = searching("a calm sea", False)
    assert re.match(
        r"10 of 945 books in \d+ ms \((encode \d+|vector remembered), search \d+, fetch \d+\) · .* on onnx, cpu", at.expander[0].label
    )
    assert "as the model reads them" not in said(at)


def test_the_story_has_tokens_model_comparison_filters_and_health(searching: Open, starter: Shelf) -> None:
    text = said(searching("a calm lighthousekeeper <b>", True))
    assert r":gray-badge[\[CLS\]] :violet-badge[a] :violet-badge[calm] :violet-badge[lighthouse] :violet-badge[\#\#" in text
    assert ":violet-badge[\\<]" in text
    assert "tokens; nothing was cut" in text
    assert starter.manifest.encoder.fingerprint[:12] in text
    assert "all 945 books, one by one and exactly" in text
    assert "60% meaning" in text
    assert "**Filters.** None." in text
    assert "n = 1" in text
    assert "nobody has asked for a full examination yet" in text


def test_what_was_cut_is_told(searching: Open) -> None:
    text = said(searching("sea " * 300, True))
    assert "256 of at most 256 tokens" in text
    assert "characters were **cut**" in text
    assert "and 136 more" in text


def test_a_tokenizer_that_cannot_be_seen_is_one_line(searching: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise ModelUnavailable("model 'x' keeps its tokenizer to itself")

    monkeypatch.setattr(resources, "reader", refuse)
    text = said(searching("a calm sea", True))
    assert "keeps its tokenizer to itself" in text
    assert "**The comparison.**" in text
