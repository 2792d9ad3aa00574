"""What services write into the logbook when they have done something, and how it is exported."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from vibeshelf.adapters.logbook import open_logbook
from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.core.logbook import KINDS, Entry, Figures
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings

_log = logging.getLogger("vibeshelf")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def note(
    settings: Settings, kind: str, collection: str | None, manifest: Manifest | None, summary: str, figures: Figures | None = None
) -> None:
    """Write an entry. Never raises: a logbook that cannot be written costs a warning, not the work that it tells of."""
    version = fingerprint = model = None
    if manifest is not None:
        version, fingerprint, model = manifest.version, manifest.encoder.fingerprint, manifest.encoder.model
    entry = Entry(datetime.now(UTC), kind, collection, version, fingerprint, model, summary, figures or {})
    try:
        open_logbook(settings).add(entry)
    except StorageError as error:
        _log.warning("the logbook has no entry of this %s: %s", kind, error)


def entries(
    settings: Settings, kind: str | None = None, since: datetime | None = None, collection: str | None = None, limit: int | None = None
) -> list[Entry]:
    """Return the entries that pass, the newest first. Raises InputError for an unknown kind, StorageError."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'; known: {', '.join(KINDS)}")
    return open_logbook(settings).entries(kind, since, collection, limit)


def parse_since(text: str, now: datetime | None = None) -> datetime:
    """Return the moment of a date (2026-11-28, with a time or without, UTC unless it says another zone) or of a span back (36h, 7d)."""
    span, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and span.isdecimal():
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[unit]: int(span)})
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InputError(f"'{text}' is no time; expected a date such as 2026-11-28, or a span such as 36h, 7d or 2w") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry as scripts read it."""
    return {**asdict(entry), "at": entry.at.isoformat(timespec="milliseconds"), "figures": dict(entry.figures)}


def as_csv(found: Sequence[Entry]) -> str:
    """Return the entries as CSV with a header; figures are JSON in their column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ("number", "at", "kind", "collection", "version", "fingerprint", "model", "summary", "figures")
    writer.writerow(columns)
    for entry in found:
        row = {**row_of(entry), "figures": json.dumps(dict(entry.figures), ensure_ascii=False)}
        writer.writerow([_harmless(row[column]) for column in columns])
    return out.getvalue()


def _harmless(value: Any) -> Any:
    # A spreadsheet takes these for the start of a formula; a collection's name comes from people.
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
