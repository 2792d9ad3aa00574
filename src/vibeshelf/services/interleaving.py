"""One list out of two rankings, fair to both: team-draft interleaving.

Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from vibeshelf.core.contests import ONE, OTHER


@dataclass(frozen=True, slots=True)
class Pick:
    """A book of the mixed list, and the team, ONE or OTHER, whose turn it was."""

    key: str
    team: int


def team_draft(one: Sequence[str], other: Sequence[str], k: int, seed: str) -> list[Pick]:
    """Return up to k books of two rankings, mixed: in every round a fair coin says who picks first, and each picks its best one left.

    The coins come from the seed alone, so that a list can be drawn again. The list ends where one of the two has nothing left:
    what the other still has would be likes that its opponent could not answer.
    """
    rankings = (list(dict.fromkeys(one)), list(dict.fromkeys(other)))
    picks: list[Pick] = []
    taken: set[str] = set()
    while len(picks) + 2 <= k:
        turn = _turn(rankings, taken, coin(seed, len(picks) // 2))
        if turn is None:
            break
        picks += turn
        taken.update(pick.key for pick in turn)
    return picks


def coin(seed: str, number: int) -> int:
    """Return ONE or OTHER, each as often, from the seed and the number of the round."""
    return (ONE, OTHER)[hashlib.blake2b(f"{seed} {number}".encode(), digest_size=1).digest()[0] & 1]


def _turn(rankings: tuple[list[str], list[str]], taken: set[str], first: int) -> list[Pick] | None:
    """Return the two picks of a round, or None when one of the teams has nothing left to pick."""
    picks: list[Pick] = []
    for team in (first, 1 - first):
        key = next((key for key in rankings[team] if key not in taken and all(pick.key != key for pick in picks)), None)
        if key is None:
            return None
        picks.append(Pick(key, team))
    return picks
