"""The pool that raters grade: what the best systems and models found for each starter query, in an order that tells nothing.

`python -m eval.pool OUT COLLECTION ...`: the hybrid, dense and lexical systems of the first collection and the dense system of
the others (the same books, encoded by other models) each give their 20 best. OUT gets JSON lines: query_id, query, books.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.core.records import Book
from vibeshelf.services.shelf import open_shelf
from vibeshelf.services.systems import SYSTEMS

DEPTH = 20
SEED = 20261124


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("collections", nargs="+", metavar="COLLECTION")
    arguments = parser.parse_args()
    pools = pool(arguments.collections)
    with arguments.out.open("w", encoding="utf-8") as out:
        for query_id, query in starter_queries().items():
            rows = [shown(book) for book in shuffled(query_id, pools[query_id])]
            out.write(json.dumps({"query_id": query_id, "query": query, "books": rows}, ensure_ascii=False) + "\n")
    print(f"{sum(map(len, pools.values())):,} pairs of {len(pools)} queries: {arguments.out}")


def pool(collections: list[str]) -> dict[str, dict[str, Book]]:
    """Return query id -> book id -> book, united over systems and collections."""
    pools: dict[str, dict[str, Book]] = {query_id: {} for query_id in starter_queries()}
    for at, name in enumerate(collections):
        shelf = open_shelf(name)
        for system in SYSTEMS if at == 0 else ("dense",):
            for query_id, query in starter_queries().items():
                pools[query_id] |= {hit.book_id: hit.book for hit in shelf.run(query, DEPTH, system).hits}
    return pools


def shuffled(query_id: str, books: dict[str, Book]) -> list[Book]:
    """Return the books in an order that depends on the query and on nothing else that a rater could guess from."""
    ordered = [books[book_id] for book_id in sorted(books)]
    random.Random(f"{SEED} {query_id}").shuffle(ordered)
    return ordered


def shown(book: Book) -> dict[str, object]:
    facts = {"book_id": book.book_id, "title": book.title, "author": book.author, "year": book.year, "country": book.country}
    return {**facts, "language": book.language, "genres": list(book.genres), "description": book.description}


if __name__ == "__main__":
    main()
