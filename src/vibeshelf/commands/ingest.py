"""`vibeshelf ingest`: books into a collection."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from vibeshelf.commands.bar import Bar
from vibeshelf.commands.frame import FINE, command, encoder_flags, print_json
from vibeshelf.core.errors import InputError


def add_ingest(commands: Any) -> None:
    parser = command(
        commands, "ingest", _ingest, "Bring books into a collection.", "vibeshelf ingest books.csv --collection mine --column title=Name"
    )
    parser.add_argument("source", metavar="SOURCE", help="a file (plain, .gz or .zst), a BEIR folder, or the word `starter`")
    parser.add_argument("--format", default="auto", help="auto, csv, jsonl, parquet, goodbooks, ucsd or beir (default: auto)")
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    encoder_flags(parser)
    parser.add_argument("--precision", help="fp32 (default), or bf16, fp16, int8 where `vibeshelf gate` offers it")
    parser.add_argument("--limit", type=int, metavar="N", help="read only the first N rows")
    parser.add_argument("--prune", action="store_true", help="remove books that the source no longer has")
    parser.add_argument("--column", action="append", default=[], metavar="FIELD=NAME", help="which column holds a field; may be repeated")
    parser.add_argument("--delimiter", help="of a CSV file (default: ',', and a tab for .tsv)")
    parser.add_argument("--template", help="how the encoded text is made, for instance '{title}| by {author}|. {description}'")


def _ingest(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.catalog import open_source
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.ingest import IngestOptions, ingest

    settings = load_settings(backend=arguments.backend, device=arguments.device)
    source = open_source(arguments.source, arguments.format, _pairs(arguments.column, "--column"), _delimiter(arguments.delimiter))
    options = IngestOptions(
        arguments.collection, arguments.model, arguments.template, arguments.limit, arguments.prune, arguments.precision
    )
    with Bar() as bar:
        report = ingest(source, settings, options, bar.show)
    tally, rate = report.tally, report.documents_per_second
    content = {
        "collection": report.collection, "model": report.model, "dimension": report.dimension,
        "read": tally.read, "added": tally.added, "updated": tally.updated, "unchanged": tally.unchanged,
        "removed": tally.removed, "rejected": tally.rejected, "encoded": tally.encoded, "rejects_file": report.rejects_file,
        "seconds": round(report.seconds, 3), "documents_per_second": rate and round(rate, 1),
        "backend": report.backend, "device": report.device, "precision": report.precision,
    }  # fmt: skip
    if arguments.json:
        print_json(content)
    else:
        counts = ("read", "added", "updated", "unchanged", "removed", "rejected")
        said = ", ".join(f"{name} {getattr(tally, name):,}" for name in counts)
        print(f"{report.collection}: {said} in {report.seconds:.1f} s ({report.model}, {report.backend} {report.device})")
        if report.rejects_file:
            print(f"rejected rows: {report.rejects_file}")
    return FINE


def _delimiter(text: str | None) -> str | None:
    mark = {"\\t": "\t", "tab": "\t"}.get(text or "", text)
    if mark is not None and len(mark) != 1:
        raise InputError(f"--delimiter is {text!r}; expected one character, or 'tab'")
    return mark


def _pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise InputError(f"{flag} '{text}': expected FIELD=NAME")
    return {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in texts)}
