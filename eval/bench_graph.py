"""How Chroma's graph is built and searched, against what it finds and costs: python -m eval.bench_graph [--collection books-36k].

Each setting builds the graph of all vectors of a collection anew, in a scratch folder, and asks it what its wishes and 320 of its
titles ask. Recall@10 is against an exact comparison; times are of Chroma's own query, one after another.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from eval.measuring import percentile_ms
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.index import Index, StoredPage
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.store import Store
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.shelf import open_shelf

# (neighbours a node keeps, candidates while it is built, candidates while it is searched); the first is Chroma's own.
SETTINGS = ((16, 100, 100), (16, 100, 200), (16, 100, 400), (16, 200, 400), (32, 200, 200), (32, 200, 400))
_K, _TITLES = 10, 320


@dataclass(frozen=True, slots=True)
class Asked:
    """Unit query vectors, float32 (n, dimension), with the ids of the k nearest of each by an exact comparison."""

    vectors: Vectors
    nearest: Sequence[frozenset[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", default="books-36k")
    name = parser.parse_args().collection
    settings = load_settings()
    shelf = open_shelf(name, settings=settings)
    mirror = shelf.mirror()
    if mirror is None:
        raise SystemExit(f"collection '{name}' has no mirror. Run: vibeshelf search --collection {name} anything")
    titles = [title for title, *_ in mirror.names()]
    drawn = np.random.default_rng(7).choice(len(titles), min(_TITLES, len(titles)), replace=False)
    kinds = {
        "wishes": _asked(mirror, shelf.encoder.encode_queries(list(starter_queries().values()))),
        "titles": _asked(mirror, shelf.encoder.encode_queries([titles[at] or "untitled" for at in drawn])),
    }
    pages = list(shelf.index().stored())
    print(f"{len(mirror):,} books, {shelf.encoder.spec.model}\n")
    heads = ["neighbours, candidates built with, searched with", "built in", *(f"recall@{_K}, {kind}" for kind in kinds), "p50", "p95"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for neighbours, built, searched in SETTINGS:
        manifest = replace(
            shelf.manifest,
            collection="graph",
            hnsw={"max_neighbors": neighbours, "ef_construction": built, "ef_search": searched},
        )
        seconds, found = _measured(settings, manifest, pages, list(kinds.values()))
        times = [each for _, taken in found for each in taken]
        cells = [f"{neighbours}, {built}, {searched}", f"{seconds:.0f} s", *(f"{recall:.4f}" for recall, _ in found)]
        print(f"| {' | '.join([*cells, *(f'{percentile_ms(times, q):.2f} ms' for q in (50, 95))])} |", flush=True)


def _asked(mirror: Mirror, vectors: Vectors) -> Asked:
    every = mirror.select(())
    return Asked(vectors, [frozenset(book_id for book_id, _ in mirror.nearest(vector, _K, every)) for vector in vectors])


def _measured(
    settings: Settings, manifest: Manifest, pages: Sequence[StoredPage], kinds: Sequence[Asked]
) -> tuple[float, list[tuple[float, list[float]]]]:
    """Build a graph in a scratch folder; return the seconds that took, and what `_search` gives for each kind of query."""
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        store = Store(settings.model_copy(update={"data_dir": Path(folder)}))
        started = time.perf_counter()
        index = store.create(manifest)
        for page in pages:
            index.put(page.books, page.hashes, page.vectors)
        index.nearest(pages[0].vectors[0], _K)
        seconds = time.perf_counter() - started
        found = [_search(index, asked) for asked in kinds]
        store.close()
    return seconds, found


def _search(index: Index, asked: Asked) -> tuple[float, list[float]]:
    """Return the mean recall and the seconds of every search."""
    recalls, seconds = [], []
    for vector, nearest in zip(asked.vectors, asked.nearest, strict=True):
        started = time.perf_counter()
        found = index.nearest(vector, _K)
        seconds.append(time.perf_counter() - started)
        recalls.append(len(nearest & {book_id for book_id, _ in found}) / len(nearest))
    return mean(recalls), seconds


if __name__ == "__main__":
    main()
