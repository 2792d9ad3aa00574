"""Search: ours beside the obvious pipeline, in one run. `python -m eval.bench_search [--quick]`, or `make bench`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.corpora import source_of, tile
from eval.measuring import Report, interleave, percentile_ms, say
from eval.systems import K, OurEncoder, OurShelf, obvious_pipeline
from eval.turns import Player, player, take_turns
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.store import Store
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.core.template import BOOK_TEMPLATE, record_hash, render, text_hash
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.filters import parse_filters
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf, open_shelf

# A year drawn from 1000 to 1999: the share of books that a range of them matches is its width.
FILTERS = {"0.1 %": (1000, 1000), "5 %": (1000, 1049), "50 %": (1000, 1499)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 books of the starter catalogue, tiled to 2,000; a minute")
    quick = parser.parse_args().quick
    report = Report("bench-search", quick)
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="vibeshelf-bench-") as folder:
        run(report, settings, Path(folder), quick)
    print(report.table())
    print(f"\nsaved: {report.save()}")


def run(report: Report, settings: Settings, folder: Path, quick: bool) -> None:
    name, path = source_of(quick)
    few = 300 if quick else None
    name = f"{name}-{few}" if few else name
    queries = list(starter_queries().values())[: 16 if quick else 72]
    shelf = corpus_shelf(settings, name, path, few)
    books, vectors = contents(shelf)
    small, large = (500, 2_000) if quick else (10_000, 100_000)
    repeats = 2 if quick else 4
    with player(obvious_pipeline, settings, str(folder / "plain")) as plain:
        say(f"building the baseline's collection of {len(books):,} books")
        plain.call("put", "corpus", books, [render(BOOK_TEMPLATE, book) for book in books], vectors)
        say("measuring queries and searches")
        encoding(report, settings, plain, shelf, queries, repeats)
        searching(report, settings, plain, queries, repeats, name)
        say(f"building both collections of {large:,} books")
        tiled = {count: build_tiled(settings, folder, books, vectors, count, shelf) for count in (small, large)}
        tiled_books, tiled_vectors = tile(books, vectors, large)
        plain.call("put", "large", tiled_books, [render(BOOK_TEMPLATE, book) for book in tiled_books], tiled_vectors)
        say("measuring filters, growth and limits")
        filtering(report, plain, tiled[large], queries[:24], repeats, ["5 %"] if quick else list(FILTERS))
    growing(report, tiled[small], tiled[large], queries, repeats)
    limits(report, tiled_vectors)
    starting(report, settings, folder, name, 1 if quick else 5)


def corpus_shelf(settings: Settings, name: str, path: str, limit: int | None) -> Shelf:
    """Return the corpus as a collection `bench-NAME` of the data folder; it is made once and kept."""
    ingest(open_source(path), settings, IngestOptions(f"bench-{name}", limit=limit))
    return open_shelf(f"bench-{name}", settings=settings)


def contents(shelf: Shelf) -> tuple[list[Book], Vectors]:
    mirror = shelf.mirror()
    assert mirror is not None
    return list(mirror.all_books()), np.array(mirror.vectors)


def build_tiled(settings: Settings, folder: Path, books: Sequence[Book], vectors: Vectors, count: int, like: Shelf) -> Shelf:
    """Return a shelf of `count` tiled books, made from ready vectors by the same calls that an ingest makes."""
    own = settings.model_copy(update={"data_dir": folder / f"tiled-{count}"})
    tiled, rows = tile(books, vectors, count)
    store = Store(own)
    with store.writer("tiled"):
        index = store.create(replace(like.manifest, collection="tiled", complete=False))
        for start in range(0, count, 5000):
            part = tiled[start : start + 5000]
            hashes = [StoredHashes(text_hash(book.book_id), record_hash(book)) for book in part]
            index.put(part, hashes, rows[start : start + 5000])
        index.save_manifest(complete=True, count=count, corpus_hash=f"tiled-{count}")
    link_models(settings, own)
    return open_shelf("tiled", settings=own)


def link_models(settings: Settings, own: Settings) -> None:
    if not own.models_dir.exists():
        own.models_dir.symlink_to(settings.models_dir)


def encoding(report: Report, settings: Settings, plain: Player, shelf: Shelf, queries: Sequence[str], repeats: int) -> None:
    with player(OurEncoder, settings) as ours:
        turns = {"ours": ours.turn("encode"), "baseline": plain.turn("encode")}
        samples = report.samples["encode one query"] = take_turns(turns, queries, repeats)
    encoder = shelf.encoder
    least = float(min((encoder.encode_queries([text])[0] * plain.call("encode", text)).sum() for text in queries))
    assert least >= 0.9999, f"the vectors differ: cosine {least}"
    note = f"{encoder.backend} {encoder.precision}, least cosine {least:.6f}"
    p50 = {name: percentile_ms(seconds, 50) for name, seconds in samples.items()}
    report.add("encode one query, p50", p50["ours"], p50["baseline"], "ms", "<= 0.30", len(samples["ours"]), note)


def searching(report: Report, settings: Settings, plain: Player, queries: Sequence[str], repeats: int, name: str) -> None:
    systems = ("dense", "hybrid")
    with ExitStack() as stack:
        ours = {system: stack.enter_context(player(OurShelf, settings, f"bench-{name}")) for system in systems}
        turns = {system: each.turn("search", system, ()) for system, each in ours.items()}
        turns["baseline"] = plain.turn("search", "corpus", K, None)
        samples = report.samples["search end to end"] = take_turns(turns, queries, repeats)
    for system in systems:
        for q in (50, 95):
            mine, theirs = percentile_ms(samples[system], q), percentile_ms(samples["baseline"], q)
            report.add(f"search, {name}, k={K}, {system}, p{q}", mine, theirs, "ms", "<= 0.45", len(samples[system]))


def filtering(report: Report, plain: Player, shelf: Shelf, queries: Sequence[str], repeats: int, shares: Sequence[str]) -> None:
    with player(OurShelf, shelf.store.settings, shelf.name) as ours:
        for share in shares:
            low, high = FILTERS[share]
            filters = parse_filters([f"year={low}..{high}"])
            where: dict[str, Any] = {"$and": [{"year": {"$gte": low}}, {"year": {"$lte": high}}]}
            turns = {"ours": ours.turn("search", "dense", filters), "baseline": plain.turn("search", "large", K, where)}
            samples = report.samples[f"filtered {share}"] = take_turns(turns, queries, repeats)
            p50 = {name: percentile_ms(seconds, 50) for name, seconds in samples.items()}
            note = f"recall@10 against exact {recall(shelf, queries, filters):.3f}"
            what = f"filtered search, {shelf.manifest.count:,} books, {share} match, p50"
            report.add(what, p50["ours"], p50["baseline"], "ms", "<= 0.20", len(samples["ours"]), note)


def recall(shelf: Shelf, queries: Sequence[str], filters: Any) -> float:
    """Return the mean share of the exact ten (double precision, all books compared) that a filtered search finds."""
    mirror = shelf.mirror()
    assert mirror is not None
    rows = mirror.select(filters)
    vectors = np.asarray(mirror.vectors[rows], dtype=np.float64)
    shares = []
    for text in queries:
        exact = np.argsort(-(vectors @ shelf.encoder.encode_queries([text])[0].astype(np.float64)), kind="stable")[:K]
        found = {hit.book_id for hit in shelf.run(text, K, "dense", filters).hits}
        shares.append(len(found & {mirror.ids[rows[at]] for at in exact}) / max(len(exact), 1))
    return float(np.mean(shares))


def growing(report: Report, small: Shelf, large: Shelf, queries: Sequence[str], repeats: int) -> None:
    with player(OurShelf, small.store.settings, small.name) as few, player(OurShelf, large.store.settings, large.name) as many:
        turns = {"small": few.turn("search", "dense", ()), "large": many.turn("search", "dense", ())}
        samples = report.samples["growth"] = take_turns(turns, queries, repeats)
    p50 = {name: percentile_ms(seconds, 50) for name, seconds in samples.items()}
    what = f"search p50, {large.manifest.count:,} books against {small.manifest.count:,}"
    report.add(what, p50["large"], p50["small"], "ms", "<= 1.5", len(samples["large"]), "baseline is the small one")


def limits(report: Report, vectors: Vectors) -> None:
    """Measure what the machine itself allows: the products of a query's encoding, a scan of memory, HNSW of another library."""
    hidden = np.random.default_rng(1).standard_normal((12, 384), dtype=np.float32)
    weights = [
        np.random.default_rng(at).standard_normal(shape, dtype=np.float32)
        for at, shape in enumerate([(384, 384)] * 4 + [(384, 1536), (1536, 384)])
    ]
    query = vectors[0]

    def products() -> None:
        for _ in range(6):
            wide = hidden
            for weight in weights:
                wide = (wide if wide.shape[1] == weight.shape[0] else hidden) @ weight

    report.limits["matrix products of a 12-token query, ms"] = best_ms(products)
    report.limits[f"exact scan of {len(vectors):,} vectors, ms"] = best_ms(lambda: vectors @ query)
    report.limits[f"faiss HNSW of {len(vectors):,} vectors, ms"] = faiss_ms(vectors)


def best_ms(call: Callable[[], object], times: int = 30) -> float:
    samples = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        samples.append(time.perf_counter() - started)
    return float(np.median(samples)) * 1000


def faiss_ms(vectors: Vectors) -> float:
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 100, 100
    index.add(vectors)
    return best_ms(lambda: index.search(vectors[:1], K))


_PLAIN_START = """
import sys, chromadb
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
collection = chromadb.PersistentClient(sys.argv[2]).get_collection("corpus")
print(collection.query(query_embeddings=[model.encode("a slow lighthouse story")], n_results=10)["ids"])
"""


_LAUNCH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(status != 0)
"""


def starting(report: Report, settings: Settings, folder: Path, name: str, repeats: int) -> None:
    """From the start of a process to its first hits, and what memory it took at most."""
    from vibeshelf.adapters.encoders.model_files import read_model

    model = str(read_model(settings.model, settings.models_dir).folder)
    commands = {
        "ours": [sys.executable, "-m", "vibeshelf.cli", "search", "a slow lighthouse story", "--collection", f"bench-{name}"],
        "baseline": [sys.executable, "-c", _PLAIN_START, model, str(folder / "plain")],
    }
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(settings.data_dir), "ANONYMIZED_TELEMETRY": "False"}
    memory: dict[str, list[float]] = {system: [] for system in commands}

    def start(system: str) -> None:
        # By way of a small process: a child's peak counts what its parent held when it was forked, and this one is large.
        done = subprocess.run([sys.executable, "-c", _LAUNCH, *commands[system]], env=env, capture_output=True, text=True, check=True)
        memory[system].append(float(done.stdout) * (1 if sys.platform == "darwin" else 1024))

    calls: dict[str, Callable[[Any], object]] = {system: lambda _, system=system: start(system) for system in commands}  # type: ignore[misc]
    samples = report.samples["process start to first hit"] = interleave(calls, [None], repeats, warm_up=int(repeats > 1))
    seconds = {system: float(np.median(of)) for system, of in samples.items()}
    report.add("process start to first hit", seconds["ours"], seconds["baseline"], "s", "<= 0.20", repeats, "hybrid, the default system")
    peak = {system: float(np.median(of)) / 1e6 for system, of in memory.items()}
    report.add("its peak memory", peak["ours"], peak["baseline"], "MB", "<= 0.5", repeats)


if __name__ == "__main__":
    main()
