"""Which sentences of a description answer a query: computed for the few books that are shown, after they are shown.

Of a small collection the sentences are encoded while nobody searches; their marks then come with the results.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.graph_encoder import usable_cores
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Book
from vibeshelf.core.vectors import Vectors

# A sentence this much less near than a book's nearest one is still marked, up to so many of them.
_ALMOST, _MOST = 0.04, 2
# Longer descriptions are looked at up to here: the page waits for nothing, but not for ever.
_MOST_SENTENCES = 12
_MAX_BOOKS = 1000
# Whoever searches is not disturbed: so long after the last search nobody does, and a book's sentences take a few hundredths of a second.
_REST_SECONDS = 10.0
# With other work on the cores the threads of an encoder wait for each other, and take several times the processor's time.
_MOST_LOAD, _LOOK_SECONDS = 0.5, 1.0
_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]?[^\sa-z])")


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, in order; joined by single spaces they are the text with its white space made even."""
    even = " ".join(text.split())
    parts: list[str] = []
    start = 0
    for end in _END.finditer(even):
        parts.append(even[start : end.end()].strip())
        start = end.end()
    return [part for part in (*parts, even[start:]) if part]


class Sentences:
    """The vectors of the sentences of the books shown last; safe to share between threads."""

    def __init__(self, encoder: Encoder, size: int = _MAX_BOOKS) -> None:
        self._encoder = encoder
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self._asked = time.monotonic()

    def learn(self, mirror: Mirror, ended: threading.Event) -> None:
        """Encode the sentences of every book, one book after another, and only while nobody searches and the machine is at rest.

        A collection of more books than are remembered is left alone. It stops before the next book once `ended` is set.
        """
        if len(mirror) > self._size:
            return
        for book in list(mirror.all_books()):
            while not ended.is_set() and ((since := time.monotonic() - self._asked) < _REST_SECONDS or _is_busy()):
                ended.wait(max(_REST_SECONDS - since, _LOOK_SECONDS))
            if ended.is_set():
                return
            self._encode([book])

    def knows(self, books: Sequence[Book]) -> bool:
        """Return whether nothing is to be encoded for these books."""
        self._asked = time.monotonic()
        with self._lock:
            return all(book.description in self._known or not book.description for book in books)

    def matching(self, vector: Vectors, books: Sequence[Book], floor: float) -> dict[str, tuple[int, ...]]:
        """Return book id -> the places (from 0) of the sentences nearest to a unit row (dimension,), none below the floor."""
        self._encode(books)
        found: dict[str, tuple[int, ...]] = {}
        for book in books:
            with self._lock:
                rows = self._known.get(book.description)
            if rows is not None and (places := _nearest(rows @ vector, floor)):
                found[book.book_id] = places
        return found

    def _encode(self, books: Sequence[Book]) -> None:
        """Encode what is not known, the sentences of all books in one batch."""
        with self._lock:
            new = {
                book.description: sentences_of(book.description)[:_MOST_SENTENCES]
                for book in books
                if book.description and book.description not in self._known
            }
        if not new:
            return
        rows = self._encoder.encode_documents([sentence for sentences in new.values() for sentence in sentences])
        start = 0
        with self._lock:
            for description, sentences in new.items():
                self._known[description] = rows[start : start + len(sentences)]
                start += len(sentences)
            while len(self._known) > max(self._size, len(new)):
                self._known.popitem(last=False)


def _is_busy() -> bool:
    """Return whether more than half of the cores had work in the last minute."""
    return os.getloadavg()[0] > _MOST_LOAD * usable_cores()


def _nearest(cosines: Vectors, floor: float) -> tuple[int, ...]:
    best = float(cosines.max(initial=-1))
    if best < floor:
        return ()
    near = [at for at in (-cosines).argsort(kind="stable")[:_MOST] if cosines[at] >= max(floor, best - _ALMOST)]
    return tuple(sorted(int(at) for at in near))
