"""How often "nothing close" is said of a wish for a book, and of a query that has nothing to do with books: python -m eval.check_closeness.

The queries took no part in choosing the floor: 40 wishes and 40 of what people ask a search engine for (closeness.tsv, written before
any was searched), and, where the outside data is at hand, requests for books that readers half remember (tomt-books) and claims from
papers of medicine (scifact). A search is that of the page: the default system, ten books.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.corpora import outside_data
from vibeshelf.adapters.query_files import read_queries
from vibeshelf.services.closeness import Closeness, calibrate, nothing_close
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.statistics import share_interval

_WRITTEN = Path(__file__).parent / "closeness.tsv"
_COLLECTIONS = ("starter", "goodbooks", "books-36k")
_MOST, _PAGE = 300, 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries of one kind; `meant`: they are meant for books."""

    name: str
    meant: bool
    texts: Sequence[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", nargs="+", default=list(_COLLECTIONS))
    parser.add_argument("--show", action="store_true", help="print what was judged wrongly, too")
    given = parser.parse_args()
    asked = kinds()
    heads = ["collection", "books", "floor (cosine)", *(f"{each.name} ({len(each.texts)})" for each in asked)]
    print(f'Share told "nothing close" [95 % interval], {datetime.now(UTC):%Y-%m-%d}\n\n| {" | ".join(heads)} |\n{"|---" * len(heads)}|')
    for name in given.collection:
        shelf = open_shelf(name)
        mirror = shelf.mirror()
        closeness = calibrate(mirror, shelf.encoder) if mirror is not None else None
        if closeness is None:
            raise SystemExit(f"collection '{name}' has no books to compare with")
        told = [[text for text in each.texts if is_nothing(shelf, closeness, text)] for each in asked]
        cells = [share(len(said), len(each.texts)) for said, each in zip(told, asked, strict=True)]
        print(f"| {' | '.join([name, f'{closeness.books:,}', f'{closeness.floor:.3f}', *cells])} |", flush=True)
        if given.show:
            for said, each in zip(told, asked, strict=True):
                wrong = said if each.meant else [text for text in each.texts if text not in said]
                print(f"\n{name}, {each.name}, judged wrongly:", *wrong[:20], sep="\n  ")


def kinds() -> list[Asked]:
    """Return the queries, those of the outside data only where it is at hand: the first 300, which stand in no order."""
    rows = [line.split("\t") for line in _WRITTEN.read_text(encoding="utf-8").splitlines()]
    data = outside_data()
    asked = [Asked("wishes", True, [text for kind, text in rows if kind == "wish"])]
    if data is not None:
        asked.append(Asked("half-remembered books", True, _some(data / "tomt-books" / "queries_short.jsonl.gz")))
    asked.append(Asked("everyday queries", False, [text for kind, text in rows if kind == "other"]))
    if data is not None:
        asked.append(Asked("claims of medicine", False, _some(data / "scifact" / "queries.jsonl")))
    return asked


def _some(path: Path) -> list[str]:
    return [text for text in read_queries(path).values() if text.strip()][:_MOST]


def is_nothing(shelf: Shelf, closeness: Closeness, text: str) -> bool:
    """Return whether the page would say of this query that nothing comes close."""
    return nothing_close(text, shelf.run(text, _PAGE).hits, closeness)


def share(count: int, of: int) -> str:
    low, high = share_interval(count, of)
    return f"{count / of:.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
