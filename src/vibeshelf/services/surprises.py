"""A wish at random that is known to be good, with the reason why it is one."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from functools import cache

from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.trec import read_qrels

# A good wish says something, and several books answer it well (grade 2 and up).
_SHORTEST_CHARS, _LONGEST_CHARS, _LEAST_GOOD, _GOOD = 20, 80, 4, 2
# Misspelt on purpose, to be measured; no example for anybody.
_MISSPELT = frozenset(f"q{number}" for number in range(74, 79))


@dataclass(frozen=True, slots=True)
class Surprise:
    """A wish, and how many of the `judged` books of the starter collection were graded as good answers to it."""

    text: str
    good: int
    judged: int

    @property
    def reason(self) -> str:
        return (
            f"Why this one: of {self.judged} books of the starter collection that were graded for it, {self.good} are good answers. "
            "It is drawn at random from the wishes that this shelf is measured with."
        )


@cache
def surprises() -> tuple[Surprise, ...]:
    """Return all wishes that a surprise is drawn from."""
    grades = read_qrels(starter_qrels_path())
    found = []
    for query_id, text in starter_queries().items():
        good = sum(grade >= _GOOD for grade in grades.get(query_id, {}).values())
        if query_id not in _MISSPELT and _SHORTEST_CHARS <= len(text) <= _LONGEST_CHARS and good >= _LEAST_GOOD:
            found.append(Surprise(text, good, len(grades[query_id])))
    return tuple(found)


def surprise(but: str = "") -> Surprise:
    """Return one at random, another than the wish of this text."""
    return secrets.choice([each for each in surprises() if each.text != but])


def surprise_of(text: str) -> Surprise | None:
    """Return the surprise of a text, or None where it is none."""
    return next((each for each in surprises() if each.text == text), None)


def wishes_for(text: str, count: int) -> list[str]:
    """Return `count` of these wishes, drawn at random but the same for the same text."""
    return [each.text for each in random.Random(text).sample(surprises(), count)]


def wishes_with(typed: str, most: int = 3) -> list[str]:
    """Return up to `most` of these wishes that hold what was typed, for suggestions: never what other visitors asked."""
    even = " ".join(typed.casefold().split())
    return [each.text for each in surprises() if even and even in each.text.casefold()][:most]
