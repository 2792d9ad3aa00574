"""Results of benchmarks: percentiles only where they mean something, files that are checked, machines that stay apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.latency_results import INT8, ONNX, TORCH, around, environment, result, samples
from vibeshelf.adapters.bench_files import read_result, write_result
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.latency import ENCODE, SHORT, STAGES, TOTAL, VERDICTS
from vibeshelf.core.settings import Settings
from vibeshelf.services.latency import (
    HERE,
    IMPORTED,
    REFERENCE,
    all_measured,
    cost_per_million,
    document,
    file_name,
    forget,
    import_result,
    keep,
    rows_of,
    samples_of,
)  # fmt: skip


def test_percentiles_are_those_of_the_samples() -> None:
    measured = samples(ONNX, TOTAL, SHORT, tuple(at / 1000 for at in range(1, 102)))
    assert [measured.percentile_ms(percent) for percent in (50, 95, 99)] == pytest.approx([51.0, 96.0, 100.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seconds": ()}, "expected some seconds"),
        ({"seconds": (0.1, 0.0), "tokens": ()}, "not above 0"),
        ({"seconds": (0.1, float("nan")), "tokens": ()}, "not above 0"),
        ({"tokens": (1,)}, "as many counts"),
        ({"stage": "dance"}, "stage 'dance'"),
        ({"text": "poem"}, "text 'poem'"),
        ({"batch_size": 0}, "expected some seconds"),
    ],
)
def test_samples_that_mean_nothing_are_refused(changes: dict[str, object], words: str) -> None:
    good = samples(ONNX, ENCODE, SHORT, (0.1, 0.2))
    with pytest.raises(InputError, match=words):
        replace(good, **changes)  # type: ignore[arg-type]


def test_rows_sum_up_by_hand() -> None:
    one = samples(ONNX, ENCODE, "book", (1.0, 3.0), batch_size=8)
    row = rows_of(replace(result(), samples=(one,)))[0]
    assert (row.n, row.p50_ms, row.p95_ms, row.p99_ms) == (2, 2000.0, None, None)
    assert row.per_second == 16 / 4.0
    assert row.mean_tokens == 96
    assert row.verdict == "same"


def test_cost_is_the_price_of_the_time() -> None:
    # A tenth of a second each: a million take 100,000 seconds, 27.8 hours.
    assert cost_per_million(samples(ONNX, TOTAL, SHORT, (0.1, 0.1)), 3.6) == pytest.approx(100.0)


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    made = result()
    write_result(tmp_path / "a.latency.jsonl", made)
    back = read_result(tmp_path / "a.latency.jsonl")
    assert back.environment == made.environment
    assert (back.agreement, back.quality, back.not_measured) == (made.agreement, made.quality, made.not_measured)
    assert [(each.engine, each.stage, each.text) for each in back.samples] == [
        (each.engine, each.stage, each.text) for each in made.samples
    ]
    for ours, theirs in zip(back.samples, made.samples, strict=True):
        assert ours.seconds == pytest.approx(theirs.seconds, abs=1e-7)
        assert ours.tokens == theirs.tokens


def lines_of(path: Path) -> list[str]:
    write_result(path, result())
    return path.read_text(encoding="utf-8").splitlines()


def _head(line: str, **changes: object) -> str:
    return json.dumps({**json.loads(line), **changes})


def _without(line: str, name: str) -> str:
    row = json.loads(line)
    del row["environment"][name]
    return json.dumps(row)


DAMAGE: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "no line": (lambda lines: [], "holds no line"),
    "text": (lambda lines: ["hello", "there"], "line 1: it is no JSON"),
    "json of something else": (lambda lines: ['{"books": 3}'], "is not a result of `vibeshelf bench`"),
    "a list": (lambda lines: ["[1, 2]"], "line 1: expected a result"),
    "older schema": (lambda lines: [_head(lines[0], schema=0), *lines[1:]], "has schema 0, this Vibeshelf reads 1; measure again"),
    "newer schema": (lambda lines: [_head(lines[0], schema=2), *lines[1:]], "has schema 2, this Vibeshelf reads 1; update Vibeshelf"),
    "no schema": (lambda lines: ['{"kind": "vibeshelf latency"}'], "has schema None"),
    "no label": (lambda lines: [_without(lines[0], "label"), *lines[1:]], "line 1: Environment lacks label"),
    "cut at a line": (lambda lines: lines[:5], "is cut off: its last line is missing"),
    "cut in a line": (lambda lines: [*lines[:4], lines[4][:40]], "line 5: it is damaged or cut off"),
    "a line lost": (lambda lines: [*lines[:3], *lines[4:]], "is cut off"),
    "more behind the end": (lambda lines: [*lines, lines[1]], "something stands behind the end"),
    "text for seconds": (lambda lines: [lines[0], lines[1].replace('"seconds":[', '"seconds":["soon",'), *lines[2:]], "expected a list"),
    "no time": (lambda lines: [lines[0], lines[1].replace('"seconds":[', '"seconds":[-1,'), *lines[2:]], "line 2: samples of"),
    "not finite": (lambda lines: [lines[0], lines[1].replace('"seconds":[', '"seconds":[NaN,'), *lines[2:]], "line 2: seconds"),
    "unknown stage": (lambda lines: [lines[0], lines[1].replace('"stage":"', '"stage":"x'), *lines[2:]], "line 2: samples of stage"),
    "unknown part": (lambda lines: [lines[0], '{"poem": {}}', *lines[1:]], "line 2: 'poem' is no part"),
    "no samples": (lambda lines: [lines[0], '{"end":2}'], "holds no samples"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_that_is_no_result_gives_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "some.latency.jsonl"
    damage, words = DAMAGE[name]
    path.write_text("\n".join(damage(lines_of(path))) + "\n", encoding="utf-8")
    with pytest.raises(SourceError) as refused:
        read_result(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.latency.jsonl"
    lines = lines_of(path)
    path.write_text("\n".join([lines[0], lines[1].replace('{"samples":{', '{"samples":{"mood":"good",'), *lines[2:]]) + "\n")
    assert read_result(path).samples[0].engine == TORCH


def test_machines_stay_apart_and_only_this_ones_latest_is_shown(settings: Settings, tmp_path: Path) -> None:
    old, new = result(), replace(result(factor=2), environment=environment(moment="2026-11-21T10:00:00+00:00"))
    keep(settings, old)
    kept = keep(settings, new)
    keep(settings, result(label="Test Processor, x86_64, 1 of 4 cores"))
    # The same kind of machine, from elsewhere: its figures are another machine's all the same.
    write_result(tmp_path / "theirs.jsonl", old)
    imported = import_result(settings, tmp_path / "theirs.jsonl")
    recorded = replace(old, environment=environment(moment="2026-11-19T10:00:00+00:00"))
    write_result(tmp_path / "reference" / file_name(recorded), recorded)
    found, errors = all_measured(settings, tmp_path / "reference")
    assert not errors
    assert [(each.label, each.origin) for each in found] == [
        ("Test Processor, x86_64, 4 cores (this machine)", HERE),
        ("Test Processor, x86_64, 1 of 4 cores (this machine)", HERE),
        ("Test Processor, x86_64, 4 cores (imported)", IMPORTED),
        ("Test Processor, x86_64, 4 cores (reference)", REFERENCE),
    ]
    assert found[0].path == kept
    assert found[2].path == imported.path
    assert samples_of(found[0].result, TOTAL, SHORT)[ONNX].percentile_ms(50) == pytest.approx(8.0)
    assert samples_of(found[2].result, TOTAL, SHORT)[ONNX].percentile_ms(50) == pytest.approx(4.0)


def test_a_recorded_result_of_this_very_machine_is_shown_once(settings: Settings, tmp_path: Path) -> None:
    keep(settings, result())
    write_result(tmp_path / file_name(result()), result())
    assert [each.origin for each in all_measured(settings, tmp_path)[0]] == [HERE]


def test_the_recorded_results_can_be_read(settings: Settings) -> None:
    found, errors = all_measured(settings, ROOT / "eval" / "results" / "latency")
    assert not errors
    assert {each.result.environment.usable_cores for each in found} >= {1, 2}
    for measured in found:
        assert len(measured.result.engines) >= 4
        assert "/" not in measured.label
        assert all(verdict in VERDICTS for verdict in map(measured.result.verdict, measured.result.engines))


def test_two_of_one_name_are_told_apart_by_their_dates(settings: Settings, tmp_path: Path) -> None:
    for at, moment in enumerate(("2026-11-20T10:00:00+00:00", "2026-11-20T11:30:00+00:00", "2026-11-21T09:00:00+00:00")):
        write_result(tmp_path / f"{at}", replace(result(), environment=environment(moment=moment)))
        import_result(settings, tmp_path / f"{at}")
    labels = [each.label for each in all_measured(settings)[0]]
    assert len(set(labels)) == 3
    assert "2026-11-20 11:30" in labels[1]


def test_importing_again_changes_nothing_and_what_was_imported_can_be_removed(settings: Settings, tmp_path: Path) -> None:
    write_result(tmp_path / "theirs.jsonl", result())
    first, second = import_result(settings, tmp_path / "theirs.jsonl"), import_result(settings, tmp_path / "theirs.jsonl")
    assert first.path == second.path
    assert len(all_measured(settings)[0]) == 1
    forget(first)
    assert all_measured(settings) == ([], [])


def test_this_machines_own_result_is_not_forgotten(settings: Settings) -> None:
    keep(settings, result())
    forget(all_measured(settings)[0][0])
    assert len(all_measured(settings)[0]) == 1


def test_one_damaged_file_does_not_hide_the_others(settings: Settings) -> None:
    path = keep(settings, result())
    path.with_name("broken.latency.jsonl").write_text("{")
    found, errors = all_measured(settings)
    assert len(found) == len(errors) == 1
    assert "broken.latency.jsonl" in str(errors[0])


def test_the_document_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    made = document(result(), tmp_path / "a")
    assert {"environment", "samples_file", "summary", "agreement"} <= made.keys()
    keys = "device backend precision stage batch_size n p50_ms p95_ms p99_ms per_second"
    assert all(set(keys.split()) <= row.keys() for row in made["summary"])
    assert {row["stage"] for row in made["summary"]} == set(STAGES)
    assert {"device", "backend", "precision", "cosine_min", "cosine_mean", "top10_overlap"} <= made["agreement"][0].keys()
    cold = next(row for row in made["summary"] if row["stage"] == "cold_start")
    assert (cold["n"], cold["p95_ms"], cold["p99_ms"]) == (1, None, None)
    json.dumps(made, allow_nan=False)


def test_an_engine_without_comparison_has_no_verdict() -> None:
    assert replace(result(), agreement=()).verdict(INT8) is None
    assert result().verdict(INT8) == "withheld"


def test_the_spread_of_the_test_samples_is_as_said() -> None:
    assert samples(ONNX, ENCODE, SHORT, around(10, 101)).percentile_ms(50) == pytest.approx(10)
