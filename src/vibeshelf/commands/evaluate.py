"""`vibeshelf eval`: how good the systems are on judged queries, and whether they differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.bar import Bar
from vibeshelf.commands.frame import FINE, NO, command, encoder_flags, print_json
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Filter, Grades, Run
from vibeshelf.services.evaluation_notes import notes_of

if TYPE_CHECKING:
    from vibeshelf.services.evaluation import Report
    from vibeshelf.services.gates import Gate, Passed
    from vibeshelf.services.measures import Measure
    from vibeshelf.services.shelf import Shelf

_NONE = "none"


def add_evaluate(commands: Any) -> None:
    parser = command(
        commands,
        "eval",
        _evaluate,
        "Measure the systems on judged queries, with intervals and paired tests.",
        'vibeshelf eval --queries queries.tsv --qrels qrels.trec --collection mine --gate "nDCG@10>=0.60"',
    )
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    parser.add_argument("--queries", metavar="FILE", type=Path, help="TSV of id and text, or BEIR jsonl (default: the starter queries)")
    parser.add_argument(
        "--qrels",
        metavar="FILE",
        action="append",
        type=Path,
        help="TREC qrels or BEIR tsv; may be repeated (default: those of the starter queries)",
    )
    parser.add_argument(
        "--systems", default="dense,lexical,hybrid", help="of dense, lexical, hybrid, popular; or 'none' (default: dense,lexical,hybrid)"
    )
    parser.add_argument("--measures", help="ir-measures' names (default: nDCG@10,RR@10,R@100,Judged@10)")
    parser.add_argument("--baseline", metavar="SYSTEM", help="what the others are compared with (default: dense, or the first)")
    parser.add_argument(
        "--run", action="append", default=[], metavar="[NAME=]FILE", help="a TREC run file of another tool; may be repeated"
    )
    parser.add_argument("--run-out", type=Path, metavar="DIR", help="write a TREC run file of every system")
    parser.add_argument("--gate", action="append", default=[], metavar="GATE", help='exit 1 unless met, as in "hybrid:nDCG@10>=0.60"')
    parser.add_argument("-k", type=int, metavar="N", help="results a query (default: 100, or as many as the deepest measure looks at)")
    parser.add_argument("--where", action="append", default=[], metavar="KEY=VALUE", help="search only such books; may be repeated")
    encoder_flags(parser)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the flags and files say, read before a model is loaded."""

    systems: tuple[str, ...]
    queries: Mapping[str, str]
    grades: Grades
    qrels: Mapping[Path, Grades]
    measures: tuple[Measure, ...]
    gates: tuple[Gate, ...]
    imported: Mapping[Path, Run]
    filters: tuple[Filter, ...]
    k: int

    @property
    def source(self) -> str:
        """What the judged queries are called: the starter ones, or the names of the files with their judgments."""
        from vibeshelf.adapters.catalog.starter import starter_qrels_path

        return "the starter queries" if list(self.qrels) == [starter_qrels_path()] else ", ".join(path.name for path in self.qrels)


def _evaluate(arguments: argparse.Namespace) -> int:
    from vibeshelf.services.evaluation import evaluate
    from vibeshelf.services.gates import check_gate, gated_system

    asked = _read(arguments)
    names = [*asked.systems, *(run.name for run in asked.imported.values())]
    for gate in asked.gates:
        gated_system(gate, names)
    if arguments.baseline is not None and arguments.baseline not in names:
        raise InputError(f"the baseline '{arguments.baseline}' is not among the systems: {', '.join(names)}")
    shelf = _shelf(arguments) if asked.systems else None
    for note in notes_of(asked.queries, asked.qrels, asked.imported, shelf):
        print(f"vibeshelf: {note}", file=sys.stderr)
    runs = [*(_own_runs(arguments, asked, shelf) if shelf else ()), *asked.imported.values()]
    report = evaluate(runs, asked.grades, asked.measures, arguments.baseline, list(asked.queries))
    if shelf is not None:
        from vibeshelf.services.chronicle import note_evaluation

        note_evaluation(shelf, asked.source, report)
    passed = [check_gate(gate, report) for gate in asked.gates]
    if arguments.json:
        print_json(_content(arguments, asked, report, passed, runs))
    else:
        from vibeshelf.commands.evaluate_text import lines_of

        print("\n".join(lines_of(report, asked.measures, arguments.collection if shelf else None)))
    for each in passed:
        if not (each.met and arguments.json):
            print(each.sentence if each.met else f"vibeshelf: {each.sentence}", file=sys.stdout if each.met else sys.stderr)
    return FINE if all(each.met for each in passed) else NO


def _read(arguments: argparse.Namespace) -> _Asked:
    """Return what was asked for. Raises InputError or SourceError, before anything that takes long."""
    from vibeshelf.adapters.query_files import read_queries
    from vibeshelf.adapters.trec import read_qrels, united
    from vibeshelf.services.filters import parse_filters
    from vibeshelf.services.gates import parse_gate
    from vibeshelf.services.measures import DEFAULT_MEASURES, parse_measures
    from vibeshelf.services.runs import depth_for

    systems = _systems(arguments.systems)
    if not systems and not arguments.run:
        raise InputError("--systems none leaves nothing to evaluate; expected --run FILE with it")
    gates = tuple(parse_gate(text) for text in arguments.gate)
    asked = parse_measures(arguments.measures if arguments.measures is not None else DEFAULT_MEASURES)
    measures = tuple(dict.fromkeys([*asked, *(gate.measure for gate in gates)]))
    filters, k = parse_filters(arguments.where), depth_for(measures, arguments.k)
    queries_path, qrels_paths = _paths(arguments, bool(systems))
    qrels = {path: read_qrels(path) for path in qrels_paths}
    grades = united(qrels)
    queries = read_queries(queries_path) if queries_path else {}
    if queries and not any(query_id in queries for query_id in grades):
        raise InputError(f"{qrels_paths[0]} judges none of the {len(queries):,} queries of {queries_path}; their ids differ")
    return _Asked(systems, queries, grades, qrels, measures, gates, _imported(arguments.run, systems), filters, k)


def _systems(text: str) -> tuple[str, ...]:
    from vibeshelf.services.search import check_system

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    return () if names == (_NONE,) else tuple(check_system(name) for name in names or ("",))


def _paths(arguments: argparse.Namespace, searches: bool) -> tuple[Path | None, list[Path]]:
    from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries_path

    if arguments.queries is None and arguments.qrels is None:
        return starter_queries_path(), [starter_qrels_path()]
    if arguments.qrels is None:
        raise InputError("--queries without --qrels: expected the judgments of these queries, or neither for the starter ones")
    if arguments.queries is None and searches:
        raise InputError("--qrels without --queries: expected the texts of the judged queries, or --systems none with --run FILE")
    return arguments.queries, arguments.qrels


def _imported(texts: Sequence[str], systems: Sequence[str]) -> dict[Path, Run]:
    from vibeshelf.adapters.trec import read_run

    runs: dict[Path, Run] = {}
    taken = set(systems)
    for text in texts:
        name, equals, file = text.partition("=")
        path = Path(file) if equals and not Path(text).exists() else Path(text)
        name = name if path == Path(file) and equals else path.name.removesuffix(".gz").rpartition(".")[0] or path.name
        if name in taken or path in runs:
            raise InputError(f"--run {text}: a system is called '{name}' already; expected another name: --run NAME={path}")
        taken.add(name)
        runs[path] = read_run(path, name)
    return runs


def _shelf(arguments: argparse.Namespace) -> Shelf:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.shelf import open_shelf

    settings = load_settings(backend=arguments.backend, device=arguments.device)
    return open_shelf(arguments.collection, model=arguments.model, settings=settings)


def _own_runs(arguments: argparse.Namespace, asked: _Asked, shelf: Shelf) -> list[Run]:
    """Return the runs of our systems over the judged queries; write them where --run-out says."""
    from vibeshelf.adapters.trec import write_run
    from vibeshelf.services.runs import make_run

    judged = {query_id: text for query_id, text in asked.queries.items() if query_id in asked.grades}
    runs: list[Run] = []
    with Bar("queries") as bar:
        for system in asked.systems:
            show = _progress(bar, len(runs) * len(judged), len(asked.systems) * len(judged))
            runs.append(make_run(shelf, judged, system, asked.k, asked.filters, show))
    for run in runs:
        if run.refused:
            query_id, reason = next(iter(run.refused.items()))
            more = f" and {len(run.refused) - 1:,} more" if len(run.refused) > 1 else ""
            print(f"vibeshelf: {run.name} cannot search query '{query_id}'{more} (0 for each): {reason}", file=sys.stderr)
        if arguments.run_out:
            write_run(arguments.run_out / f"{run.name}.run", run)
    return runs


def _progress(bar: Bar, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: bar.show(before + done, (before + done) / total)


def _content(arguments: argparse.Namespace, asked: _Asked, report: Report, passed: Sequence[Passed], runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "collection": arguments.collection if asked.systems else None,
        "queries": report.queries,
        "systems": {
            system: {name: asdict(summary) for name, summary in measured.summaries.items()} for system, measured in report.measured.items()
        },
        "comparisons": [{**asdict(each), "decided": each.decided, "sentence": each.sentence} for each in report.comparisons],
        "baseline": report.baseline,
        "unjudged_queries": list(report.unjudged),
        "queries_without_relevant": list(report.without_relevant),
        "runs": {
            run.name: {"fingerprint": run.fingerprint, "k": run.k, "median_ms": run.median_ms, "refused": dict(run.refused)} for run in runs
        },
        "gates": [
            {"gate": each.gate.text, "system": each.system, "measure": each.gate.measure.name, "observed": each.observed,
             "expected": f"{each.gate.sign} {each.gate.bound:g}", "met": each.met}
            for each in passed
        ],
    }  # fmt: skip
