"""UCSD Book Graph: numbers as strings, shelves that readers named, authors by id from a file beside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vibeshelf.adapters.catalog.json_lines import JsonLines, parse_object
from vibeshelf.adapters.catalog.lines import SourceFile
from vibeshelf.adapters.catalog.source import Row

_MAX_SHELVES = 10
# Words of shelves that say what a reader did with a book, not what it is. They are whole words, because "jewish" is
# no wish list and "banned-books" no private shelf.
_PRIVATE_WORDS = r"""
    (?:re-?|un)?read(?:s|ing)? | tbr | must | want | wish(?:list)? | buy | have | own(?:ed)? | i | my | mine
    | default | fav[^-]* | loved | \d-stars? | meh | maybe | other | recommended | reviewed? | challenge
    | dnf | abandoned | (?:un)?finish(?:ed)? | completed | gave-up | on-hold | borrowed | arc | netgalley
    | book-?(?:club|group|shelf|shelves) | shel(?:f|ves|fari) | library | kindle | nook | audible | paperback | hardcover
    | e-?books? | audio(?:-?books?)? | \d{4,}
"""
_PRIVATE = re.compile(rf"(?:^|-)(?:{_PRIVATE_WORDS})(?:-|$) | ^(?:to-.*|books?)$", re.VERBOSE)


class Ucsd(JsonLines):
    """UCSD Book Graph books."""

    format = "ucsd"
    _authors: dict[str, str] | None = None

    def _adapt(self, row: Row) -> Row:
        if self._authors is None:
            self._authors = _author_names(self.path)
        names = [self._authors.get(str(author.get("author_id"))) or author.get("name") for author in _mappings(row.get("authors"))]
        shelves = [str(shelf.get("name") or "") for shelf in _mappings(row.get("popular_shelves"))]
        return {**row, "authors": [name for name in names if name], "genres": genres_from(shelves, [str(name) for name in names])}


def genres_from(shelves: Sequence[str], authors: Sequence[str] = ()) -> list[str]:
    """Return the shelves that say something about the book, in their order, ten at most; its authors' names are left out."""
    people = {_hyphenated(author) for author in authors}
    names = dict.fromkeys(_hyphenated(shelf) for shelf in shelves)
    return [name for name in names if name and name not in people and not _PRIVATE.search(name)][:_MAX_SHELVES]


def _hyphenated(name: str) -> str:
    return "-".join(re.findall(r"[^\s_.-]+", unicodedata.normalize("NFKC", name).lower()))


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))


def _author_names(books: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for beside in sorted(books.parent.glob("*authors*.json*")):
        if beside == books or not beside.is_file():
            continue
        for line in SourceFile(beside).lines():
            row = parse_object(line.data or b"")
            if isinstance(row, dict) and row.get("author_id"):
                names[str(row["author_id"])] = str(row.get("name") or "")
    return names
