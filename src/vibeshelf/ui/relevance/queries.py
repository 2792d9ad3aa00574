"""Query by query: where a system differs from the baseline, and what both of them showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd
import streamlit as st

from vibeshelf.core.records import Book, Run
from vibeshelf.services.evaluating import Evaluated
from vibeshelf.services.measures import Measure
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui.chart_files import chart_files
from vibeshelf.ui.charts import Difference, differences_chart, picked_query
from vibeshelf.ui.relevance.facts import facts_of
from vibeshelf.ui.text import plain

SHOWN = 10
_LISTED = 8
_TEXT_CHARS = 300
_CHART, _QUERY = "differences", "opened-query"


def other_system(evaluated: Evaluated) -> str:
    """Ask which system is held against the baseline, of at least one that is not it."""
    names = [name for name in evaluated.runs if name != evaluated.report.baseline]
    if st.session_state.get("against") not in names:
        st.session_state.pop("against", None)
    name = st.segmented_control(
        f"Against {plain(evaluated.report.baseline or '')}",
        names,
        default=names[-1],
        required=True,
        key="against",
        bind="query-params",
        format_func=plain,
    )
    return str(name) if name in names else names[-1]


def differences_of(evaluated: Evaluated, measure: Measure, system: str) -> list[Difference]:
    """Return a row for every query on which both systems have the measure."""
    baseline = evaluated.report.baseline or ""
    theirs = evaluated.report.measured[baseline].values[measure.name]
    rows = []
    for query_id, value in evaluated.report.measured[system].values[measure.name].items():
        other = theirs.get(query_id)
        if value is not None and other is not None:
            text = evaluated.request.queries.get(query_id, "")
            rows.append(Difference(query_id, text[:_TEXT_CHARS], value, other, value - other))
    return rows


def differences(evaluated: Evaluated, measure: Measure, system: str, rows: list[Difference]) -> None:
    """Draw the bars; a click on one opens its query."""
    baseline = evaluated.report.baseline or ""
    better, worse = sum(row.difference > 0 for row in rows), sum(row.difference < 0 for row in rows)
    alt = f"Difference in {measure.name} between {system} and {baseline} for each of {len(rows)} queries, sorted"
    with st.container(key=f"chart-{_CHART}"):
        st.altair_chart(
            differences_chart(rows, system, baseline, measure.name),
            key=_CHART,
            on_select=_open_picked,
            alt=alt,
        )
    st.caption(
        f"Of {len(rows):,} queries {plain(system)} is better on {better:,} (bars upwards), {plain(baseline)} on {worse:,} "
        f"(downwards), and {len(rows) - better - worse:,} are the same. Click a bar to open its query · {plain(facts_of(evaluated))}"
    )
    chart_files(_CHART, f"{system} against {baseline}", alt, facts_of(evaluated), pd.DataFrame([asdict(row) for row in rows]))


def query_box(evaluated: Evaluated, rows: list[Difference]) -> str | None:
    """Ask which query is looked at, those with the largest differences first; its id stands in the address."""
    ids = [row.query_id for row in sorted(rows, key=lambda row: -abs(row.difference))]
    if _QUERY not in st.session_state:
        st.session_state[_QUERY] = st.query_params.get("query")
    if st.session_state[_QUERY] not in ids:
        st.session_state[_QUERY] = None
    texts = evaluated.request.queries
    # Not bound to the address by Streamlit, which would put the label there, and with it the whole text.
    chosen: str | None = st.selectbox(
        "Look at a query", ids, None, key=_QUERY, placeholder="click a bar, or search here",
        format_func=lambda query_id: f"{query_id}: {' '.join(texts.get(query_id, '').split())[:120]}",
    )  # fmt: skip
    if chosen is None:
        st.query_params.pop("query", None)
    else:
        st.query_params["query"] = chosen
    return chosen


def query_view(evaluated: Evaluated, shelf: Shelf, measure: Measure, system: str, query_id: str) -> None:
    """Draw the query, both rankings side by side, and where the relevant books stand in each."""
    baseline = evaluated.report.baseline or ""
    text = evaluated.request.queries.get(query_id)
    with st.container(border=True, key="opened"):
        st.markdown(f"**{plain(text)}**" if text else f"The text of query {plain(query_id)} is not known.")
        graded = evaluated.request.grades[query_id]
        books = _books(shelf, evaluated, query_id, (system, baseline))
        for column, name in zip(st.columns(2), (system, baseline), strict=True):
            value = evaluated.report.measured[name].values[measure.name].get(query_id)
            with column:
                st.markdown(f"**{plain(name)}** · {plain(measure.name)} {'n/a' if value is None else f'{value:.3f}'}")
                st.markdown(_ranking(evaluated.runs[name], query_id, graded, books) or "No results.")
        st.caption(_legend(graded))
        _relevant(evaluated, query_id, (system, baseline), books)


def _books(shelf: Shelf, evaluated: Evaluated, query_id: str, names: tuple[str, ...]) -> dict[str, Book]:
    shown = [book_id for name in names for book_id in _ids(evaluated.runs[name], query_id)[:SHOWN]]
    wanted = [*shown, *_best(evaluated.request.grades[query_id])]
    mirror = shelf.mirror()
    return mirror.books(wanted) if mirror is not None else shelf.index().books(wanted)


def _ids(run: Run, query_id: str) -> tuple[str, ...]:
    ranking = run.rankings.get(query_id)
    return ranking.book_ids if ranking else ()


def _best(graded: Mapping[str, int]) -> list[str]:
    relevant = [book_id for book_id, grade in graded.items() if grade > 0]
    return sorted(relevant, key=lambda book_id: (-graded[book_id], book_id))[:_LISTED]


def _ranking(run: Run, query_id: str, graded: Mapping[str, int], books: dict[str, Book]) -> str:
    top = max(graded.values(), default=0)
    lines = [
        f"{rank}. {_badge(graded.get(book_id), top)} {_title(book_id, books)}"
        for rank, book_id in enumerate(_ids(run, query_id)[:SHOWN], 1)
    ]
    return "\n".join(lines)


def _badge(grade: int | None, top: int) -> str:
    """Return the grade as a badge that says it in words and figures; the colour only helps."""
    if grade is None:
        return ":violet-badge[unjudged]"
    colour = "gray" if grade == 0 else "green" if grade == top else "blue" if grade * 2 > top else "orange"
    return f":{colour}-badge[{grade}]"


def _title(book_id: str, books: dict[str, Book]) -> str:
    book = books.get(book_id)
    if book is None:
        return f"{plain(book_id)} :small[not in the collection]"
    author = f" :small[{plain(book.author)}]" if book.author else ""
    return f"{plain(book.title or book_id)}{author}"


def _legend(graded: Mapping[str, int]) -> str:
    scale = (
        "3 exactly what was asked for, 2 would please, 1 shares something, 0 no"
        if max(graded.values(), default=0) == 3
        else "0 not relevant"
    )
    return f"The first {SHOWN} of each. Grades: {scale}; unjudged books count as not relevant."


def _relevant(evaluated: Evaluated, query_id: str, names: tuple[str, str], books: dict[str, Book]) -> None:
    graded = evaluated.request.grades[query_id]
    best = _best(graded)
    if not best:
        st.caption("No judged book is relevant for this query, so every system has 0.")
        return
    lines = []
    for book_id in best:
        places = ", ".join(f"{plain(name)} {_place(evaluated.runs[name], query_id, book_id)}" for name in names)
        lines.append(f"- {_badge(graded[book_id], max(graded.values()))} {_title(book_id, books)}: {places}")
    with st.expander(f"Where the {'best graded' if len(best) == _LISTED else 'relevant'} books stand"):
        st.markdown("\n".join(lines))


def _place(run: Run, query_id: str, book_id: str) -> str:
    ids = _ids(run, query_id)
    return f"rank {ids.index(book_id) + 1}" if book_id in ids else f"not in its {len(ids):,}"


def _open_picked() -> None:
    """Open the query whose bar was clicked; a click beside the bars changes nothing."""
    if query_id := picked_query(st.session_state[_CHART]["selection"]):
        st.session_state[_QUERY] = query_id
