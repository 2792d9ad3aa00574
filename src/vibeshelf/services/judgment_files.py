"""Grades in and out: CSV with everything, TREC and BEIR qrels; queries in and out, runs in."""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.catalog.starter import STARTER, starter_grades_path
from vibeshelf.adapters.judgments import Conflict, Merged, now
from vibeshelf.adapters.judgments_csv import csv_lines, read_csv
from vibeshelf.adapters.rows import lines_of, write_lines
from vibeshelf.adapters.trec import line_of_pair, read_qrels, read_run, write_qrels
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.judging import Judgment, Made, Task
from vibeshelf.core.records import GRADES
from vibeshelf.services.agreement import combine, grades_of
from vibeshelf.services.judging import MAX_DEPTH, MAX_NAME, Desk, check_rater, check_task
from vibeshelf.services.systems import SYSTEMS
from vibeshelf.services.task_queries import QueriesAdded, add_queries, queries_in

EXPORTS = ("trec", "beir", "csv", "queries")
IMPORTS = (*EXPORTS, "run")
_EXPECTED = "judgments (CSV, TREC or BEIR qrels), queries, or a TREC run"
_SUFFIXES = {".csv": "csv", ".tsv": "beir"}
_BEIR = re.compile(rb"query[-_ ]?id\tcorpus[-_ ]?id\tscore", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `unknown_queries` are ids that judgments or runs name and the task does not have."""

    task: str
    file: str
    form: str
    read: int
    added: int
    unchanged: int
    conflicts: tuple[Conflict, ...] = ()
    refused_queries: tuple[str, ...] = ()
    unknown_queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote: judgments (CSV), queries, or pairs with one grade, made of several raters' by `rule`."""

    task: str
    file: str
    form: str
    rule: str | None
    written: int
    raters: int


def import_file(desk: Desk, task: Task, source: str, form: str = "auto", rater: str | None = None) -> Imported:
    """Take a file into a task, all of it or nothing. What stands is never changed; what differs is reported.

    `source` is a path or the word `starter`: the grades that come with the package. `rater` is who graded where the file does not say.
    Raises SourceError with the line for what cannot be read, InputError for an unknown format.
    """
    path = starter_grades_path() if source == STARTER else Path(source).expanduser()
    kind = _recognise(path) if form == "auto" else form
    if kind not in IMPORTS:
        raise InputError(f"unknown format '{kind}'; known: auto, {', '.join(IMPORTS)}")
    if kind == "queries":
        return _import_queries(desk, task, path)
    if kind == "run":
        return _import_run(desk, task, path)
    return _import_judgments(desk, task, path, kind, check_rater(f"file {path.name}"[:MAX_NAME] if rater is None else rater))


def export_file(desk: Desk, task: Task, path: Path, form: str = "auto", rule: str | None = None) -> Exported:
    """Write a task's judgments: `csv` has all that stands, `trec` and `beir` one grade a pair by `rule` (default: the task's).

    `queries` writes their texts instead, as TSV: what `vibeshelf eval` needs beside the qrels. Raises InputError where there is nothing.
    """
    kind = _SUFFIXES.get(path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix, "trec") if form == "auto" else form
    if kind not in EXPORTS:
        raise InputError(f"unknown format '{kind}'; known: auto, {', '.join(EXPORTS)}")
    if kind == "queries":
        return _export_queries(desk, task, path)
    standing, settled = desk.judgments.standing(task.name), desk.judgments.settled(task.name)
    raters = len({judgment.rater for judgment in standing})
    if not standing and not settled:
        raise InputError(f"task '{task.name}' has no judgments yet; grade some on the Judge page, or: vibeshelf judge import FILE")
    if kind == "csv":
        write_lines(path, csv_lines(standing, settled.values()))
        return Exported(task.name, str(path), kind, None, len(standing) + len(settled), raters)
    one = combine(grades_of(standing), rule or task.rule, settled)
    grades: dict[str, dict[str, int]] = {}
    for pair, grade in one.items():
        grades.setdefault(pair.query_id, {})[pair.book_id] = grade
    write_qrels(path, grades, kind)
    return Exported(task.name, str(path), kind, rule or task.rule, len(one), raters)


def _export_queries(desk: Desk, task: Task, path: Path) -> Exported:
    queries = desk.tasks.queries(task.name)
    if not queries:
        raise InputError(f"task '{task.name}' has no queries yet; add some on the Judge page, or: vibeshelf judge import FILE")
    write_lines(path, (f"{query.query_id}\t{query.text}" for query in queries))
    return Exported(task.name, str(path), "queries", None, len(queries), 0)


def graded_file(desk: Desk, task: Task, folder: Path) -> Exported:
    """Write the qrels of a task into a folder for evaluations, in place of earlier ones, and return where they are."""
    # A name may hold what no file name can.
    name = f"{re.sub('[^A-Za-z0-9]+', '-', task.name)}-{hashlib.sha256(task.name.encode()).hexdigest()[:8]}"
    return export_file(desk, task, folder / f"{name}.tsv", "beir")


def export_bytes(desk: Desk, task: Task, form: str, rule: str | None = None) -> bytes:
    """Return what export_file would write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judgments"
        export_file(desk, task, path, form, rule)
        return path.read_bytes()


def task_for(desk: Desk, name: str, collection: str) -> Task:
    """Return a task, or a new one over a collection, which an import then stores. Raises InputError for a name that cannot be used."""
    return desk.tasks.get(name) or check_task(Task(name, (collection,), SYSTEMS))


def _store(desk: Desk, task: Task) -> None:
    # After the file was read: one that cannot be used leaves no empty task behind.
    if desk.tasks.get(task.name) is None:
        desk.tasks.save(task)


def _import_queries(desk: Desk, task: Task, path: Path) -> Imported:
    queries = queries_in(path)
    _store(desk, task)
    done: QueriesAdded = add_queries(desk, task, queries)
    return Imported(task.name, str(path), "queries", len(queries), done.added + done.changed, done.unchanged, refused_queries=done.refused)


def _import_run(desk: Desk, task: Task, path: Path) -> Imported:
    run = read_run(path)
    ranked = {query_id: ranking.book_ids[:MAX_DEPTH] for query_id, ranking in run.rankings.items()}
    _store(desk, task)
    desk.tasks.save_run(task.name, run.name, ranked)
    count = sum(map(len, ranked.values()))
    return Imported(task.name, str(path), "run", count, count, 0, unknown_queries=_unknown(desk, task, set(ranked)))


def _import_judgments(desk: Desk, task: Task, path: Path, form: str, rater: str) -> Imported:
    origin = f"file {path.name}"
    if form == "csv":
        sheet = read_csv(path, rater, origin)
        judgments, settlements = [each for _, each in sheet.judgments], [each for _, each in sheet.settlements]
    else:
        judgments, settlements = _from_qrels(path, rater, origin), []
    _store(desk, task)
    merged: Merged = desk.judgments.merge(task.name, judgments, settlements)
    unknown = _unknown(desk, task, {judgment.query_id for judgment in judgments})
    read = len(judgments) + len(settlements)
    return Imported(task.name, str(path), form, read, merged.added, merged.unchanged, merged.conflicts, unknown_queries=unknown)


def _from_qrels(path: Path, rater: str, origin: str) -> list[Judgment]:
    judgments = []
    for query_id, of in read_qrels(path).items():
        for book_id, grade in of.items():
            if grade not in GRADES:
                line = line_of_pair(path, query_id, book_id)
                raise SourceError(f"{path}, line {line}: grade {grade}; expected one of {', '.join(map(str, GRADES))}")
            judgments.append(Judgment(query_id, book_id, grade, rater, now(), made=Made(origin=origin)))
    return judgments


def _unknown(desk: Desk, task: Task, query_ids: set[str]) -> tuple[str, ...]:
    return tuple(sorted(query_ids - {query.query_id for query in desk.tasks.queries(task.name)}))


def _recognise(path: Path) -> str:
    """Return the format of a file by its first line. Raises SourceError where that tells nothing."""
    _, first = next(iter(lines_of(path, _EXPECTED)))
    if b"query_id" in first and b"," in first:
        return "csv"
    if _BEIR.fullmatch(first.strip()):
        return "beir"
    columns = len(first.split())
    if columns == 6 and first.split()[1].upper() == b"Q0":
        return "run"
    if columns == 4 and first.split()[1] in (b"0", b"Q0") and first.split()[3].isdigit():
        return "trec"
    if b"\t" in first or first.lstrip().startswith(b"{"):
        return "queries"
    raise SourceError(f"{path}: its first line tells no format; name it with --format ({', '.join(IMPORTS)}). Expected {_EXPECTED}")
