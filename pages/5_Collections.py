"""Collections: what is indexed, with which model, when, from what."""

import pandas as pd
import streamlit as st

from vibeshelf.adapters.index import CollectionInfo
from vibeshelf.ui import resources
from vibeshelf.ui.layout import empty_state, page
from vibeshelf.ui.text import plain


def row(info: CollectionInfo) -> dict[str, object]:
    manifest = info.manifest
    if manifest is None:
        return {"collection": info.name, "books": info.count, "state": "not made by Vibeshelf"}
    return {
        "collection": info.name,
        "books": info.count,
        "model": manifest.encoder.model,
        "dimension": manifest.encoder.dimension,
        "fingerprint": manifest.encoder.fingerprint[:12],
        "backend": f"{manifest.backend} {manifest.precision}",
        "built at": manifest.built_at,
        "state": "complete" if manifest.complete else "not complete: run its ingest again",
    }


with page("Collections"):
    st.title("Collections", anchor=False)
    found = resources.collections()
    if not found:
        empty_state("There is no collection yet. Make the starter one: `vibeshelf ingest starter`")
    else:
        st.dataframe(pd.DataFrame([row(info) for info in found]), hide_index=True)
        for info in found:
            if info.manifest:
                with st.expander(f"How {plain(info.name)} was made"):
                    st.markdown(f"Document template: {plain(info.manifest.template)}")
                    st.markdown(f"Distance space: {info.manifest.space}, corpus hash {info.manifest.corpus_hash[:16]}")
                    versions = ", ".join(f"{name} {number}" for name, number in info.manifest.versions.items())
                    st.markdown(f"Made with {plain(versions)}")
