"""What is looked at whenever a collection is opened: quick, without reading what it holds, and light to import."""

from __future__ import annotations

import numpy as np

from vibeshelf.adapters.index import SPACE
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN
from vibeshelf.core.vectors import UNIT_TOLERANCE
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.specimen import Specimen

# Rows of the mirror that are looked at.
_GLANCE = 64
_REBUILD = "build the index again with the repair 'rebuild'"


def _count(specimen: Specimen) -> Finding:
    manifest = specimen.manifest
    held = specimen.index.count() if specimen.index is not None else len(specimen.holdings)
    again = "run the ingest that made it again"
    if not manifest.complete:
        return Finding(WARN, f"{held:,} books so far: its ingest was stopped", again)
    if held != manifest.count:
        return Finding(FAIL, f"{held:,} books, the manifest counts {manifest.count:,}", again)
    return Finding(PASS, f"{held:,} books, as the manifest counts")


def _space(specimen: Specimen) -> Finding:
    assert specimen.index is not None
    found = specimen.index.hnsw().get("space", "l2")
    if found != SPACE or specimen.manifest.space != SPACE:
        return Finding(FAIL, f"the index compares by {found}, the manifest says {specimen.manifest.space}", _REBUILD, repair="rebuild")
    return Finding(PASS, f"{found} in index and manifest")


def _mirror(specimen: Specimen) -> Finding:
    mirror, manifest = specimen.mirror, specimen.manifest
    if mirror is None:
        observed = "there is none: searches are slower, and dense only"
        return (
            Finding(WARN, observed, "build it with the repair 'mirror'", repair="mirror")
            if manifest.complete
            else Finding(NOT_APPLICABLE, "the collection is not complete")
        )
    step = max(1, len(mirror) // _GLANCE)
    glance = np.asarray(mirror.vectors[::step])
    sound = bool(np.isfinite(glance).all()) and bool((np.abs(np.linalg.norm(glance, axis=1) - 1) <= UNIT_TOLERANCE).all())
    if len(mirror) != manifest.count or not sound:
        observed = f"{len(mirror):,} rows for {manifest.count:,} books, {'sound' if sound else 'damaged'} at a glance"
        return Finding(FAIL, observed, "build it again with the repair 'mirror'", repair="mirror")
    return Finding(PASS, f"{len(mirror):,} rows, {len(glance)} of them looked at")


PROBES = (
    Probe(
        "vectors.count",
        "Count",
        "as many books as the manifest counts",
        "Books came or went without an ingest: what is searched is not what was built.",
        _count,
        cheap=True,
    ),
    Probe(
        "index.space",
        "Distance space",
        SPACE,
        "Distances are not cosines: scores and their order mean something else.",
        _space,
        cheap=True,
        needs=("index",),
    ),
    Probe(
        "index.mirror",
        "Mirror",
        "as many sound rows as there are books",
        "Filters and hybrid searches are answered from a copy that is not whole.",
        _mirror,
        cheap=True,
        needs=("index",),
    ),
)
