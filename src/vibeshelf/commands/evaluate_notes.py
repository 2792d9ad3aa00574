"""What the files of an evaluation do not share with each other or with the collection, each with the first line where it shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Grades, Run

if TYPE_CHECKING:
    from vibeshelf.services.shelf import Shelf


def notes_of(queries: Mapping[str, str], grades: Grades, qrels_path: Path, runs: Mapping[Path, Run], shelf: Shelf | None) -> list[str]:
    """Return a line for every kind of id that is not known where it should be.

    Raises InputError when the collection has none of the judged books.
    """
    mirror = shelf.mirror() if shelf else None
    books = mirror.row_of if mirror else None
    notes = [*_of_qrels(queries, grades, qrels_path, books, shelf.name if shelf else "")]
    for path, run in runs.items():
        notes += _of_run(path, run, {*queries, *grades}, books)
    return notes


def _of_qrels(queries: Mapping[str, str], grades: Grades, path: Path, books: Collection[str] | None, collection: str) -> Iterator[str]:
    from vibeshelf.adapters.trec import line_of_book, line_of_query
    from vibeshelf.services.runs import strangers

    unknown = strangers(grades, queries or None, books)
    if unknown.books and len(unknown.books) == len({book_id for of in grades.values() for book_id in of}):
        raise InputError(f"{path} judges no book of collection '{collection}'; expected judgments of its books")
    if unknown.queries:
        what = _several(unknown.queries, "query is", "queries are")
        yield f"{path}, line {line_of_query(path, unknown.queries[0])}: {what} not in the query file and without results of ours"
    if unknown.books:
        what = _several(unknown.books, "book is", "books are")
        yield f"{path}, line {line_of_book(path, unknown.books[0])}: {what} not in the collection and cannot be found"


def _of_run(path: Path, run: Run, queries: Collection[str], books: Collection[str] | None) -> Iterator[str]:
    from vibeshelf.adapters.trec import line_of_hit
    from vibeshelf.services.runs import strangers

    named = {query_id: ranking.book_ids for query_id, ranking in run.rankings.items()}
    unknown = strangers(named, queries, books)
    if unknown.queries:
        what = _several(unknown.queries, "query is", "queries are")
        yield f"{path}, line {line_of_hit(path, query_id=unknown.queries[0])}: {what} not known and not scored"
    if unknown.books:
        what = _several(unknown.books, "book is", "books are")
        yield f"{path}, line {line_of_hit(path, book_id=unknown.books[0])}: {what} not in the collection"


def _several(names: tuple[str, ...], one: str, many: str) -> str:
    count = len(names)
    return f"{count:,} {one if count == 1 else many} ('{names[0]}'{'' if count == 1 else ' first'})"
