"""The collections as cards: version, model, age, size, health, and what can be done with each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vibeshelf.core.probes import FAIL, PASS, WARN
from vibeshelf.core.records import Manifest
from vibeshelf.services.versions import Family, Sizes, Version, candidates, is_of
from vibeshelf.ui import resources
from vibeshelf.ui.collections.changing import roll_back_box, swap_box
from vibeshelf.ui.collections.words import age_text, size_text, version_line
from vibeshelf.ui.text import plain

_LOOKS = {
    PASS: ("sound", ":material/check_circle:", "green"),
    WARN: ("something to look at", ":material/warning:", "orange"),
    FAIL: ("not sound", ":material/dangerous:", "red"),
}


def shelf_view(shelved: Sequence[Family], sizes: Sizes) -> None:
    """Draw a card for each collection, then what all of them take on the disk."""
    for at, family in enumerate(shelved):
        with st.container(border=True, key=f"family-{at}"):
            _card(at, family, candidates(shelved, family.live.name))
    on_disk = [f"mirrors {size_text(sizes.mirrors_bytes)}", f"models {size_text(sizes.models_bytes)}"]
    chroma = [f"Chroma's folder {size_text(sizes.chroma_bytes)}"] if sizes.chroma_bytes is not None else ["Chroma is a server"]
    st.caption(f"On the disk: {', '.join([*chroma, *on_disk])}.")


def _card(at: int, family: Family, others: Sequence[Version]) -> None:
    live = family.live
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"head-{at}"):
        st.subheader(plain(live.name), anchor=False, width="content")
        if live.manifest is not None:
            _health(live.name, live.manifest)
    st.markdown(version_line(live))
    if live.manifest is None:
        st.caption("It has no manifest, so nobody can know what its vectors mean; it is not searched.")
        return
    st.caption(_made(live, live.manifest))
    if not live.manifest.complete:
        st.warning("Not complete: its ingest was stopped. The same file goes on from there.", icon=":material/hourglass_disabled:")
    if family.before is not None:
        st.caption(f":material/history: kept for roll-back: {version_line(family.before)}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"do-{at}"):
        st.page_link("app.py", label="Search it", icon=":material/search:", query_params={"collection": live.name})
        st.page_link("pages/4_Health.py", label="Examine it", icon=":material/ecg_heart:", query_params={"collection": live.name})
        swap_box(at, live, others)
        if family.before is not None:
            roll_back_box(at, live, family.before)
    with st.expander("How it was made", icon=":material/info:"):
        _details(live.manifest)


def _health(name: str, manifest: Manifest) -> None:
    latest = next(iter(resources.examinations(name)), None)
    if latest is not None and is_of(latest, manifest) and latest.status in _LOOKS:
        said, icon, colour = _LOOKS[latest.status]
        st.badge(f"{said}, {age_text(latest.examined_at)}", icon=icon, color=colour)  # type: ignore[arg-type]
    else:
        said = "not examined" if latest is None else "not examined since it changed"
        st.badge(said, icon=":material/help:", color="gray")


def _made(version: Version, manifest: Manifest) -> str:
    mirror = f"mirror {size_text(version.mirror_bytes)}" if version.mirror_bytes is not None else "no mirror yet"
    parts = (f"vectors {size_text(version.vector_bytes)}", mirror, f"encoded by {manifest.backend} {manifest.precision}")
    return plain(" · ".join(parts))


def _details(manifest: Manifest) -> None:
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    lines = {
        "Built": f"{manifest.built_at[:10]} {manifest.built_at[11:16]} UTC",
        "Document template": manifest.template,
        "Encoder": f"{manifest.encoder.model}, fingerprint {manifest.encoder.fingerprint[:12]}, {manifest.encoder.pooling} pooling, "
        f"at most {manifest.encoder.max_tokens} tokens",
        "Distance": manifest.space,
        "Corpus": f"hash {manifest.corpus_hash[:12] or 'not known before it is complete'}, revision {manifest.revision}",
        "Made with": versions,
    }
    st.markdown("  \n".join(f"**{name}:** {plain(text)}" for name, text in lines.items()))
