"""The grading screen: the query, one book, four buttons with their keys; or ten books at a time."""

from __future__ import annotations

import zlib

import streamlit as st

from vibeshelf.core.judging import Pair, Task
from vibeshelf.services.guideline import HINTS, MEANINGS, SKIP_REASONS, VERSION
from vibeshelf.services.strategies import STRATEGIES
from vibeshelf.ui import resources
from vibeshelf.ui.judging.cards import book_facts
from vibeshelf.ui.judging.keys import acted, hear
from vibeshelf.ui.judging.sitting import Sitting, open_sitting
from vibeshelf.ui.judging.words import in_words
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.text import plain

MODES = ("One by one", "Ten at a time")


def grading_view(task: Task, rater: str) -> None:
    """Draw the screen on which a rater grades, as its options say."""
    strategy = next(name for name, each in STRATEGIES.items() if each.label == st.session_state["strategy"])
    sitting = open_sitting(task, rater, strategy)
    # Something must stand in the bottom bar before a fragment may draw there.
    st.bottom.container(key="bar")
    (_one_by_one if st.session_state["mode"] == MODES[0] else _list)(sitting)


def grading_options(task: Task) -> None:
    """Draw what the screen depends on: how, what, which query."""
    st.segmented_control("How", MODES, key="mode", default=MODES[0], required=True, bind="query-params")
    st.radio("What to grade", [each.label for each in STRATEGIES.values()], key="strategy", bind="query-params")
    queries = {query.query_id: query.text for query in resources.desk().tasks.queries(task.name)}
    st.selectbox(
        "Go to a query", list(queries), index=None, key="jump", format_func=lambda query_id: f"{query_id} · {queries[query_id]}",
        on_change=_jump,
    )  # fmt: skip


def guide() -> None:
    """Draw what the grades mean."""
    with st.popover("Guide", icon=":material/menu_book:"):
        for grade, meaning in sorted(MEANINGS.items(), reverse=True):
            st.markdown(f"**{grade}** {meaning.short}: {meaning.long}.")
        st.markdown("\n".join(f"- {hint}" for hint in HINTS))
        st.caption(f"Guideline version {VERSION}")


def _jump() -> None:
    if st.session_state["jump"]:
        st.query_params["query"] = st.session_state["jump"]


@st.fragment
def _one_by_one(sitting: Sitting) -> None:
    with in_words():
        pair = sitting.pair
        if pair is None:
            _all_done(sitting)
            return
        _query(sitting, pair.query_id)
        with st.container(border=True, key="book"):
            book_facts(sitting.books[pair.book_id])
        note = _note_box(sitting, pair)
        _show_from_its_top(pair)
        with st.bottom:
            _failure(sitting)
            keys = _skip_reasons(sitting, pair) if sitting.skipping else _grades(sitting, pair)
        hear(keys | {"n": note}, note)


@st.fragment
def _list(sitting: Sitting) -> None:
    with in_words():
        if sitting.query_id is None:
            _all_done(sitting)
            return
        _query(sitting, sitting.query_id)
        batch = sitting.next_batch()
        given = {
            each.book_id: each.grade
            for each in resources.desk().judgments.standing(sitting.work.task.name, sitting.query_id, sitting.work.rater)
        }
        for book_id in batch:
            _listed(sitting, Pair(sitting.query_id, book_id), given.get(book_id))
        with st.bottom:
            _failure(sitting)
            with st.container(horizontal=True, vertical_alignment="center", key="beside"):
                _saved_line(sitting)
                st.button("Next books", key="next-books", shortcut="N", type="primary", on_click=sitting.pass_batch)
                st.button("Undo", key="undo", shortcut="U", type="tertiary", on_click=sitting.undo)
        hear({"n": "next-books", "u": "undo"})


def _listed(sitting: Sitting, pair: Pair, given: int | None) -> None:
    with st.container(border=True, key=f"listed-{_name(pair)}"):
        book_facts(sitting.books[pair.book_id])
        key = f"in-place-{_name(pair)}"
        st.session_state[key] = given
        st.segmented_control(
            "Grade", list(MEANINGS), key=key, format_func=_labelled, label_visibility="collapsed",
            on_change=_grade_in_place, args=(sitting, pair, key),
        )  # fmt: skip


def _labelled(grade: int) -> str:
    return f"**{grade}** {MEANINGS[grade].short}"


def _grade_in_place(sitting: Sitting, pair: Pair, key: str) -> None:
    grade = st.session_state[key]
    if grade is not None:
        sitting.grade(pair, grade)


def _query(sitting: Sitting, query_id: str) -> None:
    query = sitting.work.queries[query_id]
    resources.desk().catch_up(sitting.work)
    done, total = sitting.work.counts(query_id)
    all_done, all_total = sitting.work.counts()
    filling = "" if sitting.work.complete else " so far"
    with st.container(key="query"):
        st.markdown(f"### {plain(query.text)}", anchors=False)
        if query.note:
            st.markdown(f":material/lightbulb: {plain(query.note)}")
    left = _time_left(resources.desk().seconds_left(sitting.work))
    st.progress(done / max(total, 1), f"{done} of {total} books here · {all_done:,} of {all_total:,} in all{filling}{left}")


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return " · less than a minute left"
    return f" · about {minutes} min left" if minutes < 90 else f" · about {minutes / 60:.1f} hours left"


def _show_from_its_top(pair: Pair) -> None:
    """Scroll back to the query when the book before was read to its end; the script runs when the pair, which it names, changes."""
    number = zlib.crc32(_name(pair).encode())
    with st.container(key="unseen"):
        st.html(
            f"<script>/* {number} */ const query = document.querySelector('.st-key-query');"
            "if (query && query.getBoundingClientRect().top < 0) query.scrollIntoView();</script>",
            unsafe_allow_javascript=True,
        )


def _note_box(sitting: Sitting, pair: Pair) -> str:
    # Another key after a note was taken makes a box that shows it as it was taken.
    key = f"note-{len(sitting.note)}-{_name(pair)}"
    st.text_input(
        "Note", value=sitting.note, key=key, max_chars=500, placeholder="N for a note, Enter, then the grade",
        label_visibility="collapsed", on_change=_keep_note, args=(sitting, key),
    )  # fmt: skip
    return key


def _keep_note(sitting: Sitting, key: str) -> None:
    sitting.note = " ".join((st.session_state[key] or "").split())
    acted()


def _grades(sitting: Sitting, pair: Pair) -> dict[str, str]:
    """Draw what can be done with a book; return which key is for which button."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="beside"):
        _saved_line(sitting)
        st.button("Skip", key=f"skip-{_name(pair)}", shortcut="S", type="tertiary", on_click=_ask_reason, args=(sitting, True))
        st.button("Undo", key="undo", shortcut="U", type="tertiary", on_click=sitting.undo)
    with st.container(key="grades"):
        for grade, meaning in MEANINGS.items():
            with st.container(gap="xxsmall"):
                # The key names the pair: a second press that comes late meets a button that is gone, and grades nothing unseen.
                st.button(
                    meaning.short, key=f"grade-{grade}-{_name(pair)}", shortcut=str(grade), width="stretch",
                    on_click=sitting.grade_shown, args=(pair, grade),
                )  # fmt: skip
                st.caption(meaning.brief, text_alignment="center")
    return {str(grade): f"grade-{grade}-{_name(pair)}" for grade in MEANINGS} | {"s": f"skip-{_name(pair)}", "u": "undo"}


def _skip_reasons(sitting: Sitting, pair: Pair) -> dict[str, str]:
    st.caption("Why can it not be graded?")
    with st.container(key="reasons"):
        for letter, reason in SKIP_REASONS.items():
            st.button(
                reason, key=f"reason-{letter}-{_name(pair)}", shortcut=letter, width="stretch", on_click=sitting.skip, args=(pair, reason)
            )
    st.button("Back", key="back", shortcut="B", type="tertiary", on_click=_ask_reason, args=(sitting, False))
    return {letter.lower(): f"reason-{letter}-{_name(pair)}" for letter in SKIP_REASONS} | {"b": "back"}


def _ask_reason(sitting: Sitting, skipping: bool) -> None:
    sitting.skipping = skipping
    acted()


def _failure(sitting: Sitting) -> None:
    if sitting.failed:
        show_error(sitting.failed)


def _saved_line(sitting: Sitting) -> None:
    st.caption("Not saved." if sitting.failed else plain(sitting.saved) or "Each press is saved.", width="stretch")


def _all_done(sitting: Sitting) -> None:
    done, total = sitting.work.counts()
    if total:
        st.success(f"All {total:,} are done. Thank you.", icon=":material/done_all:")
    else:
        empty_state(f"Nothing to grade this way: {STRATEGIES[sitting.work.strategy].label.lower()}. Choose another under What to grade.")
    with st.bottom:
        _failure(sitting)
        _saved_line(sitting)
        if done:
            st.button("Undo", key="undo", shortcut="U", type="tertiary", on_click=sitting.undo)
    hear({"u": "undo"})


def _name(pair: Pair) -> str:
    """Return the pair as part of a widget's key."""
    return f"{pair.query_id}-{pair.book_id}"
