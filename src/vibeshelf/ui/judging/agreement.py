"""How far raters agree, and what they disagree on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from vibeshelf.core.judging import RULES, Judgment, Pair, Task
from vibeshelf.services.agreement import Agreement, RaterGrades, grades_of, report
from vibeshelf.ui import resources
from vibeshelf.ui.judging.adjudication import adjudication
from vibeshelf.ui.layout import empty_state

_RULES = {
    "median": "the middle grade (of two, the lower)",
    "majority": "the most frequent grade (in a tie, the lowest)",
    "strictest": "the lowest grade",
}
# Of two raters, and of more.
_NAMES = {"kappa": "Cohen's kappa, quadratic", "alpha": "Krippendorff's alpha, ordinal"}


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
    adjudication(task, rater)


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
        st.metric(_NAMES[found.overall.coefficient], _value(found.overall), _interval(found.overall), delta_color="off", delta_arrow="off")
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
        st.dataframe(_table(list(found.queries.items()), "query", _NAMES[found.overall.coefficient]), hide_index=True)
        st.caption("n/a: the grades of a query are all of one category, so chance alone allows no disagreement.")


def _table(rows: list[tuple[str, Agreement]], what: str, coefficient: str) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: (row[1].value is None, row[1].value))
    return pd.DataFrame([{what: name, coefficient: _value(each), "95 %": _interval(each) or "n/a", "n": each.n} for name, each in ordered])


def _value(each: Agreement) -> str:
    return "n/a" if each.value is None else f"{each.value:.3f}"


def _interval(each: Agreement) -> str | None:
    return None if each.low is None or each.high is None else f"{each.low:.3f} to {each.high:.3f}, n={each.n:,}"
