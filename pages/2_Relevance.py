"""Relevance: how good each system is on judged queries, how sure that is, and where they differ."""

import streamlit as st

from vibeshelf.services.evaluating import Evaluated
from vibeshelf.services.measures import Measure
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.charts import Chart, differences_chart, speed_chart
from vibeshelf.ui.collection_box import collection_box
from vibeshelf.ui.layout import page
from vibeshelf.ui.relevance.choice import ask_request, source_box
from vibeshelf.ui.relevance.downloads import downloads
from vibeshelf.ui.relevance.queries import differences, differences_of, other_system, query_box, query_view
from vibeshelf.ui.relevance.speed import points_of, speed_of_systems
from vibeshelf.ui.relevance.table import measure_choice, table_of, verdicts
from vibeshelf.ui.relevance.work import evaluated


def report(found: Evaluated, shelf: Shelf) -> None:
    table_of(found)
    measure = measure_choice(found)
    charts: dict[str, Chart] = {}
    if measure is not None:
        verdicts(found, measure)
        charts |= query_by_query(found, shelf, measure)
        charts |= speed(found, measure)
    st.subheader("Take away", anchor=False)
    downloads(found, charts)


def query_by_query(found: Evaluated, shelf: Shelf, measure: Measure) -> dict[str, Chart]:
    if len(found.runs) < 2:
        return {}
    st.subheader("Query by query", anchor=False)
    system = other_system(found)
    rows = differences_of(found, measure, system)
    differences(found, measure, system, rows)
    if query_id := query_box(found, rows):
        query_view(found, shelf, measure, system, query_id)
    baseline = found.report.baseline or ""
    return {f"{system} against {baseline}": differences_chart(rows, system, baseline, measure.name)}


def speed(found: Evaluated, measure: Measure) -> dict[str, Chart]:
    st.subheader("Speed beside quality", anchor=False)
    points = points_of(found, measure)
    speed_of_systems(found, measure, points)
    return {"speed and quality": speed_chart(points, measure.name)} if points else {}


with page("Relevance"):
    st.title("How good is it?", anchor=False)
    left, right = st.columns(2)
    with left:
        name = collection_box()
    with right:
        source = source_box()
    if request := ask_request(source):
        opened = resources.shelf(name)
        if result := evaluated(opened, request):
            report(result, opened)
