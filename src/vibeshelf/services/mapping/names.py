"""What the books of a group have in common, in words: the terms that stand in many of them and in few others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

from vibeshelf.core.records import Book
from vibeshelf.services.mapping.groups import Labels

_WORDS_OF_NO_USE = """\
about above after again against all almost along already also although always among and another any are around away back
became because become becomes been before began begins being best between both but came can cannot come comes could day days did
does don't down during each end ends even ever every everyone everything far few find finds first five for found four from full
get gets give given gives goes going good great had has have having he's her here herself him himself his how however i'm into
isn't it's its itself just keep kept know known knows last later least leave leaves left less let life like little live lives
long look made make makes making man many may men might more most much must near never new next nor not nothing now off often
old once one only onto other others our out over own part people place read reader readers right said same say says see seems
set she she's should show since small some someone something soon still story such take taken takes tells than that that's the
their them themselves then there these they thing things this those though three through time together told too took toward
two under until upon use used very want wants was way ways well were what when where whether which while who whole whom whose
why will with within without work works world would year years yet you young your book books novel author edition author's
published bestselling series volume isbn classic review reviews tale stories including full-length collection literary
bestseller award winning york times paperback original written writer writes page pages print cover copy available fiction
non-fiction nonfiction literature general adult audiobook ebook ebooks kindle favorites"""
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]+[^\W\d_]")
# So many books of a group say what it is about; reading all would cost more than the layout.
_READ = 400
_TERMS = 3
# In how many of a group's books a term must stand, so that a name of a series does not name the group.
_LEAST_SHARE = 0.08
_STOP = frozenset(_WORDS_OF_NO_USE.split())


def name_groups(books: Sequence[Book], labels: Labels, centrality: Sequence[float]) -> tuple[str, ...]:
    """Return a name for every group, such as 'murder, detective, inspector'; empty where its books share no term.

    `labels` are the books' groups, `centrality` how near each book is to the middle of its group: the nearest are read.
    """
    members: list[list[int]] = [[] for _ in range(int(labels.max(initial=-1)) + 1)]
    for row in sorted(range(len(books)), key=lambda row: (-centrality[row], row)):
        if len(of := members[labels[row]]) < _READ:
            of.append(row)
    counts = [_books_with(books, rows) for rows in members]
    sizes = [len(rows) for rows in members]
    every = sum(counts, Counter[str]())
    return tuple(_name(counts[group], sizes[group], every, sum(sizes)) for group in range(len(members)))


def _books_with(books: Sequence[Book], rows: Sequence[int]) -> Counter[str]:
    """Return in how many of these books each term stands."""
    return Counter(term for row in rows for term in _terms(books[row]))


def _terms(book: Book) -> set[str]:
    words = {word.lower().replace("’", "'") for word in _WORD.findall(f"{book.title} {book.description}")}
    return {word for word in words if len(word) > 3 and word not in _STOP} | {genre.lower() for genre in book.genres} - _STOP


def _name(counts: Counter[str], size: int, every: Counter[str], total: int) -> str:
    others = max(total - size, 1)
    weighed = {
        term: share * log(share / ((every[term] - inside + 0.5) / (others + 1)))
        for term, inside in counts.items()
        if (share := inside / size) >= _LEAST_SHARE and inside >= min(3, size)
    }
    chosen: list[str] = []
    for term in sorted(weighed, key=lambda term: (-weighed[term], term)):
        # 'mystery' beside 'mysteries' says nothing more.
        if weighed[term] > 0 and not any(term[:5] == known[:5] or term in known or known in term for known in chosen):
            chosen.append(term)
        if len(chosen) == _TERMS:
            break
    return ", ".join(chosen)
