"""The benchmark of this machine, small: on the real model, in real processes, through the command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from vibeshelf.adapters.bench_files import read_result, result_files
from vibeshelf.adapters.encoders.variants import Variant
from vibeshelf.adapters.one_bench import only_bench
from vibeshelf.core.errors import BenchBusy, Cancelled, InputError, ModelUnavailable
from vibeshelf.core.latency import ENCODE, LENGTHS, QUERY_STAGES, STAGES, Engine
from vibeshelf.core.settings import Settings
from vibeshelf.services import machine
from vibeshelf.services.bench import sweep
from vibeshelf.services.bench_child import ask
from vibeshelf.services.bench_plan import Inventory, Plan, chosen
from vibeshelf.services.latency import all_measured, import_result
from vibeshelf.services.shelf import Shelf

FP32, INT8 = Engine("cpu", "onnx", "fp32"), Engine("cpu", "onnx", "int8")
HERE = Inventory(
    (Variant("torch", "cpu", "fp32"), Variant("torch", "cuda", "fp16"), Variant("onnx", "cpu", "int8")), frozenset(), {}, "m", "f"
)


@dataclass(frozen=True)
class Ran:
    """What the command printed, and where."""

    document: dict[str, Any]
    stderr: str
    out: Path
    settings: Settings


@pytest.fixture(scope="module")
def ran(starter: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """`vibeshelf bench` on two engines, a few queries; torch, the reference, only gives its vectors."""
    settings, out = starter.store.settings, tmp_path_factory.mktemp("bench") / "here.latency.jsonl"
    done = vibeshelf(
        settings.data_dir, "bench", "--backends", "onnx", "--queries", "4", "--batch-sizes", "2", "--note", "a  test", "--out", str(out),
        "--json", timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield Ran(json.loads(done.stdout), done.stderr, out, settings)
    # Other tests share the data folder, and look at what is in it.
    for kept in result_files(settings.bench_dir):
        kept.unlink()


def test_the_command_prints_the_keys_of_the_contract_and_progress_beside_it(ran: Ran) -> None:
    assert {"environment", "samples_file", "summary", "agreement"} <= ran.document.keys()
    assert ran.document["samples_file"] == str(ran.out)
    assert "measuring onnx fp32 on cpu (1 of 2)" in ran.stderr
    assert ran.document["not_measured"] == []
    environment = ran.document["environment"]
    assert environment["label"] == machine.machine_label({})
    assert environment["collection"] == "starter"
    assert environment["threads"] == {str(engine): machine.usable_cores() for engine in (FP32, INT8)}
    assert environment["note"] == "a test"


def test_every_stage_was_sampled_and_nothing_is_said_of_too_few(ran: Ran) -> None:
    rows = {(row["precision"], row["stage"], row["text"], row["batch_size"]): row for row in ran.document["summary"]}
    for precision in ("fp32", "int8"):
        for stage in QUERY_STAGES:
            for length in LENGTHS:
                assert rows[precision, stage, length, 1]["n"] == 4
        assert rows[precision, ENCODE, "book", 2]["n"] >= 3
        assert rows[precision, "cold_start", "short", 1]["p50_ms"] > rows[precision, "model_load", None, 1]["p50_ms"] > 0
    assert {row["stage"] for row in ran.document["summary"]} == set(STAGES)
    assert all(row["p95_ms"] is None and row["p99_ms"] is None for row in ran.document["summary"] if row["n"] < 20)
    tokens = [rows["fp32", ENCODE, length, 1]["mean_tokens"] for length in LENGTHS]
    assert tokens == sorted(tokens)
    assert tokens[0] < 20 < 100 < tokens[2]


def test_vectors_are_compared_with_the_reference_and_quality_is_measured(ran: Ran) -> None:
    agreement = {row["precision"]: row for row in ran.document["agreement"]}
    assert agreement["fp32"]["cosine_min"] > 0.9999
    assert agreement["fp32"]["top10_overlap"] == pytest.approx(1.0, abs=0.01)
    assert agreement["fp32"]["verdict"] == "same"
    assert 0.9 < agreement["int8"]["cosine_min"] < 0.9999
    assert agreement["int8"]["top10_overlap"] < 0.97
    assert agreement["int8"]["verdict"] in ("near", "withheld")
    quality = {row["precision"]: row for row in ran.document["quality"]}
    assert quality["fp32"]["n"] == quality["int8"]["n"] == 80
    assert 0.35 < quality["fp32"]["ci_low"] <= quality["fp32"]["mean"] <= quality["fp32"]["ci_high"] < 0.7


def test_the_file_is_kept_and_can_be_taken_to_another_machine(ran: Ran, settings: Settings) -> None:
    assert read_result(ran.out) in [each.result for each in all_measured(ran.settings)[0]]
    done = vibeshelf_here(settings.data_dir, "bench", "import", str(ran.out), "--json")
    assert done.returncode == 0, done.stderr
    # The file has times to a tenth of a microsecond.
    for row, printed in zip(json.loads(done.stdout)["summary"], ran.document["summary"], strict=True):
        assert row == {name: pytest.approx(value, rel=1e-3) if isinstance(value, float) else value for name, value in printed.items()}
    found, errors = all_measured(settings)
    assert not errors
    assert [each.label for each in found] == [f"{machine.machine_label({})} (imported)"]
    assert import_result(settings, ran.out).path == found[0].path


def test_a_file_that_is_none_is_one_line(settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"kind": "something"}\n')
    assert_one_clear_line(
        vibeshelf_here(settings.data_dir, "bench", "import", str(bad)), "bad.jsonl", "is not a result of `vibeshelf bench`"
    )
    assert all_measured(settings) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import"], "bench import takes a FILE"),
        (["import", "/nowhere/x"], "no such file: /nowhere/x"),
        (["--queries", "0"], "0 queries; expected 1 to"),
        (["--batch-sizes", "1,many"], "--batch-sizes '1,many'"),
        (["--batch-sizes", "0"], "expected numbers from 1"),
        (["--devices", ","], "names nothing"),
        (["--system", "magic"], "unknown system 'magic'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line(arguments: list[str], words: str, settings: Settings) -> None:
    assert_one_clear_line(vibeshelf_here(settings.data_dir, "bench", *arguments), words)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(devices=("mps",)), "no device 'mps' on this machine; it has: cpu, cuda"),
        (Plan(backends=("openvino",)), "no backend 'openvino' on this machine; it has: onnx, torch"),
        (Plan(devices=("cuda",), precisions=("int8",)), "nothing to measure"),
    ],
)
def test_what_is_not_here_cannot_be_measured(plan: Plan, words: str) -> None:
    with pytest.raises(InputError, match=words):
        chosen(HERE, plan)


def test_a_plan_takes_what_it_names() -> None:
    assert chosen(HERE, Plan()) == list(HERE.variants)
    assert chosen(HERE, Plan(devices=("cpu",), precisions=("fp32",))) == [Variant("torch", "cpu", "fp32")]


def test_two_benchmarks_do_not_measure_each_other(settings: Settings) -> None:
    with only_bench(settings.bench_dir), pytest.raises(BenchBusy, match=f"process {os.getpid()}"):
        sweep(settings, Plan())


def test_a_benchmark_that_is_called_off_leaves_no_process_and_no_file(settings: Settings) -> None:
    said: list[str] = []
    with pytest.raises(Cancelled):
        sweep(settings, Plan(backends=("onnx",)), lambda _, what: said.append(what), lambda: len(said) > 1)
    assert said[-1].startswith("measuring onnx")
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.is_file():
        names = [
            subprocess.run(["ps", "-o", "args=", "-p", pid], capture_output=True, text=True, check=False).stdout
            for pid in children.read_text().split()
        ]
        assert not [name for name in names if "bench_worker" in name]
    assert all_measured(settings) == ([], [])


def test_an_engine_that_cannot_run_says_why(settings: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="no such variant: onnx fp32 on tpu"):
        list(ask("start", settings, variant={"backend": "onnx", "device": "tpu", "precision": "fp32"}))


def test_a_process_that_dies_is_no_riddle(settings: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="KeyError"):
        list(ask("no such task", settings))
