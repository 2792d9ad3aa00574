"""The words of a wish, taken apart: 'like A but B', and what is to be kept away from. English alone; a title is no wish.

What is not surely meant so stays in the text: a negation counts after a comma, a 'but' or an 'and' ('a heist, no romance'), or
where it names one of the collection's genres or a theme that people keep away from ('fantasy without magic'). 'A house with no
doors', 'not only' and 'nothing happens' are told, not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

# Long requests tell what happened in a book, with many a 'not' that is no wish.
MOST_WORDS = 30
_LIKE = re.compile(
    r"^(?:(?:i (?:want|would like|need)|find me|give me|looking for)\s+)?"
    r"(?:(?:something|anything|a book|a novel|books|novels|more|stories)\s+)?"
    r"(?:just\s+)?(?:like|similar to|in the (?:style|spirit|vein) of)\s+(?P<rest>.+)$",
    re.IGNORECASE,
)
_BUT = re.compile(r"^(?:but|only|except|yet)\s+(?:that\s+)?", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?P<before>^|[,;.:!?–—]\s*|\s+(?:but|and)\s+|\s+)(?P<word>no|without|not|nothing|avoid|minus)\s+"
    r"(?P<what>[^,;.:!?–—]+?)(?=\s*(?:[,;.:!?–—]|$|\s+(?:but|please|thanks)\b))",
    re.IGNORECASE,
)
_MINUS = re.compile(r"(?:^|\s)-(?P<what>[^\W\d_][\w']+)")
_LEADING = re.compile(
    r"^(?:(?:any|all|much|more|too|very|so|overly|really|a|an|the|that|lots of|kind of|of|about|full of|in|it|be|is|to be)\s+)+",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"\s+(?:in it|at all|whatsoever|please|though|either|story|stories|book|books|novel|novels|stuff|scenes?|plots?|elements)$", re.I
)
_WORDS = re.compile(
    r"\b(?:like|similar|style|spirit|vein|but|only|except|yet|with|set|in|no|without|not|nothing|avoid|minus)\b|(?:^|\s)-\w", re.I
)
_BETWEEN = re.compile(r"\s*(?:\bor\b|\band\b|\bnor\b|/|&)\s*", re.IGNORECASE)
# After 'not' and 'no' these make no negation of a theme.
_NO_THEME = frozenset(
    """only just merely necessarily quite even yet always everything everyone every all until sure that because much many one longer
    matter doubt less more way idea other than long short old new recent written published translated well able to know nobody
    happens makes but""".split()  # noqa: SIM905
)
# What people often do not want, with or without a comma before it.
THEMES = frozenset(
    """romance love magic violence sex gore blood horror war death murder murders ghosts vampires zombies dragons aliens religion politics
    swearing drugs cruelty abuse rape torture supernatural monsters animals children spice cheating suicide racism""".split()  # noqa: SIM905
)
_MOST_AVOIDED_WORDS = 4


@dataclass(frozen=True, slots=True)
class Wording:
    """A wish taken apart. `text` is what is wanted, `avoided` what is not; `named` a book or author that it should be like, with
    the `turn` that it is to take."""

    text: str
    avoided: tuple[str, ...] = ()
    named: str = ""
    turn: str = ""


def take_apart(query: str, is_title: Callable[[str], bool], genres: Collection[str] = ()) -> Wording:
    """Return the wording of a cleaned query. `is_title` says whether a text is a title or an author of the collection."""
    if len(query.split()) > MOST_WORDS or is_title(query):
        return Wording(query)
    named, turn = _named(query, is_title)
    # In what is named no word is a wish: 'like No Country for Old Men'.
    wanted, avoided = _without_avoided(turn if named else query, is_title, {*THEMES, *(genre.casefold() for genre in genres)})
    if not named:
        # A wish that says only what is not wanted has no direction.
        return Wording(wanted, avoided) if wanted and avoided else Wording(query)
    turn = _BUT.sub("", f"{wanted} ").strip()
    return Wording(f"{named} {wanted}" if avoided and turn else named if avoided else query, avoided, named, turn)


def mentions(query: str) -> bool:
    """Return whether a query has a word with which something is named or kept away from; most have none, and cost nothing."""
    return _WORDS.search(query) is not None


def _named(query: str, is_title: Callable[[str], bool]) -> tuple[str, str]:
    """Return what a query names as its like and the rest, or two empty texts."""
    asked = _LIKE.match(query)
    rest = asked["rest"] if asked else query
    if asked and is_title(rest):
        return rest, ""
    for at in [match.start() for match in re.finditer(r"\s*,?\s+(?:but|only|except|yet|with|set|in)\b", rest, re.IGNORECASE)]:
        name, turn = rest[:at].strip(" ,"), rest[at:].strip(" ,")
        # Without 'like' only a title that is there makes such a wish: 'Moby-Dick but short'.
        if is_title(name) and (asked or len(re.findall(r"\w+", name)) > 1 or not name[0].islower()):
            return name, turn
    if asked and (turned := re.search(r"\s*,?\s+but\s+", rest, re.IGNORECASE)):
        return rest[: turned.start()].strip(" ,"), rest[turned.start() :].strip(" ,")
    return "", ""


def _without_avoided(text: str, is_title: Callable[[str], bool], themes: Collection[str]) -> tuple[str, tuple[str, ...]]:
    avoided: list[str] = []

    def taken(match: re.Match[str]) -> str:
        found = [_theme(part) for part in _BETWEEN.split(match["what"])]
        if is_title(match[0].strip(" ,;.:")) or not _is_wish(match, found, themes, text):
            return match[0]
        avoided.extend(found)
        return " "

    def minus(match: re.Match[str]) -> str:
        avoided.append(match["what"])
        return " "

    left = _MINUS.sub(minus, _NEGATION.sub(taken, text))
    even = " ".join(re.sub(r"\b(?:please|thanks)\b[.!]?\s*$", "", left, flags=re.IGNORECASE).split()).strip(" ,;–—")
    return even, tuple(dict.fromkeys(avoided))


def _is_wish(match: re.Match[str], found: list[str], themes: Collection[str], text: str) -> bool:
    """Return whether a negation says what a reader does not want, rather than what a book tells."""
    if any(not part or part.split()[0].casefold() in _NO_THEME or len(part.split()) > _MOST_AVOIDED_WORDS for part in found):
        return False
    if all(part.casefold() in themes for part in found):
        return True
    before = match["before"].strip().casefold()
    if match.start() == 0 and not match["before"]:
        # 'No romance, a heist' and not 'no name on the door'.
        return text[match.end() :].lstrip().startswith((",", ";"))
    return before != "" and not (before == "and" and match["word"].casefold() == "not")


def _theme(part: str) -> str:
    return _TRAILING.sub("", _LEADING.sub("", re.sub(r"^(?:no|not|without)\s+", "", part.strip(), flags=re.IGNORECASE))).strip(" '\"")
