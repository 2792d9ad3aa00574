"""The entries of the logbook: what was done to the collections and found out about them, with figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

KINDS = ("build", "swap", "rollback", "repair", "evaluation", "bench", "health")
Figures = Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `version` and `fingerprint` (of the encoder) are those of the collection then, None where it had none.

    `summary` is a sentence; `figures` are the numbers behind it, by names that say their units. `number` counts the entries from 1.
    """

    at: datetime
    kind: str
    collection: str | None
    version: str | None
    fingerprint: str | None
    model: str | None
    summary: str
    figures: Figures = field(default_factory=dict)
    number: int | None = None
