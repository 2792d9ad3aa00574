"""`vibeshelf search`: one query, its books."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from vibeshelf.commands.frame import FINE, command, encoder_flags, print_json


def add_search(commands: Any) -> None:
    parser = command(
        commands,
        "search",
        _search,
        "Search a collection.",
        'vibeshelf search "a slow, melancholy lighthouse story" -k 5 --where year=1900..',
    )
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    parser.add_argument("-k", type=int, default=10, help="how many books (default: 10)")
    parser.add_argument("--system", default="hybrid", help="hybrid (default), dense, lexical or popular")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="genre=mystery, year=1900..1950, language=Japanese ...; may be repeated",
    )
    encoder_flags(parser)


def _search(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.filters import parse_filters
    from vibeshelf.services.logged_search import logged_search
    from vibeshelf.services.search import check_k, check_system, clean_query
    from vibeshelf.services.shelf import open_shelf

    # Bad input is said before a model is loaded.
    clean_query(arguments.query)
    check_k(arguments.k)
    check_system(arguments.system)
    filters = parse_filters(arguments.where)
    settings = load_settings(backend=arguments.backend, device=arguments.device)
    shelf = open_shelf(arguments.collection, model=arguments.model, settings=settings)
    result = logged_search(shelf, arguments.query, arguments.k, arguments.system, filters, source="cli")
    for note in result.notes:
        print(f"vibeshelf: {note}", file=sys.stderr)
    if arguments.json:
        print_json(_search_content(result))
        return FINE
    for hit in result.hits:
        year = f" ({hit.book.year})" if hit.book.year is not None else ""
        print(f"{hit.rank:3}. {hit.title or '[no title]'}{year}  {hit.author}  {hit.score:.3f}")
    print(
        f"{len(result.hits)} of {result.count:,} books in {result.total_ms:.0f} ms ({result.model}, {result.backend} {result.device})",
        file=sys.stderr,
    )
    return FINE


def _search_content(result: Any) -> dict[str, Any]:
    hits = [
        {
            "rank": hit.rank, "book_id": hit.book_id, "title": hit.title, "author": hit.author, "score": hit.score,
            "year": hit.book.year, "language": hit.book.language, "country": hit.book.country,
            "genres": list(hit.book.genres), "description": hit.book.description,
        }
        for hit in result.hits
    ]  # fmt: skip
    timing = {"encode": result.encode_ms, "search": result.search_ms, "hydrate": result.hydrate_ms, "total": result.total_ms}
    return {
        "query": result.query, "collection": result.collection, "system": result.system, "model": result.model, "hits": hits,
        "timing_ms": {stage: round(value, 3) for stage, value in timing.items()},
        "device": result.device, "backend": result.backend, "precision": result.precision, "count": result.count,
        "remembered": result.remembered, "version": result.version,
    }  # fmt: skip
