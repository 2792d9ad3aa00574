"""What the grades mean. Every grade carries the version under which it was given."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1


@dataclass(frozen=True, slots=True)
class Meaning:
    """A grade in a word or two, for its button, in a few words beside it, and in a sentence."""

    short: str
    brief: str
    long: str


MEANINGS = {
    0: Meaning("no", "nothing, or against it", "nothing that was asked for, or against the wish"),
    1: Meaning("shares something", "one element only", "one element (place, theme, mood, genre), but one would not recommend it for this"),
    2: Meaning("would please", "the heart of the wish", "the heart of the wish is met, a part is missing or weaker"),
    3: Meaning("exactly this", "every part of the wish", "every part of the wish is met: mood and subject, or plot and place"),
}
HINTS = (
    "The description counts, not the book's fame.",
    "Somebody who asks for more like X knows X: the book X itself is a 2, and at most a 1 when they want it different.",
    "A half-remembered plot has one answer, or few: 3 for it, 1 for a book with the same scheme.",
    "A wish that excludes something makes a book that has it a 0 or a 1.",
    "In doubt between two grades, the lower.",
)
SKIP_REASONS = {
    "S": "too little to tell",
    "L": "a language I do not read",
    "Q": "the query is not clear",
    "O": "something else",
}
