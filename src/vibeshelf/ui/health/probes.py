"""The probes on the Health page: what needs attention first, then all of them by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from vibeshelf.core.probes import FAIL, GROUPS, NOT_APPLICABLE, PASS, WARN, Examination, ProbeResult
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.health.charts import chart_of
from vibeshelf.ui.health.repairs import repair_button
from vibeshelf.ui.health.titles import GROUP_TITLES, title_of
from vibeshelf.ui.text import plain

ICONS = {
    PASS: ":material/check_circle:", WARN: ":material/warning:", FAIL: ":material/dangerous:", NOT_APPLICABLE: ":material/remove:",
}  # fmt: skip
SAID = {PASS: "passes", WARN: "warns", FAIL: "fails", NOT_APPLICABLE: "does not apply"}
COLOURS = {PASS: "green", WARN: "orange", FAIL: "red", NOT_APPLICABLE: "gray"}
# In the order in which somebody wants to see them.
_URGENCY = (FAIL, WARN, PASS, NOT_APPLICABLE)


def probes_view(examination: Examination) -> None:
    """Draw every probe: those that fail or warn in full, the others closed."""
    concerned = [result for status in (FAIL, WARN) for result in examination.results if result.status == status]
    for result in concerned:
        _card(examination.collection, result)
    for group in GROUPS:
        if of := [result for result in examination.results if result.group == group]:
            heading, question = GROUP_TITLES[group]
            st.subheader(heading, anchor=False)
            st.caption(f"{question} {counts_of(of)}.")
            for result in of:
                _row(result)


def counts_of(results: Sequence[ProbeResult]) -> str:
    """Return '1 fails · 8 pass', what there is of it."""
    counts = Counter(result.status for result in results)
    many = {PASS: "pass", WARN: "warn", FAIL: "fail", NOT_APPLICABLE: "do not apply"}
    return " · ".join(f"{counts[status]} {many[status] if counts[status] > 1 else SAID[status]}" for status in _URGENCY if counts[status])


def charts_view(examination: Examination) -> None:
    """Draw the charts of all probes that have one."""
    drawn = [(result, explained) for result in examination.results if (explained := chart_of(result))]
    facts = facts_of(examination)
    for result, explained in drawn:
        st.markdown(f"**{explained.title}** {_badge(result)}")
        st.caption(plain(explained.reading))
        key = result.id.replace(".", "-")
        show_chart(explained.chart, key=key, title=explained.title, alt=explained.alt, facts=facts, table=explained.table)
    if not drawn:
        st.info("The charts are drawn from a full examination: run one above.", icon=":material/monitoring:")


def facts_of(examination: Examination) -> str:
    """Return what the figures of an examination are about: when it was made, of what, and how long it took."""
    kind = "quick" if examination.cheap else "full"
    facts = [f"{kind} examination of {examination.when}", f"{examination.seconds:.1f} s", f"collection {examination.collection}"]
    if examination.count is not None:
        facts.append(f"{examination.count:,} books")
    if examination.fingerprint:
        facts.append(f"encoder {examination.fingerprint[:12]}")
    return " · ".join(facts)


def _card(collection: str, result: ProbeResult) -> None:
    with st.container(border=True, key=f"concern-{result.id.replace('.', '-')}"):
        st.markdown(f"**{title_of(result.id)}** {_badge(result)}")
        _details(result)
        repair_button(collection, result)


def _row(result: ProbeResult) -> None:
    with st.expander(f"{title_of(result.id)}: {plain(result.observed)}", icon=ICONS[result.status], type="compact"):
        _details(result)
        if explained := chart_of(result):
            st.altair_chart(explained.chart, alt=explained.alt, key=f"row-{result.id}")


def _badge(result: ProbeResult) -> str:
    return f":{COLOURS[result.status]}-badge[{ICONS[result.status]} {SAID[result.status]}]"


def _details(result: ProbeResult) -> None:
    lines = [f"Observed: {plain(result.observed)}", f"Expected: {plain(result.expected)}"]
    if result.status in (WARN, FAIL):
        lines.append(f"What that means: {plain(result.meaning)}")
    else:
        lines.append(f"It would mean: {plain(result.meaning)}")
    st.markdown("\n".join(f"- {line}" for line in lines))
    if result.fix:
        if result.fix.startswith("vibeshelf "):
            st.code(result.fix, language="bash", wrap_lines=True)
        else:
            st.markdown(f"What to do: {plain(result.fix)}")
    if result.examples:
        books = [f"- {plain(each.title)}{f' :small[{plain(each.detail)}]' if each.detail else ''}" for each in result.examples]
        st.markdown("For instance\n" + "\n".join(books))
    st.caption(f"probe {plain(result.id)}")
