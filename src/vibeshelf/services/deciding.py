"""When a blind comparison is decided, however often somebody looks: an anytime-valid sign test.

Each round that is no tie is a toss, which lands on either side with probability 1/2 where visitors have no preference. A gambler
who bets against that, with a Beta(2, 2) mixture over how lopsided the tosses are, has a fortune that is a martingale:

    fortune(wins, losses) = 2^(wins + losses) B(wins + 2, losses + 2) / B(2, 2)

By Ville's inequality it ever reaches 1 / 0.05 in at most 5 % of all comparisons without a preference, so it may be looked at after
every round and the comparison be stopped at any of them. The same fortune against every other probability gives the interval
around the share of wins, valid at all times together. Robbins, "Statistical methods related to the law of the iterated
logarithm", Annals of Mathematical Statistics 1970; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 2021; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics
and safe anytime-valid inference", Statistical Science 2023.

What it needs to see a preference with 80 % power: 33 rounds where 8 of 10 go to the better one, 80 for 7 of 10, 352 for 6 of 10
(exact; a test holds these figures).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, exp, lgamma, log

_Enough = Callable[[int], bool]
ALPHA = 0.05
# Among 0.5, 1, 2, 3, 5, 8 and 12 it needs the fewest rounds for preferences of 7 and 8 of 10, and few for others.
_PRIOR = 2.0
# A forecast from fewer tosses says more of luck than of the systems; one of more rounds than this says only "not soon".
_TELLING, MOST_MORE = 5, 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """How a comparison stands after some rounds.

    `evidence` is the gambler's fortune now (1 at the start, 20 decides), `low` to `high` the interval around the first one's
    share of the rounds that are no ties. `winner` is 1 or -1 once it is decided, at round `decided_at` (from 1, ties counted): it
    stands from then on. `more` is how many rounds it would take if all goes on as before, `least_more` if every one went to who
    leads; each None where that cannot be said.
    """

    wins: int
    losses: int
    ties: int
    evidence: float
    low: float
    high: float
    winner: int | None = None
    decided_at: int | None = None
    more: int | None = None
    least_more: int | None = None

    @property
    def rounds(self) -> int:
        return self.wins + self.losses + self.ties


def decide(outcomes: Sequence[int], alpha: float = ALPHA) -> Decision:
    """Return how a comparison stands after outcomes of 1, -1 and 0, in the order in which they came."""
    wins = losses = 0
    winner = decided_at = None
    for number, outcome in enumerate(outcomes, 1):
        wins, losses = wins + (outcome > 0), losses + (outcome < 0)
        if winner is None and log_evidence(wins, losses) >= -log(alpha):
            winner, decided_at = (1 if wins > losses else -1), number
    low, high = interval(wins, losses, alpha)
    more, least = (None, None) if winner else (_more(wins, losses, len(outcomes), alpha), _least_more(wins, losses, alpha))
    evidence = exp(min(log_evidence(wins, losses), 700))
    return Decision(wins, losses, len(outcomes) - wins - losses, evidence, low, high, winner, decided_at, more, least)


def log_evidence(wins: float, losses: float, share: float = 0.5) -> float:
    """Return the logarithm of the fortune of who bet against a share of wins strictly between 0 and 1."""
    mixed = _log_beta(wins + _PRIOR, losses + _PRIOR) - _log_beta(_PRIOR, _PRIOR)
    return mixed - wins * log(share) - losses * log(1 - share)


def interval(wins: int, losses: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Return the lowest and the highest share of wins that was not refuted: of all times together, 95 % of such intervals hold it."""
    # The fortune is least at the share that was seen, and grows to either side of it.
    seen = min(max(wins / (wins + losses), 1e-9), 1 - 1e-9) if wins + losses else 0.5
    bar = -log(alpha)
    return _edge(wins, losses, seen, 1e-9, bar), _edge(wins, losses, seen, 1 - 1e-9, bar)


def _edge(wins: int, losses: int, inside: float, outside: float, bar: float) -> float:
    if log_evidence(wins, losses, outside) < bar:
        return round(outside)
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if log_evidence(wins, losses, middle) < bar else (inside, middle)
    return outside


def _more(wins: int, losses: int, rounds: int, alpha: float) -> int | None:
    """Return how many rounds are missing at the present shares of wins, losses and ties."""
    tosses = wins + losses
    if tosses < _TELLING or wins == losses:
        return None
    share = wins / tosses
    needed = _fewest(lambda more: log_evidence(wins + share * more, losses + (1 - share) * more) >= -log(alpha))
    return None if needed is None else ceil(needed * rounds / tosses)


def _least_more(wins: int, losses: int, alpha: float) -> int | None:
    most, least = max(wins, losses), min(wins, losses)
    return _fewest(lambda more: log_evidence(most + more, least) >= -log(alpha))


def _fewest(enough: _Enough) -> int | None:
    """Return the fewest rounds that are enough, or None when it takes more than anybody would wait for."""
    low, high = 0, MOST_MORE
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
