"""The records that travel between the layers: frozen, typed, without behaviour beyond their own fields."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

GRADES = (0, 1, 2, 3)
# query id -> book id -> grade. A pair that is absent is unjudged, which is not 0.
Grades = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Book:
    """One unit of the corpus. `year` is negative before our era; unknown facts are None, never 0."""

    book_id: str
    title: str
    authors: tuple[str, ...] = ()
    description: str = ""
    year: int | None = None
    language: str | None = None
    country: str | None = None
    genres: tuple[str, ...] = ()
    work_id: str | None = None
    average_rating: float | None = None
    ratings_count: int | None = None
    pages: int | None = None

    @property
    def author(self) -> str:
        return ", ".join(self.authors)

    @property
    def described(self) -> bool:
        return bool(self.description)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of a source that was not used: its line (from 1), the reason, and the start of what it held."""

    line: int
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `score` is higher for better and means what its system says; `dense` is the cosine similarity,
    `lexical` the BM25 score, each None where the system did not look at it."""

    book_id: str
    rank: int
    score: float
    book: Book
    dense: float | None = None
    lexical: float | None = None

    @property
    def title(self) -> str:
        return self.book.title

    @property
    def author(self) -> str:
        return self.book.author


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Everything about a model that changes its vectors, and nothing that does not."""

    model: str
    weights_sha256: str
    tokenizer_sha256: str
    dimension: int
    max_tokens: int
    pooling: str
    normalised: bool
    query_prompt: str
    document_prompt: str

    @property
    def fingerprint(self) -> str:
        """sha256 (64 hex digits) over all that changes vectors; the model's name is not part of it."""
        parts = {key: value for key, value in asdict(self).items() if key != "model"}
        return hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Canary:
    """A fixed text with the vectors that the building encoder gave it."""

    text: str
    query_vector: tuple[float, ...]
    document_vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a collection is: how its vectors were made, from what, when."""

    collection: str
    encoder: EncoderSpec
    template: str
    space: str
    hnsw: dict[str, Any]
    versions: dict[str, str]
    backend: str
    precision: str
    complete: bool
    count: int
    corpus_hash: str
    built_at: str
    revision: int = 0
    format_version: int = 1
    canaries: tuple[Canary, ...] = field(default=(), repr=False)

    @property
    def version(self) -> str:
        """Names what the answers come from (10 hex digits): the books, the encoder, and how it was fed and run."""
        parts = (self.corpus_hash, self.encoder.fingerprint, self.template, self.precision, self.backend)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:10]

    @property
    def template_hash(self) -> str:
        return hashlib.sha256(self.template.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on books: `key` equals one of `values`, or lies between `low` and `high` (both included)."""

    key: str
    values: tuple[str | bool, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query with what made them and how long each stage took.

    `remembered`: the query's vector was that of an earlier search, so `encode_ms` is no time of an encoder. `version` is that of
    the collection's manifest: all hits are of this one version.
    """

    query: str
    collection: str
    system: str
    model: str
    hits: tuple[Hit, ...]
    count: int
    encode_ms: float
    search_ms: float
    hydrate_ms: float
    total_ms: float
    device: str
    backend: str
    precision: str
    remembered: bool = False
    notes: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a system gave for one query, best first: ids and their scores, as many of the one as of the other."""

    book_ids: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The rankings of one system, query id -> ranking; a query that is absent got no result.

    `fingerprint` names all that made it and is None for a run that was read from a file. `refused` holds the queries that could
    not be searched, with the reason; `median_ms` is the median time of a search, its query encoded anew, None where it is not
    known. `device` says on what it was made and `made_at` when (ISO 8601, UTC); both None for a run that was read from a file.
    """

    name: str
    rankings: Mapping[str, Ranking]
    fingerprint: str | None = None
    k: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    median_ms: float | None = None
    device: str | None = None
    made_at: str | None = None
