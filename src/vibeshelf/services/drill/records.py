"""What a drill found, before and after the query model was exchanged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A book that was found, with the cosine similarity that Chroma gave it and its grade, None when nobody judged it."""

    book_id: str
    title: str
    author: str
    score: float
    grade: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """One query with its first books by the right model and by the other one; `ndcg` of both is None for an unjudged query."""

    query_id: str
    text: str
    before: tuple[Answer, ...]
    after: tuple[Answer, ...]
    ndcg_before: float | None
    ndcg_after: float | None

    @property
    def shared(self) -> int:
        """How many of the first books are the same."""
        return len({each.book_id for each in self.before} & {each.book_id for each in self.after})


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that an app without a guard may watch: its value before and after, and whether it tells that something is wrong."""

    name: str
    before: str
    after: str
    alarming: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """What the exchange did. nDCG@10 is over `judged` queries and None where the copy holds no judged book; `by_chance` is that of
    books in random order. `shared` is the mean share of the first ten books that stayed."""

    judged: int
    ndcg_before: float | None
    ndcg_after: float | None
    ndcg_by_chance: float | None
    shared: float
    shared_by_chance: float


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. `books` of the collection's `count` are in the copy. `refusal` is the guard's line when the other model is used under its
    own name, `refusal_in_disguise` when it claims to be the right one; empty where the guard let it pass."""

    collection: str
    count: int
    books: int
    built_with: str
    other: str
    stand_in: bool
    dimension: int
    cases: tuple[Case, ...]
    signs: tuple[Sign, ...]
    truth: Truth
    refusal: str
    refusal_in_disguise: str
    device: str
    seconds: float
    made_at: str
