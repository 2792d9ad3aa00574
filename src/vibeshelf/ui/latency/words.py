"""How stages, texts, engines and times are called on the Latency page."""

from __future__ import annotations

from vibeshelf.core.latency import (
    BOOK,
    COLD_START,
    ENCODE,
    HYDRATE,
    LONG,
    MEDIUM,
    MODEL_LOAD,
    SEARCH,
    SHORT,
    TOKENISE,
    TOTAL,
    BenchResult,
    Engine,
)  # fmt: skip
from vibeshelf.core.percentiles import needed
from vibeshelf.services.latency import Measured

STAGE_WORDS = {
    TOTAL: "whole search", ENCODE: "encode", TOKENISE: "tokenise", SEARCH: "compare and rank", HYDRATE: "fetch books",
    COLD_START: "cold start", MODEL_LOAD: "load model",
}  # fmt: skip
STAGE_MEANINGS = {
    TOTAL: "one search, from the query's text to its ten books",
    ENCODE: "text to vector, tokenising with it",
    TOKENISE: "text to tokens",
    SEARCH: "the vector and the words against every book",
    HYDRATE: "title, author and description of the books shown",
    COLD_START: "from the start of a process to its first vector, its files in the system's cache",
    MODEL_LOAD: "opening the model in a fresh process, its libraries with it",
}
TEXT_WORDS = {SHORT: "short query", MEDIUM: "query of 30 words", LONG: "query of 120 words", BOOK: "books"}
NOT_MEASURED = "not measured"
# One at which no line ends.
_SPACE = "\u00a0"


def engine_text(engine: Engine, result: BenchResult) -> str:
    """Return an engine's name, and that it is withheld where it is."""
    return f"{engine}{' (withheld)' if result.verdict(engine) == 'withheld' else ''}"


def time_text(milliseconds: float | None, n: int, percent: int) -> str:
    """Return '2.8 ms' or '7.3 s', or that there were too few samples."""
    if milliseconds is None:
        return f"{NOT_MEASURED} (n={n:,}, needs {needed(percent)})"
    return f"{milliseconds / 1000:.2f}{_SPACE}s" if milliseconds >= 1000 else f"{milliseconds:.3g}{_SPACE}ms"


def moment_text(moment: str) -> str:
    """Return '2026-11-24 14:05 UTC' for an ISO 8601 moment of UTC."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def facts_of(measured: Measured) -> str:
    """Return where, when and on what a result was measured, not escaped."""
    of = measured.result.environment
    where = f"collection {of.collection}, {of.books:,} books, {of.system}" if of.collection else "no search"
    note = f", {of.note}" if of.note else ""
    return f"{measured.label}{note}, {moment_text(of.measured_at)}, {of.model}, {where}, load {of.load_before:.1f}"


def counts_text(counts: list[int]) -> str:
    """Return 'n=100' or 'n=3 to 100'."""
    return f"n={min(counts)}" if min(counts) == max(counts) else f"n={min(counts)} to {max(counts)}"
