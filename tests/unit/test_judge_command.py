"""`vibeshelf judge`: grades in and out in the field's formats, merged and never overwritten; bad files are one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from vibeshelf.adapters.catalog.starter import starter_qrels_path
from vibeshelf.core.judging import Pair
from vibeshelf.core.settings import load_settings
from vibeshelf.services.judging import open_desk


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def judged(data_dir: Path, *arguments: str) -> Any:
    done = vibeshelf_here(data_dir, "judge", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_starter_grades_come_in_once_and_go_out_as_the_shipped_qrels(data_dir: Path, tmp_path: Path) -> None:
    first, again = judged(data_dir, "import", "starter"), judged(data_dir, "import", "starter")
    assert (first["added"], again["added"], again["unchanged"], again["conflicts"]) == (first["read"], 0, first["read"], [])
    out = tmp_path / "qrels.trec"
    assert judged(data_dir, "export", str(out))["rule"] == "median"
    assert out.read_bytes() == starter_qrels_path().read_bytes()
    found = judged(data_dir, "agreement")
    assert found["overall"]["coefficient"] == "alpha"
    assert found["overall"]["low"] < found["overall"]["value"] < found["overall"]["high"]
    assert found["graded_twice"] == found["overall"]["n"] == 1166
    assert all(each["n"] > 0 for each in found["pairs"])
    lowest = sorted(found["queries"].items(), key=lambda item: item[1]["value"])[0]
    said = vibeshelf(data_dir, "judge", "agreement").stdout
    assert f"query {lowest[0]}: Krippendorff's ordinal alpha {lowest[1]['value']:.3f}" in said
    strict = judged(data_dir, "export", str(tmp_path / "strict.trec"), "--rule", "strictest")
    assert strict["written"] == 5882


def test_what_was_exported_comes_back_whole_in_every_format(data_dir: Path, tmp_path: Path) -> None:
    desk = open_desk(load_settings(data_dir=data_dir))
    desk.judgments.grade("starter", Pair("q01", "b1"), "ann", 2, 'a "note", with everything; é')
    desk.judgments.grade("starter", Pair("q01", "b1"), "bob", 0)
    desk.judgments.skip("starter", Pair("q02", "b2"), "ann", "too little to tell")
    desk.judgments.settle("starter", Pair("q01", "b1"), "eve", 1)
    for name in ("all.csv", "all.csv.gz"):
        assert judged(data_dir, "export", str(tmp_path / name))["written"] == 4
        done = judged(data_dir, "import", str(tmp_path / name), "--task", f"copy of {name}")
        assert (done["format"], done["added"], done["unknown_queries"]) == ("csv", 4, ["q01", "q02"])
        copy = desk.judgments.standing(f"copy of {name}")
        assert [(each.rater, each.grade, each.note, each.judged_at) for each in copy] == [
            (each.rater, each.grade, each.note, each.judged_at) for each in desk.judgments.standing("starter")
        ]
        assert [each.grade for each in desk.judgments.settled(f"copy of {name}").values()] == [1]
    for name, form in (("q.trec", "trec"), ("q.tsv", "beir")):
        assert judged(data_dir, "export", str(tmp_path / name))["format"] == form
        done = judged(data_dir, "import", str(tmp_path / name), "--task", form, "--rater", "file")
        assert (done["format"], done["added"]) == (form, 1), "a skipped pair has no grade"
        assert [(each.rater, each.grade) for each in desk.judgments.standing(form)] == [("file", 1)]


def test_an_own_task_goes_out_as_the_two_files_that_an_evaluation_reads(data_dir: Path, tmp_path: Path) -> None:
    queries, qrels = tmp_path / "queries.txt", tmp_path / "qrels.trec"
    queries.write_text("bees\nrobots in love\n")
    judged(data_dir, "import", str(queries), "--task", "mine", "--format", "queries")
    open_desk(load_settings(data_dir=data_dir)).judgments.grade("mine", Pair("q02", "b1"), "ann", 2)
    assert judged(data_dir, "export", str(tmp_path / "out.tsv"), "--task", "mine", "--format", "queries")["written"] == 2
    assert judged(data_dir, "export", str(qrels), "--task", "mine")["written"] == 1
    run = tmp_path / "theirs.run"
    run.write_text("q02 Q0 b1 1 9.5 theirs\n")
    done = vibeshelf(
        data_dir, "eval", "--queries", str(tmp_path / "out.tsv"), "--qrels", str(qrels), "--systems", "none", "--run", str(run),
        "--measures", "RR@10", "--json",
    )  # fmt: skip
    assert json.loads(done.stdout)["systems"]["theirs"]["RR@10"]["mean"] == 1


def test_an_import_reports_conflicts_and_changes_nothing(data_dir: Path, tmp_path: Path) -> None:
    desk = open_desk(load_settings(data_dir=data_dir))
    desk.judgments.grade("starter", Pair("q01", "b1"), "ann", 2)
    path = tmp_path / "other.csv"
    path.write_text("\ufeffquery_id,book_id,grade,rater\r\nq01,b1,0,ann\r\nq01,b2,3,ann\r\n")
    done = judged(data_dir, "import", str(path))
    assert done["conflicts"] == [{"query_id": "q01", "book_id": "b1", "rater": "ann", "here": 2, "file": 0}]
    assert {each.book_id: each.grade for each in desk.judgments.standing("starter")} == {"b1": 2, "b2": 3}


def test_queries_and_runs_come_in_too(data_dir: Path, tmp_path: Path) -> None:
    queries, run = tmp_path / "queries.tsv", tmp_path / "theirs.run"
    queries.write_text("a1\ta quiet lighthouse\na2\trobots\n")
    run.write_text("a1 Q0 b1 1 9.5 bm25\na1 Q0 b2 2 8.5 bm25\nzz Q0 b1 1 1 bm25\n")
    assert judged(data_dir, "import", str(queries), "--task", "mine", "--collection", "books")["added"] == 2
    assert judged(data_dir, "import", str(run), "--task", "mine")["unknown_queries"] == ["zz"]
    desk = open_desk(load_settings(data_dir=data_dir))
    assert desk.task("mine").collections == ("books",)
    assert desk.tasks.run_books("mine", "a1", 20) == {"bm25": ["b1", "b2"]}


HEAD = "query_id,book_id,grade,rater,judged_at\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{HEAD}q01,b1,4,ann,2026-01-01\n", ("line 2", "grade is '4'")),
        (f"{HEAD}q01,b1,1.5,ann,2026-01-01\n", ("line 2", "grade is '1.5'")),
        (f"{HEAD}q01,b1,1,ann,yesterday\n", ("line 2", "judged_at is 'yesterday'")),
        (f"{HEAD}q01,,1,ann,2026-01-01\n", ("line 2", "book_id")),
        (f"{HEAD}q01,b1,1\n", ("line 2", "expected 5 columns")),
        (f"{HEAD}q01,b1,1,ann,2026-01-01\nq01,b1,2,ann,2026-01-01\n", ("line 3", "on line 2 already")),
        ("query_id,book,grade\nq01,b1,1\n", ("expected columns query_id, book_id, grade", "saw: query_id, book, grade")),
        ("q01 0 b1 7\n", ("line 1", "grade 7")),
        ("q01 0 b1 -1\n", ("tells no format",)),
        ("q01 0 b1 1\nq01 0 b1 1\n", ("line 2", "in line 1 already")),
        ("hello world\n", ("tells no format", "--format")),
        ("", ("holds no line",)),
        (b"query_id,book_id,grade\nq01,\xff,1\n", ("not UTF-8",)),
    ],
    ids=range(13),
)
def test_a_bad_file_is_one_clear_line_and_leaves_nothing(
    data_dir: Path, tmp_path: Path, content: str | bytes, words: tuple[str, ...]
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert_one_clear_line(vibeshelf_here(data_dir, "judge", "import", str(path), "--task", "new"), *words)
    assert open_desk(load_settings(data_dir=data_dir)).tasks.get("new") is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export"], "takes a FILE"),
        (["agreement", "x"], "takes no FILE"),
        (["export", "x.trec"], "has no judgments yet"),
        (["export", "x.trec", "--task", "nope"], "no judging task 'nope'"),
        (["import", "nowhere.csv"], "no such file"),
        (["import", "starter", "--format", "xml"], "unknown format 'xml'"),
        (["import", "starter", "--rater", ""], "rater name"),
        (["dance"], "invalid choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line(data_dir: Path, arguments: list[str], words: str) -> None:
    assert_one_clear_line(vibeshelf_here(data_dir, "judge", *arguments), words)


def test_agreement_of_nothing_is_not_a_number(data_dir: Path) -> None:
    assert judged(data_dir, "agreement")["overall"]["value"] is None
    assert "n/a" in vibeshelf_here(data_dir, "judge", "agreement").stdout
