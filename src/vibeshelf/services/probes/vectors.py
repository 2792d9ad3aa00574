"""Vectors: whether each book has one, of unit length, made of its present text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.core.template import record_hash, text_hash
from vibeshelf.core.vectors import UNIT_TOLERANCE
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.probes.probe import EXAMPLES, Finding, Probe, example
from vibeshelf.services.probes.specimen import Specimen

_BINS = 40
# Rows and columns of so many vectors are looked at for steps.
_STEPPED_ROWS = 2000
# Of float32 values nearly all are different; after rounding to so few steps that 1 % of them coincide, it shows.
_COINCIDING = 0.005
# Two runs of one encoder in fp32 differ by less, whatever runs it.
_LOSS = 2e-5
_MUCH_TRUNCATED = 0.5


def _corpus(specimen: Specimen) -> Finding:
    held = specimen.holdings
    edited = [book for book, made_of in zip(held.books, held.hashes, strict=True) if made_of.record and made_of.record != record_hash(book)]
    again = "run the ingest that made it again"
    if edited:
        examples = [example(book, "its stored facts were changed") for book in edited[:EXAMPLES]]
        return Finding(FAIL, f"{len(edited):,} books are not the records that were ingested", again, examples=examples)
    if not specimen.manifest.complete:
        return Finding(NOT_APPLICABLE, "the collection is not complete; its hash comes with its end")
    found = corpus_hash((book.book_id, made_of) for book, made_of in zip(held.books, held.hashes, strict=True))
    if found != specimen.manifest.corpus_hash:
        return Finding(FAIL, f"hash {found[:12]}, the manifest has {specimen.manifest.corpus_hash[:12] or 'none'}", again)
    return Finding(PASS, f"hash {found[:12]}")


def _missing(specimen: Specimen) -> Finding:
    if specimen.mirror is None:
        return Finding(NOT_APPLICABLE, "there is no mirror to compare with")
    held = {book.book_id for book in specimen.holdings.books}
    missing = [book_id for book_id in specimen.mirror.ids if book_id not in held]
    if not missing:
        return Finding(PASS, f"all {len(specimen.mirror):,} books have a vector")
    shown = [example(book, "has no vector") for book in specimen.mirror.books(missing[:EXAMPLES]).values()]
    fix = "put them back with the repair 'restore', or run the ingest that made the collection again"
    return Finding(FAIL, f"{len(missing):,} books without a vector", fix, examples=shown, repair="restore", book_ids=missing)


def _orphaned(specimen: Specimen) -> Finding:
    held = specimen.holdings
    known = specimen.mirror.row_of if specimen.mirror is not None else None
    orphans = [
        book
        for book, made_of in zip(held.books, held.hashes, strict=True)
        if not made_of.record or (known is not None and book.book_id not in known)
    ]
    if not orphans:
        return Finding(PASS, f"all {len(held):,} vectors belong to a book of the catalogue")
    shown = [example(book, "no ingest made it") for book in orphans[:EXAMPLES]]
    ids = [book.book_id for book in orphans]
    fix = "remove them with the repair 'remove'"
    return Finding(FAIL, f"{len(orphans):,} vectors without a book of the catalogue", fix, examples=shown, repair="remove", book_ids=ids)


def _rows_that(specimen: Specimen, bad: npt.NDArray[np.bool_], what: str, details: Sequence[str], fine: str) -> Finding:
    """Return a finding over rows that are to be encoded again; `details` as many as rows."""
    rows = np.flatnonzero(bad).tolist()
    if not rows:
        return Finding(PASS, fine)
    books = specimen.holdings.books
    shown = [example(books[row], details[row]) for row in rows[:EXAMPLES]]
    ids = [books[row].book_id for row in rows]
    fix = "encode them again with the repair 'encode'"
    return Finding(FAIL, f"{len(rows):,} of {len(books):,} {what}", fix, examples=shown, repair="encode", book_ids=ids)


def _finite(specimen: Specimen) -> Finding:
    bad = np.logical_not(np.isfinite(specimen.holdings.vectors).all(axis=1))
    details = ["holds NaN or infinity"] * len(specimen.holdings)
    return _rows_that(specimen, bad, "vectors hold values that are not finite", details, "every value is finite")


def _zero(specimen: Specimen) -> Finding:
    bad = np.asarray(np.isfinite(specimen.norms) & (specimen.norms <= 1e-6))
    return _rows_that(specimen, bad, "vectors have no length", ["all zero"] * len(specimen.holdings), "every vector has a length")


def _norms(specimen: Specimen) -> Finding:
    norms = specimen.norms
    # What has no length or no number is named by the probes for that.
    bad = specimen.sound & (np.abs(norms - 1) > UNIT_TOLERANCE)
    details = [f"length {norm:.3f}" for norm in norms]
    sound = norms[specimen.sound]
    span = f"lengths {sound.min():.5f} to {sound.max():.5f}" if len(sound) else "no vector to measure"
    finding = _rows_that(specimen, bad, f"vectors are not of unit length; {span}", details, span)
    return Finding(
        finding.status, finding.observed, finding.fix, examples=finding.examples, figures=_histogram(sound), repair=finding.repair,
        book_ids=finding.book_ids,
    )  # fmt: skip


def _histogram(norms: npt.NDArray[np.float64]) -> dict[str, Figure]:
    if not len(norms):
        return {}
    low, high = min(float(norms.min()), 1 - UNIT_TOLERANCE), max(float(norms.max()), 1 + UNIT_TOLERANCE)
    counts, edges = np.histogram(norms, bins=_BINS, range=(low, high))
    return {"norm_from": tuple(edges[:-1].tolist()), "norm_to": tuple(edges[1:].tolist()), "books": tuple(counts.tolist())}


def _stale(specimen: Specimen) -> Finding:
    held = specimen.holdings
    present = [text_hash(text) for text in specimen.texts]
    bad = np.array([made_of.text != text for made_of, text in zip(held.hashes, present, strict=True)], dtype=bool)
    unknown = np.array([not made_of.text for made_of in held.hashes], dtype=bool)
    finding = _rows_that(
        specimen,
        bad & ~unknown,
        "vectors were made of another text than the book has now",
        ["its text has changed"] * len(bad),
        f"all {len(held):,} texts are those that were encoded",
    )
    if finding.status == FAIL and (bad | unknown).all():
        meaning = "Every vector was made of another text: the template in the manifest is not the one that the texts were made by."
        return Finding(FAIL, finding.observed, "restore the manifest's template, or encode all again", meaning=meaning, repair="encode",
                       book_ids=finding.book_ids, examples=finding.examples)  # fmt: skip
    return finding


def _truncated(specimen: Specimen) -> Finding:
    limit = specimen.manifest.encoder.max_tokens
    count = getattr(specimen.encoder, "count_tokens", None)
    rows = specimen.sample
    if count is None or not len(rows):
        return Finding(NOT_APPLICABLE, f"'{specimen.manifest.encoder.model}' does not tell how many tokens a text has")
    prompt = specimen.manifest.encoder.document_prompt
    lengths = np.array(count([prompt + specimen.texts[row] for row in rows]))
    cut = lengths >= limit
    share = float(cut.mean())
    figures: dict[str, Figure] = {"tokens": tuple(lengths.tolist()), "limit": limit, "share": share}
    shown = [example(specimen.holdings.books[row], f"only its first {limit} tokens are read") for row in rows[cut][:EXAMPLES].tolist()]
    observed = f"{share:.0%} of {len(rows):,} books reach the {limit} tokens that the model reads"
    if share > _MUCH_TRUNCATED:
        fix = "choose a model that reads more, or a template whose beginning says the most"
        return Finding(WARN, observed, fix, examples=shown, figures=figures)
    return Finding(PASS, observed, examples=shown, figures=figures)


def _rounded(specimen: Specimen) -> Finding:
    rows = np.flatnonzero(specimen.sound)[:_STEPPED_ROWS]
    if not len(rows):
        return Finding(NOT_APPLICABLE, "no vector to look at")
    stored = np.unique(specimen.holdings.vectors[rows], axis=0)
    coinciding = max(_coinciding(stored), _coinciding(stored.T) if len(stored) >= 300 else 0.0)
    again = specimen.reencoded
    own = _coinciding(again.vectors) if again is not None else 0.0
    observed = f"{coinciding:.1%} of the values of a vector coincide"
    figures: dict[str, Figure] = {"coinciding": coinciding, "coinciding_of_encoder": own}
    rebuild = "encode them again with the repair 'encode'"
    # Low precision rounds by itself; without the encoder there is nothing to tell that from another's rounding.
    comparable = again is not None or specimen.manifest.precision == "fp32"
    if comparable and coinciding > own + _COINCIDING:
        return Finding(
            WARN, f"{observed}, {own:.1%} of what the encoder gives: they were rounded", rebuild, figures=figures, repair="encode"
        )
    if again is None:
        return Finding(PASS, observed, figures=figures)
    loss = float(np.median(1 - again.cosines))
    figures["loss"] = loss
    exact = specimen.encoder is not None and specimen.encoder.precision == specimen.manifest.precision == "fp32"
    if exact and loss > _LOSS:
        return Finding(WARN, f"the median vector lost {loss:.1e} of its cosine", rebuild, figures=figures, repair="encode")
    return Finding(PASS, f"{observed}; the median vector lost {max(loss, 0.0):.1e} of its cosine", figures=figures)


def _coinciding(rows: npt.NDArray[np.float32]) -> float:
    """Return the share of values, in the median row, of which another value of that row has the same magnitude."""
    ordered = np.sort(np.abs(rows), axis=1)
    different = (np.diff(ordered, axis=1) > 0).sum(axis=1) + 1
    return float(np.median(1 - different / rows.shape[1]))


_UNUSABLE = "Such a vector has no direction: its book is found by chance or never."
PROBES = (
    Probe(
        "vectors.corpus",
        "Records",
        "the records that were ingested",
        "Ids or facts of books are not those that were ingested: something else wrote to the collection, or its manifest was edited.",
        _corpus,
    ),
    Probe("vectors.missing", "Missing books", "a vector for every book", "Such books exist but can never be found by meaning.", _missing),
    Probe(
        "vectors.orphaned",
        "Orphaned vectors",
        "a book for every vector",
        "Something else put vectors here: they take places in results, and nobody knows what made them.",
        _orphaned,
    ),
    Probe("vectors.finite", "Finite values", "only finite values", _UNUSABLE, _finite),
    Probe("vectors.zero", "Zero vectors", "no vector without a length", _UNUSABLE, _zero),
    Probe(
        "vectors.norms",
        "Lengths",
        f"length 1, within {UNIT_TOLERANCE}",
        "Vectors were stored as they came from another encoder or tool; wherever scores are products, long vectors win.",
        _norms,
    ),
    Probe(
        "vectors.stale",
        "Stale vectors",
        "vectors of the present texts",
        "Books are found by what they said before, not by what they say now.",
        _stale,
    ),
    Probe(
        "vectors.truncated",
        "Truncated texts",
        f"at most {_MUCH_TRUNCATED:.0%} of the books",
        "Of most books the model reads only the beginning; what comes later cannot be found by meaning.",
        _truncated,
    ),
    Probe(
        "vectors.rounded",
        "Rounding",
        "values as fine as the encoder's own",
        "Vectors were stored in fewer steps than the encoder gives, or with noise: near neighbours may swap.",
        _rounded,
    ),
)
