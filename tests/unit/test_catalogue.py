"""The starter catalogue: whole, varied, our own, and no two books alike."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.records import Book
from vibeshelf.core.template import BOOK_TEMPLATE, render
from vibeshelf.services.shelf import Shelf

GENRES = frozenset(
    """
    adventure
    biography
    children's
    coming-of-age
    crime
    drama
    dystopia
    essays
    experimental
    family saga
    fantasy
    folklore and myth
    gothic
    graphic novel
    historical fiction
    history
    horror
    humour
    literary fiction
    magical realism
    memoir
    mystery
    nature
    philosophy
    poetry
    political fiction
    psychological fiction
    religion and spirituality
    romance
    satire
    science
    science fiction
    sea stories
    short stories
    society and culture
    thriller
    travel
    war
    western
    young adult
    """.strip().split("\n    ")
)

STOCK_PHRASES = re.compile(
    r"\bthis (novel|book|story|memoir|classic|tale)\b|must-read|masterpiece|page-turner|unforgettable|tour de force", re.I
)


@pytest.fixture(scope="module")
def books() -> list[Book]:
    rows = [row for _, row in open_source(STARTER).rows()]
    assert all(isinstance(row, Book) for row in rows)
    return [row for row in rows if isinstance(row, Book)]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_there_are_at_least_800_books(books: list[Book]) -> None:
    assert len(books) >= 800


def test_every_field_is_filled(books: list[Book]) -> None:
    for book in books:
        assert book.title, book
        assert book.authors, book
        assert book.year is not None, book
        assert -3000 <= book.year <= 2026, book
        assert book.language, book
        assert book.country, book


def test_genres_are_two_to_five_of_the_list(books: list[Book]) -> None:
    for book in books:
        assert 2 <= len(book.genres) <= 5, book.title
        assert set(book.genres) <= GENRES, book.title


def test_descriptions_have_60_to_110_words_and_no_stock_phrase(books: list[Book]) -> None:
    for book in books:
        assert 60 <= len(book.description.split()) <= 110, book.title
        assert not STOCK_PHRASES.search(book.description), book.title


def test_no_two_books_are_the_same(books: list[Book]) -> None:
    assert len({book.book_id for book in books}) == len(books)
    keys = Counter((re.sub(r"^(the|a|an) ", "", " ".join(words(book.title))), book.author) for book in books)
    assert [key for key, count in keys.items() if count > 1] == []


def test_openings_and_endings_vary(books: list[Book]) -> None:
    openings = Counter(tuple(words(book.description)[:3]) for book in books)
    assert [opening for opening, count in openings.items() if count > 3] == []
    first_words = Counter(words(book.description)[0] for book in books)
    assert first_words.most_common(1)[0][1] <= len(books) * 0.12
    endings = Counter(tuple(words(book.description)[-4:]) for book in books)
    assert [ending for ending, count in endings.items() if count > 1] == []


def test_no_descriptions_share_a_run_of_words(books: list[Book]) -> None:
    """Eight words in a row in two descriptions would be a template, or a copy."""
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for book in books:
        text = words(book.description)
        for start in range(len(text) - 7):
            owners[tuple(text[start : start + 8])].add(book.book_id)
    assert {" ".join(run): sorted(ids) for run, ids in owners.items() if len(ids) > 1} == {}


def test_no_descriptions_are_near_duplicates_by_meaning(books: list[Book], starter: Shelf) -> None:
    stored = starter.index().vectors([book.book_id for book in books])
    vectors = np.array([stored[book.book_id] for book in books])
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    at, other = np.unravel_index(int(cosines.argmax()), cosines.shape)
    assert cosines.max() < 0.9, (books[at].title, books[other].title)


def test_the_world_is_in_it(books: list[Book]) -> None:
    genres = Counter(genre for book in books for genre in book.genres)
    assert set(genres) == GENRES
    assert min(genres.values()) >= 5, genres.most_common()[-3:]
    assert len({book.language for book in books}) >= 40
    assert len({book.country for book in books}) >= 60
    centuries = Counter((book.year or 0) // 100 for book in books)
    assert len(centuries) >= 20
    authors = Counter(author for book in books for author in book.authors if author != "Anonymous")
    assert max(authors.values()) <= 4, authors.most_common(3)


def test_texts_fit_the_model(books: list[Book], minilm: Encoder) -> None:
    """The model reads 256 tokens; what is beyond them would not be searchable."""
    texts = [render(BOOK_TEMPLATE, book) for book in books]
    count_tokens = getattr(minilm, "count_tokens", None)
    assert count_tokens is not None
    assert max(count_tokens(texts)) < minilm.spec.max_tokens


def test_there_are_80_different_queries() -> None:
    queries = starter_queries()
    assert len(queries) == 80
    assert len(set(queries.values())) == 80
    lengths = [len(text.split()) for text in queries.values()]
    assert min(lengths) == 1
    assert max(lengths) > 70
