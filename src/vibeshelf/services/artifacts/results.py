"""Results as an artifact: the runs of evaluations, the samples of benches and the exported grades of a data folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.parcel import Arrived, Parcel, PullOptions
from vibeshelf.services.artifacts.placing import place

FOLDERS = ("runs", "bench", "qrels")


def pack_results(settings: Settings, _: str, parcel: Parcel) -> Mapping[str, Any]:
    """Send every result of the data folder, under any name. Raises InputError when there is none."""
    for folder in FOLDERS:
        home = settings.data_dir / folder
        for path in sorted(path for path in home.rglob("*") if path.is_file() and not path.name.startswith(".")):
            parcel.add(path, path.relative_to(settings.data_dir).as_posix())
    if not parcel.files:
        raise InputError(f"{settings.data_dir} holds no results in {', '.join(FOLDERS)}; make some: vibeshelf eval, vibeshelf bench")
    return {"files_of": dict(Counter(file.path.split("/")[0] for file in parcel.files))}


def unpack_results(arrived: Arrived, options: PullOptions) -> Mapping[str, Any]:
    """Put the results among those that are here. Raises InputError for other files of the same names unless `replace` is set."""
    strange = [file.path for file in arrived.artifact.files if file.path.split("/")[0] not in FOLDERS]
    if strange:
        raise InputError(f"the artifact holds '{strange[0]}', which is no result; expected files in {', '.join(FOLDERS)}")
    placed, kept = place(arrived.folder, arrived.artifact.files, arrived.settings.data_dir, options.replace)
    return {"folder": str(arrived.settings.data_dir), "placed": placed, "there_already": kept}
