"""The parts under the Relevance page: jobs, query sets, charts, what is taken away."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vibeshelf.adapters.query_sets import query_sets
from vibeshelf.adapters.trec import read_run
from vibeshelf.core.errors import Cancelled, InputError
from vibeshelf.core.records import Ranking, Run
from vibeshelf.services.evaluating import Evaluated, Request, beside_coverage, unjudged_shown
from vibeshelf.services.evaluation import evaluate
from vibeshelf.services.measures import parse_measures
from vibeshelf.ui.charts import Difference, Point, differences_chart, frontier, picked_query, speed_chart, vega_lite
from vibeshelf.ui.jobs import Job
from vibeshelf.ui.relevance.downloads import can_be_written, queries_csv, run_bytes, table_csv
from vibeshelf.ui.relevance.facts import facts_of, speed_of

GRADES = {"q1": {"a": 3, "b": 0}, "q2": {"c": 2}}
MADE = "2026-11-24T14:05:00+00:00"
SAW = Run(
    "saw", {"q1": Ranking(("a", "b"), (2.0, 1.0)), "q2": Ranking(("d", "c"), (2.0, 1.0))}, "f1", 2, {}, 12.5, "onnx fp32 on cpu", MADE
)
MISSED = Run("missed", {"q1": Ranking(("b", "e"), (2.0, 1.0))})
MEASURES = parse_measures("nDCG@10,Judged@10")


@pytest.fixture
def evaluated() -> Evaluated:
    request = Request("mine", {"q1": "sea", "q2": "sand"}, {Path("q.trec"): GRADES}, ("saw",), MEASURES, {Path("m.run"): MISSED}, "missed")
    report = evaluate([SAW, MISSED], GRADES, MEASURES, "missed")
    return Evaluated(request, report, {"saw": SAW, "missed": MISSED}, "few", 5, "fake", "onnx fp32 on cpu", "2026-11-25T09:00:00+00:00", ())


def job(work: Callable[[Callable[[int, int], None], Callable[[], bool]], int]) -> Job[int]:
    return Job("key", work).start()


def test_a_job_ends_with_its_result() -> None:
    def work(tell: Callable[[int, int], None], cancelled: Callable[[], bool]) -> int:
        tell(2, 2)
        return 7

    done = job(work)
    assert done.wait(10)
    assert (done.result, done.error, done.stopped, done.done, done.total) == (7, None, False, 2, 2)


def test_a_job_that_is_stopped_ends_without_a_result() -> None:
    begun = threading.Event()

    def work(tell: Callable[[int, int], None], cancelled: Callable[[], bool]) -> int:
        begun.set()
        while not cancelled():
            begun.wait(0.01)
        raise Cancelled("called off")

    long = job(work)
    begun.wait(10)
    assert not long.ended
    long.stop()
    assert long.wait(10)
    assert (long.result, long.error, long.stopped) == (None, None, True)


def test_a_job_says_its_error_and_never_a_defects_words() -> None:
    def refuse(tell: object, cancelled: object) -> int:
        raise InputError("no judged query")

    def broken(tell: object, cancelled: object) -> int:
        raise RuntimeError("secret")

    refused, failed = job(refuse), job(broken)
    assert refused.wait(10)
    assert failed.wait(10)
    assert str(refused.error) == "no judged query"
    assert "secret" not in str(failed.error)
    assert "log" in str(failed.error)


def test_a_beir_folder_gives_a_set_for_every_query_file_and_split(tmp_path: Path) -> None:
    folder = tmp_path / "tomt"
    (folder / "qrels").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("no folder")
    for name in ("queries.jsonl.gz", "queries_short.jsonl", "qrels/train.tsv", "qrels/test.tsv", "corpus.jsonl"):
        (folder / name).write_text("")
    found = query_sets(tmp_path)
    assert list(found) == ["starter", "tomt test", "tomt train", "tomt short test", "tomt short train"]
    assert found["tomt short train"].queries_path == folder / "queries_short.jsonl"
    assert list(query_sets(tmp_path / "nowhere")) == list(query_sets(None)) == ["starter"]


def test_coverage_stands_behind_the_measures_that_look_as_far() -> None:
    names = [each.name for each in beside_coverage(parse_measures("nDCG@10,R@50,RR@10,AP,Judged@5"))]
    assert names == ["nDCG@10", "RR@10", "Judged@10", "R@50", "Judged@50", "AP", "Judged@100", "Judged@5"]


def test_the_unjudged_that_are_shown_are_counted_once(evaluated: Evaluated) -> None:
    assert unjudged_shown(evaluated, 1) == 1
    assert unjudged_shown(evaluated, 2) == 2


def test_facts_name_queries_books_model_device_and_date(evaluated: Evaluated) -> None:
    wanted = "2 judged queries of mine · collection few, 5 books · fake, onnx fp32 on cpu · 2026-11-24 14:05 UTC"
    assert facts_of(evaluated) == wanted
    assert speed_of(SAW) == "12.5 ms (onnx fp32 on cpu, 2026-11-24 14:05 UTC)"
    assert speed_of(MISSED) == "not measured"


def test_the_table_as_csv_leaves_empty_what_is_not_known(evaluated: Evaluated) -> None:
    rows = {(row["system"], row["measure"]): row for row in csv.DictReader(io.StringIO(table_csv(evaluated).decode()))}
    assert len(rows) == 4
    saw, missed = rows["saw", "nDCG@10"], rows["missed", "nDCG@10"]
    assert float(saw["mean"]) == evaluated.report.measured["saw"].summaries["nDCG@10"].mean
    assert float(saw["difference"]) == evaluated.report.comparisons[0].difference
    assert (saw["median_ms"], saw["made_at"], saw["collection"]) == ("12.5", SAW.made_at, "few")
    assert (missed["median_ms"], missed["difference"], missed["device"], missed["model"]) == ("", "", "", "")
    values = list(csv.DictReader(io.StringIO(queries_csv(evaluated).decode())))
    assert len(values) == 8
    assert {"query_id": "q2", "system": "missed", "measure": "Judged@10", "value": ""} in values


def test_a_run_is_taken_away_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "saw.run").write_bytes(run_bytes(SAW))
    assert read_run(tmp_path / "saw.run").rankings == SAW.rankings
    assert can_be_written(SAW)
    assert not can_be_written(Run("saw", {"q 1": Ranking(("a",), (1.0,))}))


def test_bars_go_from_gain_to_loss_and_the_chart_carries_its_facts() -> None:
    rows = [Difference(name, "it's", value, 0.5, value - 0.5) for name, value in (("q1", 0.2), ("q2", 0.9), ("q3", 0.5))]
    made = json.loads(vega_lite(differences_chart(rows, "it's", "dense", "nDCG@10"), "it's against dense", "3 judged queries"))
    data = next(iter(made["datasets"].values()))
    assert [(row["query_id"], row["winner"]) for row in data] == [("q2", "system"), ("q3", "neither"), ("q1", "baseline")]
    assert made["title"]["subtitle"] == "3 judged queries"
    assert differences_chart([], "a", "b", "P@1").to_dict()


def test_a_click_is_read_and_a_click_beside_the_bars_is_none() -> None:
    assert picked_query({"picked": [{"query_id": "q7"}]}) == "q7"
    assert picked_query({"picked": []}) is None
    assert picked_query({}) is None


def test_the_frontier_leaves_out_what_another_beats() -> None:
    quick, good, poor = Point("quick", 1, 0.4, None, None), Point("good", 5, 0.6, 0.5, 0.7), Point("poor", 6, 0.5, 0.4, 0.6)
    assert frontier([quick, good, poor]) == [quick, good]
    twins = [Point("a", 1, 0.4, None, None), Point("b", 1, 0.4, None, None)]
    assert frontier(twins) == twins
    data = next(iter(json.loads(vega_lite(speed_chart([quick, good, poor], "P@1"), "t", "f"))["datasets"].values()))
    assert [row["best"] for row in data] == [True, True, False]
