"""Ingest: ours beside the obvious pipeline, in one run. `python -m eval.bench_ingest [--quick]`, or `make bench`."""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from eval.baseline import Baseline
from eval.corpora import outside_data, read_books, source_of
from eval.measuring import Report, say
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.encoders.choice import choose
from vibeshelf.adapters.encoders.gates import GateResult, load_gates
from vibeshelf.adapters.encoders.model_files import ModelFiles, read_model
from vibeshelf.adapters.encoders.variants import REFERENCE, Variant, open_variant
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.core.template import BOOK_TEMPLATE, render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.fidelity import measure
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import open_shelf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few books of the starter catalogue; under two minutes")
    quick = parser.parse_args().quick
    report = Report("bench-ingest", quick)
    settings = load_settings()
    files = read_model(settings.model, settings.models_dir)
    say("measuring every backend and precision")
    gates = list(load_gates(settings.models_dir, files).values()) if quick else measure(settings, say=say)
    with tempfile.TemporaryDirectory(prefix="vibeshelf-bench-") as folder:
        run(report, settings, files, gates, Path(folder), quick)
    print(report.table())
    print(f"\nsaved: {report.save()}")


def run(report: Report, settings: Settings, files: ModelFiles, gates: Sequence[GateResult], folder: Path, quick: bool) -> None:
    name, path = source_of(quick)
    size, rounds = (48, 2) if quick else (768, 3)
    # Spread over the corpus, so that every round has short and long descriptions.
    books = read_books(path)
    rounds_of_books = [books[at :: max(1, len(books) // size)][:size] for at in range(rounds)]
    plain = Baseline(settings, str(folder / "plain"))
    own = settings.model_copy(update={"data_dir": folder / "ours"})
    own.data_dir.mkdir()
    own.models_dir.symlink_to(settings.models_dir)
    plainest = Variant("onnx", "cpu", "fp32")
    offered = sorted((gate for gate in gates if gate.offered), key=lambda gate: gate.documents_per_second or 0)
    fastest = offered[-1].variant if offered else plainest
    variants = {"auto": choose(own, files, bulk=True, may_export=True).variant, "onnx": plainest, "fastest": fastest}
    samples: dict[str, list[float]] = {system: [] for system in ("baseline", *variants)}
    say(f"measuring ingests of {size} books")
    for number, chosen in enumerate(rounds_of_books):
        order = list(samples)
        for system in order[number % len(order) :] + order[: number % len(order)]:
            started = time.perf_counter()
            if system == "baseline":
                plain.ingest("ingest", chosen, [render(BOOK_TEMPLATE, book) for book in chosen])
            else:
                ours(own, folder, chosen, f"{system}-{number}", variants[system])
            samples[system].append(time.perf_counter() - started)
    report.samples["ingest"] = samples
    say("comparing the vectors, and on the judged queries the precisions")
    rate = {system: size / float(np.median(seconds)) for system, seconds in samples.items()}
    least = least_cosine(own, plain, "auto-0", rounds_of_books[0])
    assert least >= 0.9999, f"the vectors differ: cosine {least}"
    loss = "nDCG@10 loss on tomt-books not measured: quick run, or the data set is not here"
    if not quick and outside_data() is not None:
        loss = f"nDCG@10 loss on tomt-books, dense, short requests: {100 * relative_loss(settings, files, fastest):.2f} % relative"
    notes = {"auto": f"{variants['auto']}, least cosine {least:.6f}", "onnx": "no extra installed", "fastest": f"{fastest}; {loss}"}
    titles = {"auto": "the same vectors", "onnx": "onnx fp32", "fastest": "fastest gated precision"}
    for system, note in notes.items():
        reach = ">= 2.2" if system == "fastest" else ">= 1.3"
        report.add(f"ingest {name}, {titles[system]}", rate[system], rate["baseline"], "documents/s", reach, size * rounds, note)


def ours(settings: Settings, folder: Path, books: Sequence[Book], name: str, variant: Variant) -> None:
    """One whole ingest from a file: opening the model, reading, encoding, storing, the mirror."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(asdict(book)) + "\n" for book in books), encoding="utf-8")
    chosen = settings.model_copy(update={"backend": variant.backend, "device": variant.device})
    ingest(open_source(str(path)), chosen, IngestOptions(name, precision=variant.precision))


def least_cosine(settings: Settings, plain: Baseline, name: str, books: Sequence[Book]) -> float:
    ids = [book.book_id for book in books]
    stored = open_shelf(name, settings=settings).index().vectors(ids)
    theirs = plain.collection("ingest").get(ids=ids, include=["embeddings"])
    rows = dict(zip(theirs["ids"], np.asarray(theirs["embeddings"], dtype=np.float32), strict=True))
    return float(min((stored[book_id] * rows[book_id]).sum() for book_id in ids))


def relative_loss(settings: Settings, files: ModelFiles, variant: Variant) -> float:
    """Return how much nDCG@10 of exact dense search on tomt-books (short requests) is lost against the reference."""
    reference, fast = (tomt_ndcg(settings, files, each) for each in (REFERENCE, variant))
    return (reference - fast) / reference


def tomt_ndcg(settings: Settings, files: ModelFiles, variant: Variant) -> float:
    outside = outside_data()
    assert outside is not None
    folder = outside / "tomt-books"
    encoder = open_variant(settings, files, variant)
    documents, queries = (json_lines(folder / name) for name in ("corpus.jsonl.gz", "queries_short.jsonl.gz"))
    gold = dict(
        line.split("\t")[:2] for name in ("train", "validation") for line in (folder / "qrels" / f"{name}.tsv").read_text().splitlines()[1:]
    )
    rows = {document["_id"]: row for row, document in enumerate(documents)}
    vectors = encoder.encode_documents([f"{document['title']} {document['text']}".strip() for document in documents])
    asked = [query for query in queries if query["_id"] in gold]
    scores: Vectors = encoder.encode_queries([query["text"] for query in asked]) @ vectors.T
    wanted = np.array([rows[gold[query["_id"]]] for query in asked])
    ranks = (scores > scores[np.arange(len(asked)), wanted][:, None]).sum(axis=1)
    return float(np.where(ranks < 10, 1 / np.log2(ranks + 2), 0).mean())


def json_lines(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
