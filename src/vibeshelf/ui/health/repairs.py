"""Repairs from the Health page: asked twice, done in the background, told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from vibeshelf.core.errors import Cancelled
from vibeshelf.core.probes import FAIL, WARN, Examination, ProbeResult
from vibeshelf.core.settings import Settings
from vibeshelf.services.repair import Repaired, mend
from vibeshelf.ui import resources
from vibeshelf.ui.health.work import Words, begin, carry_on
from vibeshelf.ui.text import plain

_DOES = {
    "restore": "puts books back that only the mirror still has",
    "remove": "takes vectors out that belong to no book",
    "rebuild": "builds the graph again in a collection beside this one, and swaps",
    "encode": "encodes the books concerned again with the collection's own model",
    "mirror": "builds the mirror and the lexical index again",
}


def repair_button(collection: str, result: ProbeResult) -> None:
    """Draw the button of the repair that mends what a probe found, where there is one."""
    if result.repair and not (result.repair == "remove" and not result.book_ids):
        concerned = f"{len(result.book_ids):,} books" if result.book_ids else "all that it concerns"
        said = f"The repair '{result.repair}' {_DOES.get(result.repair, 'changes the collection')}: {concerned}."
        _ask(_only(collection, (result,)), result.id.replace(".", "-"), f"Repair: {result.repair}", said)


def mend_button(examination: Examination) -> None:
    """Draw the button of all repairs together, where there is more than one."""
    concerned = [result for result in examination.results if result.status in (WARN, FAIL) and result.repair]
    if len(concerned) > 1:
        names = ", ".join(sorted({result.repair for result in concerned}))
        _ask(examination, "all", "Mend all that can be mended", f"Does these repairs, in the order in which none spoils another: {names}.")


def _only(collection: str, results: tuple[ProbeResult, ...]) -> Examination:
    return Examination(collection, FAIL, results, 0.0, "", None, None, None)


def _ask(examination: Examination, name: str, button: str, said: str) -> None:
    key = f"repair {examination.collection} {name}"
    work = partial(_mend, resources.settings(), examination)
    if key not in resources.jobs():
        with st.popover(button, icon=":material/build:", key=f"ask-{name}"):
            st.markdown(f"{plain(said)} This writes to the collection {plain(examination.collection)}.")
            st.button("Repair now", key=f"sure-{name}", type="primary", on_click=begin, args=(key, work))
        return
    done = carry_on(f"repair-{name}", key, work, Words("Repair now", "Repairing", "", ":material/build:"))
    if done is not None:
        _remember(examination.collection, done)
        st.rerun()


def repaired_line(collection: str) -> None:
    """Say what the last repair of this session did."""
    done: list[Repaired] | None = st.session_state.get(f"repaired {collection}")
    if done:
        said = "; ".join(f"{each.repair}: {each.books:,} books in {each.seconds:.1f} s" for each in done)
        st.info(f"Repaired. {plain(said)}. Examine again to see whether it helped.", icon=":material/build:")


def _remember(collection: str, done: list[Repaired]) -> None:
    st.session_state[f"repaired {collection}"] = done
    # What was opened before the repair is not what is there now.
    resources.forget_collections()


def _mend(
    settings: Settings, examination: Examination, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> list[Repaired]:
    def told(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled("the repair was stopped")
        progress(done, total)

    return mend(settings, examination, told)
