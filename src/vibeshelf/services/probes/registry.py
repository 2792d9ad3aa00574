"""All probes, in the order in which they are shown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from vibeshelf.core.errors import InputError
from vibeshelf.core.probes import GROUPS
from vibeshelf.services.probes import crowding, drift, filtering, foreign, geometry, index, opening, towers, twins, vectors
from vibeshelf.services.probes.probe import Probe

_ALL: tuple[Probe, ...] = (
    *towers.PROBES,
    *opening.PROBES,
    *vectors.PROBES,
    *twins.PROBES,
    *foreign.PROBES,
    *geometry.PROBES,
    *crowding.PROBES,
    *index.PROBES,
    *filtering.PROBES,
    *drift.PROBES,
)


PROBES = tuple(sorted(_ALL, key=lambda probe: GROUPS.index(probe.group)))


def chosen(ids: Sequence[str] | None, cheap: bool = False) -> tuple[Probe, ...]:
    """Return the probes of these ids (a group's name stands for all of it), or all; `cheap`: only such as run at every start.

    Raises InputError for an id that there is not.
    """
    for name in ids or ():
        if not any(name in (probe.id, probe.group) for probe in PROBES):
            known = [*dict.fromkeys(probe.group for probe in PROBES), *(probe.id for probe in PROBES)]
            close = difflib.get_close_matches(name, known, n=1)
            raise InputError(f"unknown probe '{name}'{f'; did you mean {close[0]}?' if close else '.'} Known: {', '.join(known)}")
    wanted = [probe for probe in PROBES if not ids or probe.id in ids or probe.group in ids]
    return tuple(probe for probe in wanted if probe.cheap or not cheap)
