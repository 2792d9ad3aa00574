"""What people said, as an artifact: judgments and blind comparisons, each database whole as it was at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vibeshelf.adapters import contests, judging_tables
from vibeshelf.adapters.database_copies import copy_database, counts_of, settle_copy
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.parcel import FOLDER, Arrived, Parcel, PullOptions, scratch

FILE = "judgments.sqlite"
_CONTESTS = "contests.sqlite"


@dataclass(frozen=True, slots=True)
class _Database:
    """A file, what it holds, the tables whose rows are counted (the first says whether it holds anything), and its newest version."""

    file: str
    holds: str
    tables: tuple[str, ...]
    newest: int
    otherwise: str = ""


_DATABASES = (
    _Database(FILE, "judgments", ("events",), len(judging_tables.MIGRATIONS), ", or merge a file of grades: vibeshelf judge import FILE"),
    _Database(_CONTESTS, "blind comparisons", ("rounds", "verdicts"), len(contests.MIGRATIONS)),
)


def pack_judgments(settings: Settings, _: str, parcel: Parcel) -> Mapping[str, Any]:
    """Send what people said, under any name, while they go on. Raises InputError when nobody said anything."""
    facts: dict[str, Any] = {}
    with scratch(settings) as folder:
        for each in _DATABASES:
            if not (settings.data_dir / each.file).is_file():
                continue
            copy = folder / each.file
            copy_database(settings.data_dir / each.file, copy)
            settle_copy(copy)
            version, counts = counts_of(copy, each.tables)
            parcel.add(copy, each.file)
            facts |= {**counts, "schema" if each.file == FILE else "contests_schema": version}
    if not facts:
        raise InputError(f"{settings.data_dir} holds no judgments yet; give some on the Judge page, or: vibeshelf judge import FILE")
    return facts


def unpack_judgments(arrived: Arrived, options: PullOptions) -> Mapping[str, Any]:
    """Put what people said in place of what is here, of which a copy is kept.

    Raises InputError where something is here and `replace` is not set, SourceError for a file that is damaged or newer than this
    program; then nothing has changed.
    """
    come = [each for each in _DATABASES if arrived.has(each.file)]
    if not come:
        raise InputError(
            f"this artifact holds neither {' nor '.join(each.holds for each in _DATABASES)}; was it pushed by another program?"
        )
    counted = {each.file: _checked(arrived, each, options) for each in come}
    kept = {each.file: copy for each in come if (copy := _replaced(arrived, each)) is not None}
    counts = {table: count for each in counted.values() for table, count in each.items()}
    target = arrived.settings.data_dir / come[0].file
    return {"file": str(target), **counts, "kept_copy": str(next(iter(kept.values()))) if kept else None}


def _checked(arrived: Arrived, each: _Database, options: PullOptions) -> dict[str, int]:
    """Return the rows that have come."""
    version, counts = counts_of(arrived.path(each.file), each.tables)
    if version > each.newest:
        raise SourceError(f"the {each.holds} are of version {version}; this program knows {each.newest}. Update Vibeshelf")
    target = arrived.settings.data_dir / each.file
    if _holds_something(target, each) and not options.replace:
        raise InputError(f"there are {each.holds} in {target}; pull with --replace (a copy of them is kept){each.otherwise}")
    return counts


def _replaced(arrived: Arrived, each: _Database) -> Path | None:
    """Put a database in its place and return the copy of what was there, if anything was."""
    target, kept = arrived.settings.data_dir / each.file, None
    if _holds_something(target, each):
        name = each.file.removesuffix(".sqlite")
        kept = arrived.settings.data_dir / FOLDER / f"{name}-before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite"
        copy_database(target, kept)
    copy_database(arrived.path(each.file), target)
    return kept


def _holds_something(path: Path, each: _Database) -> bool:
    return path.is_file() and counts_of(path, each.tables)[1][each.tables[0]] > 0
