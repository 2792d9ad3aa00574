"""Blind comparisons: a mixed list for a visitor, what the visitor liked, and whether that decides between the two."""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vibeshelf.adapters.contests import FILE, MIGRATIONS, Contests, Settled
from vibeshelf.adapters.database import open_database
from vibeshelf.core.contests import Contender, Contest, Drawn, Round
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Hit
from vibeshelf.core.settings import Settings
from vibeshelf.services.comparing import first_of, keys_of
from vibeshelf.services.deciding import Decision, decide
from vibeshelf.services.interleaving import team_draft
from vibeshelf.services.pooling import fingerprint
from vibeshelf.services.search import clean_query
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.systems import DENSE_WEIGHT, POPULARITY_WEIGHT

SHOWN = 10
_COLUMNS = ("settled_at", "one", "other", "query", "visitor", "outcome", "winner", "counted", "state", "round")


@dataclass(frozen=True, slots=True)
class QueryTally:
    """What the counted rounds of one query came to, from the first contender's side."""

    query: str
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What a contest's rounds came to. Not counted are `repeated` ones (a visitor's later rounds of the same query), and `earlier`
    ones, of another state of the collections or from before a new beginning, of which there were `beginnings`."""

    decision: Decision
    queries: tuple[QueryTally, ...]
    visitors: int
    repeated: int
    earlier: int
    beginnings: int


def open_contests(settings: Settings) -> Contests:
    """Return the blind comparisons of a data folder. Raises StorageError."""
    return Contests(open_database(settings.data_dir / FILE, MIGRATIONS))


def contest_of(contenders: tuple[Contender, Contender], shelves: Mapping[str, Shelf]) -> Contest:
    """Return the contest of two contenders, in whatever order they come. Raises InputError for one against itself."""
    one, other = sorted(contenders, key=lambda each: (each.system, each.collection))
    if one == other:
        raise InputError(f"{one.name} cannot be compared with itself; choose two that differ")
    parts = [fingerprint(shelves[each.collection]) for each in (one, other)] + [DENSE_WEIGHT, POPULARITY_WEIGHT]
    return Contest(one, other, hashlib.sha256(repr(parts).encode()).hexdigest()[:20])


def deal(contests: Contests, contest: Contest, shelves: Mapping[str, Shelf], query: str, visitor: str, k: int = SHOWN) -> Round:
    """Search with both contenders, mix what they found, and keep the round.

    Raises InputError for a query that no search takes, and where one of the two found nothing, so that there is nothing to choose.
    """
    text = clean_query(query)
    found = [_search(shelves[each.collection], each, text, k) for each in contest.teams]
    keys = keys_of(found[0], found[1])
    seed = secrets.token_hex(8)
    by_key = [first_of(of, hits) for of, hits in zip(keys, found, strict=True)]
    picks = team_draft(keys[0], keys[1], k, seed)
    if not picks:
        empty = next(each.name for each, hits in zip(contest.teams, found, strict=True) if not hits)
        raise InputError(f"{empty} found no book for these words, so there is nothing to choose between; use other words")
    hits = [by_key[pick.team][pick.key] for pick in picks]
    drawn = tuple(
        Drawn(hit.book_id, contest.teams[pick.team].collection, hit.title, pick.team) for hit, pick in zip(hits, picks, strict=True)
    )
    return contests.deal(contest, text, visitor, seed, drawn)


def tally(contests: Contests, contest: Contest) -> Tally:
    """Return how a contest stands: of each visitor's rounds on one query the first counts."""
    rounds = contests.settled(*contest.teams)
    counted, repeated = counted_of(rounds, contest.state)
    by_query: dict[str, list[int]] = {}
    for each in counted:
        by_query.setdefault(each.query, []).append(each.outcome)
    queries = tuple(QueryTally(query, of.count(1), of.count(-1), of.count(0)) for query, of in by_query.items())
    return Tally(
        decide([each.outcome for each in counted]),
        queries,
        len({each.visitor for each in counted}),
        len(repeated),
        len(rounds) - len(counted) - len(repeated),
        contests.beginnings(*contest.teams),
    )


def counted_of(rounds: Sequence[Settled], state: str) -> tuple[list[Settled], list[Settled]]:
    """Return the rounds that count, and those of the same state that repeat one of them."""
    present = [each for each in rounds if each.contest.state == state and not each.again]
    first: dict[tuple[str, str], Settled] = {}
    for each in present:
        first.setdefault((each.visitor, each.query.casefold()), each)
    return list(first.values()), [each for each in present if first[each.visitor, each.query.casefold()] is not each]


def as_csv(contests: Contests, contest: Contest) -> bytes:
    """Return every finished round of two contenders, those that do not count too, as CSV."""
    rounds = contests.settled(*contest.teams)
    counted = {each.round_id for each in counted_of(rounds, contest.state)[0]}
    names = {1: contest.one.name, -1: contest.other.name, 0: "tie"}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for each in rounds:
        writer.writerow((
            each.settled_at, contest.one.name, contest.other.name, _inert(each.query), each.visitor, each.outcome, names[each.outcome],
            "yes" if each.round_id in counted else "no", each.contest.state, each.round_id,
        ))  # fmt: skip
    return text.getvalue().encode("utf-8-sig")


def _search(shelf: Shelf, contender: Contender, query: str, k: int) -> tuple[Hit, ...]:
    result = shelf.run(query, k, contender.system)
    if result.system != contender.system:
        # A system that is not ready lets another answer, which must not pass for it.
        raise InputError(f"{contender.name} is not ready ({'; '.join(result.notes)}), so it cannot be compared")
    return result.hits


def _inert(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
