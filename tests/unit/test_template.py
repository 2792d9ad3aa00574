"""The text that is encoded: the segments of the fields that a book has, and never nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book
from vibeshelf.core.template import ALL_TEXT, BEIR_TEMPLATE, BOOK_TEMPLATE, check_template, record_hash, render, text_hash

FULL = Book("1", "Sea", ("Ada Moor", "Ben Ro"), "Waves and salt.", 1901, genres=("sea stories", "gothic"))


@pytest.mark.parametrize("template", [BOOK_TEMPLATE, BEIR_TEMPLATE, ALL_TEXT, "{title}", "about {genres}!"])
def test_usable_templates_are_given_back(template: str) -> None:
    assert check_template(template) == template


@pytest.mark.parametrize(
    ("template", "segment"),
    [
        ("", "''"),
        ("title", "'title'"),
        ("{title}|", "''"),
        ("{title} by {author}", "'{title} by {author}'"),
        ("{title}|{year}", "'{year}'"),
        ("{title}|{title.upper}", "'{title.upper}'"),
        ("{{title}", "'{{title}'"),
        ("{title", "'{title'"),
        ("{}", "'{}'"),
    ],
)
def test_other_templates_are_refused_with_the_segment_and_an_example(template: str, segment: str) -> None:
    with pytest.raises(InputError) as caught:
        check_template(template)
    assert f"template segment {segment} must name one of {{title}}" in str(caught.value)
    assert BOOK_TEMPLATE in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Sea by Ada Moor, Ben Ro. Waves and salt."),
        ({"authors": ()}, "Sea. Waves and salt."),
        ({"description": ""}, "Sea by Ada Moor, Ben Ro. sea stories, gothic"),
        ({"description": "", "genres": ()}, "Sea by Ada Moor, Ben Ro"),
        ({"title": ""}, "by Ada Moor, Ben Ro. Waves and salt."),
        ({"title": "", "authors": ()}, "Waves and salt."),
        ({"title": ".hack", "authors": (), "description": "...and waves"}, ".hack. ...and waves"),
        ({"title": "", "authors": (), "description": "...and waves"}, "...and waves"),
    ],
    ids=["all", "no author", "no description", "title and author", "no title", "description", "dots of a title", "dots of a description"],
)
def test_segments_of_missing_fields_are_left_out(changes: dict[str, object], text: str) -> None:
    assert render(BOOK_TEMPLATE, replace(FULL, **changes)) == text  # type: ignore[arg-type]


def test_fields_are_not_templates() -> None:
    assert render(BOOK_TEMPLATE, Book("1", "{author}|{title}", ("x",))) == "{author}|{title} by x"


@pytest.mark.parametrize(
    "template", ["{title}", "{author}", "{genres}", "{description}", "{about}", BOOK_TEMPLATE, BEIR_TEMPLATE, ALL_TEXT]
)
@pytest.mark.parametrize(
    "book",
    [Book("1", "Sea"), Book("1", "", ("Ada",)), Book("1", "", description="Waves"), Book("1", "", genres=("gothic",))],
    ids=["title", "author", "description", "genres"],
)
def test_a_book_with_any_text_has_a_text_in_every_template(template: str, book: Book) -> None:
    assert render(template, book).strip()


def test_the_lexical_text_holds_every_word() -> None:
    text = render(ALL_TEXT, FULL)
    assert all(word in text for word in ("Sea", "Ada Moor", "Ben Ro", "sea stories", "gothic", "Waves and salt."))


@pytest.mark.parametrize(
    "changes", [{"title": "Seas"}, {"year": 1902}, {"year": None}, {"genres": ("gothic", "sea stories")}, {"pages": 0}], ids=str
)
def test_the_record_hash_changes_with_every_field(changes: dict[str, object]) -> None:
    assert record_hash(replace(FULL, **changes)) != record_hash(FULL)  # type: ignore[arg-type]
    assert record_hash(replace(FULL)) == record_hash(FULL)


def test_the_text_hash_changes_with_the_text_alone() -> None:
    assert text_hash("Sea") == text_hash("Sea") != text_hash("sea")
    assert text_hash(render(BOOK_TEMPLATE, FULL)) == text_hash(render(BOOK_TEMPLATE, replace(FULL, year=1902, genres=())))
