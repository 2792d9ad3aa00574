"""The measured part of the Latency page: what stands in it, for results whose figures are known."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from tests.latency_results import CUDA, INT8, ONNX, TORCH, result
from vibeshelf.adapters.bench_files import write_result
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.encoders.variants import Variant
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.errors import Cancelled, VibeshelfError
from vibeshelf.core.latency import BenchResult
from vibeshelf.core.settings import Settings
from vibeshelf.services.bench_plan import Inventory, Plan
from vibeshelf.services.latency import all_measured, import_result, keep
from vibeshelf.services.measures import parse_measure, query_values
from vibeshelf.services.runs import make_run
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.latency import work
from vibeshelf.ui.latency.words import time_text
from vibeshelf.ui.text import plain

Open = Callable[..., AppTest]
MINE, THEIRS = "Test Processor, x86_64, 4 cores", "GPU Processor, x86_64, 16 cores, NVIDIA Test"
INVENTORY = Inventory((Variant("torch", "cpu", "fp32"), Variant("onnx", "cpu", "fp32")), frozenset(), {}, "all-MiniLM-L6-v2", "f")


@pytest.fixture
def latency(starter: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A way to open the page, with an address, over a data folder of the test's own."""
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(resources, "settings", lambda: settings)
    monkeypatch.setattr(resources, "collections", lambda: [each for each in starter.store.collections() if each.name == starter.name])
    monkeypatch.setattr(resources, "inventory", lambda: INVENTORY)
    monkeypatch.setattr(resources, "bench_results", lambda: all_measured(settings))
    monkeypatch.setattr(resources, "forget_bench_results", lambda: None)

    def opened(**address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        at.switch_page("pages/3_Latency.py")
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    return opened


@pytest.fixture
def two_machines(settings: Settings, tmp_path: Path) -> Settings:
    """This machine's result and an imported one, which is quicker and has a GPU."""
    keep(settings, result())
    write_result(tmp_path / "theirs", result((TORCH, ONNX, CUDA), n=50, factor=0.5, label=THEIRS))
    import_result(settings, tmp_path / "theirs")
    return settings


def table(at: AppTest, column: str) -> list[dict[str, str]]:
    """The first table that has a column of this name, its index among the columns."""
    frame = next(each.value for each in at.table if column in each.value.reset_index().columns)
    return [{str(name): str(value) for name, value in row.items()} for row in frame.reset_index().to_dict("records")]


def texts(elements: Iterable[Any]) -> str:
    return "\n".join(str(each.value) for each in elements)


def test_nothing_measured_says_what_to_do(latency: Open) -> None:
    at = latency()
    assert "Nothing was measured yet" in texts(at.info)
    assert at.button(key="measure").label == "Measure this machine"
    assert texts(at.caption).count("not on this machine") == 2


def test_engines_are_ranked_with_percentiles_only_where_there_are_samples(latency: Open, two_machines: Settings) -> None:
    at = latency()
    rows = table(at, "p99")
    assert [(row["engine"], row["machine"]) for row in rows] == [
        (plain("torch fp16 on cuda"), "B"), (plain("onnx fp32 on cpu"), "B"), (plain("onnx int8 on cpu (withheld)"), "A"),
        (plain("onnx fp32 on cpu"), "A"), (plain("torch fp32 on cpu"), "B"), (plain("torch fp32 on cpu"), "A"),
    ]  # fmt: skip
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 7)]
    assert (rows[3]["p50"], rows[3]["n"]) == ("4\u00a0ms", "101")
    assert rows[3]["p99"].endswith("ms")
    assert rows[1]["p50"] == "2\u00a0ms"
    # Half as many samples: p95 is known, p99 is not and is no number.
    assert rows[1]["p95"].endswith("ms")
    assert rows[1]["p99"] == "not measured (n=50, needs 100)"
    facts = texts(at.caption)
    assert plain(f"A: {MINE} (this machine), 2026-11-20 10:00 UTC") in facts
    assert plain(f"B: {THEIRS} (imported)") in facts
    assert "MPS (Apple): not measured" in facts
    assert "CUDA and MPS" not in facts


def test_without_a_gpu_result_cuda_is_not_measured(latency: Open, settings: Settings) -> None:
    keep(settings, result())
    assert "CUDA and MPS (Apple): not measured" in texts(latency().caption)


def test_another_stage_and_text_are_in_the_address(latency: Open, two_machines: Settings) -> None:
    rows = table(latency(stage="encode", text="query of 120 words"), "p99")
    onnx = next(row for row in rows if row["engine"] == plain("onnx fp32 on cpu") and row["machine"] == "A")
    # Half of the search, and five times as long as a short query's.
    assert onnx["p50"] == "10\u00a0ms"
    cold = table(latency(stage="cold start"), "p99")
    assert {row["n"] for row in cold} == {"1"}
    assert {row["p95"] for row in cold} == {"not measured (n=1, needs 20)"}


def test_a_machine_is_left_out_when_it_is_not_chosen(latency: Open, two_machines: Settings) -> None:
    at = latency()
    at.multiselect(key="machines").set_value([f"{MINE} (this machine)"]).run()
    assert not at.exception
    assert "machine" not in table(at, "p99")[0]
    assert THEIRS.split(",")[0] not in texts(at.caption)


def test_the_detail_is_of_one_machine(latency: Open, two_machines: Settings) -> None:
    at = latency()
    assert {row["books a second"] for row in table(at, "books a second") if row["engine"] == plain("onnx fp32 on cpu")} == {"250.0"}
    at.selectbox(key="machine").set_value(f"{THEIRS} (imported)").run()
    assert {row["books a second"] for row in table(at, "books a second") if row["engine"] == plain("onnx fp32 on cpu")} == {"500.0"}
    assert table(at, "books a second")[0]["engine"] == plain("torch fp16 on cuda")


def test_cost_follows_from_the_price_and_is_not_shown_without_one(latency: Open, two_machines: Settings) -> None:
    at = latency()
    assert "Give the price" in texts(at.caption)
    at.number_input(key="price").set_value(3.6).run()
    rows = table(at, "a million queries")
    # 4 ms each on average: a million take 4,000 s, which is 4.00 at 0.001 a second.
    assert {row["engine"]: row["a million queries"] for row in rows}[plain("onnx fp32 on cpu")] == "4.00"
    assert rows[0]["engine"] == plain("onnx int8 on cpu (withheld)")


def test_speed_stands_beside_quality_and_vectors(latency: Open, two_machines: Settings) -> None:
    at = latency()
    rows = table(at, "best at its speed")
    assert [row["best at its speed"] for row in rows] == ["yes", "yes", "no"]
    assert rows[0][plain("nDCG@10")] == "0.440 (0.410 to 0.510)"
    vectors = {row["engine"]: row for row in table(at, "verdict")}
    assert vectors[plain("onnx int8 on cpu")]["verdict"] == "withheld"
    assert vectors[plain("onnx int8 on cpu")]["top 10"] == "0.827"


def test_systems_stand_by_what_was_evaluated_and_the_rest_says_how(latency: Open, two_machines: Settings, starter: Shelf) -> None:
    at = latency()
    assert plain("starter as it is now") in texts(at.info)
    assert "--systems dense,lexical,hybrid" in texts(at.info)
    grades = read_qrels(starter_qrels_path())
    judged = {query_id: text for query_id, text in starter_queries().items() if query_id in grades}
    # Other tests share that folder.
    shutil.rmtree(starter.store.settings.runs_dir, ignore_errors=True)
    made = {system: make_run(starter, judged, system, 10) for system in ("dense", "lexical")}
    shutil.move(starter.store.settings.runs_dir, two_machines.runs_dir)
    rows = {row["system"]: row for row in table(latency(), "judged")}
    assert rows.keys() == made.keys()
    for system, run in made.items():
        values = query_values([parse_measure("nDCG@10")], grades, run.rankings)["nDCG@10"]
        assert rows[system][plain("nDCG@10")].startswith(f"{sum(value or 0 for value in values.values()) / len(judged):.3f} (")
        assert rows[system]["p50"] == time_text(run.median_ms, len(judged), 50)
        assert rows[system]["n"] == "80"
    at = latency()
    assert "hybrid: not measured on these queries. Run `vibeshelf eval --collection starter --systems hybrid`" in texts(at.caption)
    assert plain("collection starter. Times: median of the very searches that were judged, for the first 10 books") in texts(at.caption)


def test_a_damaged_file_is_one_line_and_the_rest_stays(latency: Open, two_machines: Settings) -> None:
    (two_machines.bench_dir / "imported" / "bad.latency.jsonl").write_text("no json\n")
    at = latency()
    assert len(at.error) == 1
    assert "bad" in str(at.error[0].value)
    assert "line 1" in str(at.error[0].value)
    assert table(at, "p99")


def test_an_imported_result_can_be_removed(latency: Open, two_machines: Settings) -> None:
    at = latency()
    button = next(each for each in at.button if str(each.key).startswith("remove-"))
    button.click().run()
    assert not at.exception
    assert [each.label for each in all_measured(two_machines)[0]] == [f"{MINE} (this machine)"]
    assert not [each for each in at.button if str(each.key).startswith("remove-")]


def test_hostile_names_are_shown_as_they_are(latency: Open, settings: Settings, tmp_path: Path) -> None:
    name = "<script>alert(1)</script> **x** :red[y], 4 cores"
    write_result(tmp_path / "theirs", result(label=name))
    import_result(settings, tmp_path / "theirs")
    at = latency()
    assert plain(name) in texts(at.caption)
    assert name not in texts(at.caption) + texts(at.markdown)


def test_a_benchmark_shows_how_far_it_is_and_can_be_stopped_or_ends_with_a_result(
    latency: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on: list[bool] = []
    plans: list[Plan] = []

    def slow(_: Settings, plan: Plan, progress: Callable[[float, str], None], cancelled: Callable[[], bool]) -> BenchResult:
        plans.append(plan)
        progress(0.25, "measuring onnx fp32 on cpu (1 of 2)")
        while not go_on:
            if cancelled():
                raise Cancelled("stopped")
            time.sleep(0.01)
        return result((ONNX, INT8))

    monkeypatch.setattr(work, "sweep", slow)
    at = latency()
    at.button(key="measure").click().run()
    assert plain("measuring onnx fp32 on cpu (1 of 2)") in str(at.get("progress")[0].proto.text)
    at.button(key="stop-bench").click().run()
    at = looked_again(at)
    assert "was stopped" in texts(at.info)
    assert all_measured(settings) == ([], [])
    at.button(key="measure").click().run()
    go_on.append(True)
    at = looked_again(at)
    assert "Measured and kept" in texts(at.success)
    assert [row["engine"] for row in table(at, "p99")] == [plain("onnx int8 on cpu (withheld)"), plain("onnx fp32 on cpu")]
    assert plans[0].collection == "starter"


def looked_again(at: AppTest) -> AppTest:
    """Run the page as the browser does twice a second, until no benchmark runs."""
    deadline = time.monotonic() + 60
    while any(button.key == "stop-bench" for button in at.button) and time.monotonic() < deadline:
        time.sleep(0.05)
        at.run()
    assert not at.exception
    return at


def test_a_machine_that_cannot_be_looked_at_says_why(latency: Open, monkeypatch: pytest.MonkeyPatch, two_machines: Settings) -> None:
    def refused() -> Inventory:
        raise VibeshelfError("model 'x' has an engine of its own")

    monkeypatch.setattr(resources, "inventory", refused)
    at = latency()
    assert "engine of its own" in str(at.error[0].value)
    assert table(at, "p99")


def test_the_box_plots_show_only_what_there_are_samples_for_and_say_where_whiskers_end(latency: Open, settings: Settings) -> None:
    keep(settings, result(n=10))
    at = latency()
    rows = table(at, "p25")
    assert {row["p5"] for row in rows} | {row["p95"] for row in rows} == {"not measured (n=10, needs 20)"}
    assert all(row[f"p{percent}"].endswith("ms") for row in rows for percent in (25, 50, 75))
    assert "whiskers end at p5 and p95" in texts(at.caption)
