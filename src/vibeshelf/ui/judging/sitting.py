"""One rater at work on one task, as the page remembers it between key presses; the truth is in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import Pair, Task
from vibeshelf.core.records import Book
from vibeshelf.services.judging import Workload, made_under
from vibeshelf.services.pooling import Shelves
from vibeshelf.ui import resources
from vibeshelf.ui.judging.keys import acted
from vibeshelf.ui.text import isolated

LIST_SIZE = 10


@dataclass(slots=True)
class Sitting:
    """`query_id` is whose turn it is, None when all is done; `saved` is what the last key did, `failed` why it could not."""

    work: Workload
    shelves: Shelves
    query_id: str | None = None
    books: dict[str, Book] = field(default_factory=dict)
    saved: str = ""
    failed: VibeshelfError | None = None
    note: str = ""
    skipping: bool = False
    batch: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)

    @property
    def pair(self) -> Pair | None:
        """The pair to grade."""
        left = self.work.remaining(self.query_id) if self.query_id else []
        return Pair(self.query_id, left[0]) if self.query_id and left else None

    def turn_to(self, wanted: str | None) -> None:
        """Go to a query, or to the first behind it with something left."""
        desk = resources.desk()
        self.query_id = desk.turn(self.work, self.shelves, wanted)
        while self.query_id is not None:
            self.books = desk.books(self.work, self.query_id, self.shelves)
            if self.work.remaining(self.query_id):
                break
            self.query_id = desk.turn(self.work, self.shelves, self.query_id)
        self.batch, self.passed = [], set()
        # In the address, so that a reload and a link come back to it.
        if self.query_id is not None:
            st.query_params["query"] = self.query_id

    def grade(self, pair: Pair, grade: int) -> None:
        """Record a grade, with the note that was typed, and go on."""
        with self._trying():
            resources.desk().grade(self.work, pair, grade, self.note, made_under(self.shelves, self.work.task))
            self._went_on(pair, f"Saved {grade} for {self._title(pair)}")

    def grade_shown(self, pair: Pair, grade: int) -> None:
        """Grade the book on the screen; a second press that comes when that book has gone already does nothing."""
        if pair == self.pair:
            self.grade(pair, grade)

    def skip(self, pair: Pair, reason: str) -> None:
        """Record a skip and go on."""
        self.skipping = False
        if pair != self.pair:
            return
        with self._trying():
            said = f"{reason}: {self.note}" if self.note else reason
            resources.desk().skip(self.work, pair, said, made_under(self.shelves, self.work.task))
            self._went_on(pair, f"Skipped {self._title(pair)}: {reason}")

    def undo(self) -> None:
        """Take the last step back and show its pair again."""
        self.skipping = False
        with self._trying():
            self._undo()

    def _undo(self) -> None:
        undone = resources.desk().undo(self.work)
        acted()
        if undone is None:
            self.saved = "Nothing to undo: imported grades stay"
            return
        if undone.pair.query_id != self.query_id or undone.pair.book_id not in self.books:
            self.turn_to(undone.pair.query_id)
        was = "the skip" if undone.grade is None else f"the {undone.grade}"
        self.saved = f"Undone: {was} of {self._title(undone.pair)}"

    def next_batch(self) -> list[str]:
        """Return the books of the list: those begun with, or the next ten that were not passed over."""
        if not self.batch and self.query_id is not None:
            left = self.work.remaining(self.query_id)
            fresh = [book_id for book_id in left if book_id not in self.passed]
            if not fresh:
                self.passed = set()
            self.batch = (fresh or left)[:LIST_SIZE]
        return self.batch

    def pass_batch(self) -> None:
        """Go on to the next books of the list, or to the next query; what was left open comes again at the end."""
        self.passed |= set(self.batch)
        self.batch = []
        acted()
        if self.query_id is not None and not self.work.remaining(self.query_id):
            self.turn_to(self.query_id)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Keep an error for the screen: a key press comes before there is a screen to show it on."""
        self.saved, self.failed = "", None
        try:
            yield
        except VibeshelfError as error:
            self.failed = error

    def _went_on(self, pair: Pair, saved: str) -> None:
        self.saved, self.note = saved, ""
        acted()
        if not self.batch and not self.work.remaining(pair.query_id) and pair.query_id == self.query_id:
            self.turn_to(pair.query_id)
            if self.query_id is not None:
                self.saved = f"{saved}. That query is done; here is the next"

    def _title(self, pair: Pair) -> str:
        book = self.books.get(pair.book_id)
        return isolated((book.title if book else "") or pair.book_id)


def open_sitting(task: Task, rater: str, strategy: str) -> Sitting:
    """Return the sitting as the database has it now, at the query that the address names."""
    shelves = {name: resources.shelf(name) for name in task.collections}
    resources.filler().start(task, shelves)
    sitting = Sitting(resources.desk().workload(task, rater, strategy), shelves)
    before = st.session_state.get("sitting")
    sitting.turn_to(st.query_params.get("query"))
    if isinstance(before, Sitting) and before.work.task.name == task.name and before.work.rater == rater:
        # What is on the screen stays there when the page around it is drawn again.
        sitting.saved, sitting.failed, sitting.note, sitting.skipping = before.saved, before.failed, before.note, before.skipping
        if before.query_id == sitting.query_id:
            sitting.batch, sitting.passed = before.batch, before.passed
    st.session_state["sitting"] = sitting
    return sitting
