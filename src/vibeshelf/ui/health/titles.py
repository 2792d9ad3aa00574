"""What probes and groups of probes are called on the page."""

from __future__ import annotations

from vibeshelf.services.probes.registry import PROBES

GROUP_TITLES = {
    "towers": ("Towers", "Is this the model that made the vectors?"),
    "vectors": ("Vectors", "Is each one sound, and its book's own?"),
    "geometry": ("Geometry", "Do they lie as this model lays them?"),
    "index": ("Index", "Does it find what is there?"),
    "drift": ("Drift", "Are books and questions still of the kind that it was built for?"),
}


def title_of(probe_id: str) -> str:
    """Return what a probe is called, or its id where it is not known here."""
    return next((probe.title for probe in PROBES if probe.id == probe_id), probe_id)
