"""What searchers think of results, by thumbs: it suggests what raters look at, and is never a grade."""

from __future__ import annotations

from collections.abc import Iterable

from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import Task
from vibeshelf.services.judging import Desk
from vibeshelf.services.search import clean_query


def suggest(desk: Desk, collection: str, query: str, book_id: str, up: bool | None, visitor: str = "") -> None:
    """Keep a searcher's thumb for a result, up or down, or take it back (None). It is on disk when this returns.

    `visitor` tells searchers apart, by whatever names a session: one cannot take back another's. Raises InputError for a query
    that no search takes.
    """
    desk.suggestions.add(collection, clean_query(query), book_id, visitor, up)


def suggested(desk: Desk, collection: str, query: str, visitor: str = "") -> dict[str, bool]:
    """Return book id -> whether the thumb is up, of what this visitor gave for a query."""
    return desk.suggestions.of_visitor(collection, clean_query(query), visitor)


def searched(desk: Desk, task: Task, logged: Iterable[str] = ()) -> dict[str, int]:
    """Return the searches that could become queries of a task, each with how many of its books have a thumb.

    Those with a thumb come first, then what was `logged`, the newest first; what is among the task's queries already, or cannot
    be one, is left out.
    """
    here = {query.text for query in desk.tasks.queries(task.name)}
    thumbed = desk.suggestions.by_query(task.collections)
    found = {text: len(books) for text, books in thumbed.items()} | {
        text: 0 for text in map(_clean, logged) if text is not None and text not in thumbed
    }
    return {text: thumbs for text, thumbs in found.items() if text not in here}


def _clean(text: str) -> str | None:
    try:
        return clean_query(text)
    except InputError:
        return None
