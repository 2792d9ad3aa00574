"""Artifacts: a collection pushed, pulled and rebuilt, in seconds and MB/s. `python -m eval.bench_artifacts [--collection NAME]`."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.bench_search import link_models
from eval.measuring import RESULTS, environment, machine_slug, say
from vibeshelf.adapters.artifacts import open_artifacts
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.artifacts.moving import pull, push, verify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", default="bench-books-36k", help="one that the data folder holds; bench_search makes this one")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    settings = load_settings()
    # On the disk of the data, since the temporary folder of a machine may be memory.
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".bench-artifacts-") as folder:
        rows = [measure(settings, chosen.collection, Path(folder) / str(turn)) for turn in range(chosen.repeats)]
    say(f"saved: {save(chosen.collection, rows)}")


def measure(settings: Settings, collection: str, folder: Path) -> dict[str, Any]:
    """Return the seconds of one journey into an empty store and an empty data folder, and those of the disk for the same bytes."""
    store = open_artifacts(str(folder / "store"))
    own = settings.model_copy(update={"data_dir": folder / "data", "chroma_url": None})
    own.data_dir.mkdir(parents=True)
    link_models(settings, own)
    pushed = push(settings, store, "collection", collection)
    again = push(settings, store, "collection", collection)
    pulled = pull(own, store, "collection", collection)
    started = time.perf_counter()
    found = verify(store)
    verify_seconds = time.perf_counter() - started
    assert not found.problems, found.problems
    row = {
        "books": pulled.outcome["count"], "bytes": pushed.artifact.size_bytes, "push_seconds": pushed.seconds,
        "push_again_seconds": again.seconds, "sent_again": again.sent_files, "fetch_seconds": pulled.fetch_seconds,
        "rebuild_seconds": pulled.outcome["rebuild_seconds"], "pull_seconds": pulled.seconds, "verify_seconds": verify_seconds,
        "copy_seconds": copy_seconds(folder / "store", folder / "copy"), "recall": pulled.outcome["recall"],
        "recall_of_original": pulled.outcome["recall_of_original"],
    }  # fmt: skip
    say(line(row))
    shutil.rmtree(folder)
    return row


def copy_seconds(source: Path, target: Path) -> float:
    """Return how long the system takes to copy the same files: what the disk allows."""
    started = time.perf_counter()
    shutil.copytree(source, target)
    return time.perf_counter() - started


def line(row: Mapping[str, Any]) -> str:
    """Return a journey in words."""
    megabytes = row["bytes"] / 1e6
    return (
        f"{row['books']:,} books, {megabytes:.1f} MB: push {row['push_seconds']:.1f} s ({megabytes / row['push_seconds']:.1f} MB/s), "
        f"again {row['push_again_seconds']:.1f} s, fetch {row['fetch_seconds']:.2f} s ({megabytes / row['fetch_seconds']:.0f} MB/s), "
        f"rebuild {row['rebuild_seconds']:.1f} s, whole pull {row['pull_seconds']:.1f} s; "
        f"the disk copies the same in {row['copy_seconds']:.2f} s"
    )


def save(collection: str, rows: list[dict[str, Any]]) -> Path:
    """Write every journey, unsummarised, with the environment; return the path."""
    path = RESULTS / f"bench-artifacts-{collection}-{machine_slug()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"schema": 1, "name": "bench-artifacts", "environment": environment(), "journeys": rows}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
