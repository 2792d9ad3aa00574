"""The `vibeshelf` command: parse, call one service, print."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from vibeshelf import __version__
from vibeshelf.core.errors import InputError, VibeshelfError

Handler = Callable[[argparse.Namespace], int]
FINE, NO, BAD_INPUT, STOPPED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {' '.join(message.split())}. See: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 fine, 1 the answer is no, 2 bad input in one line."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.handler(arguments)
        sys.stdout.flush()
        return code
    except VibeshelfError as error:
        return _complain(str(error))
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FINE
        return _complain(f"the system refused: {error}")
    except KeyboardInterrupt:
        _complain("stopped; what was stored is kept, the same command goes on from there")
        return STOPPED
    except Exception as error:
        # The last resort: a defect of ours. One line for the user; --debug shows all of it.
        if arguments.debug:
            traceback.print_exc()
        return _complain(f"unexpected {type(error).__name__}: {str(error)[:300]} (--debug shows where)")
    except BaseException as error:
        # Panics of libraries written in Rust derive from BaseException, and their class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return _complain(f"a library failed: {str(error)[:300]}")


def _complain(line: str) -> int:
    # What people typed is part of many messages, with its line breaks.
    print(f"vibeshelf: {' '.join(line.split())}", file=sys.stderr)
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vibeshelf", description="Find books by vibe, and see how good, fast and healthy the search is.")
    parser.add_argument("--version", action="version", version=f"vibeshelf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for add in (_add_ingest, _add_search, _add_collections, _add_doctor, _add_gate, _add_app):
        add(commands)
    return parser


def _command(commands: Any, name: str, handler: Handler, help_line: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_line, description=help_line, epilog=f"example:\n  {example}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
    parser.set_defaults(handler=handler)
    return parser


def _encoder_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="a hub name or a sentence-transformers folder (default: the collection's own)")
    parser.add_argument("--backend", help="auto, torch, onnx or openvino (default: VIBESHELF_BACKEND)")
    parser.add_argument("--device", help="auto, cpu, cuda or mps (default: VIBESHELF_DEVICE)")


def _print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))


def _pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise InputError(f"{flag} '{text}': expected FIELD=NAME")
    return {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in texts)}


def _add_ingest(commands: Any) -> None:
    parser = _command(
        commands, "ingest", _ingest, "Bring books into a collection.", "vibeshelf ingest books.csv --collection mine --column title=Name"
    )
    parser.add_argument("source", metavar="SOURCE", help="a file (plain, .gz or .zst), a BEIR folder, or the word `starter`")
    parser.add_argument("--format", default="auto", help="auto, csv, jsonl, parquet, goodbooks, ucsd or beir (default: auto)")
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    _encoder_flags(parser)
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
    with _Bar() as bar:
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
        _print_json(content)
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


class _Bar:
    """A progress bar on stderr, drawn only on a terminal: documents, rate and remaining time."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(unit=" books", file=sys.stderr, dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, rows: int, fraction: float) -> None:
        if self._bar is not None:
            # How many there will be is not known before the end; the share of the file that was read tells about.
            self._bar.total = max(rows, round(rows / fraction)) if fraction else None
            self._bar.update(rows - self._bar.n)


def _add_search(commands: Any) -> None:
    parser = _command(
        commands,
        "search",
        _search,
        "Search a collection.",
        'vibeshelf search "a slow, melancholy lighthouse story" -k 5 --where year=1900..',
    )
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("--collection", metavar="NAME", default="starter", help="default: starter")
    parser.add_argument("-k", type=int, default=10, help="how many books (default: 10)")
    parser.add_argument("--system", default="hybrid", help="hybrid (default), dense or lexical")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="genre=mystery, year=1900..1950, language=Japanese ...; may be repeated",
    )
    _encoder_flags(parser)


def _search(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.filters import parse_filters
    from vibeshelf.services.search import check_k, check_system, clean_query
    from vibeshelf.services.shelf import open_shelf

    # Bad input is said before a model is loaded.
    clean_query(arguments.query)
    check_k(arguments.k)
    check_system(arguments.system)
    filters = parse_filters(arguments.where)
    settings = load_settings(backend=arguments.backend, device=arguments.device)
    shelf = open_shelf(arguments.collection, model=arguments.model, settings=settings)
    result = shelf.run(arguments.query, arguments.k, arguments.system, filters)
    for note in result.notes:
        print(f"vibeshelf: {note}", file=sys.stderr)
    if arguments.json:
        _print_json(_search_content(result))
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
    }  # fmt: skip


def _add_collections(commands: Any) -> None:
    _command(commands, "collections", _collections, "List the collections with their manifests.", "vibeshelf collections --json")


def _collections(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.index import Store
    from vibeshelf.adapters.manifests import public_manifest
    from vibeshelf.core.settings import load_settings

    found = Store(load_settings()).collections()
    if arguments.json:
        _print_json(
            [{"collection": info.name, "count": info.count, "manifest": info.manifest and public_manifest(info.manifest)} for info in found]
        )
        return FINE
    for info in found:
        manifest = info.manifest
        made = (
            f"{manifest.encoder.model}, {manifest.encoder.dimension}-d, {manifest.built_at}{'' if manifest.complete else ', NOT COMPLETE'}"
            if manifest
            else "not made by Vibeshelf"
        )
        print(f"{info.name}: {info.count:,} books ({made})")
    if not found:
        print("no collection yet. Make one: vibeshelf ingest starter")
    return FINE


def _add_doctor(commands: Any) -> None:
    _command(commands, "doctor", _doctor, "Show machine, devices, backends, versions and what is missing.", "vibeshelf doctor --json")


def _doctor(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.doctor import examine

    report = examine(load_settings())
    if arguments.json:
        _print_json(report)
    else:
        for section, content in report.items():
            print(f"{section}: {json.dumps(content, ensure_ascii=False)}")
    return FINE if report["status"] == "pass" else NO


def _add_gate(commands: Any) -> None:
    parser = _command(
        commands, "gate", _gate, "Compare every backend and precision with the reference, so that auto may choose.", "vibeshelf gate --json"
    )
    parser.add_argument("--model", metavar="NAME", help="default: VIBESHELF_MODEL")


def _gate(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.fidelity import measure

    results = measure(load_settings(), arguments.model, lambda line: print(line, file=sys.stderr))
    if arguments.json:
        _print_json([asdict(result) for result in results])
    return FINE


def _add_app(commands: Any) -> None:
    parser = _command(commands, "app", _app, "Serve the app, with the starter collection made first.", "PORT=8502 vibeshelf app")
    parser.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1, this machine only")


def _app(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.catalog import STARTER, open_source
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.ingest import IngestOptions, ingest

    port = _free_port(arguments.address, os.environ.get("PORT", "8501"))
    page = _page()
    settings = load_settings()
    with _Bar() as bar:
        report = ingest(open_source(STARTER), settings, IngestOptions(STARTER), bar.show)
    print(f"Vibeshelf: {report.tally.read:,} books in '{STARTER}', http://{arguments.address}:{port}", file=sys.stderr, flush=True)
    streamlit = ["-m", "streamlit", "run", str(page), "--server.address", arguments.address, "--server.port", str(port)]
    # Streamlit reads its configuration from the folder it is started in.
    os.environ["VIBESHELF_DATA_DIR"] = str(settings.data_dir)
    os.chdir(page.parent)
    os.execv(sys.executable, [sys.executable, *streamlit])


def _free_port(address: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise InputError(f"PORT is '{text}'; expected a number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(text)))
        except OSError as error:
            raise InputError(
                f"port {text} on {address} cannot be used ({error.strerror}). Choose another: PORT={int(text) % 65535 + 1} make run"
            ) from None
    return int(text)


def _page() -> Path:
    candidates = [Path.cwd() / "app.py", Path(__file__).resolve().parents[2] / "app.py"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputError("app.py was not found; run this in a checkout of Vibeshelf")


if __name__ == "__main__":
    sys.exit(main())
