"""Queries: TSV of id and text without a header, or BEIR's JSON lines with _id and text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vibeshelf.adapters.catalog.json_lines import parse_object
from vibeshelf.adapters.rows import bad_line, lines_of, text_of

_QUERIES = "queries: an id, a tab and the text, or JSON lines with _id and text"
_ID_NAMES, _TEXT_NAMES = ("_id", "id", "query_id", "query-id", "qid"), ("text", "query")


def read_queries(path: Path) -> dict[str, str]:
    """Return query id -> text, in the file's order.

    Raises SourceError with the line for wrong columns, an empty id or text, an id that is there twice.
    """
    queries: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, query_id, text in _rows(path):
        if not query_id or not text:
            raise bad_line(path, number, f"a query without {'a text' if query_id else 'an id'}; expected {_QUERIES}")
        if query_id in lines:
            raise bad_line(path, number, f"query '{query_id}' is in line {lines[query_id]} already; expected every id once")
        queries[query_id], lines[query_id] = text, number
    return queries


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    is_json = None
    for number, data in lines_of(path, _QUERIES):
        is_json = data.lstrip().startswith(b"{") if is_json is None else is_json
        if is_json:
            yield number, *_object(path, number, data)
            continue
        query_id, tab, text = text_of(path, number, data).partition("\t")
        if not tab:
            raise bad_line(path, number, f"no tab; expected {_QUERIES}")
        if number == 1 and query_id.strip().lower() in _ID_NAMES and text.strip().lower() in _TEXT_NAMES:
            continue
        yield number, query_id.strip(), text.strip()


def _object(path: Path, number: int, data: bytes) -> tuple[str, str]:
    row = parse_object(data)
    if isinstance(row, str):
        raise bad_line(path, number, f"{row}; expected {_QUERIES}")
    query_id, text = (next((row[name] for name in names if name in row), "") for names in (_ID_NAMES, _TEXT_NAMES))
    if not isinstance(text, str) or isinstance(query_id, bool) or not isinstance(query_id, str | int):
        raise bad_line(path, number, f"an id or a text that is no text; expected {_QUERIES}")
    return str(query_id).strip(), text.strip()
