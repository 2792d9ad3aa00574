"""How far raters agree, and what they disagree on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from vibeshelf.core.judging import RULES, Judgment, Pair, Task
from vibeshelf.services.agreement import Agreement, RaterGrades, disputed, grades_of, report
from vibeshelf.services.guideline import MEANINGS
from vibeshelf.services.judging import made_under
from vibeshelf.services.pooling import books_of
from vibeshelf.ui import resources
from vibeshelf.ui.judging.cards import book_facts
from vibeshelf.ui.layout import empty_state
from vibeshelf.ui.text import plain

_RULES = {
    "median": "the middle grade (of two, the lower)",
    "majority": "the most frequent grade (in a tie, the lowest)",
    "strictest": "the lowest grade",
}


def agreement_view(task: Task, rater: str) -> None:
    """Draw the coefficients, the rule by which grades become one, and the open disagreements."""
    desk = resources.desk()
    grades = grades_of(desk.judgments.standing(task.name))
    settled = desk.judgments.settled(task.name)
    _rule(task)
    if not any(len(of) > 1 for of in grades.values()):
        empty_state(
            "Agreement is n/a: no book has grades of two raters for one query. Somebody else can grade too, or import grades under Files."
        )
        return
    _coefficients(grades, settled)
    _disagreements(task, rater, grades, settled)


def _rule(task: Task) -> None:
    rule = st.radio(
        "How grades of several raters become one", RULES, RULES.index(task.rule), key=f"rule-{task.name}",
        format_func=lambda name: f"{name}: {_RULES[name]}",
    )  # fmt: skip
    if rule != task.rule:
        resources.desk().tasks.save(replace(task, rule=rule))
        st.rerun()
    st.caption("Holds for every export of this task. A settled disagreement has the settled grade under each rule. Skips are no grades.")


def _coefficients(grades: RaterGrades, settled: dict[Pair, Judgment]) -> None:
    found = report(grades, settled)
    with st.container(horizontal=True, gap="medium", key="coefficients"):
        st.metric("Krippendorff's alpha, ordinal", _value(found.overall), _interval(found.overall), delta_color="off", delta_arrow="off")
        st.metric("Same grade", "n/a" if found.same is None else f"{found.same:.1%}")
        st.metric("Within one grade", "n/a" if found.within_one is None else f"{found.within_one:.1%}")
    st.caption(
        f"Over the {found.graded_twice:,} of {found.graded:,} pairs that more than one of {len(found.overall.raters)} raters graded; "
        "intervals are 95 %, by resampling pairs."
    )
    with st.expander(f"Every two raters ({len(found.pairs)})"):
        st.dataframe(_table([(" and ".join(each.raters), each) for each in found.pairs], "raters", "Cohen's kappa"), hide_index=True)
        st.caption("Cohen's kappa with quadratic weights, over the pairs that both graded.")
    with st.expander(f"By query ({len(found.queries)})"):
        st.dataframe(_table(list(found.queries.items()), "query", "alpha"), hide_index=True)
        st.caption("n/a: the grades of a query are all of one category, so chance alone allows no disagreement.")


def _table(rows: list[tuple[str, Agreement]], what: str, coefficient: str) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: (row[1].value is None, row[1].value))
    return pd.DataFrame([{what: name, coefficient: _value(each), "95 %": _interval(each) or "n/a", "n": each.n} for name, each in ordered])


def _value(each: Agreement) -> str:
    return "n/a" if each.value is None else f"{each.value:.3f}"


def _interval(each: Agreement) -> str | None:
    return None if each.low is None or each.high is None else f"{each.low:.3f} to {each.high:.3f}, n={each.n:,}"


def _disagreements(task: Task, rater: str, grades: RaterGrades, settled: dict[Pair, Judgment]) -> None:
    left = disputed(grades, settled)
    st.subheader(f"Disagreements: {len(left):,} open, {len(settled):,} settled", anchor=False)
    if not left:
        st.success("None is open.")
        return
    if not st.toggle("Show them, with the grades that were given", key="show-disputed"):
        st.caption("Grade your own part first: afterwards you know what the others gave.")
        return
    pair = left[0]
    shelves = {name: resources.shelf(name) for name in task.collections}
    book = books_of(shelves[task.collections[0]], [pair.book_id]).get(pair.book_id)
    query = next((each for each in resources.desk().tasks.queries(task.name) if each.query_id == pair.query_id), None)
    st.markdown(f"### {plain(query.text if query else pair.query_id)}", anchors=False)
    with st.container(border=True, key="disputed-book"):
        if book is None:
            st.caption(f"{plain(pair.book_id)}: the collection does not have this book any more.")
        else:
            book_facts(book)
    st.markdown("Given: " + ", ".join(f"**{grade}** by {plain(name)}" for name, grade in sorted(grades[pair].items())))
    with st.container(key="grades"):
        for grade, meaning in MEANINGS.items():
            st.button(
                meaning.short, key=f"settle-{grade}-{pair.query_id}-{pair.book_id}", shortcut=str(grade), width="stretch",
                on_click=resources.desk().judgments.settle, args=(task.name, pair, rater, grade, "", made_under(shelves, task)),
            )  # fmt: skip
    st.caption(f"The grade that you choose holds for this pair, as settled by {plain(rater)}.")
