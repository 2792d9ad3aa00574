"""How the systems' parameters were chosen: every candidate on the training split of tomt-books, the chosen ones on the other.

`python -m eval.tuning COLLECTION`: the collection holds tomt-books' corpus (see eval/README.md). Prints Markdown tables of
nDCG@10, computed by exact comparison with all books. Takes some minutes, most of them for the vectors of passages.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from eval.requests import Corpus, Requests, Table, bm25, hybrid, mean_ndcg, ndcg, read_corpus, read_requests, share, united
from vibeshelf.adapters.lexical import FUNCTION_WORDS, K1, REQUEST_WORDS, B
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.systems import DENSE_WEIGHT

WEIGHTS = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
FILES = {"full": "queries.jsonl.gz", "short": "queries_short.jsonl.gz"}
# What people write around a wish, whatever the book: for the try that takes this direction out of the query's vector.
ASKING = (
    "I am trying to remember the title of a book I read years ago.",
    "Can anyone help me find a book? I forgot the title and the author.",
    "I am looking for a book.",
    "Please recommend me a novel to read.",
    "What is the name of that story?",
    "I read this in school as a child, the cover was blue, and I do not remember how it ended.",
    "It was a young adult novel that I borrowed from the library in the nineties.",
    "The main character, I think, was called something, but I am not sure about the details.",
    "Any ideas? Thanks in advance!",
)
# A candidate's name with its nDCG@10 on each set of requests.
Rows = Iterator[tuple[str, list[float]]]


@dataclass(frozen=True, slots=True)
class Bench:
    """What candidates are tried on. `words` are the BM25 scores of the parameters in use, one table for each set of requests."""

    shelf: Shelf
    corpus: Corpus
    train: list[Requests]
    words: list[Table]

    def of(self, score: Callable[[Requests, Table], Table]) -> list[float]:
        return [mean_ndcg(score(of, words), of) for of, words in zip(self.train, self.words, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection")
    shelf = open_shelf(parser.parse_args().collection)
    corpus = read_corpus(shelf)
    train = [read_requests(shelf, corpus, f"training, {length}", file, "train") for length, file in FILES.items()]
    validation = [read_requests(shelf, corpus, f"validation, {length}", file, "validation") for length, file in FILES.items()]
    bench = Bench(shelf, corpus, train, [bm25(corpus, of) for of in train])
    for section in (stop_words, saturation, weights, normalisations, lengths, tries):
        print(f"\n## {section.__doc__}\n\n| | {' | '.join(of.name for of in train)} |\n|---|---|---|")
        for label, values in section(bench):
            print(f"| {label} | {' | '.join(f'{value:.4f}' for value in values)} |", flush=True)
    in_use(corpus, [*train, *validation])
    for at, length in enumerate(FILES):
        halves(corpus, united([train[at], validation[at]]), length)


def stop_words(bench: Bench) -> Rows:
    """Words left out"""
    lists = {"none": "", "function words": FUNCTION_WORDS, "words of asking": REQUEST_WORDS, "both": FUNCTION_WORDS + REQUEST_WORDS}
    for name, listed in lists.items():
        words = [bm25(bench.corpus, of, left_out=frozenset(listed.split())) for of in bench.train]
        yield from _lexical_and_hybrid(name, bench, words)


def saturation(bench: Bench) -> Rows:
    """k1 and b"""
    for k1 in (0.6, 0.9, 1.2, 1.6, 2.0):
        for b in (0.4, 0.6, 0.75, 0.9):
            words = [bm25(bench.corpus, of, k1, b) for of in bench.train]
            yield from _lexical_and_hybrid(f"k1 {k1}, b {b}", bench, words)


def weights(bench: Bench) -> Rows:
    """The weight of the dense part"""
    for weight in WEIGHTS:
        yield f"{weight}", _by_weight(bench, weight, share)


def normalisations(bench: Bench) -> Rows:
    """Other ways to make the two parts alike before they are added"""
    for normal in (min_max, z_score, reciprocal_rank):
        for weight in (0.5, 0.6, 0.7):
            yield f"{normal.__name__}, {weight}", _by_weight(bench, weight, normal)


def lengths(bench: Bench) -> Rows:
    """The weight of the dense part in each quarter of the requests, from short to long"""
    for weight in WEIGHTS:
        values = [ndcg(hybrid(of.cosines, words, weight), of) for of, words in zip(bench.train, bench.words, strict=True)]
        orders = [np.argsort([len(text) for text in of.texts], kind="stable") for of in bench.train]
        for quarter in range(4):
            cells = [of[np.array_split(order, 4)[quarter]].mean() for of, order in zip(values, orders, strict=True)]
            yield f"{weight}, quarter {quarter + 1}", [float(cell) for cell in cells]


def tries(bench: Bench) -> Rows:
    """Further tries, each in place of the cosines"""
    asking = bench.shelf.encoder.encode_queries(ASKING).mean(axis=0)
    asking /= np.linalg.norm(asking)
    passages, starts = _passages(bench)
    vectors = bench.corpus.vectors
    hubs = _hubs(vectors)

    def best_passage(of: Requests, _: Table) -> Table:
        return np.asarray(np.maximum.reduceat(of.vectors @ passages.T, starts, axis=1), dtype=np.float32)

    def feedback(of: Requests, words: Table) -> Table:
        best = np.argsort(-hybrid(of.cosines, words), axis=1)[:, :5]
        return _unit(of.vectors + 0.2 * vectors[best].mean(axis=1)) @ vectors.T

    def without_asking(of: Requests, _: Table) -> Table:
        return _unit(of.vectors - np.outer(of.vectors @ asking, asking)) @ vectors.T

    dense: dict[str, Callable[[Requests, Table], Table]] = {
        "one vector a book (in use)": lambda of, _: of.cosines,
        "a book's best passage of two sentences": best_passage,
        "mean of the whole book and its best passage": lambda of, words: np.asarray((of.cosines + best_passage(of, words)) / 2, np.float32),
        "pseudo relevance feedback: 5 books, weight 0.2": feedback,
        "hubs pushed down: less 0.25 of the mean cosine with 10 neighbours": lambda of, _: of.cosines - 0.25 * hubs,
        "the direction of asking taken out of the query": without_asking,
    }
    for label, score in dense.items():
        yield f"{label}, dense", bench.of(score)
        yield f"{label}, hybrid", bench.of(lambda of, words, score=score: hybrid(score(of, words), words))  # type: ignore[misc]
    twice = [f"{book.title} {text}" for book, text in zip(bench.corpus.books, bench.corpus.texts, strict=True)]
    boosted = [bm25(Corpus(bench.corpus.books, twice, vectors), of) for of in bench.train]
    yield from _lexical_and_hybrid("titles twice", bench, boosted)


def in_use(corpus: Corpus, sets: list[Requests]) -> None:
    print(f"\n## The parameters in use: weight {DENSE_WEIGHT}, k1 {K1}, b {B}\n\n| | n | dense | lexical | hybrid |\n|---|---|---|---|---|")
    for of in sets:
        words = bm25(corpus, of)
        cells = (mean_ndcg(scores, of) for scores in (of.cosines, words, hybrid(of.cosines, words)))
        print(f"| {of.name} | {len(of.texts)} | {' | '.join(f'{cell:.4f}' for cell in cells)} |", flush=True)


def halves(corpus: Corpus, of: Requests, length: str) -> None:
    """Print what each random half of the requests chooses, and what that gives on the other half."""
    tables = {(k1, b): bm25(corpus, of, k1, b) for k1 in (0.6, 0.9, 1.2, 1.6) for b in (0.6, 0.75, 0.9)}
    found = {(*key, weight): ndcg(hybrid(of.cosines, words, weight), of) for key, words in tables.items() for weight in WEIGHTS}
    order = np.random.default_rng(1).permutation(len(of.texts))
    half = len(order) // 2
    print(f"\n## Chosen on one half of all {length} requests, measured on the other\n")
    total = 0.0
    for choosing, measured in ((order[:half], order[half:]), (order[half:], order[:half])):
        k1, b, weight = max(found, key=lambda key: float(found[key][choosing].mean()))
        total += float(found[k1, b, weight][measured].sum())
        print(f"- k1 {k1}, b {b}, weight {weight}, chosen on {len(choosing)}: {found[k1, b, weight][measured].mean():.4f}")
    print(f"- both halves: {total / len(order):.4f}; the parameters in use: {found[K1, B, DENSE_WEIGHT].mean():.4f}", flush=True)


def min_max(scores: Table) -> Table:
    low = scores.min(axis=1, keepdims=True)
    return np.asarray((scores - low) / np.maximum(scores.max(axis=1, keepdims=True) - low, 1e-9), dtype=np.float32)


def z_score(scores: Table) -> Table:
    return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9), dtype=np.float32)


def reciprocal_rank(scores: Table) -> Table:
    ranks = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    return np.asarray(1 / (61 + ranks), dtype=np.float32)


def _lexical_and_hybrid(name: str, bench: Bench, words: list[Table]) -> Rows:
    pairs = list(zip(bench.train, words, strict=True))
    yield f"{name}, lexical", [mean_ndcg(scores, of) for of, scores in pairs]
    yield f"{name}, hybrid", [mean_ndcg(hybrid(of.cosines, scores), of) for of, scores in pairs]


def _by_weight(bench: Bench, weight: float, normal: Callable[[Table], Table]) -> list[float]:
    return bench.of(lambda of, words: hybrid(of.cosines, words, weight, normal))


def _hubs(vectors: Vectors) -> Table:
    """Return the mean cosine of every book with the ten that are nearest to it, float32 (n_books,)."""
    among = vectors @ vectors.T
    np.fill_diagonal(among, -1)
    return np.asarray(np.partition(among, -10, axis=1)[:, -10:].mean(axis=1), dtype=np.float32)


def _passages(bench: Bench) -> tuple[Vectors, list[int]]:
    """Return the vectors of every two sentences of every book, each with the title before it, and where each book's begin."""
    texts: list[str] = []
    starts: list[int] = []
    for book in bench.corpus.books:
        starts.append(len(texts))
        sentences = re.split(r"(?<=[.!?])\s+", book.description)
        texts += [f"{book.title} {' '.join(sentences[at : at + 2])}" for at in range(0, len(sentences), 2)]
    return bench.shelf.encoder.encode_documents(texts), starts


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    main()
