"""Speed beside quality from kept runs: the latest of each system on each engine, measured on the judgments as they are now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vibeshelf.core.records import Ranking, Run
from vibeshelf.services.runs import KeptRun
from vibeshelf.services.speed_quality import judged_queries, not_evaluated, speed_quality

GRADES = {"q1": {"a": 3, "b": 0}, "q2": {"c": 2}}
RUN = Run(
    "dense", {"q1": Ranking(("a", "b"), (2.0, 1.0)), "q2": Ranking(("x", "c"), (2.0, 1.0))}, "f", 100, {}, 4.0, "onnx fp32 on cpu",
    "2026-11-28T00:00:00+00:00",
)  # fmt: skip


def kept(run: Run, machine: str | None = "here") -> KeptRun:
    return KeptRun(run, "onnx", "fp32", machine)


def test_a_line_has_the_quality_and_the_time_of_the_same_searches() -> None:
    (found,) = speed_quality([kept(RUN)], GRADES)
    # The first query is perfect; in the second the only good book stands second: 1 / log2(3).
    assert found.quality.mean == pytest.approx((1 + 0.63093) / 2, abs=1e-5)
    assert (found.quality.n, found.timed, found.milliseconds, found.depth) == (2, 2, 4.0, 100)
    # Of four books shown three were judged: both of the first query, one of two of the second.
    assert found.judged == pytest.approx(0.75)
    assert (found.system, found.engine, found.machine) == ("dense", "onnx fp32 on cpu", "here")


def test_the_latest_counts_and_engines_and_machines_stay_apart() -> None:
    later = replace(RUN, median_ms=5.0, made_at="2026-11-28T01:00:00+00:00")
    torch = replace(RUN, median_ms=12.0, device="torch fp32 on cpu")
    found = speed_quality([kept(RUN), kept(later), kept(torch), kept(RUN, None)], GRADES)
    assert [(each.engine, each.machine, each.milliseconds) for each in found] == [
        ("onnx fp32 on cpu", "here", 5.0), ("torch fp32 on cpu", "here", 12.0), ("onnx fp32 on cpu", None, 4.0),
    ]  # fmt: skip


def test_what_has_no_time_or_is_too_short_is_no_point_and_counts_as_not_evaluated() -> None:
    found = speed_quality([kept(replace(RUN, median_ms=None)), kept(replace(RUN, name="hybrid", k=5))], GRADES)
    assert found == []
    assert not_evaluated(found) == ["hybrid", "dense", "lexical"]
    assert not_evaluated(speed_quality([kept(RUN)], GRADES)) == ["hybrid", "lexical"]


def test_only_judged_queries_are_looked_for() -> None:
    assert judged_queries({"q1": "one", "q9": "nine"}, GRADES) == {"q1": "one"}
