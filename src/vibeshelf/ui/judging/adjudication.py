"""The queue of disagreements: what raters gave, and the grade that is to hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import Judgment, Pair, Task
from vibeshelf.services.agreement import disputed, grades_of
from vibeshelf.services.guideline import MEANINGS
from vibeshelf.services.judging import made_under
from vibeshelf.services.pooling import books_of
from vibeshelf.ui import resources
from vibeshelf.ui.judging.cards import book_facts
from vibeshelf.ui.judging.keys import acted, hear
from vibeshelf.ui.judging.words import in_words
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import isolated, plain

_SAID, _PASSED = "settled-said", "disputes-passed"


@st.fragment
def adjudication(task: Task, rater: str) -> None:
    """Draw the queue, the widest disagreement first. Nothing of what others gave is shown before it is asked for."""
    with in_words():
        standing = resources.desk().judgments.standing(task.name)
        settled = resources.desk().judgments.settled(task.name)
        left = disputed(grades_of(standing), settled)
        st.subheader(f"Disagreements: {len(left):,} open, {len(settled):,} settled", anchor=False)
        if not left:
            st.success("None is open.")
            _beside(task, rater, None)
            hear({"u": "undo-settled"})
        elif st.toggle("Show them, with the grades that were given", key="show-disputed"):
            pair = _turn(left)
            _dispute(task, pair, [each for each in standing if each.pair == pair])
            _beside(task, rater, pair)
            _grades(task, rater, pair)
            hear(_heard(pair))
        else:
            st.caption("Grade your own part first: afterwards you know what the others gave.")


def _turn(left: list[Pair]) -> Pair:
    """Return the first that was not put off; when all were, the first of all again."""
    put_off: set[Pair] = st.session_state.setdefault(_PASSED, set())
    if not (fresh := [pair for pair in left if pair not in put_off]):
        put_off.clear()
    return (fresh or left)[0]


def _dispute(task: Task, pair: Pair, given: list[Judgment]) -> None:
    query = next((each for each in resources.desk().tasks.queries(task.name) if each.query_id == pair.query_id), None)
    with st.container(key="query"):
        st.markdown(f"### {plain(query.text if query else pair.query_id)}", anchors=False)
        if query and query.note:
            st.markdown(f":material/lightbulb: {plain(query.note)}")
    with st.container(border=True, key="disputed-book"):
        book = books_of(resources.shelf(task.collections[0]), [pair.book_id]).get(pair.book_id)
        if book is None:
            st.caption(f"{plain(pair.book_id)}: the collection does not have this book any more.")
        else:
            book_facts(book)
    st.markdown("Given: " + ", ".join(_given(each) for each in given if each.grade is not None))


def _given(judgment: Judgment) -> str:
    note = f" ({plain(judgment.note)})" if judgment.note else ""
    return f"**{judgment.grade}** by {isolated(plain(judgment.rater))}{note}"


def _beside(task: Task, rater: str, pair: Pair | None) -> None:
    said = st.session_state.get(_SAID)
    if isinstance(said, VibeshelfError):
        show_error(said)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="beside"):
        hint = f"The grade that you choose holds for this pair, as settled by {rater}." if pair else ""
        st.caption(plain(said if isinstance(said, str) else hint), width="stretch")
        if pair is not None:
            st.button("Later", key=_key("put-off", pair), shortcut="N", type="tertiary", on_click=_put_off, args=(pair,))
        st.button("Undo", key="undo-settled", shortcut="U", type="tertiary", on_click=_undo, args=(task, rater))


def _grades(task: Task, rater: str, pair: Pair) -> None:
    with st.container(key="grades"):
        for grade, meaning in MEANINGS.items():
            st.button(
                meaning.short, key=_key(f"settle-{grade}", pair), shortcut=str(grade), width="stretch",
                on_click=_settle, args=(task, rater, pair, grade),
            )  # fmt: skip


def _heard(pair: Pair) -> dict[str, str]:
    """Return which key is for which button."""
    return {str(grade): _key(f"settle-{grade}", pair) for grade in MEANINGS} | {"n": _key("put-off", pair), "u": "undo-settled"}


def _key(what: str, pair: Pair) -> str:
    return f"{what}-{pair.query_id}-{pair.book_id}"


def _settle(task: Task, rater: str, pair: Pair, grade: int) -> None:
    judgments = resources.desk().judgments
    with _said():
        # A second press that comes late must not settle a pair twice.
        if pair not in judgments.settled(task.name):
            shelves = {name: resources.shelf(name) for name in task.collections}
            judgments.settle(task.name, pair, rater, grade, "", made_under(shelves, task))
            acted()
            st.session_state[_SAID] = f"Settled as {grade}: {isolated(pair.book_id)} for {isolated(pair.query_id)}"


def _put_off(pair: Pair) -> None:
    st.session_state.setdefault(_PASSED, set()).add(pair)
    acted()


def _undo(task: Task, rater: str) -> None:
    with _said():
        undone = resources.desk().judgments.undo_settlement(task.name, rater)
        acted()
        if undone is None:
            st.session_state[_SAID] = "You settled nothing that could be undone"
            return
        st.session_state.get(_PASSED, set()).discard(undone.pair)
        st.session_state[_SAID] = f"Undone: {isolated(undone.pair.book_id)} for {isolated(undone.pair.query_id)}"


@contextmanager
def _said() -> Iterator[None]:
    """Keep an error for the screen: a key press comes before there is a screen to show it on."""
    try:
        yield
    except VibeshelfError as error:
        st.session_state[_SAID] = error
