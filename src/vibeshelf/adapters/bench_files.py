"""Results of benchmarks as JSON lines: a first line that says what it is, one line a group of samples, a last line that ends it.

Every field is checked on the way in, since files come from other machines and other versions.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from vibeshelf.adapters.rows import bad_line, lines_of, quoted, text_of, write_lines
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.latency import Agreement, BenchResult, Environment, LatencySamples, NotMeasured, Quality

SUFFIX = ".latency.jsonl"
KIND, SCHEMA = "vibeshelf latency", 1
MAX_BYTES = 50_000_000
_EXPECTED = "a result of `vibeshelf bench`"
_KINDS: dict[str, type[Any]] = {
    "samples": LatencySamples, "agreement": Agreement, "quality": Quality, "not_measured": NotMeasured,
}  # fmt: skip
Record = TypeVar("Record")


def write_result(path: Path, result: BenchResult) -> None:
    """Write a result; the file is there whole or not at all."""
    write_lines(path, _lines(result))


def read_result(path: Path) -> BenchResult:
    """Return the result of a file. Raises SourceError, in one line, for one that is foreign, damaged, cut off or of another schema."""
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{path} has {path.stat().st_size:,} bytes; {_EXPECTED} has {MAX_BYTES:,} at most")
    rows = _rows(path)
    _, first = next(rows)
    environment = _environment(path, first)
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    ended = False
    for number, row in rows:
        if ended:
            raise bad_line(path, number, "something stands behind the end of the result")
        kind = next(iter(row), "")
        if kind == "end":
            ended = row["end"] == number
        elif kind in found:
            found[kind].append(_record(path, number, _KINDS[kind], row[kind]))
        else:
            raise bad_line(path, number, f"'{kind[:40]}' is no part of {_EXPECTED}; known: {', '.join(found)}")
    if not ended:
        raise SourceError(f"{path} is cut off: its last line is missing. Copy it again")
    if not found["samples"]:
        raise SourceError(f"{path} holds no samples; expected {_EXPECTED}")
    return BenchResult(environment, *(tuple(found[kind]) for kind in _KINDS))


def result_files(folder: Path) -> list[Path]:
    """Return the results in a folder, the oldest first; none where there is no folder."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())


def _lines(result: BenchResult) -> Iterator[str]:
    head = {"kind": KIND, "schema": SCHEMA, "environment": dataclasses.asdict(result.environment)}
    rows: list[dict[str, Any]] = [head]
    for kind, records in (
        ("samples", result.samples), ("agreement", result.agreement), ("quality", result.quality), ("not_measured", result.not_measured),
    ):  # fmt: skip
        rows += [{kind: _rounded(dataclasses.asdict(record))} for record in records]
    for row in [*rows, {"end": len(rows) + 1}]:
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with times to a tenth of a microsecond, which no clock here is finer than."""
    if "seconds" in row:
        row["seconds"] = [max(round(value, 7), 1e-7) for value in row["seconds"]]
    return row


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, data in lines_of(path, _EXPECTED):
        try:
            row = json.loads(text_of(path, number, data))
        except (ValueError, RecursionError):
            cut = "it is no JSON; expected" if number == 1 else "it is damaged or cut off; expected the rest of"
            raise bad_line(path, number, f"{cut} {_EXPECTED}, found {quoted(data)}") from None
        if not isinstance(row, dict) or not row:
            raise bad_line(path, number, f"expected {_EXPECTED}, found {quoted(data)}")
        yield number, row


def _environment(path: Path, row: dict[str, Any]) -> Environment:
    if row.get("kind") != KIND:
        raise SourceError(f"{path} is not {_EXPECTED}: its first line does not say so")
    schema = row.get("schema")
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        mend = "update Vibeshelf" if newer else "measure again with this version: vibeshelf bench"
        raise SourceError(f"{path} has schema {str(schema)[:20]}, this Vibeshelf reads {SCHEMA}; {mend}")
    return _record(path, 1, Environment, row.get("environment"))


def _record(path: Path, number: int, of: type[Record], row: Any) -> Record:
    """Return a row as the record that it is said to be."""
    if not isinstance(row, dict):
        raise bad_line(path, number, f"expected the fields of {of.__name__}, found {quoted(str(row).encode())}")
    hints = get_type_hints(of)
    required = {field.name for field in dataclasses.fields(of) if field.default is dataclasses.MISSING}  # type: ignore[arg-type]
    if missing := sorted(required - row.keys()):
        raise bad_line(path, number, f"{of.__name__} lacks {', '.join(missing)}")
    values = {}
    for name in [name for name in hints if name in row]:
        values[name] = tuple(row[name]) if isinstance(row[name], list) else row[name]
        if not _fits(values[name], hints[name]):
            raise bad_line(path, number, f"{name} of {of.__name__} is {quoted(str(row[name]).encode())}; expected {_said(hints[name])}")
    try:
        return of(**values)
    except InputError as error:
        raise bad_line(path, number, str(error)) from None


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(key, inner[0]) and _fits(each, inner[1]) for key, each in value.items())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) < 1e15
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _said(hint: Any) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", type(None): "nothing"}
    inner = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_said(each) for each in inner)
    if get_origin(hint) is tuple:
        return f"a list, each {_said(inner[0])}"
    return names.get(hint, "names with their values")
