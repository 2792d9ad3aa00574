"""The fidelity gate: only what gives the reference's vectors is taken without a word, and what is near must also rank as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import settings_in
from tests.fakes import FakeEncoder
from vibeshelf.adapters.encoders import choose, open_encoder
from vibeshelf.adapters.encoders.gates import GateResult, Judged, judge, load_gates, machine_name, save_gates, with_judgments
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.variants import REFERENCE, Variant
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.settings import Settings
from vibeshelf.services import fidelity

INT8 = Variant("onnx", "cpu", "int8")
BF16 = Variant("openvino", "cpu", "bf16")


def result(variant: Variant, verdict: str, per_second: float = 50.0, judged: Judged | None = None) -> GateResult:
    return GateResult(variant, verdict, 0.99, 0.995, 0.95, 200, 80, per_second, 3.0, machine_name(), "2026-11-24", "figures", judged)


@pytest.mark.parametrize(
    ("least", "mean", "overlap", "verdict"),
    [
        (0.99995, 0.99999, 1.0, "same"),
        (0.9998, 0.9999, 0.98, "near"),
        (0.93, 0.993, 0.92, "near"),
        (0.89, 0.995, 0.95, "withheld"),
        (0.97, 0.91, 0.95, "withheld"),
        (0.97, 0.991, 0.85, "withheld"),
    ],
)
def test_the_vectors_decide_first(least: float, mean: float, overlap: float, verdict: str) -> None:
    found, reason = judge(least, mean, overlap)
    assert found == verdict
    assert f"{least:.5f}" in reason


@pytest.mark.parametrize(
    ("ndcg10", "p_value", "verdict"),
    [(0.50, 0.01, "withheld"), (0.50, 0.30, "near"), (0.60, 0.01, "near")],
    ids=["worse", "noise", "better"],
)
def test_what_is_near_must_rank_as_well(ndcg10: float, p_value: float, verdict: str) -> None:
    found = with_judgments(result(INT8, "near"), Judged(ndcg10, 0.55, p_value, 80))
    assert found.verdict == verdict
    assert f"nDCG@10 {ndcg10:.3f} where the reference has 0.550" in found.reason


def test_results_are_kept_with_their_judgments_and_those_of_another_machine_do_not_count(settings: Settings, tmp_path: Path) -> None:
    files = read_model(settings.model, settings.models_dir)
    kept = [result(REFERENCE, "same"), with_judgments(result(INT8, "near"), Judged(0.5, 0.5, 1.0, 80))]
    save_gates(tmp_path, files, [*kept, replace(result(BF16, "same"), machine="another, 64 cores")])
    assert list(load_gates(tmp_path, files).values()) == kept


def test_bulk_takes_the_fastest_of_the_same_and_a_precision_only_when_it_is_offered(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    settings = settings_in(tmp_path)
    files = read_model(settings.model, settings.models_dir)
    withheld = with_judgments(result(INT8, "near", 200.0), Judged(0.4, 0.5, 0.001, 80))
    save_gates(settings.models_dir, files, [result(REFERENCE, "same", 30.0), result(BF16, "same", 70.0), withheld])
    assert choose(settings, files, bulk=True).variant == BF16
    with pytest.raises(ModelUnavailable, match=r"precision 'int8' is withheld on this machine: .*nDCG@10 0.400"):
        choose(settings, files, bulk=True, precision="int8")
    with pytest.raises(ModelUnavailable, match=r"'fp16' was not measured .*vibeshelf gate"):
        choose(settings, files, precision="fp16")


def test_a_ranking_that_is_worse_is_withheld_by_real_judgments(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders = {REFERENCE: open_encoder(settings, "wordllama"), INT8: FakeEncoder()}
    monkeypatch.setattr(fidelity, "open_variant", lambda settings, files, variant: encoders[variant])
    files = read_model(settings.model, settings.models_dir)
    same, near = fidelity._judge_the_near(settings, files, [result(REFERENCE, "same"), result(INT8, "near")])
    assert (same.verdict, near.verdict) == ("same", "withheld")
    assert near.judged is not None
    assert near.judged.n == 80
    assert 0 < near.judged.ndcg10 < near.judged.reference_ndcg10 < 1


def test_the_real_export_is_measured_as_the_same_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path / "data")
    kept: list[GateResult] = []
    monkeypatch.setattr(fidelity, "_DOCUMENTS", 16)
    monkeypatch.setattr(fidelity, "variants", lambda files: [REFERENCE, Variant("onnx", "cpu", "fp32")])
    # The folder of models is shared by all tests; what this one measures is not for the others.
    monkeypatch.setattr(fidelity, "save_gates", lambda models_dir, files, results: kept.extend(results))
    lines: list[str] = []
    found = fidelity.measure(settings, say=lines.append)
    assert kept == found
    assert [each.same for each in found] == [True, True]
    assert all(each.cosine_min is not None and each.cosine_min > 0.9999 for each in found)
    assert all(each.documents_per_second and each.query_p50_ms for each in found)
    assert [line.split()[0] for line in lines] == ["same", "same"]
