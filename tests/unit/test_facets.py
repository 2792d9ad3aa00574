"""What a search can be narrowed by: live counts that agree with the books themselves."""

from __future__ import annotations

import pytest

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.records import Book, Filter
from vibeshelf.services.facets import MOST_VALUES, facets, within
from vibeshelf.services.filters import parse_filters, read_filters
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui.search.narrowing import range_words


@pytest.fixture
def mirror(fake_starter: Shelf) -> Mirror:
    found = fake_starter.mirror()
    assert found is not None
    return found


def counted(mirror: Mirror, *conditions: str) -> dict[str, dict[str, int]]:
    return {
        facet.key: {str(each.values[0]) if each.values else range_words(each): count for each, count in facet.choices}
        for facet in facets(mirror, parse_filters(conditions))
    }


def test_only_what_tells_books_apart_is_offered(mirror: Mirror) -> None:
    # The starter books have neither ratings nor pages.
    assert list(counted(mirror)) == ["genre", "language", "country", "year"]


def test_counts_are_those_of_what_the_other_filters_leave(mirror: Mirror) -> None:
    books: list[Book] = list(mirror.all_books())
    counts = counted(mirror, "genre=mystery", "year=1900..1949")
    left = [book for book in books if book.year is not None and 1900 <= book.year <= 1949]
    assert counts["genre"]["mystery"] == sum("mystery" in book.genres for book in left)
    assert counts["genre"]["romance"] == sum("romance" in book.genres for book in left)
    mysteries = [book for book in books if "mystery" in book.genres]
    assert counts["year"]["since 2000"] == sum(book.year is not None and book.year >= 2000 for book in mysteries)
    both = [book for book in left if "mystery" in book.genres]
    assert counts["language"]["Japanese"] == sum(book.language == "Japanese" for book in both)


def test_every_count_is_what_choosing_it_would_leave(mirror: Mirror) -> None:
    chosen = parse_filters(["language=French"])
    for facet in facets(mirror, chosen):
        others = [each for each in chosen if each.key != facet.key]
        for each, count in facet.choices:
            assert count == len(mirror.select([*others, each])), each


def test_many_values_are_cut_but_never_a_chosen_one(mirror: Mirror) -> None:
    rarest = min(mirror.labels("country").items(), key=lambda pair: (len(pair[1]), str(pair[0])))[0]
    assert len(mirror.labels("country")) > MOST_VALUES
    assert len(counted(mirror)["country"]) == MOST_VALUES
    assert str(rarest) in counted(mirror, f"country={rarest}", "genre=western")["country"]


def test_values_are_spelt_as_the_collection_does_and_unknown_ones_are_said(mirror: Mirror) -> None:
    filters, lines = within(mirror, parse_filters(["language=japanese", "country=Narnia", "genre=Horror", "genre=<b>", "year=1900.."]))
    assert filters == (Filter("year", low=1900.0), Filter("language", ("Japanese",)), Filter("genre", ("horror",)))
    assert lines == (
        "No book here has the country 'Narnia'; it was left out.",
        "No book here has the genre '<b>'; it was left out.",
    )


def test_of_an_address_what_can_be_used_is_used_and_the_rest_is_said() -> None:
    filters, lines = read_filters(["year=soon", "year=1900..1950", "year=1960..", "genre=horror", "pages=9..1"])
    assert filters == (Filter("year", low=1900.0, high=1950.0), Filter("genre", ("horror",)))
    assert [line.partition(":")[0] for line in lines] == ["filter 'year=soon'", "filter 'year=1960..'", "filter 'pages=9..1'"]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("year=..1799", "before 1800"), ("year=1900..1949", "1900 to 1949"), ("year=2000..", "since 2000"), ("year=-750", "750 BCE"),
        ("year=-750..-500", "750 BCE to 500 BCE"), ("year=..-500", "until 500 BCE"), ("year=-100..100", "100 BCE to 100"),
        ("pages=..199", "under 200 pages"), ("pages=400..", "400 pages and up"), ("average_rating=4.25..", "4.25 and up"),
    ],
)  # fmt: skip
def test_ranges_are_said_in_words(condition: str, words: str) -> None:
    assert range_words(parse_filters([condition])[0]) == words
