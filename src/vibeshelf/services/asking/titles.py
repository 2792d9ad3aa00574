"""The titles and authors of a collection, found as people remember them."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from weakref import WeakKeyDictionary

from vibeshelf.adapters.mirror import Mirror

_ARTICLE = re.compile(r"^(?:the|an?) (?=.)")
_SUBTITLE = re.compile(r"\s*(?:[:;(\[]|\s[-–—]\s|, or,? ).*$")
_WORD = re.compile(r"\w+")
_BY = re.compile(r"^(?P<title>.+)\s+by\s+(?P<author>.+)$", re.IGNORECASE)
# A title that is typed with so much in common is the one that is meant; a beginning of fewer letters may be anything.
_ALIKE, _SHORTEST_PREFIX, _MOST_BOOKS, _TIMES_BETTER_KNOWN = 0.84, 5, 40, 10


@dataclass(frozen=True, slots=True)
class Name:
    """A work that was named, or an author with all works: `label` is how the collection calls it, `book_ids` what stands for it."""

    label: str
    book_ids: tuple[str, ...]
    is_author: bool = False


class Titles:
    """The names of one state of a collection. Nothing in it changes once it is made."""

    def __init__(self, mirror: Mirror) -> None:
        self._ids, self._row_of = mirror.ids, mirror.row_of
        self._rows = list(mirror.names())
        self._titles: dict[str, list[int]] = defaultdict(list)
        self._authors: dict[str, list[int]] = defaultdict(list)
        self._surnames: dict[str, set[str]] = defaultdict(set)
        for row, (title, authors, _, _) in enumerate(self._rows):
            for form in {key_of(title), key_of(_SUBTITLE.sub("", title))} - {""}:
                self._titles[form].append(row)
            for author in authors:
                if key := key_of(author):
                    self._authors[key].append(row)
                    self._surnames[key.rsplit(" ", 1)[-1]].add(key)

    def knows(self, text: str) -> bool:
        """Return whether a text is a title, or an author's full name, of this collection."""
        key = key_of(text)
        return key in self._titles or (" " in key and key in self._authors)

    def find(self, text: str) -> list[Name]:
        """Return what a text may name: one name where that is clear, several where it is not, none where nothing is like it."""
        if (by := _BY.match(text)) and not self.knows(text):
            author = key_of(by["author"])
            return [name for name in self.find(by["title"]) if author and author in key_of(name.label.partition(" by ")[2])]
        key = key_of(text)
        rows = self._titles.get(key, [])
        # A book about an author has the author's name as its title.
        if rows and len(rows) >= len(self._authors.get(key, ())):
            whole = [row for row in rows if key_of(self._rows[row][0]) == key]
            return self._best_known(self._works(whole or [*rows, *self._beginning(key)]))
        if authors := [key] if key in self._authors else sorted(self._surnames.get(key, ())):
            return [self._author(author) for author in authors]
        return self._best_known(self._works(self._beginning(key)) or self._works(self._alike(key)))

    def starting(self, text: str, most: int = 8) -> list[tuple[str, str]]:
        """Return up to `most` titles with their authors, and authors, that have a word starting with the text; the best known first."""
        key = key_of(text)
        if not key:
            return []
        ranked = sorted(_holding(self._titles, key), key=lambda found: (found[0], -max(map(self._ratings, found[2])), found[1]))
        known = sorted(_holding(self._authors, key), key=lambda found: (found[0], -len(found[2]), found[1]))[: max(2, most - len(ranked))]
        listed: dict[tuple[str, str], None] = {}
        for _, _, rows in ranked[: 2 * most]:
            title, by, *_ = self._rows[max(rows, key=self._ratings)]
            listed[title, ", ".join(by[:2])] = None
        return list(listed)[: most - len(known)] + [(self._spelt(name, rows), "author") for _, name, rows in known]

    def _works(self, rows: Iterable[int]) -> list[Name]:
        """Return a name for each work of these rows, by its best known edition."""
        best: dict[object, int] = {}
        for row in rows:
            title, authors, work_id, _ = self._rows[row]
            work = work_id or (key_of(_SUBTITLE.sub("", title)), authors[:1])
            if work not in best or self._ratings(row) > self._ratings(best[work]):
                best[work] = row
        known_first = sorted(best.values(), key=lambda row: (-self._ratings(row), row))
        return [Name(self._label(row), (self._ids[row],)) for row in known_first]

    def _best_known(self, names: list[Name]) -> list[Name]:
        """Return the one that many times as many have rated as any other, which is the one that people mean; else all."""
        if len(names) < 2:
            return names
        first, second = (self._ratings(self._row_of[name.book_ids[0]]) for name in names[:2])
        return names[:1] if first > _TIMES_BETTER_KNOWN * second else names

    def _author(self, key: str) -> Name:
        rows = sorted(self._authors[key], key=lambda row: (-self._ratings(row), row))
        return Name(self._spelt(key, rows), tuple(self._ids[row] for row in rows[:_MOST_BOOKS]), is_author=True)

    def _beginning(self, key: str) -> list[int]:
        if len(key) < _SHORTEST_PREFIX:
            return []
        return [row for name, rows in self._titles.items() if name.startswith(f"{key} ") for row in rows]

    def _alike(self, key: str) -> list[int]:
        """Return the rows of the title that is most like a text, of those of about its length and first letter."""
        near = (
            [name for name in self._titles if name[:1] == key[:1] and abs(len(name) - len(key)) <= 3]
            if len(key) >= _SHORTEST_PREFIX
            else []
        )
        matcher = SequenceMatcher(b=key, autojunk=False)
        scored = []
        for name in near:
            matcher.set_seq1(name)
            if matcher.quick_ratio() >= _ALIKE and (ratio := matcher.ratio()) >= _ALIKE:
                scored.append((-ratio, name))
        return self._titles[min(scored)[1]] if scored else []

    def _label(self, row: int) -> str:
        title, authors, *_ = self._rows[row]
        return f"{title} by {', '.join(authors)}" if authors else title

    def _spelt(self, key: str, rows: Sequence[int]) -> str:
        return next(author for author in self._rows[rows[0]][1] if key_of(author) == key)

    def _ratings(self, row: int) -> int:
        return self._rows[row][3] or 0


def _holding(names: Mapping[str, list[int]], key: str) -> list[tuple[bool, str, list[int]]]:
    """Return (whether it is in a later word, name, rows) of the names with a word that begins with a key."""
    return [(not name.startswith(key), name, rows) for name, rows in names.items() if name.startswith(key) or f" {key}" in name]


def key_of(text: str) -> str:
    """Return a name without case, accents, punctuation and the article before it, for comparing."""
    text = text if text.isascii() else _without_accents(text)
    even = text.casefold().replace("'", "").replace("&", " and ")
    return _ARTICLE.sub("", " ".join(_WORD.findall(even)))


def _without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)).replace("’", "")


_made: WeakKeyDictionary[Mirror, Titles] = WeakKeyDictionary()
_making = threading.Lock()


def titles_of(mirror: Mirror) -> Titles:
    """Return the titles of a mirror, made once."""
    with _making:
        if mirror not in _made:
            _made[mirror] = Titles(mirror)
        return _made[mirror]
