"""The drill on the Health page: the exchange, the results, what an unguarded app sees, what is true, and the guard."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.drill.records import Answer, Case, Drill
from vibeshelf.services.drill.run import MOST_BOOKS, carry_out
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.health.work import Words, outcome
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_SHOWN = 5
_QUERY = "drill-query"


def drill_view(collection: str) -> None:
    """Draw the drill of a collection, or why it cannot be held."""
    st.markdown(
        "What if the queries were encoded by another model than the books? Two models of the same size pass every check that a vector "
        "store makes. See what comes of it, and what stops it."
    )
    try:
        shelf = resources.shelf(collection)
    except VibeshelfError as error:
        show_error(error)
        st.caption("A drill needs a collection that the guard lets pass: this one is no drill, it is the real thing.")
        return
    if drill := _drill(shelf):
        _report(drill)


def _drill(shelf: Shelf) -> Drill | None:
    manifest = shelf.manifest
    books = "a copy" if manifest.count <= MOST_BOOKS else f"a copy of {MOST_BOOKS:,} books"
    words = Words(
        "Start the drill", "Searching with both models",
        f"Runs on {books} in a scratch folder, which is deleted afterwards; the collection {plain(shelf.name)} is only read.",
        ":material/local_fire_department:",
    )  # fmt: skip
    key = f"drill {shelf.name} {manifest.encoder.fingerprint} {manifest.corpus_hash} {manifest.revision}"
    return outcome("drill", key, resources.drills(), partial(carry_out, shelf), words, unasked=False)


@st.fragment
def _report(drill: Drill) -> None:
    with st.container(border=True, key="drill-exchange"):
        st.markdown(":orange-badge[:material/science: drill on a scratch copy] :green-badge[live data untouched]")
        st.markdown(_exchange(drill))
    st.subheader("1. The results", anchor=False)
    _results(drill)
    st.subheader("2. What an app without a guard sees", anchor=False)
    _signs(drill)
    st.subheader("3. What is true", anchor=False)
    _truth(drill)
    st.subheader("4. What Vibeshelf does", anchor=False)
    _guard(drill)
    st.caption(plain(_facts(drill)))


def _exchange(drill: Drill) -> str:
    built, other = plain(drill.built_with), plain(drill.other)
    what = (
        f"The books' vectors were made by **{built}**. The queries are now encoded by **{other}**, "
        f"which also gives {drill.dimension} numbers."
    )
    if drill.stand_in:
        what += (
            f" {other} is a stand-in, since no second model of this size is installed: {built} with every vector turned by one fixed "
            "rotation. Lengths and likenesses among its own vectors stay exactly as they are."
        )
    return what


def _results(drill: Drill) -> None:
    texts = {case.query_id: case.text for case in drill.cases}
    query_id = st.selectbox("Query", list(texts), key=_QUERY, format_func=lambda query_id: texts[query_id])
    case = next(case for case in drill.cases if case.query_id == query_id)
    sides = ((drill.built_with, case.before, case.ndcg_before), (drill.other, case.after, case.ndcg_after))
    for column, (model, answers, ndcg), when in zip(st.columns(2), sides, ("before", "after"), strict=True):
        with column, st.container(border=True, key=f"drill-{when}"):
            st.markdown(f"**{when.capitalize()}** · {plain(model)}")
            st.markdown("\n".join(_line(rank, answer) for rank, answer in enumerate(answers[:_SHOWN], 1)))
            st.caption("nDCG@10 n/a" if ndcg is None else f"nDCG@10 {ndcg:.2f}")
    st.caption(f"{case.shared} of the first {len(case.before)} books are the same. {_legend(case)}")


def _line(rank: int, answer: Answer) -> str:
    grade = "" if answer.grade is None else f" :{_colour(answer.grade)}-badge[{answer.grade}]"
    return f"{rank}. {plain(answer.title)} :small[{plain(answer.author)} · {answer.score:.2f}]{grade}"


def _colour(grade: int) -> str:
    return ("gray", "orange", "blue", "green")[min(grade, 3)]


def _legend(case: Case) -> str:
    graded = any(answer.grade is not None for answer in (*case.before, *case.after))
    return (
        "The small figure is the score; badges are grades from 0 (no) to 3 (exactly what was asked for)."
        if graded
        else "The figure is the score."
    )


def _signs(drill: Drill) -> None:
    alarms = sum(sign.alarming for sign in drill.signs)
    table = pd.DataFrame(
        [
            {"what it watches": sign.name, "before": sign.before, "after": sign.after, "alarm": "yes" if sign.alarming else "no"}
            for sign in drill.signs
        ]
    )
    st.table(table.set_index("what it watches"))
    said = "None of them tells" if not alarms else f"{alarms} of {len(drill.signs)} tells"
    st.caption(
        f"{said} that anything is wrong. The scores are lower, yet nobody knows how high they should be: other sound models score as low, "
        f"and higher for nonsense. Over {len(drill.cases)} queries asked of Chroma."
    )


def _truth(drill: Drill) -> None:
    truth = drill.truth
    left, middle, right = st.columns(3)
    if truth.ndcg_before is not None and truth.ndcg_after is not None:
        left.metric("nDCG@10 before", f"{truth.ndcg_before:.3f}")
        middle.metric("nDCG@10 after", f"{truth.ndcg_after:.3f}", f"{truth.ndcg_after - truth.ndcg_before:+.3f}")
    else:
        left.metric("nDCG@10", "n/a")
    right.metric("of the first ten kept", f"{truth.shared:.0%}")
    chance = (
        f"Books in random order would reach nDCG@10 {truth.ndcg_by_chance:.3f} and share "
        if truth.ndcg_by_chance is not None
        else "By chance "
    )
    judged = (
        f"{truth.judged} judged queries of the starter catalogue"
        if truth.judged
        else "the copy holds no judged book, so quality cannot be said"
    )
    st.caption(f"{chance}{truth.shared_by_chance:.1%} of the first ten: that is noise. {judged}.")


def _guard(drill: Drill) -> None:
    _refused(drill.refusal, f"It compares what made the books' vectors with what encodes the queries, and {plain(drill.other)} is refused:")
    _refused(
        drill.refusal_in_disguise,
        f"And if its files were exchanged under the name of {plain(drill.built_with)}, every property would match. A few fixed texts, "
        "whose vectors are kept with the collection, still give it away:",
    )


def _refused(line: str, before: str) -> None:
    st.markdown(before)
    if line:
        st.error(plain(line), icon=":material/block:")
    else:
        st.warning("The guard let it pass. Please report this.", icon=":material/bug_report:")


def _facts(drill: Drill) -> str:
    of = f"{drill.books:,} books" if drill.books == drill.count else f"{drill.books:,} of {drill.count:,} books"
    when = f"{drill.made_at[:10]} {drill.made_at[11:16]} UTC"
    return f"collection {drill.collection}, {of} · {drill.device} · {drill.seconds:.0f} s · {when}"
