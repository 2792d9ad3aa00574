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


@dataclass(frozen=True, slots=True)
class _Database:
    """A file, what it holds, the tables whose rows are counted (the first says whether it holds anything), its newest version, under
    what name a pushed one is told its version, and what else can be done than replace it."""

    file: str
    holds: str
    tables: tuple[str, ...]
    newest: int
    version: str
    otherwise: str = ""

    def counts(self, path: Path) -> dict[str, int]:
        """Return the rows of a file. Raises SourceError for one that is damaged or newer than this program."""
        version, counts = counts_of(path, self.tables)
        if version > self.newest:
            raise SourceError(f"the {self.holds} are of version {version}; this program knows {self.newest}. Update Vibeshelf")
        return counts

    def is_held(self, path: Path) -> bool:
        """Return whether a file is there and holds anything."""
        return path.is_file() and counts_of(path, self.tables)[1][self.tables[0]] > 0


_OR_MERGE = ", or merge a file of grades: vibeshelf judge import FILE"
_DATABASES = (
    _Database(judging_tables.FILE, "judgments", ("events",), len(judging_tables.MIGRATIONS), "schema", _OR_MERGE),
    _Database(contests.FILE, "blind comparisons", ("rounds", "verdicts"), len(contests.MIGRATIONS), "contests_schema"),
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
            facts |= {**counts, each.version: version}
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
    counts = {table: count for each in come for table, count in each.counts(arrived.path(each.file)).items()}
    home = arrived.settings.data_dir
    held = [each for each in come if each.is_held(home / each.file)]
    if held and not options.replace:
        first = held[0]
        raise InputError(f"there are {first.holds} in {home / first.file}; pull with --replace (a copy of them is kept){first.otherwise}")
    kept = [_kept_copy(home / each.file, home / FOLDER) for each in held]
    for each in come:
        copy_database(arrived.path(each.file), home / each.file)
    return {"file": str(home / come[0].file), **counts, "kept_copy": ", ".join(map(str, kept)) or None}


def _kept_copy(path: Path, folder: Path) -> Path:
    copy = folder / f"{path.stem}-before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite"
    copy_database(path, copy)
    return copy
