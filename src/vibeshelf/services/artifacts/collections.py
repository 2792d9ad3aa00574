"""A collection as an artifact: vectors and books in Parquet shards, its manifest, and a proof of what it answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from vibeshelf.adapters.encoders import open_encoder
from vibeshelf.adapters.index import Index
from vibeshelf.adapters.manifests import dump_manifest, load_manifest
from vibeshelf.adapters.shards import in_shards, read_shard, write_shard
from vibeshelf.adapters.store import Store, check_name
from vibeshelf.core.artifacts import Artifact
from vibeshelf.core.errors import InputError, ModelUnavailable, SourceError
from vibeshelf.core.records import Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.core.vectors import check_unit_rows
from vibeshelf.services.artifacts.parcel import Arrived, Parcel, PullOptions, scratch
from vibeshelf.services.artifacts.proof import Proof, compare, dump_proof, load_proof, sample_of, sampled
from vibeshelf.services.chronicle import note_pull
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.guard import canary_cosines, require_match
from vibeshelf.services.shelf import mirror_of

MANIFEST, PROOF = "manifest.json", "proof.json"
_SHARDS = "shards/"
_ARRIVING = ".pulling"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A pulled collection and what proves it. `canary_cosine_min` is None where the model is not here, and `note` says so."""

    collection: str
    count: int
    replaced: bool
    rebuild_seconds: float
    books_per_second: float
    greatest_cosine_difference: float
    recall: float
    recall_of_original: float
    canary_cosine_min: float | None
    note: str


def pack_collection(settings: Settings, name: str, parcel: Parcel) -> Mapping[str, Any]:
    """Send a collection, shard by shard, and return what it is.

    Raises CollectionNotFound, VectorError for damaged vectors, InputError for one that is not complete or changes meanwhile.
    """
    index = Store(settings).open(name)
    manifest = index.manifest
    if not manifest.complete:
        raise InputError(f"collection '{name}' is not complete; run its ingest to the end, then push it")
    hashes = list(index.all_hashes())
    proof = _send_shards(settings, index, parcel, [book_id for book_id, _ in hashes], corpus_hash(hashes))
    if index.has_changed():
        raise InputError(f"collection '{name}' was changed while it was pushed; push it again")
    with scratch(settings) as folder:
        for file, text in ((MANIFEST, dump_manifest(manifest)), (PROOF, dump_proof(proof))):
            (folder / file).write_text(text, encoding="utf-8")
            parcel.add(folder / file, file)
    return {
        "books": proof.count, "model": manifest.encoder.model, "dimension": manifest.encoder.dimension,
        "backend": manifest.backend, "precision": manifest.precision, "template": manifest.template, "built_at": manifest.built_at,
        "revision": manifest.revision, "corpus_hash": proof.corpus_hash, "recall": round(proof.recall, 4), "versions": manifest.versions,
    }  # fmt: skip


def _send_shards(settings: Settings, index: Index, parcel: Parcel, ids: list[str], corpus: str) -> Proof:
    books = sampled(ids)
    sample = sample_of(index.manifest, index, books)
    count = 0
    with scratch(settings) as folder:
        for number, page in enumerate(in_shards(index.stored())):
            check_unit_rows(page.vectors, index.manifest.encoder.dimension, f"collection '{index.name}' holds")
            path = folder / "shard.parquet"
            write_shard(path, page)
            parcel.add(path, f"{_SHARDS}{number:06d}.parquet")
            sample.see([book.book_id for book in page.books], page.vectors)
            count += len(page.books)
    return Proof(count, corpus, books, sample.ids, sample.scores, sample.recall(index))


def refuse_collection(settings: Settings, artifact: Artifact, options: PullOptions) -> None:
    """Raise InputError where a collection of that name is here and `replace` is not set."""
    name = check_name(options.rename or artifact.name)
    if not options.replace and Store(settings).exists(name):
        raise InputError(f"a collection '{name}' is here already; pull with --replace, or under another name with --as NAME")


def unpack_collection(arrived: Arrived, options: PullOptions) -> Mapping[str, Any]:
    """Build the collection in Chroma beside what is there, hold it against its proof, and only then give it its name.

    Raises SourceError when the copy does not answer the same, ModelMismatch when this machine's model of that name gives other vectors.
    """
    name = check_name(options.rename or arrived.artifact.name)
    manifest, proof = _read(arrived)
    store = Store(arrived.settings)
    building = name + _ARRIVING
    # Locked under the name that nobody searches: the collection that is there answers until the swap.
    with store.writer(building):
        started = time.perf_counter()
        index = _build(store, replace(manifest, collection=building, complete=False), arrived, proof)
        seconds = time.perf_counter() - started
        try:
            worst, recall = _prove(index, proof)
            cosine, note = _canaries(arrived.settings, index)
        except BaseException:
            store.delete(building)
            raise
    with store.swapping(name):
        replaced = store.swap(store.open(building), name, keep=False)
    built = store.open(name)
    mirror_of(arrived.settings, built)
    rate = proof.count / seconds
    figures = {"books": proof.count, "rebuild_seconds": round(seconds, 2), "books_per_second": round(rate, 1), "recall": round(recall, 4)}
    note_pull(arrived.settings, built.manifest, f"'{arrived.artifact.name}' {arrived.artifact.version} of a store", figures)
    return asdict(Outcome(name, proof.count, replaced, seconds, rate, worst, recall, proof.recall, cosine, note))


def _read(arrived: Arrived) -> tuple[Manifest, Proof]:
    try:
        manifest = load_manifest(arrived.path(MANIFEST).read_text(encoding="utf-8"))
        return manifest, load_proof(arrived.path(PROOF).read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(f"the manifest of the collection cannot be read: {error}; push it again") from None


def _build(store: Store, manifest: Manifest, arrived: Arrived, proof: Proof) -> Index:
    """Return a collection filled by the calls of an ingest; one that an earlier pull left half done is begun anew."""
    if store.exists(manifest.collection):
        store.delete(manifest.collection)
    index, done = store.create(manifest), 0
    for file in arrived.artifact.files:
        if file.path.startswith(_SHARDS):
            page = read_shard(arrived.path(file.path), manifest.encoder.dimension)
            index.put(page.books, page.hashes, page.vectors)
            done += len(page.books)
            arrived.progress("building", done, proof.count)
    return index


def _prove(index: Index, proof: Proof) -> tuple[float, float]:
    """Return (greatest difference of a cosine, graph recall), everything read back from Chroma. Raises SourceError."""
    count, corpus = index.count(), corpus_hash(index.all_hashes())
    if (count, corpus) != (proof.count, proof.corpus_hash):
        raise SourceError(
            f"the copy holds {count:,} books ({corpus[:12]}), the original {proof.count:,} ({proof.corpus_hash[:12]}). Pull it again"
        )
    sample = sample_of(index.manifest, index, proof.books)
    for page in index.stored():
        sample.see([book.book_id for book in page.books], page.vectors)
    return compare(proof, sample, sample.recall(index))


def _canaries(settings: Settings, index: Index) -> tuple[float | None, str]:
    """Return the least cosine of the canaries by this machine's encoder, or None and why it could not be measured."""
    try:
        encoder = open_encoder(settings, index.manifest.encoder.model)
    except ModelUnavailable as error:
        return None, f"the canaries were not encoded, its model is not here: {error}"
    require_match(index, encoder)
    return float(canary_cosines(index.manifest, encoder).min()), ""
