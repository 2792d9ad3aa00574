"""The verdict over a collection, and the examination behind it: begun, watched, kept."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from vibeshelf.core.errors import Cancelled
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Examination
from vibeshelf.services.health import examine_collection
from vibeshelf.ui import resources
from vibeshelf.ui.health.probes import ICONS, counts_of, facts_of
from vibeshelf.ui.health.sparkline import sparkline
from vibeshelf.ui.health.work import Words, carry_on
from vibeshelf.ui.text import plain

_VERDICTS = {
    PASS: "Sound: every probe that applies passes.",
    WARN: "Usable, with something to look at.",
    FAIL: "Not sound: what is found here cannot be relied upon.",
    NOT_APPLICABLE: "Nothing could be looked at.",
}
_BEFORE = (
    "The quick probes ran just now. The full examination also looks at every vector and encodes a sample again; it takes a minute or so."
)
_DRAWN = {PASS: st.success, WARN: st.warning, FAIL: st.error, NOT_APPLICABLE: st.info}


def examined(collection: str) -> Examination:
    """Draw the verdict, its history and the button of the full examination; return the full one of this state, or the quick one."""
    quick = resources.quick_examination(collection)
    full = latest_of(collection, quick)
    _verdict(full or quick)
    if full:
        sparkline(resources.examinations(collection))
    words = Words(
        "Examine again" if full else "Examine in full", "Examining",
        "" if full else _BEFORE,
        ":material/stethoscope:", first=not full,
    )  # fmt: skip
    made: Examination | None = carry_on("examine", f"examine {collection}", _work(collection), words)
    if made is not None:
        resources.results()[f"examined {collection}"] = made
        resources.examinations.clear()
        st.rerun()
    return full or quick


def latest_of(collection: str, state: Examination) -> Examination | None:
    """Return the latest full examination of the collection as `state` found it, or None when it has changed since."""
    unkept = resources.results().get(f"examined {collection}")
    # In memory too: on a disk that cannot be written nothing is kept.
    found = [*([unkept] if unkept else []), *resources.examinations(collection)[:1]]
    same = [each for each in found if (each.fingerprint, each.revision, each.count) == (state.fingerprint, state.revision, state.count)]
    return max(same, key=lambda each: each.examined_at, default=None)


def _work(collection: str) -> Callable[[Callable[[int, int], None], Callable[[], bool]], Examination]:
    settings = resources.settings()

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Examination:
        def told(done: int, total: int, title: str) -> None:  # noqa: ARG001
            if cancelled():
                raise Cancelled("the examination was stopped")
            progress(done, total)

        return examine_collection(settings, collection, progress=told)

    return work


def _verdict(examination: Examination) -> None:
    _DRAWN[examination.status](f"**{_VERDICTS[examination.status]}** {counts_of(examination.results)}", icon=ICONS[examination.status])
    st.caption(plain(facts_of(examination)))
    for change in examination.changes:
        st.markdown(f"- {plain(change)}")
