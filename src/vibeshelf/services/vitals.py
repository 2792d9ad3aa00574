"""The quick probes that run whenever a collection is opened, beside the guard that has just compared its encoder."""

from __future__ import annotations

from collections.abc import Sequence

from vibeshelf.adapters.index import Index
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.probes import FAIL, WARN, ProbeResult
from vibeshelf.services.probes.opening import PROBES
from vibeshelf.services.probes.specimen import Specimen, read_all


def vitals_of(index: Index, mirror: Mirror | None) -> tuple[ProbeResult, ...]:
    """Return what of counts, distance space and mirror is not as it should be; empty for a collection in order. Takes milliseconds."""
    specimen = Specimen(index.manifest, lambda: read_all(index), index=index, mirror=mirror)
    found = (probe.run(specimen) for probe in PROBES)
    return tuple(result for result in found if result.status in (WARN, FAIL))


def warnings_of(results: Sequence[ProbeResult]) -> tuple[str, ...]:
    """Return a line for each failing result, to be shown beside what was found."""
    return tuple(
        f"{result.id}: {result.observed}; expected {result.expected}. Run: vibeshelf health" for result in results if result.status == FAIL
    )
