"""Do people ask what the search was measured for? Incoming queries beside reference ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from vibeshelf.adapters.encoders.words import Splitter
from vibeshelf.adapters.mirror import mirror_key
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.drift import Drift, drift, sample_of
from vibeshelf.ui import resources
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

_STARTER, _EARLIER = "the starter queries", "earlier searches"
_LATEST = 1000


def drift_view(collection: str, length: timedelta | None) -> None:
    """Draw the comparison of the queries of a period, None for all, with the chosen reference."""
    reference = st.segmented_control(
        "Compared with", [_STARTER, _EARLIER], default=_STARTER, required=True, key="live-reference",
        help="Quality was measured on the starter queries. Earlier searches are those before the period.",
    )  # fmt: skip
    try:
        found = _drift(collection, length, str(reference or _STARTER))
    except VibeshelfError as error:
        show_error(error)
        return
    drifted = [each.what for each in found if each.drifted]
    measured = [each for each in found if each.p_value is not None]
    if measured:
        st.markdown(f"{':material/trending_flat:' if not drifted else ':material/call_split:'} **{_verdict(drifted)}**")
    st.table(pd.DataFrame(list(map(_row, found))).set_index("property"), border="horizontal", alt="Incoming queries beside the reference")
    st.caption(
        "A query that came often counts once. Differences with their 95 % interval; a drift is one that chance gives in less than 5 % of "
        "cases, all properties together. The language is told by letters and little words; what has none counts as English. A word is "
        "strange to the model when its tokenizer does not know it or breaks it into more than three pieces, as it does with rare names and "
        "other scripts. Cosines are of unfiltered hybrid searches."
    )


def _drift(collection: str, length: timedelta | None, reference: str) -> list[Drift]:
    now = datetime.now(UTC)
    rows = resources.search_log().read(limit=20_000, collection=collection)
    start = now - length if length is not None else None
    incoming = [row for row in rows if start is None or row.at >= start]
    earlier = [row for row in rows if start is not None and row.at < start]
    opened = resources.shelf(collection)
    split, why = _splitter(opened.manifest.encoder.model)
    if reference == _STARTER:
        known = resources.reference_sample(collection, mirror_key(opened.manifest))
    else:
        known = sample_of(earlier[-_LATEST:], split)
    return drift(known, sample_of(incoming[-_LATEST:], split), no_splitter=why)


def _splitter(model: str) -> tuple[Splitter | None, str]:
    try:
        return resources.splitter(model), ""
    except VibeshelfError as error:
        return None, str(error)


def _verdict(drifted: Sequence[str]) -> str:
    return f"They differ in: {', '.join(drifted)}" if drifted else "No drift was seen"


def _row(of: Drift) -> dict[str, str]:
    counts = f":small[n={of.n_reference:,} and {of.n_incoming:,}]"
    if of.reference is None or of.incoming is None or of.p_value is None:
        return {"property": of.what, "reference": "—", "incoming": "—", "difference": f"not measured: {plain(of.why)}  \n{counts}"}
    interval = "" if of.low is None or of.high is None else f" ({_text(of, of.low, '+')} to {_text(of, of.high, '+')})"
    mark = ", **drift**" if of.drifted else ""
    chance = "p < 0.01" if of.p_value < 0.01 else f"p = {of.p_value:.2f}"
    detail = f"  \n:small[{plain(of.detail)}]" if of.detail else ""
    return {
        "property": of.what, "reference": _text(of, of.reference), "incoming": f"{_text(of, of.incoming)}{detail}",
        "difference": f"{_text(of, of.incoming - of.reference, '+')}{interval}, {chance}{mark}  \n{counts}",
    }  # fmt: skip


def _text(of: Drift, value: float, sign: str = "") -> str:
    return f"{100 * value:{sign}.1f} %" if of.what.startswith("share") else f"{value:{sign}.2f}"
