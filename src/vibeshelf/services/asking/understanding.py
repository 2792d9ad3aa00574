"""What a search makes of the words of a wish, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.asking.titles import Name, titles_of
from vibeshelf.services.asking.wording import MOST_WORDS, Wording, mentions, take_apart

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Understood:
    """`text` is searched, steered by `steering`. `lines` say what was done with the words, or why nothing was; empty where there
    was nothing to say."""

    text: str
    steering: Steering = STRAIGHT
    lines: tuple[str, ...] = ()

    @property
    def steered(self) -> bool:
        return self.steering != STRAIGHT


def understand(query: str, mirror: Mirror) -> Understood:
    """Return what a cleaned query asks of a collection. Titles are looked up only where the words may name one."""
    if len(query.split()) > MOST_WORDS or not mentions(query):
        return Understood(query)
    titles = titles_of(mirror)
    genres = {str(genre).casefold(): str(genre) for genre in mirror.labels("genre")}
    wording = take_apart(query, titles.knows, genres)
    names = titles.find(wording.named) if wording.named else []
    if wording.named and len(names) != 1:
        wording, lines = _as_typed(query, wording), [_no_name(wording.named, names)]
    else:
        lines = [_like_line(names[0], wording.turn)] if names else []
    left_out = tuple(genres[each.casefold()] for each in wording.avoided if each.casefold() in genres)
    if wording.avoided:
        lines.append(_away_line(wording.avoided, left_out))
    like = names[0].book_ids if len(names) == 1 else ()
    return Understood(wording.text, Steering(like, wording.turn if like else "", wording.avoided, left_out), tuple(lines))


def _as_typed(query: str, wording: Wording) -> Wording:
    """Return the wording without the name that was not found; what is to be kept away from stays so."""
    return Wording(wording.text if wording.avoided else query, wording.avoided)


def _no_name(named: str, names: list[Name]) -> str:
    if not names:
        return f"No book or author here is called '{named[:80]}', so these are the books for your words."
    some = "; ".join(name.label for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"'{named[:80]}' may be {some}{more}: add 'by' and the author to say which. These are the books for your words."


def _like_line(name: Name, turn: str) -> str:
    what = f"the mean vector of {len(name.book_ids)} books by {name.label}" if name.is_author else f"the vector of {name.label}"
    if name.is_author and len(name.book_ids) == 1:
        what = f"the vector of the one book here by {name.label}"
    return f"{what[0].upper()}{what[1:]} plus that of your words" + (f", half of it '{turn[:80]}'." if turn else ".")


def _away_line(avoided: tuple[str, ...], left_out: tuple[str, ...]) -> str:
    line = f"Kept away from: {', '.join(avoided)}."
    return f"{line} Books of the genre {' and '.join(left_out)} are left out." if left_out else line
