"""The queries of a task: added from lines, TSV or BEIR, and changed as long as nobody has graded them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.rows import lines_of, text_of
from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.services.judging import Desk
from vibeshelf.services.search import clean_query

MAX_ID = 100
_EXPECTED = "queries: one a line, or an id, a tab and the text, or BEIR's JSON lines"
# A query before it has an id is one with an empty id.
_NO_ID = ""


@dataclass(frozen=True, slots=True)
class QueriesAdded:
    """What became of new queries. `refused` are ids whose text would change under grades that were given to another text."""

    added: int
    changed: int
    unchanged: int
    refused: tuple[str, ...]


def add_queries(desk: Desk, task: Task, queries: Iterable[JudgedQuery]) -> QueriesAdded:
    """Add queries to a task; one without an id gets the next free one. Raises InputError for a text or an id that cannot be used."""
    here = {query.query_id: query for query in desk.tasks.queries(task.name)}
    by_text = {query.text: query for query in here.values()}
    graded = {judgment.query_id for judgment in desk.judgments.standing(task.name)}
    kept: dict[str, JudgedQuery] = {}
    added = changed = unchanged = 0
    refused: list[str] = []
    for each in queries:
        text = clean_query(each.text)
        same = by_text.get(text) if each.query_id == _NO_ID else None
        query = JudgedQuery(same.query_id if same else _check_id(each.query_id) or _next_id(here), text, " ".join(each.note.split()))
        old = here.get(query.query_id)
        if same is not None or (old is not None and (old.text, old.note) == (query.text, query.note)):
            unchanged += 1
            continue
        if old is not None and old.text != text and query.query_id in graded:
            refused.append(query.query_id)
            continue
        added, changed = added + (old is None), changed + (old is not None)
        here[query.query_id] = by_text[text] = kept[query.query_id] = query
    desk.tasks.add_queries(task.name, kept.values())
    return QueriesAdded(added, changed, unchanged, tuple(refused))


def queries_in(path: Path) -> list[JudgedQuery]:
    """Return the queries of a file: one a line, TSV or BEIR. Raises SourceError with the line for one that cannot be read."""
    number, first = next(iter(lines_of(path, _EXPECTED)))
    start = text_of(path, number, first)
    if "\t" in start or start.lstrip().startswith("{"):
        return [JudgedQuery(query_id, text) for query_id, text in read_queries(path).items()]
    return [JudgedQuery(_NO_ID, text_of(path, number, data).strip()) for number, data in lines_of(path, _EXPECTED)]


def queries_of(text: str) -> list[JudgedQuery]:
    """Return the queries of typed lines: a text each, or an id, a tab and a text."""
    parts = [line.rpartition("\t") for line in text.splitlines() if line.strip()]
    return [JudgedQuery(query_id.strip(), words.strip()) for query_id, _, words in parts]


def _check_id(query_id: str) -> str:
    if len(query_id) > MAX_ID or query_id.split() not in ([], [query_id]) or not (query_id.isprintable()):
        raise InputError(f"query id {query_id[:60]!r}; expected up to {MAX_ID} characters without white space, as TREC files need")
    return query_id


def _next_id(taken: Sequence[str] | dict[str, JudgedQuery]) -> str:
    number = len(taken) + 1
    while f"q{number:02}" in taken:
        number += 1
    return f"q{number:02}"
