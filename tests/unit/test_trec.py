"""Judgments, runs and queries as files: read however they were saved, refused with the line, and written so that others agree."""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.trec import (
    line_of_book,
    line_of_hit,
    line_of_pair,
    line_of_query,
    read_qrels,
    read_run,
    separated,
    write_qrels,
    write_run,
)
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.records import Ranking, Run
from vibeshelf.services.measures import parse_measures, query_values

TREC = "q1 0 a 3\nq1 0 b 0\nq2 0 a 1\n"
BEIR = "query-id\tcorpus-id\tscore\nq1\ta\t3\nq1\tb\t0\nq2\ta\t1\n"
GRADES = {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}}
RUN = "q1 Q0 a 1 2.5 s\nq1 Q0 b 2 1 s\nq2 Q0 c 1 0.5 s\n"
QUERIES = "q1\tthe sea\nq2\ta storm\n"
BOM = b"\xef\xbb\xbf"


def saved(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


AS_SAVED: list[tuple[str, Callable[[str], bytes]]] = [
    ("plain", lambda text: text.encode()),
    ("windows", lambda text: text.replace("\n", "\r\n").encode()),
    ("bom", lambda text: BOM + text.encode()),
    ("windows-bom", lambda text: BOM + text.replace("\n", "\r\n").encode()),
    ("blank-lines", lambda text: ("\n  \n" + text.replace("\n", "\n\r\n \t\n")).encode()),
    ("no-last-line-end", lambda text: text.rstrip("\n").encode()),
]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("as_saved", [how for _, how in AS_SAVED], ids=[name for name, _ in AS_SAVED])
def test_files_are_read_however_they_were_saved(tmp_path: Path, as_saved: Callable[[str], bytes], suffix: str) -> None:
    def at(name: str, text: str) -> Path:
        return saved(tmp_path / f"{name}{suffix}", as_saved(text))

    assert read_qrels(at("trec.qrels", TREC)) == GRADES
    assert read_qrels(at("tabs.qrels", TREC.replace(" ", "\t"))) == GRADES
    assert read_qrels(at("beir.tsv", BEIR)) == GRADES
    run = read_run(at("system.run", RUN))
    assert run.name == "s"
    assert run.rankings == {"q1": Ranking(("a", "b"), (2.5, 1.0)), "q2": Ranking(("c",), (0.5,))}
    assert read_queries(at("queries.tsv", QUERIES)) == {"q1": "the sea", "q2": "a storm"}
    beir = '{"_id": "q1", "text": "the sea", "metadata": {}}\n{"_id": 2, "text": "a storm"}\n'
    assert read_queries(at("queries.jsonl", beir)) == {"q1": "the sea", "2": "a storm"}


def test_a_header_of_queries_is_no_query(tmp_path: Path) -> None:
    assert read_queries(saved(tmp_path / "q.tsv", "query-id\ttext\nq1\tthe\tsea\n")) == {"q1": "the\tsea"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("q1 0 a 3\nq1 0 b\n", "line 2: 3 columns; expected judgments: 4 columns"),
        ("q1 0 a 3 x\n", "line 1: 5 columns"),
        ("q1 a 3\n", "line 1: 3 columns; expected judgments: 4 columns (query 0 book grade), or BEIR's header"),
        ("q1\n", "line 1: 1 column;"),
        ("q1 0 a -1\n", "line 1: grade '-1'; expected a whole number from 0"),
        ("q1 0 a 1\n\nq1 0 b 0.5\n", "line 3: grade '0.5'; expected a whole number"),
        ("q1 0 a 1.0\n", "line 1: grade '1.0'"),
        ("q1 0 a high\n", "line 1: grade 'high'"),
        ("q1 0 a ٣\n", "line 1: grade '٣'"),
        ("q1 0 a 99999999999999999999\n", "expected a whole number from 0 to 1,000"),
        ("q1 0 a 1\nq2 0 a 1\nq1 0 a 2\n", "line 3: query 'q1' and book 'a' were judged in line 1 already"),
        ("q1 0 a 1\nq1 0 a 1\n", "line 2: query 'q1' and book 'a' were judged in line 1 already"),
        ("query-id\tcorpus-id\tscore\nq1\ta\n", "line 2: 2 columns; expected 3 columns separated by tabs"),
        ("query-id\tcorpus-id\tscore\nq1\ta\t1\nq1\ta\t1\n", "line 3: query 'q1' and book 'a' were judged in line 2 already"),
        ("query-id\tcorpus-id\tscore\nq1\ta\t-2\n", "line 2: grade '-2'"),
        ("query-id\tcorpus-id\tscore\nq1\t\t1\n", "line 2: 2 columns"),
        ("query-id\tcorpus-id\tscore\n", "holds a header and no judgment"),
        (b"q1 0 a 1\nq1 0 caf\xe9 1\n", "line 2: byte 4 is not UTF-8"),
        (b"\xff\xfeq\x001\x00", "is UTF-16; expected UTF-8"),
        ("", "holds no line; expected judgments"),
        ("\n \n", "holds no line; expected judgments"),
        ("q1 0 a 1\n" + "x" * 1_100_000 + "\n", "line 2: it is longer than 1,048,576 bytes"),
    ],
)
def test_bad_judgments_are_refused_with_the_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    assert_refused(lambda: read_qrels(saved(tmp_path / "bad.qrels", content)), "bad.qrels", words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("q1 Q0 a 1 2.5\n", "line 1: 5 columns; expected a TREC run: 6 columns"),
        ("q1 Q0 a 1 2.5 my run\n", "line 1: 7 columns"),
        ("q1 Q0 a 1 nan s\n", "line 1: score 'nan'; expected a finite number"),
        ("q1 Q0 a 1 2 s\nq1 Q0 b 2 inf s\n", "line 2: score 'inf'"),
        ("q1 Q0 a 1 high s\n", "line 1: score 'high'"),
        ("q1 Q0 a 1 2 s\nq2 Q0 a 1 2 s\nq1 Q0 a 2 1 s\n", "line 3: query 'q1' has book 'a' in line 1 already"),
        (b"q1 Q0 a 1 2 s\n\nq1 Q0 caf\xe9 1 1 s\n", "line 3: byte 4 is not UTF-8"),
        ("", "holds no line; expected a TREC run"),
        (TREC, "line 1: 4 columns"),
    ],
)
def test_bad_runs_are_refused_with_the_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    assert_refused(lambda: read_run(saved(tmp_path / "bad.run", content)), "bad.run", words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("q1\tthe sea\nq2 a storm\n", "line 2: no tab; expected queries: an id, a tab and the text"),
        ("q1\tthe sea\nq2\t \n", "line 2: a query without a text"),
        ("\tthe sea\n", "line 1: a query without an id"),
        ("q1\tthe sea\n\nq1\tthe sea\n", "line 3: query 'q1' is in line 1 already"),
        ('{"_id": "q1", "text": "sea"}\n{"_id": "q2"\n', "line 2: not JSON"),
        ('{"_id": "q1"}\n', "line 1: a query without a text"),
        ('{"_id": "q1", "text": ["sea"]}\n', "line 1: an id or a text that is no text"),
        ('{"_id": true, "text": "sea"}\n', "line 1: an id or a text that is no text"),
        ('{"text": "sea"}\n', "line 1: a query without an id"),
        (b"q1\tcaf\xe9\n", "line 1: byte 7 is not UTF-8"),
        ("", "holds no line; expected queries"),
    ],
)
def test_bad_queries_are_refused_with_the_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    assert_refused(lambda: read_queries(saved(tmp_path / "bad.tsv", content)), "bad.tsv", words)


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    assert_refused(lambda: read_qrels(tmp_path / "none.qrels"), "no such file", "none.qrels", "expected judgments")
    assert_refused(lambda: read_run(tmp_path), "is a folder; expected a file with a TREC run")
    cut = saved(tmp_path / "cut.qrels.gz", "".join(f"q1 0 b{at} 1\n" for at in range(50)))
    cut.write_bytes(cut.read_bytes()[:-12])
    assert_refused(lambda: read_qrels(cut), "cut.qrels.gz", "cut off")


def assert_refused(read: Callable[[], object], *words: str) -> None:
    with pytest.raises(SourceError) as refused:
        read()
    assert "\n" not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    for name, form in (("a.qrels", "trec"), ("a.tsv", "beir"), ("a.qrels.gz", "trec")):
        write_qrels(tmp_path / name, GRADES, form)
        assert read_qrels(tmp_path / name) == GRADES
    assert (tmp_path / "a.qrels").read_text() == TREC
    assert (tmp_path / "a.tsv").read_text() == BEIR
    run = Run("s", {"q1": Ranking(("z", "a"), (1.5, -2.25)), "q2": Ranking(("a",), (3.0,))})
    write_run(tmp_path / "s.run", run)
    assert read_run(tmp_path / "s.run") == run
    assert read_run(tmp_path / "s.run", "other").name == "other"
    assert (tmp_path / "s.run").read_text().splitlines()[0] == "q1 Q0 z 1 1.5 s"


def test_ids_that_a_format_cannot_hold_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    spaced = {"q1": {"war and peace": 3}}
    with pytest.raises(InputError, match=r"the id 'war and peace' cannot be written to a TREC file.*BEIR qrels can hold it"):
        write_qrels(tmp_path / "a.qrels", spaced)
    write_qrels(tmp_path / "a.tsv", spaced, "beir")
    assert read_qrels(tmp_path / "a.tsv") == spaced
    for bad in ("a\tb", "a\nb", "", " a"):
        with pytest.raises(InputError, match="cannot be written to a BEIR file"):
            write_qrels(tmp_path / "b.tsv", {"q1": {bad: 1}}, "beir")
    for run in (Run("my run", {"q1": Ranking(("a",), (1.0,))}), Run("s", {"q 1": Ranking(("a",), (1.0,))})):
        with pytest.raises(InputError, match="cannot be written to a TREC file"):
            write_run(tmp_path / "s.run", run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv"]


def test_ties_are_broken_as_trec_eval_breaks_them(tmp_path: Path) -> None:
    """By score in single precision, then by id from the last to the first; the rank column says nothing."""
    lines = ["q Q0 a 1 1 s", "q Q0 c 2 1 s", "q Q0 b 3 1.00000000001 s", "q Q0 d 4 0.5 s", "q Q0 e 5 7 s"]
    assert read_run(saved(tmp_path / "s.run", "\n".join(lines))).rankings["q"].book_ids == ("e", "c", "b", "a", "d")


def test_our_order_survives_single_precision(tmp_path: Path) -> None:
    scores = (1.0, 1.0, 1.0 - 1e-12, 1.0 - 1e-12, 0.25, 0.0, 0.0, -5.0)
    lower = separated(scores)
    assert all(first > second for first, second in pairwise(lower))
    assert lower == pytest.approx(scores, abs=1e-6)
    ids = tuple("abcdefgh")
    write_run(tmp_path / "s.run", Run("s", {"q": Ranking(ids, scores)}))
    assert read_run(tmp_path / "s.run").rankings["q"].book_ids == ids


def test_lines_are_found_again(tmp_path: Path) -> None:
    trec, beir, run = (saved(tmp_path / name, text) for name, text in (("t.qrels", TREC), ("b.tsv", BEIR), ("s.run", RUN)))
    assert (line_of_query(trec, "q2"), line_of_query(beir, "q2"), line_of_query(trec, "q9")) == (3, 4, None)
    assert (line_of_book(trec, "b"), line_of_book(beir, "b"), line_of_book(beir, "z")) == (2, 3, None)
    assert (line_of_pair(trec, "q2", "a"), line_of_pair(beir, "q2", "b")) == (3, None)
    assert (line_of_hit(run, query_id="q2"), line_of_hit(run, book_id="b"), line_of_hit(run, "q2", "a")) == (3, 2, None)


def test_a_million_lines_are_read_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "large.run"
    with path.open("w") as out:
        for query in range(10_000):
            out.writelines(f"q{query} Q0 book{(query * 37 + rank * 101) % 50_000} {rank} {100 - rank * 0.5} s\n" for rank in range(100))
        out.write("q0 Q0 another 101 nan s\n")
    started = time.process_time()
    assert_refused(lambda: read_run(path), "line 1000001: score 'nan'", "expected a finite number")
    assert time.process_time() - started < 20


def test_measures_are_those_of_pytrec_eval_on_50_random_runs(tmp_path: Path) -> None:
    """With tied scores, gaps (queries without results, books without judgments), empty rankings; read from files, as users do."""
    import pytrec_eval  # type: ignore[import-not-found, unused-ignore]

    names = {
        "nDCG@10": "ndcg_cut_10", "nDCG": "ndcg", "AP": "map", "RR": "recip_rank", "P@10": "P_10", "P@5": "P_5",
        "R@100": "recall_100", "R@5": "recall_5", "Bpref": "bpref",
    }  # fmt: skip
    compared = ties = 0
    for seed in range(50):
        grades, scores = random_case(random.Random(seed))
        ties += sum(len(of) - len(set(of.values())) for of in scores.values())
        write_qrels(tmp_path / "q.qrels", grades)
        lines = [f"{query} Q0 {book} {rank} {score!r} s" for query, of in scores.items() for rank, (book, score) in enumerate(of.items())]
        run = read_run(saved(tmp_path / "s.run", "\n".join(lines)))
        judged = read_qrels(tmp_path / "q.qrels")
        ours = query_values(parse_measures([*names, "RR(rel=2)", "P(rel=2)@5", "RR@10"]), judged, run.rankings)
        theirs = pytrec_eval.RelevanceEvaluator(grades, set(names.values())).evaluate(scores)
        strict = pytrec_eval.RelevanceEvaluator(grades, {"recip_rank", "P_5"}, relevance_level=2).evaluate(scores)
        for query, of in judged.items():
            for name, theirs_name in names.items():
                expected = theirs[query][theirs_name] if query in theirs else 0.0
                if name == "Bpref" and min(of.values()) > 0:
                    assert ours[name][query] is None
                    continue
                assert ours[name][query] == pytest.approx(expected, abs=1e-9), (seed, query, name)
                compared += 1
            first = strict.get(query, {"recip_rank": 0.0, "P_5": 0.0})
            assert ours["RR(rel=2)"][query] == pytest.approx(first["recip_rank"], abs=1e-9)
            assert ours["P(rel=2)@5"][query] == pytest.approx(first["P_5"], abs=1e-9)
            whole = theirs[query]["recip_rank"] if query in theirs else 0.0
            assert ours["RR@10"][query] == pytest.approx(whole if whole >= 0.1 - 1e-9 else 0.0, abs=1e-9)
    assert compared > 5000
    assert ties > 1000


def random_case(chance: random.Random) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    books = [f"b{at:03}" for at in range(60)]
    grades = {
        f"q{at}": {book: chance.choice((0, 0, 0, 1, 2, 3)) for book in chance.sample(books, chance.randint(1, 30))} for at in range(15)
    }
    scores: dict[str, dict[str, float]] = {}
    for at in range(18):
        found = chance.sample(books, chance.choice((0, 1, 5, 20, 50)))
        # Few different scores, and some that differ only beyond single precision.
        scores[f"q{at}"] = {book: chance.randint(0, 8) / 4 + chance.choice((0.0, 1e-12)) for book in found}
    return grades, {query: of for query, of in scores.items() if of or chance.random() < 0.5}
