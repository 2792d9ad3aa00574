"""Do people ask what the search was made and measured for? Incoming queries against reference ones.

The reference is the starter queries, on which quality was measured, or earlier searches. A query that came often counts once.
What is looked at: length, language by its letters and little words, how the model's tokenizer takes the words apart, and how near
the nearest books are.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vibeshelf.adapters.encoders.words import Splitter, Word
from vibeshelf.core.searches import KEPT_BOOKS, LoggedSearch
from vibeshelf.services.asking.language import ENGLISH, language_of
from vibeshelf.services.search import DEFAULT_SYSTEM
from vibeshelf.services.statistics import ALPHA, difference_interval, holm, share_difference_interval, unpaired_p_value

if TYPE_CHECKING:
    from vibeshelf.services.shelf import Shelf

MIN_QUERIES = 20
# A word in more pieces than this is one that the model did not learn as a word.
MOST_PIECES = 3
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """What is seen of queries, a value each where it could be seen: words, 1 for another language than English and 0 for English, share
    of words that the tokenizer does not know or breaks in more than three, mean cosine of the first ten books."""

    words: tuple[float, ...] = ()
    foreign: tuple[float, ...] = ()
    strange: tuple[float, ...] = ()
    cosine: tuple[float, ...] = ()
    languages: Mapping[str, int] = field(default_factory=dict)
    strange_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """One property: its mean in both, the 95 % interval of the difference, and p after Holm over all that were compared.

    `why` says what kept it from being compared; the figures are None then. `detail` names examples of the incoming queries.
    """

    what: str
    n_reference: int
    n_incoming: int
    reference: float | None = None
    incoming: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    detail: str = ""
    why: str = ""

    @property
    def drifted(self) -> bool:
        return self.p_value is not None and self.p_value <= ALPHA


def distinct(rows: Sequence[LoggedSearch]) -> list[LoggedSearch]:
    """Return the first search of each text; without texts, every search that was no repeat. Failed ones are left out."""
    seen: dict[object, LoggedSearch] = {}
    for at, row in enumerate(rows):
        if row.error is None and (row.text or not row.repeat):
            seen.setdefault(row.text.casefold() if row.text else at, row)
    return list(seen.values())


def sample_of(rows: Sequence[LoggedSearch], split: Splitter | None, system: str = DEFAULT_SYSTEM) -> Sample:
    """Return what is seen of logged searches; cosines are those of unfiltered searches by one system for ten books or more."""
    chosen = distinct(rows)
    cosines = [row.cosine for row in chosen if row.system == system and not row.filters and row.k >= KEPT_BOOKS]
    return _sample(
        [row.text for row in chosen if row.text], [row.words for row in chosen], [each for each in cosines if each is not None], split
    )


def sample_of_queries(shelf: Shelf, texts: Sequence[str], split: Splitter | None, system: str = DEFAULT_SYSTEM) -> Sample:
    """Return what is seen of queries that are searched now, unlogged."""
    found = [shelf.run(text, KEPT_BOOKS, system).hits for text in texts]
    cosines = [[hit.dense for hit in hits if hit.dense is not None] for hits in found]
    return _sample(texts, [len(text.split()) for text in texts], [sum(of) / len(of) for of in cosines if of], split)


def drift(reference: Sample, incoming: Sample, *, no_splitter: str = "") -> list[Drift]:
    """Compare each property; `no_splitter` says why nothing is known of words."""
    unseen = "no texts are kept (VIBESHELF_QUERY_TEXT=off)" if incoming.words and not incoming.foreign else ""
    examples = ", ".join(incoming.strange_words)
    found = [
        _means("words in a query", reference.words, incoming.words),
        _shares("share in another language than English", reference.foreign, incoming.foreign, _tally(incoming.languages), unseen),
        _means("share of words strange to the model", reference.strange, incoming.strange, examples, no_splitter or unseen),
        _means("cosine of the first ten books", reference.cosine, incoming.cosine),
    ]
    measured = [each for each in found if each.p_value is not None]
    adjusted = iter(holm([each.p_value for each in measured if each.p_value is not None]))
    return [each if each.p_value is None else replace(each, p_value=next(adjusted)) for each in found]


def tongue_of(text: str) -> str | None:
    """Return the language of a text ('German', 'Russian' ...), the script where no language of it is known ('Ethiopic'), None without
    letters."""
    scripts = Counter(unicodedata.name(letter, "unknown").split()[0].capitalize() for letter in text if letter.isalpha())
    if not scripts:
        return None
    language, script = language_of(text), scripts.most_common(1)[0][0]
    return language if language != ENGLISH or script == "Latin" else script


def is_strange(word: Word) -> bool:
    """Return whether the model did not learn a word as a word."""
    return word.unknown or word.pieces > MOST_PIECES


def _sample(texts: Sequence[str], words: Sequence[int], cosines: Sequence[float], split: Splitter | None) -> Sample:
    tongues = [tongue for text in texts if (tongue := tongue_of(text)) is not None]
    taken_apart = [each for each in split(texts) if each] if split is not None else []
    strange = Counter(word.text for each in taken_apart for word in each if is_strange(word))
    return Sample(
        words=tuple(map(float, words)),
        foreign=tuple(float(tongue != ENGLISH) for tongue in tongues),
        strange=tuple(sum(map(is_strange, each)) / len(each) for each in taken_apart),
        cosine=tuple(cosines),
        languages=dict(Counter(tongues)),
        strange_words=tuple(word for word, _ in strange.most_common(_EXAMPLES)),
    )


def _means(what: str, reference: Sequence[float], incoming: Sequence[float], detail: str = "", unseen: str = "") -> Drift:
    if why := unseen or _too_few(reference, incoming):
        return Drift(what, len(reference), len(incoming), why=why)
    return _compared(what, reference, incoming, difference_interval(incoming, reference), detail)


def _shares(what: str, reference: Sequence[float], incoming: Sequence[float], detail: str, unseen: str) -> Drift:
    if why := unseen or _too_few(reference, incoming):
        return Drift(what, len(reference), len(incoming), why=why)
    interval = share_difference_interval(int(sum(incoming)), len(incoming), int(sum(reference)), len(reference))
    return _compared(what, reference, incoming, interval, detail)


def _compared(what: str, reference: Sequence[float], incoming: Sequence[float], interval: tuple[float, float] | None, detail: str) -> Drift:
    low, high = interval or (None, None)
    means = (sum(reference) / len(reference), sum(incoming) / len(incoming))
    return Drift(what, len(reference), len(incoming), *means, low, high, unpaired_p_value(incoming, reference), detail)


def _too_few(reference: Sequence[float], incoming: Sequence[float]) -> str:
    least = min(len(reference), len(incoming))
    return "" if least >= MIN_QUERIES else f"at least {MIN_QUERIES} different queries are needed of each"


def _tally(languages: Mapping[str, int]) -> str:
    return ", ".join(f"{language} {count}" for language, count in sorted(languages.items(), key=lambda item: (-item[1], item[0])))
