"""What the log says of searches: times, rates, errors, the promise that was made and what is left of it. Pure functions over its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vibeshelf.core.errors import InputError
from vibeshelf.core.percentiles import percentile
from vibeshelf.core.searches import LoggedSearch, Objective
from vibeshelf.services.statistics import share_interval

# What a visitor brought about. It is counted, but says nothing of how the service does.
REFUSALS = ("InputError",)


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles of `n` times in milliseconds; None where there are too few for one (`percentiles.needed`)."""

    n: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """The searches of one stretch of time: how many, how many of them failed, and the times of the others."""

    start: datetime
    seconds: float
    searches: int
    failed: int
    times: Times

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    @property
    def per_minute(self) -> float:
        return self.searches * 60 / self.seconds


@dataclass(frozen=True, slots=True)
class Kept:
    """How a promise was kept: of `n` searches, `good` were in time (with a 95 % interval of that share, after Wilson).

    `allowed` is how many may be late or fail, a fraction where n is small; `left` the share of it that is left, below 0 when
    more than all is spent; `burn` how many times faster it is spent than promised. All None without a search.
    """

    n: int
    good: int
    share: float | None
    low: float | None
    high: float | None
    allowed: float | None
    left: float | None
    burn: float | None

    @property
    def bad(self) -> int:
        return self.n - self.good


@dataclass(frozen=True, slots=True)
class Counted:
    """Something with how often it came."""

    name: str
    count: int


def times_of(rows: Sequence[LoggedSearch]) -> Times:
    """Return the percentiles of what people waited, failed searches left out."""
    times = [row.total_ms for row in rows if row.error is None]
    return Times(len(times), *(percentile(times, percent) for percent in (50, 95, 99)))


def stage_times(rows: Sequence[LoggedSearch]) -> dict[str, Times]:
    """Return the percentiles of each stage, over the searches that had it."""
    found = {}
    for stage in ("encode", "search", "hydrate"):
        times = [value for row in rows if (value := getattr(row, f"{stage}_ms")) is not None]
        found[stage] = Times(len(times), *(percentile(times, percent) for percent in (50, 95, 99)))
    return found


def windows(rows: Sequence[LoggedSearch], start: datetime, end: datetime, count: int = 30) -> list[Window]:
    """Return `count` windows of one length from start to end; one without a search is there, with nothing measured."""
    seconds = (end - start).total_seconds() / count
    inside: list[list[LoggedSearch]] = [[] for _ in range(count)]
    for row in rows:
        if start <= row.at <= end:
            inside[min(int((row.at - start).total_seconds() / seconds), count - 1)].append(row)
    return [
        Window(start + timedelta(seconds=seconds * at), seconds, len(found), len(failures(found)), times_of(found))
        for at, found in enumerate(inside)
    ]


def failures(rows: Sequence[LoggedSearch]) -> list[LoggedSearch]:
    """Return the searches that failed by our fault; what was refused is not among them."""
    return [row for row in rows if row.error is not None and row.error not in REFUSALS]


def errors(rows: Sequence[LoggedSearch]) -> list[Counted]:
    """Return the kinds of errors, refusals among them, the most frequent first."""
    return _most(row.error for row in rows if row.error is not None)


def slowest(rows: Sequence[LoggedSearch], count: int = 5) -> list[LoggedSearch]:
    """Return the searches that took the longest, failed ones left out."""
    return sorted((row for row in rows if row.error is None), key=lambda row: (-row.total_ms, row.at))[:count]


def kept(rows: Sequence[LoggedSearch], objective: Objective) -> Kept:
    """Return how a promise was kept: a search is good when it ended in less than the time; refused ones do not count."""
    counted = [row for row in rows if row.error not in REFUSALS]
    good = sum(row.error is None and row.total_ms < objective.milliseconds for row in counted)
    n = len(counted)
    if not n:
        return Kept(0, 0, None, None, None, None, None, None)
    allowed = n * (1 - objective.share)
    return Kept(n, good, good / n, *share_interval(good, n), allowed, 1 - (n - good) / allowed, (n - good) / allowed)


def check_objective(share: float, milliseconds: float) -> Objective:
    """Return the promise. Raises InputError for one that cannot be kept or means nothing."""
    if not 0.5 <= share <= 0.999:
        raise InputError(f"the objective's share is {share:g}; expected 0.5 to 0.999 (none can be spent of a budget of nothing)")
    if not 1 <= milliseconds <= 60_000:
        raise InputError(f"the objective's time is {milliseconds:g} ms; expected 1 to 60,000")
    return Objective(share, milliseconds)


def most_searched(rows: Sequence[LoggedSearch], count: int = 10) -> list[Counted]:
    """Return the most frequent texts as they were last typed; upper and lower case are one, a redrawn page's repeats none."""
    asked = [row for row in rows if row.text and not row.repeat and row.error is None]
    latest = {str(row.text).casefold(): str(row.text) for row in asked}
    return [Counted(latest[each.name], each.count) for each in _most((str(row.text).casefold() for row in asked), count)]


def most_returned(rows: Sequence[LoggedSearch], count: int = 10) -> list[Counted]:
    """Return the books that most searches had among their first ten; a redrawn page's repeats are left out."""
    return _most((book_id for row in rows if not row.repeat for book_id in row.book_ids), count)


def _most(names: Iterator[str], count: int | None = None) -> list[Counted]:
    ordered = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return [Counted(*item) for item in ordered[:count]]
