"""The verdict over a collection, and the examination behind it: begun, watched, kept."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from vibeshelf.core.errors import Cancelled
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Examination
from vibeshelf.services.health import examine_collection
from vibeshelf.ui import resources
from vibeshelf.ui.health.probes import ICONS, counts_of
from vibeshelf.ui.health.work import Words, outcome
from vibeshelf.ui.text import plain

_VERDICTS = {
    PASS: "Sound: every probe that applies passes.",
    WARN: "Usable, with something to look at.",
    FAIL: "Not sound: what is found here cannot be relied upon.",
    NOT_APPLICABLE: "Nothing could be looked at.",
}
_DRAWN = {PASS: st.success, WARN: st.warning, FAIL: st.error, NOT_APPLICABLE: st.info}


def examined(collection: str) -> Examination:
    """Draw the verdict and the button of the full examination; return the full one of this state, or the quick one until then."""
    quick = resources.quick_examination(collection)
    key = f"{collection} {quick.fingerprint} {quick.revision} {quick.count}"
    place = st.container()
    words = Words(
        "Examine it in full", "Examining",
        "The quick probes ran just now. The full examination encodes a sample again and looks at every vector: half a minute or so.",
        ":material/stethoscope:",
    )  # fmt: skip
    full = outcome(f"examine-{collection}", f"examine {key}", resources.examinations(), _work(collection), words, unasked=False)
    shown = full or quick
    with place:
        _verdict(shown)
    if full is not None:
        st.button("Examine again", key="examine-once-more", icon=":material/replay:", on_click=_forget, args=(f"examine {key}",))
    return shown


def _work(collection: str) -> Callable[[Callable[[int, int], None], Callable[[], bool]], Examination]:
    settings = resources.settings()

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Examination:
        def told(done: int, total: int, title: str) -> None:
            if cancelled():
                raise Cancelled("the examination was stopped")
            progress(done, total)

        return examine_collection(settings, collection, progress=told)

    return work


def _verdict(examination: Examination) -> None:
    kind = "quick" if examination.cheap else "full"
    _DRAWN[examination.status](f"**{_VERDICTS[examination.status]}** {counts_of(examination.results)}", icon=ICONS[examination.status])
    made = f"{examination.examined_at[:10]} {examination.examined_at[11:16]} UTC"
    facts = [f"{kind} examination of {made}", f"{examination.seconds:.1f} s", f"collection {examination.collection}"]
    if examination.count is not None:
        facts.append(f"{examination.count:,} books")
    if examination.fingerprint:
        facts.append(f"encoder {examination.fingerprint[:12]}")
    st.caption(plain(" · ".join(facts)))
    for change in examination.changes:
        st.markdown(f"- {plain(change)}")


def _forget(key: str) -> None:
    resources.examinations().pop(key, None)
