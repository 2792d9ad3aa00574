"""`vibeshelf bench`: how long everything takes on each device, backend and precision of this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibeshelf.commands.frame import FINE, command, print_json
from vibeshelf.core.errors import InputError

if TYPE_CHECKING:
    from vibeshelf.core.latency import BenchResult
    from vibeshelf.services.latency import Row


def add_bench(commands: Any) -> None:
    parser = command(
        commands,
        "bench",
        _bench,
        "Measure latency by device, backend, precision and stage, or import what another machine measured.",
        "vibeshelf bench --backends onnx,openvino --queries 200\n  vibeshelf bench import other-machine.latency.jsonl",
    )
    parser.add_argument("action", nargs="?", choices=("import",), help="take in a result of another machine instead of measuring")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what to import")
    parser.add_argument("--devices", default="auto", help="of cpu, cuda, mps; or auto, all that are here (default: auto)")
    parser.add_argument("--backends", default="all", help="of torch, onnx, openvino; or all that are here (default: all)")
    parser.add_argument("--precisions", default="all", help="of fp32, bf16, fp16, int8; or all that are here (default: all)")
    parser.add_argument("--batch-sizes", default="1,32", metavar="N,N", help="books encoded at a time (default: 1,32)")
    parser.add_argument("--queries", type=int, default=100, metavar="N", help="of each length: short, medium, long (default: 100)")
    parser.add_argument("--collection", default="starter", metavar="NAME", help="what is searched (default: starter)")
    parser.add_argument("--system", default="hybrid", help="hybrid (default), dense, lexical or popular")
    parser.add_argument("--note", default="", help="what a reader should know of this run, such as: held to one core")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the result there too, to carry it to another machine; in a folder, under the machine's name",
    )


def _bench(arguments: argparse.Namespace) -> int:
    if arguments.action == "import":
        return _import(arguments)
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.bench import sweep
    from vibeshelf.services.bench_plan import Plan
    from vibeshelf.services.latency import keep

    plan = Plan(
        _names(arguments.devices), _names(arguments.backends), _names(arguments.precisions), _sizes(arguments.batch_sizes),
        arguments.queries, arguments.collection, arguments.system, " ".join(arguments.note.split()),
    )  # fmt: skip
    settings = load_settings()
    result = sweep(settings, plan, _Teller())
    path = keep(settings, result)
    if arguments.out is not None:
        path = _copied(result, arguments.out)
    _print(arguments, result, path)
    return FINE


def _import(arguments: argparse.Namespace) -> int:
    if arguments.file is None:
        raise InputError("bench import takes a FILE; an example: vibeshelf bench import other-machine.latency.jsonl")
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.latency import import_result

    measured = import_result(load_settings(), arguments.file.expanduser())
    _print(arguments, measured.result, measured.path)
    return FINE


def _copied(result: BenchResult, path: Path) -> Path:
    from vibeshelf.adapters.bench_files import write_result
    from vibeshelf.services.latency import file_name

    target = path.expanduser().absolute()
    target = target / file_name(result) if target.is_dir() else target
    write_result(target, result)
    return target


def _print(arguments: argparse.Namespace, result: BenchResult, path: Path) -> None:
    from vibeshelf.services.latency import document, rows_of

    if arguments.json:
        print_json(document(result, path))
        return
    environment = result.environment
    print(f"{environment.label}, {environment.model}, {environment.measured_at}, load {environment.load_before:.1f}")
    print("\n".join(_table(rows_of(result))))
    for each in result.agreement:
        print(f"{each.verdict:9} {each.engine}: {each.reason}")
    for missing in result.not_measured:
        print(f"not measured: {missing.what}: {missing.reason}", file=sys.stderr)
    print(f"samples: {path}", file=sys.stderr)


def _table(rows: list[Row]) -> Iterator[str]:
    yield f"{'engine':26} {'stage':11} {'texts':7} {'batch':>5} {'n':>5} {'p50 ms':>9} {'p95 ms':>9} {'p99 ms':>9} {'per second':>11}"
    for row in rows:
        figures = " ".join(f"{'-' if value is None else format(value, '.2f'):>9}" for value in (row.p50_ms, row.p95_ms, row.p99_ms))
        yield f"{row.engine!s:26} {row.stage:11} {row.text or '':7} {row.batch_size:5} {row.n:5} {figures} {row.per_second:11.1f}"


class _Teller:
    """Says on stderr what is measured: a line for each thing, and how far it is where that is a terminal."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, share: float, what: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{share:4.0%} {what:<70}", end="" if share < 1 else "\n", file=sys.stderr, flush=True)
        elif what != self._said:
            print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)
        self._said = what


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise InputError(f"'{text}' names nothing; expected names with commas between them")
    return names


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and len(part) < 9 for part in parts):
        raise InputError(f"--batch-sizes '{text}'; expected whole numbers with commas between them, such as 1,32")
    return tuple(sorted({int(part) for part in parts}))
