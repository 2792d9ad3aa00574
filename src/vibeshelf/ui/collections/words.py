"""How ages, sizes and versions are said."""

from __future__ import annotations

from datetime import UTC, datetime

from vibeshelf.services.versions import Version
from vibeshelf.ui.text import plain

_STEPS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_UNITS = ("B", "kB", "MB", "GB", "TB")


def age_text(moment: str, now: datetime | None = None) -> str:
    """Return how long ago an ISO time was, in its largest unit; the text itself where it is no time."""
    try:
        seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds()
    except (ValueError, TypeError):
        return moment
    for size, unit in _STEPS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def moment_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def size_text(size_bytes: int | None) -> str:
    """Return '12.3 MB' (a MB is 1,000,000 bytes); 'not known' for None."""
    if size_bytes is None:
        return "not known"
    size, at = float(size_bytes), 0
    while size >= 1000 and at < len(_UNITS) - 1:
        size, at = size / 1000, at + 1
    return f"{size:.0f} {_UNITS[at]}" if at == 0 or size >= 100 else f"{size:.1f} {_UNITS[at]}"


def version_line(version: Version) -> str:
    """Return what a version is in one line of Markdown: its books, its model, when it was built."""
    manifest = version.manifest
    if manifest is None:
        return f"{version.count:,} books, not made by Vibeshelf"
    parts = [
        f"version {manifest.version}", f"{version.count:,} books", f"{manifest.encoder.model}, {manifest.encoder.dimension}-d",
        f"built {age_text(manifest.built_at)}",
    ]  # fmt: skip
    return plain(" · ".join(parts))
