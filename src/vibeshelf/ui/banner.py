"""One line on every page when the chosen collection is not as it should be; nothing when it is.

It costs nothing: what came of opening the collection is known in this process, and the last full examination is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from vibeshelf.core.errors import Mismatch, VibeshelfError
from vibeshelf.core.probes import FAIL, WARN, Examination, ProbeResult, worst
from vibeshelf.services.shelf import DEFAULT_COLLECTION, Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.health.titles import title_of
from vibeshelf.ui.links import links
from vibeshelf.ui.text import plain

_PAGE = "Health"
_LONGEST = 140
_LOOKS = {FAIL: ("red", ":material/dangerous:", "cannot be trusted"), WARN: ("orange", ":material/warning:", "has something to look at")}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a collection without looking again: 'warn' or 'fail', and what is the matter."""

    status: str
    reason: str


def banner() -> None:
    """Draw the line, which leads to the Health page."""
    collection = str(st.session_state.get("collection") or st.query_params.get("collection") or DEFAULT_COLLECTION)
    standing = standing_of(resources.opened().get(collection), next(iter(resources.examinations(collection)), None))
    if standing is None:
        return
    colour, icon, said = _LOOKS[standing.status]
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="banner"):
        st.markdown(f":{colour}[{icon} **{plain(collection)} {said}.** {plain(_cut(standing.reason))}]", width="content")
        links(("See its health", _PAGE, {"collection": collection}))


def standing_of(opened: Shelf | VibeshelfError | None, examination: Examination | None) -> Standing | None:
    """Return what is known, the worst of it; None for a collection in order, and for one that nobody has opened or examined."""
    if isinstance(opened, Mismatch):
        # The page says the rest where somebody searches.
        return Standing(FAIL, f"Its {opened.what} does not match, so nothing is searched with it.")
    if isinstance(opened, VibeshelfError):
        return Standing(FAIL, str(opened))
    try:
        results = list(opened.vitals()) if opened is not None else []
    except VibeshelfError as error:
        return Standing(FAIL, str(error))
    if examination is not None and (opened is None or _is_of(examination, opened)):
        results += examination.results
    return _worst(results)


def _is_of(examination: Examination, shelf: Shelf) -> bool:
    manifest = shelf.manifest
    return (examination.fingerprint, examination.revision, examination.count) == (
        manifest.encoder.fingerprint,
        manifest.revision,
        manifest.count,
    )


def _worst(results: list[ProbeResult]) -> Standing | None:
    status = worst([result.status for result in results])
    if status not in _LOOKS:
        return None
    concerned = list(dict.fromkeys(result.id for result in results if result.status == status))
    first = next(result for result in results if result.status == status)
    more = f", and {len(concerned) - 1} more" if len(concerned) > 1 else ""
    return Standing(status, f"{title_of(first.id)}: {first.observed}{more}")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rsplit(' ', 1)[0]} …"
