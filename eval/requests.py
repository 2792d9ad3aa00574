"""Book requests with one right answer each (tomt-books), scored by exact comparison with every book: what tuning works on."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

import bm25s
import numpy as np
import numpy.typing as npt

from eval.corpora import outside_data
from vibeshelf.adapters.lexical import K1, STOP_WORDS, B, tokens
from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.records import Book
from vibeshelf.core.template import ALL_TEXT, render
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.search import clean_query
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.systems import DENSE_WEIGHT

Table = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The books of a collection: their texts as BM25 reads them, their vectors (n_books, dimension)."""

    books: list[Book]
    texts: list[str]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests with the row of the book that each is about, their vectors (n, dimension) and cosines with all books (n, n_books)."""

    name: str
    texts: list[str]
    gold: npt.NDArray[np.int64]
    vectors: Vectors
    cosines: Table


def read_corpus(shelf: Shelf) -> Corpus:
    mirror = shelf.mirror()
    if mirror is None:
        raise SystemExit("the collection has no mirror")
    books = list(mirror.all_books())
    return Corpus(books, [render(ALL_TEXT, book) for book in books], np.array(mirror.vectors))


def read_requests(shelf: Shelf, corpus: Corpus, name: str, file: str, split: str) -> Requests:
    """Return the requests of a split; those with an empty text, which no system can answer, are left out."""
    data = outside_data()
    if data is None:
        raise SystemExit("tomt-books is not at hand; set VIBESHELF_TEST_DATA")
    queries, grades = read_queries(data / "tomt-books" / file), read_qrels(data / "tomt-books" / "qrels" / f"{split}.tsv")
    row_of = {book.book_id: row for row, book in enumerate(corpus.books)}
    chosen = [(clean_query(queries[query_id]), row_of[next(iter(of))]) for query_id, of in grades.items() if queries[query_id]]
    texts = [text for text, _ in chosen]
    vectors = shelf.encoder.encode_queries(texts)
    return Requests(name, texts, np.array([row for _, row in chosen]), vectors, vectors @ corpus.vectors.T)


def united(parts: list[Requests]) -> Requests:
    texts = [text for of in parts for text in of.texts]
    gold = np.concatenate([of.gold for of in parts])
    return Requests("all", texts, gold, np.vstack([of.vectors for of in parts]), np.vstack([of.cosines for of in parts]))


def bm25(corpus: Corpus, of: Requests, k1: float = K1, b: float = B, left_out: Set[str] = STOP_WORDS) -> Table:
    """Return the BM25 score of every book for every request, float32 (n_requests, n_books)."""
    index = bm25s.BM25(k1=k1, b=b, method="lucene")
    index.index([tokens(text, left_out) for text in corpus.texts], show_progress=False)
    found = np.zeros((len(of.texts), len(corpus.texts)), dtype=np.float32)
    for at, text in enumerate(of.texts):
        if known := [word for word in dict.fromkeys(tokens(text, left_out)) if word in index.vocab_dict]:
            found[at] = index.get_scores(known)
    return found


def share(scores: Table) -> Table:
    """Return scores as shares of the best book's: how the hybrid system makes its parts alike."""
    return np.asarray(scores / np.maximum(scores.max(axis=1, keepdims=True), 1e-9), dtype=np.float32)


def hybrid(cosines: Table, words: Table, weight: float = DENSE_WEIGHT, normal: Callable[[Table], Table] = share) -> Table:
    return np.asarray(weight * normal(cosines) + (1 - weight) * normal(words), dtype=np.float32)


def ndcg(scores: Table, of: Requests) -> npt.NDArray[np.float64]:
    """Return nDCG@10 of every request, which has one relevant book: 1 / log2(rank + 1), ties broken by row."""
    gold = scores[np.arange(len(scores)), of.gold][:, None]
    before = (scores == gold) & (np.arange(scores.shape[1]) < of.gold[:, None])
    ranks = 1 + (scores > gold).sum(axis=1) + before.sum(axis=1)
    return np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0.0)


def mean_ndcg(scores: Table, of: Requests) -> float:
    return float(ndcg(scores, of).mean())
