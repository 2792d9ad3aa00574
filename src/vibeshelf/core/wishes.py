"""What a search is steered by besides its words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Steering:
    """`like` are ids of books that the others are to be near to, one book or all of an author; `turn` says in which direction.

    `avoided` are texts to be kept away from, `left_out` genres whose books are not shown.
    """

    like: tuple[str, ...] = ()
    turn: str = ""
    avoided: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


STRAIGHT = Steering()
