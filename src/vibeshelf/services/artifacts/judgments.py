"""Judgments as an artifact: the whole database as it was at one moment, every event of every rater."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vibeshelf.adapters.database_copies import copy_database, counts_of, settle_copy
from vibeshelf.adapters.judging_tables import MIGRATIONS
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.parcel import FOLDER, Arrived, Parcel, PullOptions, scratch

FILE = "judgments.sqlite"
_TABLES = ("events",)


def pack_judgments(settings: Settings, _: str, parcel: Parcel) -> Mapping[str, Any]:
    """Send the judgments, under any name, while raters go on. Raises InputError when there are none."""
    path = settings.data_dir / FILE
    if not path.is_file():
        raise InputError(f"{settings.data_dir} holds no judgments yet; give some on the Judge page, or: vibeshelf judge import FILE")
    with scratch(settings) as folder:
        copy_database(path, folder / FILE)
        settle_copy(folder / FILE)
        version, counts = counts_of(folder / FILE, _TABLES)
        parcel.add(folder / FILE, FILE)
    return {**counts, "schema": version}


def unpack_judgments(arrived: Arrived, options: PullOptions) -> Mapping[str, Any]:
    """Put the judgments in place of those here, of which a copy is kept.

    Raises InputError where there are judgments and `replace` is not set, SourceError for a file that is damaged or newer than this program.
    """
    source, target = arrived.path(FILE), arrived.settings.data_dir / FILE
    version, counts = counts_of(source, _TABLES)
    if version > len(MIGRATIONS):
        raise SourceError(f"the judgments are of version {version}; this program knows {len(MIGRATIONS)}. Update Vibeshelf")
    kept = None
    if target.is_file() and counts_of(target, _TABLES)[1]["events"]:
        if not options.replace:
            raise InputError(
                f"there are judgments in {target}; pull with --replace (a copy of them is kept), "
                "or merge a file of grades: vibeshelf judge import FILE"
            )
        kept = arrived.settings.data_dir / FOLDER / f"judgments-before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite"
        copy_database(target, kept)
    copy_database(source, target)
    return {"file": str(target), **counts, "kept_copy": str(kept) if kept else None}
