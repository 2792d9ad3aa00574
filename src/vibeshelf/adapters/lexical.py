"""BM25 over the texts of a collection: bm25s for the index, Snowball for the stems. Kept in a folder, read by memory map."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Chosen on the training split of tomt-books by the sum of the lexical and the hybrid system; the plateau is wide, see eval/README.md.
K1, B = 0.9, 0.75
_TOKEN = re.compile(r"\w\w+")
# Words with which people ask for a book, whatever it is about: in a long request they are most of the words, and they drown
# the few that matter (tomt-books, training split: nDCG@10 of BM25 .236 without this list, .286 with it).
REQUEST_WORDS = """
    book books novel novels story stories series genre title titles author authors written writer cover covers page pages chapter
    chapters plot scene scenes character characters main protagonist detail details read reads reading library copy edition
    published publish remember remembered remembering recall forget forgot forgotten think thought know knew guess believe sure
    unsure maybe perhaps possibly probably definitely basically really actually pretty quite fairly kind sort bit lot lots thing
    things stuff something anything someone somebody anyone anybody called name named vague vaguely looking look search searching
    find found trying try help thanks thank please sorry edit update post ideas idea like just got get getting started finished ago
    year years want need recommend
"""
FUNCTION_WORDS = """
    about above across after again against all almost along already also although always am among an and another any are around as
    at away back be became because become been before behind being below between both but by came can cannot come could did do does
    doing done don down during each either else ever every everything few first for from full gave give go goes going gone had has
    have having he her here hers herself him himself his how however if in into is isn it its itself last least less let ll made
    make many may me might mine more most much must my myself near neither never next no nor not nothing now of off often on once
    one only onto or other others our ours ourselves out over own part per put rather re said same say see seem seemed seems several
    shall she should since so some still such take than that the their theirs them themselves then there these they this those
    though through thus to together too took toward two under until up upon us ve very was wasn we well were what when where whether
    which while who whom whose why will with within without won would yet you your yours yourself didn doesn wouldn couldn im id
"""
STOP_WORDS = frozenset(f"{REQUEST_WORDS} {FUNCTION_WORDS}".split())
# What an index depends on besides its texts; an index of another kind is not read but made again.
KIND = hashlib.sha256(repr((K1, B, _TOKEN.pattern, sorted(STOP_WORDS))).encode()).hexdigest()[:8]
_local = threading.local()


class Lexical:
    """Scores of every row against a query, from the postings that bm25s worked out: word -> rows and their scores.

    bm25s itself is not imported to read them: that takes longer than a search.
    """

    def __init__(
        self, words: dict[str, int], starts: npt.NDArray[Any], rows: npt.NDArray[Any], scores: npt.NDArray[Any], count: int
    ) -> None:
        self._words, self._starts, self._rows, self._scores = words, starts, rows, scores
        self._count = count

    @property
    def count(self) -> int:
        """How many rows are indexed."""
        return self._count

    def scores(self, query: str) -> npt.NDArray[np.float32]:
        """Return the BM25 score of every row, float32 (n_rows,); 0 where no word is shared.

        A word that is said twice counts once: in long requests repetition is a habit, not an emphasis.
        """
        total = np.zeros(self._count, dtype=np.float32)
        for word in dict.fromkeys(tokens(query)):
            if (column := self._words.get(word)) is not None:
                part = slice(self._starts[column], self._starts[column + 1])
                total[self._rows[part]] += self._scores[part]
        return total

    def books_with(self, stem: str) -> int:
        """Return in how many rows a stem stands."""
        column = self._words.get(stem)
        return 0 if column is None else int(self._starts[column + 1] - self._starts[column])

    def has(self, stem: str) -> npt.NDArray[np.bool_]:
        """Return whether each row has a word of this stem, bool (n_rows,)."""
        found = np.zeros(self._count, dtype=bool)
        if (column := self._words.get(stem)) is not None:
            found[self._rows[self._starts[column] : self._starts[column + 1]]] = True
        return found


def build_lexical(texts: Iterable[str], folder: Path) -> None:
    """Index the texts and keep the result in the folder; texts without words are kept as empty rows."""
    import bm25s

    # It reports its steps at DEBUG, which shows wherever another library has turned that on for all.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25(k1=K1, b=B, method="lucene")
    rows = [tokens(text) for text in texts]
    if any(rows):
        index.index(rows, show_progress=False)
        folder.mkdir(parents=True, exist_ok=True)
        index.save(str(folder), show_progress=False)


def load_lexical(folder: Path) -> Lexical | None:
    """Return the index of a folder, or None where there is none because no text had a word."""
    if not (folder / "params.index.json").is_file():
        return None
    words = json.loads((folder / "vocab.index.json").read_text(encoding="utf-8"))
    count = json.loads((folder / "params.index.json").read_text(encoding="utf-8"))["num_docs"]
    starts, rows, scores = (np.load(folder / f"{name}.csc.index.npy", mmap_mode="r") for name in ("indptr", "indices", "data"))
    return Lexical(words, starts, rows, scores, count)


def tokens(text: str, stop_words: Set[str] = STOP_WORDS) -> list[str]:
    """Return the stems of a text's words, stop words left out."""
    words = [word for word in _TOKEN.findall(text.lower()) if word not in stop_words]
    stems: list[str] = _stemmer().stemWords(words)
    return stems


def stem_of(text: str, stop_words: Set[str] = STOP_WORDS) -> list[tuple[str, str | None]]:
    """Return the different words of a text, each with its stem, or None for a stop word."""
    words = dict.fromkeys(_TOKEN.findall(text.lower()))
    return [(word, None if word in stop_words else str(_stemmer().stemWord(word))) for word in words]


def _stemmer() -> Any:
    # A Snowball stemmer keeps state while it works, so each thread has its own.
    if not hasattr(_local, "stemmer"):
        import Stemmer

        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
