"""Artifacts: a collection pushed, pulled and rebuilt, in seconds and MB/s. `python -m eval.bench_artifacts [--collection NAME]`."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings as ChromaSettings

from eval.bench_search import link_models
from eval.measuring import RESULTS, environment, machine_slug, say
from vibeshelf.adapters.artifacts import ArtifactStore, open_artifacts
from vibeshelf.adapters.index import SPACE
from vibeshelf.adapters.shards import in_shards
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.artifacts.moving import pull, push, verify

# (what we do, what bounds it).
_BOUNDS = (("push_seconds", "copy_seconds"), ("rebuild_seconds", "bare_add_seconds"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", default="bench-books-36k", help="one that the data folder holds; bench_search makes this one")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--go-on", action="store_true", help="add to the journeys that this machine has recorded before")
    parser.add_argument("--quick", action="store_true", help="leave out the second push and the look at every byte")
    chosen = parser.parse_args()
    settings = load_settings()
    # On the disk of the data, since the temporary folder of a machine may be memory.
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".bench-artifacts-") as folder:
        rows = [measure(settings, chosen.collection, Path(folder) / str(turn), chosen.quick) for turn in range(chosen.repeats)]
    path = path_of(chosen.collection)
    before = json.loads(path.read_text(encoding="utf-8"))["journeys"] if chosen.go_on and path.is_file() else []
    rows = [*before, *rows]
    save(path, rows)
    say(f"saved: {path}\n{median_line(rows)}")


def measure(settings: Settings, collection: str, folder: Path, quick: bool) -> dict[str, Any]:
    """Return the seconds of one journey into an empty store and an empty data folder, and of what bounds it: the disk, Chroma's adds."""
    store = open_artifacts(str(folder / "store"))
    own = settings.model_copy(update={"data_dir": folder / "data", "chroma_url": None})
    own.data_dir.mkdir(parents=True)
    link_models(settings, own)
    pushed = push(settings, store, "collection", collection)
    # Each beside what bounds it, so that both meet the same machine.
    copied_seconds = copy_seconds(folder / "store", folder / "copy")
    added_seconds = bare_add_seconds(settings, collection, folder / "bare")
    pulled = pull(own, store, "collection", collection)
    row = {
        "books": pulled.outcome["count"], "bytes": pushed.artifact.size_bytes, "push_seconds": pushed.seconds,
        "copy_seconds": copied_seconds, "bare_add_seconds": added_seconds, "fetch_seconds": pulled.fetch_seconds,
        "rebuild_seconds": pulled.outcome["rebuild_seconds"], "pull_seconds": pulled.seconds,
        "recall": pulled.outcome["recall"], "recall_of_original": pulled.outcome["recall_of_original"],
    }  # fmt: skip
    if not quick:
        row |= _again(settings, store, collection)
    say(line(row))
    shutil.rmtree(folder)
    return row


def _again(settings: Settings, store: ArtifactStore, collection: str) -> dict[str, Any]:
    """Return what a second push of the same and a look at every byte take."""
    again = push(settings, store, "collection", collection)
    started = time.perf_counter()
    found = verify(store)
    assert not found.problems, found.problems
    return {"push_again_seconds": again.seconds, "sent_again": again.sent_files, "verify_seconds": time.perf_counter() - started}


def copy_seconds(source: Path, target: Path) -> float:
    """Return how long the system takes to copy the same files: what the disk allows."""
    started = time.perf_counter()
    shutil.copytree(source, target)
    return time.perf_counter() - started


def bare_add_seconds(settings: Settings, collection: str, folder: Path) -> float:
    """Return how long Chroma's own client takes to add the same rows, in batches as large as those of a pull: what a rebuild needs."""
    pages = list(in_shards(Store(settings).open(collection).stored()))
    client = chromadb.PersistentClient(str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    bare = client.create_collection("bare", configuration={"hnsw": {"space": SPACE}}, embedding_function=None)  # type: ignore[arg-type]
    started = time.perf_counter()
    for page in pages:
        facts = [{key: value for key, value in asdict(book).items() if isinstance(value, str | int | float)} for book in page.books]
        bare.add(
            ids=[book.book_id for book in page.books], embeddings=page.vectors,
            documents=[book.description for book in page.books], metadatas=facts,  # type: ignore[arg-type]
        )  # fmt: skip
    return time.perf_counter() - started


def median_line(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the medians over all journeys in words, and each against what bounds it."""
    # What some journeys left out is not known of all.
    of = {key: statistics.median(row[key] for row in rows) for key in rows[0] if all(key in row for row in rows)}
    push, rebuild = (statistics.median(row[one] / row[other] for row in rows) for one, other in _BOUNDS)
    return f"median of {len(rows)}: {line(of)}; push takes {push:.1f} times the copy, rebuild {rebuild:.2f} times Chroma's bare adds"


def line(row: Mapping[str, Any]) -> str:
    """Return a journey in words."""
    megabytes = row["bytes"] / 1e6
    return (
        f"{row['books']:,.0f} books, {megabytes:.1f} MB: push {row['push_seconds']:.1f} s ({megabytes / row['push_seconds']:.1f} MB/s), "
        f"fetch {row['fetch_seconds']:.2f} s ({megabytes / row['fetch_seconds']:.0f} MB/s), "
        f"rebuild {row['rebuild_seconds']:.1f} s, whole pull {row['pull_seconds']:.1f} s; "
        f"the disk copies the same in {row['copy_seconds']:.2f} s, Chroma's bare adds take {row['bare_add_seconds']:.1f} s"
    )


def path_of(collection: str) -> Path:
    return RESULTS / f"artifacts-{collection}-{machine_slug()}.json"


def save(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write every journey, unsummarised, with the environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"schema": 1, "name": "bench-artifacts", "environment": environment(), "journeys": rows}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
