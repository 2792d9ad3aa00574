"""`vibeshelf eval` on the starter collection with the real model: the contract's keys, gates, files of others, bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from vibeshelf import cli
from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries_path
from vibeshelf.adapters.trec import read_qrels, read_run
from vibeshelf.core.errors import InputError
from vibeshelf.services.gates import parse_gate
from vibeshelf.services.measures import parse_measures, query_values
from vibeshelf.services.shelf import Shelf

QUERIES, QRELS = str(starter_queries_path()), str(starter_qrels_path())
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(starter: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `vibeshelf eval` in this process; return (exit code, stdout, stderr)."""
    monkeypatch.setenv("VIBESHELF_DATA_DIR", str(starter.store.settings.data_dir))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["eval", *arguments])
        return code, *capsys.readouterr()

    return run


def test_json_has_the_keys_of_the_contract(starter: Shelf) -> None:
    done = vibeshelf(starter.store.settings.data_dir, "eval", "--queries", QUERIES, "--qrels", QRELS, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    content = json.loads(done.stdout)
    assert content["collection"] == "starter"
    assert content["queries"] == 80
    assert list(content["systems"]) == ["dense", "lexical", "hybrid"]
    for of in content["systems"].values():
        assert list(of) == ["nDCG@10", "RR@10", "R@100", "Judged@10"]
        for name, summary in of.items():
            assert {"mean", "ci_low", "ci_high", "n"} <= summary.keys()
            assert summary["ci_low"] <= summary["mean"] <= summary["ci_high"]
            assert summary["n"] == 80 or name == "Judged@10"
    compared = {(each["system"], each["baseline"], each["measure"]) for each in content["comparisons"]}
    assert compared == {(system, "dense", name) for system in ("lexical", "hybrid") for name in ("nDCG@10", "RR@10", "R@100")}
    assert all(
        {"difference", "p_value", "n"} <= each.keys() and 0 < each["p_value"] <= each["p_adjusted"] for each in content["comparisons"]
    )


def test_the_starter_queries_are_the_usual_ones_and_runs_are_kept(call: Call, starter: Shelf) -> None:
    _, first, _ = call("--json")
    kept = sorted(starter.store.settings.runs_dir.glob("*.run"))
    assert len(kept) >= 3
    _, second, _ = call("--json")
    assert first == second
    assert sorted(starter.store.settings.runs_dir.glob("*.run")) == kept


def test_people_get_a_table_with_intervals_and_plain_words(call: Call) -> None:
    code, out, err = call("--systems", "dense,hybrid", "--measures", "nDCG@10,Judged@10")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "collection 'starter', 80 judged queries; mean with its 95 % interval"
    assert lines[1].split() == ["nDCG@10", "Judged@10"]
    assert lines[2].startswith("dense   0.")
    assert lines[-1].startswith("hybrid beats dense: +0.0")
    assert lines[-1].endswith("80 queries")


def test_written_runs_give_the_same_figures_when_they_come_back(call: Call, tmp_path: Path) -> None:
    measures = ("--measures", "nDCG@10,RR@10,AP,P@10,R@100,Judged@10,Bpref,RR(rel=2)@10", "--json")
    ours = json.loads(call("--run-out", str(tmp_path / "runs"), *measures)[1])
    names = ("dense", "lexical", "hybrid")
    files = [argument for name in names for argument in ("--run", str(tmp_path / "runs" / f"{name}.run"))]
    theirs = json.loads(call("--systems", "none", "--qrels", QRELS, *files, *measures)[1])
    assert theirs["systems"] == ours["systems"]
    assert theirs["comparisons"] == ours["comparisons"]
    assert theirs["collection"] is None
    run = read_run(tmp_path / "runs" / "hybrid.run")
    again = query_values(parse_measures("nDCG@10"), read_qrels(Path(QRELS)), run.rankings)["nDCG@10"]
    assert sum(value or 0 for value in again.values()) / 80 == pytest.approx(ours["systems"]["hybrid"]["nDCG@10"]["mean"], abs=1e-12)


@pytest.mark.parametrize(
    ("gate", "code"),
    [("nDCG@10>=0.1", 0), ("nDCG@10 >= 0.9", 1), ("dense:RR@10<0.99", 0), ("lexical:R@100>0.99", 1), ("hybrid:P(rel=2)@5<=1", 0)],
)
def test_gates_decide_the_exit_code(call: Call, gate: str, code: int) -> None:
    got, out, err = call("--gate", gate, "--json")
    assert got == code
    found = json.loads(out)["gates"][0]
    assert found["met"] is (code == 0)
    assert found["system"] == (gate.split(":")[0] if ":" in gate else "hybrid")
    if code:
        assert err.startswith("vibeshelf: gate not met: ")
        assert len(err.splitlines()) == 1
        assert f"is {found['observed']:.4f}, expected " in err
    else:
        assert err == ""


def test_a_gate_on_a_measure_that_is_undefined_is_not_met(call: Call, tmp_path: Path) -> None:
    (tmp_path / "one.qrels").write_text("q01 0 the-sea-the-sea-murdoch 1\n")
    code, _, err = call("--queries", QUERIES, "--qrels", str(tmp_path / "one.qrels"), "--gate", "Bpref>=0")
    assert code == 1
    assert "hybrid Bpref is undefined on every query" in err


@pytest.mark.parametrize("text", ["nDCG@10", "nDCG@10>=high", "nDCG@10=0.6", ">=0.6", "foo@10>=0.6", "nDCG@10>=nan", "a:b:nDCG@10>=1"])
def test_gates_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"gate|unknown measure"):
        parse_gate(text)


def test_what_does_not_fit_together_is_said_with_its_line(call: Call, tmp_path: Path) -> None:
    known = "the-old-man-and-the-sea-hemingway"
    (tmp_path / "a.qrels").write_text(f"q01 0 {known} 1\nq99 0 {known} 1\nq02 0 nobody-wrote-this 2\nq02 0 nor-this 0\n")
    (tmp_path / "other.run").write_text(f"q01 Q0 {known} 1 2 x\nq770 Q0 {known} 1 2 x\nq01 Q0 unheard-of 2 1 x\n")
    files = ("--queries", QUERIES, "--qrels", str(tmp_path / "a.qrels"), "--run", str(tmp_path / "other.run"))
    code, out, err = call(*files, "--systems", "dense", "--json")
    assert code == 0
    assert [line.partition(": ")[2] for line in err.splitlines()] == [
        f"{tmp_path / 'a.qrels'}, line 2: query 'q99' is not in the query file and without results of ours",
        f"{tmp_path / 'a.qrels'}, line 3: book 'nobody-wrote-this' and 1 more are not in the collection and cannot be found",
        f"{tmp_path / 'other.run'}, line 2: query 'q770' is not known and not scored",
        f"{tmp_path / 'other.run'}, line 3: book 'unheard-of' is not in the collection",
    ]
    content = json.loads(out)
    assert content["queries"] == 3
    assert len(content["unjudged_queries"]) == 78
    assert content["systems"]["other"]["RR@10"] == {
        "mean": pytest.approx(1 / 3),
        "ci_low": 0.0,
        "ci_high": 1.0,
        "n": 3,
        "upper": pytest.approx(1 / 3),
    }


def test_a_query_that_cannot_be_searched_counts_as_0(call: Call, tmp_path: Path) -> None:
    known = "the-old-man-and-the-sea-hemingway"
    (tmp_path / "q.tsv").write_text(f"short\tan old man and a great fish\nlong\t{'fish ' * 1700}\n")
    (tmp_path / "q.qrels").write_text(f"short 0 {known} 1\nlong 0 {known} 1\n")
    arguments = ("--queries", str(tmp_path / "q.tsv"), "--qrels", str(tmp_path / "q.qrels"), "--systems", "hybrid")
    for _ in ("searched", "from what was kept"):
        code, out, err = call(*arguments, "--measures", "RR@10", "--json")
        content: dict[str, Any] = json.loads(out)
        assert code == 0
        assert "hybrid cannot search query 'long' (0 for each): the query has 8,499 characters" in err
        assert content["systems"]["hybrid"]["RR@10"]["mean"] == 0.5
        assert list(content["runs"]["hybrid"]["refused"]) == ["long"]


def test_several_files_of_judgments_are_taken_together(call: Call, tmp_path: Path) -> None:
    lines = Path(QRELS).read_text().splitlines(keepends=True)
    first, second = tmp_path / "first.qrels", tmp_path / "second.qrels"
    first.write_text("".join(lines[:3000]))
    second.write_text("".join(lines[3000:]))
    together = call("--queries", QUERIES, "--qrels", str(first), "--qrels", str(second), "--json")[1]
    assert json.loads(together)["systems"] == json.loads(call("--json")[1])["systems"]
    second.write_text("".join(lines[2999:]))
    code, _, err = call("--queries", QUERIES, "--qrels", str(first), "--qrels", str(second))
    assert code == 2
    assert "second.qrels, line 1: query" in err


def test_bad_input_is_one_clear_line(starter: Shelf, tmp_path: Path) -> None:
    data_dir = starter.store.settings.data_dir
    bad, foreign = tmp_path / "bad.qrels", tmp_path / "foreign.qrels"
    bad.write_text("q01 0 a 1\nq01 0 b -1\n")
    foreign.write_text("x1 0 a 1\n")
    assert_one_clear_line(vibeshelf_here(data_dir, "eval", "--queries", QUERIES, "--qrels", str(bad)), "bad.qrels, line 2: grade '-1'")
    assert_one_clear_line(vibeshelf_here(data_dir, "eval", "--queries", QUERIES), "--queries without --qrels")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--measures", "foo@10"], "unknown measure 'foo@10'; expected names such as nDCG@10"),
        (["--measures", ""], "no measure is named"),
        (["--measures", "R@5000"], "looks at 5,000 results; a system gives 1,000 at most"),
        (["--systems", "magic"], "unknown system 'magic'"),
        (["--systems", ""], "unknown system ''"),
        (["--systems", "none"], "leaves nothing to evaluate"),
        (["--baseline", "magic"], "the baseline 'magic' is not among the systems: dense, lexical, hybrid"),
        (["--gate", "magic:nDCG@10>=1"], "'magic' is not among the systems"),
        (["--systems", "dense,lexical", "--gate", "nDCG@10>=1"], "names no system"),
        (["--gate", "nDCG@10"], "cannot be read; expected MEASURE>=NUMBER"),
        (["--qrels", QRELS], "--qrels without --queries"),
        (["--queries", "none.tsv", "--qrels", QRELS], "no such file: none.tsv"),
        (["--queries", QUERIES, "--qrels", "none.qrels"], "no such file: none.qrels"),
        (["--run", "none.run"], "no such file: none.run"),
        (["--run", f"dense={QRELS}"], "a system is called 'dense' already"),
        (["--run", QRELS], "qrels.trec, line 1: 4 columns; expected a TREC run: 6 columns"),
        (["-k", "0"], "expected 1 to 1000"),
        (["--where", "colour=red"], "expected KEY=VALUE"),
        (["--collection", "nowhere"], "no collection 'nowhere'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_bad_flags_are_one_clear_line(call: Call, arguments: list[str], words: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_judgments_of_other_books_or_queries_are_refused(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "foreign.qrels"
    path.write_text("q01 0 a 1\n")
    assert "judges no book of collection 'starter'" in call("--queries", QUERIES, "--qrels", str(path))[2]
    path.write_text("x1 0 a 1\n")
    assert "judges none of the 80 queries" in call("--queries", QUERIES, "--qrels", str(path))[2]
