"""`vibeshelf judge`: grades in and out, and how far raters agree."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.frame import FINE, command, print_json
from vibeshelf.core.errors import InputError

if TYPE_CHECKING:
    from vibeshelf.core.judging import Task
    from vibeshelf.services.agreement import Agreement, Report
    from vibeshelf.services.judging import Desk

_SHOWN = 5


def add_judge(commands: Any) -> None:
    parser = command(
        commands,
        "judge",
        _judge,
        "Import or export grades, queries and runs of a judging task, or measure how far its raters agree.",
        "vibeshelf judge export qrels.trec --task starter --rule median",
    )
    parser.add_argument("action", choices=("import", "export", "agreement"))
    parser.add_argument("file", nargs="?", metavar="FILE", help="what to read or write; 'import starter' takes the grades of the package")
    parser.add_argument("--task", metavar="NAME", default="starter", help="default: starter; an import makes a task that is not there")
    parser.add_argument("--format", default="auto", help="auto, trec, beir, csv or queries; for import also run")
    parser.add_argument("--rule", help="how grades of several raters become one: median, majority or strictest (default: the task's)")
    parser.add_argument("--rater", metavar="NAME", help="who gave imported grades, where the file does not say")
    parser.add_argument("--collection", metavar="NAME", default="starter", help="of a task that an import makes (default: starter)")


def _judge(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.judging import open_desk

    if (arguments.file is None) != (arguments.action == "agreement"):
        wanted = "no FILE" if arguments.action == "agreement" else "a FILE"
        raise InputError(f"judge {arguments.action} takes {wanted}; an example: vibeshelf judge export qrels.trec")
    desk = open_desk(load_settings())
    if arguments.action == "import":
        return _import(desk, arguments)
    task = desk.task(arguments.task)
    return _export(desk, task, arguments) if arguments.action == "export" else _agreement(desk, task, arguments)


def _import(desk: Desk, arguments: argparse.Namespace) -> int:
    from vibeshelf.services.judgment_files import import_file, task_for

    done = import_file(desk, task_for(desk, arguments.task, arguments.collection), arguments.file, arguments.format, arguments.rater)
    if arguments.json:
        conflicts = [
            {"query_id": each.here.query_id, "book_id": each.here.book_id, "rater": each.here.rater,
             "here": each.here.grade, "file": each.there.grade}
            for each in done.conflicts
        ]  # fmt: skip
        content = asdict(done)
        content["format"] = content.pop("form")
        print_json({**content, "conflicts": conflicts})
        return FINE
    print(f"{done.file} ({done.form}) into task '{done.task}': {done.read:,} read, {done.added:,} added, {done.unchanged:,} there already")
    for each in done.conflicts[:_SHOWN]:
        here = each.here
        print(f"  kept: {here.query_id} {here.book_id} by {here.rater} is {_text(here.grade)}, not {_text(each.there.grade)}")
    if done.conflicts:
        print(f"  {len(done.conflicts):,} conflicts; what was here stays (--json lists all)")
    for line, ids in (
        ("queries kept as they were, because they have grades", done.refused_queries),
        ("queries without a text here", done.unknown_queries),
    ):
        if ids:
            print(f"  {len(ids):,} {line}: {', '.join(ids[:_SHOWN])}{' ...' if len(ids) > _SHOWN else ''}")
    return FINE


def _export(desk: Desk, task: Task, arguments: argparse.Namespace) -> int:
    from vibeshelf.services.judgment_files import export_file

    done = export_file(desk, task, Path(arguments.file).expanduser(), arguments.format, arguments.rule)
    if arguments.json:
        content = asdict(done)
        content["format"] = content.pop("form")
        print_json(content)
        return FINE
    if done.form == "queries":
        print(f"{done.written:,} queries of task '{done.task}' in {done.file}")
        return FINE
    how = f"one grade a pair, {done.rule} of {done.raters} raters" if done.rule else f"all that {done.raters} raters gave"
    print(f"{done.written:,} judgments of task '{done.task}' in {done.file} ({done.form}; {how})")
    return FINE


def _agreement(desk: Desk, task: Task, arguments: argparse.Namespace) -> int:
    from vibeshelf.services.agreement import grades_of, report

    found = report(grades_of(desk.judgments.standing(task.name)), desk.judgments.settled(task.name))
    if arguments.json:
        print_json({"task": task.name, "rule": task.rule, **asdict(found)})
        return FINE
    _print_agreement(task, found)
    return FINE


def _print_agreement(task: Task, found: Report) -> None:
    print(f"task '{task.name}': {found.graded:,} pairs graded, {found.graded_twice:,} by more than one rater")
    print(f"  {_line(found.overall)} ({len(found.overall.raters)} raters)")
    if found.same is not None and found.within_one is not None:
        print(f"  same grade {found.same:.1%}, within one grade {found.within_one:.1%}")
    for each in found.pairs:
        print(f"  {_line(each)} ({' and '.join(each.raters)})")
    for query_id, each in _lowest(found):
        print(f"  query {query_id}: {_line(each)}")
    print(f"  {found.disagreements:,} disagreements open, {found.settled:,} settled; one grade a pair is the {task.rule}")


def _lowest(found: Report) -> list[tuple[str, Agreement]]:
    """Return the queries on which raters agree least, the undefined ones last."""
    ordered = sorted(found.queries.items(), key=lambda item: (item[1].value is None, item[1].value or 0.0, item[0]))
    return ordered[:_SHOWN]


def _line(each: Agreement) -> str:
    name = "Krippendorff's ordinal alpha" if each.coefficient == "alpha" else "Cohen's weighted kappa"
    if each.value is None:
        return f"{name} n/a, n={each.n:,}"
    interval = f" [{each.low:.3f}, {each.high:.3f}]" if each.low is not None else ""
    return f"{name} {each.value:.3f}{interval}, n={each.n:,}"


def _text(grade: int | None) -> str:
    return "skipped" if grade is None else str(grade)
