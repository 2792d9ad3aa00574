"""From what people put into columns to the facts of a book; what cannot be known is None, never a guess."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from vibeshelf.adapters.catalog.fields import MAX_ID_CHARS, USUAL_NAMES, Columns, UnusableRow, book_from, clean_text
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book

NAN = float("nan")


def book(**fields: object) -> Book:
    return book_from({"id": "1", "title": "Sea", **fields}, Columns.usual())


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in USUAL_NAMES.items() for name in names])
def test_every_usual_name_is_recognised_however_it_is_written(field: str, name: str) -> None:
    written = name.replace("_", " ").title()
    row = {"id": "1", "title": "Sea", "year": ""} | {written: "7"} if field != "book_id" else {written: "7", "title": "Sea"}
    if field == "title":
        del row["title"]
    value = getattr(book_from(row, Columns.usual()), field)
    assert str(value[0] if isinstance(value, tuple) else value).removesuffix(".0") == "7"


def test_the_first_usual_name_that_holds_something_wins() -> None:
    made = book(title="Sea (Water, #1)", title_without_series="Sea", authors=[], author="Ada Moor", year=NAN, published="1901-02-03")
    assert (made.title, made.authors, made.year) == ("Sea", ("Ada Moor",), 1901)


def test_a_named_column_is_the_only_one_looked_at() -> None:
    columns = Columns.usual({"title": "Heading"})
    assert book_from({"id": "1", "title": "No", "heading": "Yes"}, columns).title == "Yes"
    with pytest.raises(UnusableRow, match="no text at all"):
        book_from({"id": "1", "title": "No"}, columns)


def test_an_unknown_field_of_a_flag_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"--column: unknown field 'titel'; known: book_id, title, authors"):
        Columns.usual({"titel": "Name"})


@pytest.mark.parametrize("value", [None, "", "  ", "nan", "NaN", "null", "None", NAN, [], "\u200b", "<br/>"], ids=repr)
def test_no_description_is_not_described(value: object) -> None:
    made = book(description=value)
    assert (made.description, made.described) == ("", False)


def test_a_description_is_described() -> None:
    assert book(description="Waves").described


@pytest.mark.parametrize("value", [None, "", " \t", NAN, "nan", "\u200b"], ids=repr)
def test_a_row_without_an_id_is_unusable(value: object) -> None:
    with pytest.raises(UnusableRow, match=r"^no id$"):
        book_from({"id": value, "title": "Sea"}, Columns.usual())


@pytest.mark.parametrize(("value", "book_id"), [(7, "7"), (7.0, "7"), (0, "0"), (" 7 ", "7"), ("00123", "00123"), (b"7", "7")], ids=repr)
def test_ids_are_text(value: object, book_id: str) -> None:
    assert book(id=value).book_id == book_id


def test_an_id_that_is_too_long_says_by_how_much() -> None:
    assert book(id="x" * MAX_ID_CHARS).book_id == "x" * MAX_ID_CHARS
    with pytest.raises(UnusableRow, match="the id has 257 characters, at most 256"):
        book(id="x" * (MAX_ID_CHARS + 1))


@pytest.mark.parametrize(("field", "value"), [("title", "Sea"), ("description", "Waves"), ("authors", "Ada"), ("genres", "sea stories")])
def test_one_text_is_enough(field: str, value: str) -> None:
    assert book_from({"id": "1", field: value}, Columns.usual()).book_id == "1"


def test_facts_alone_are_no_text() -> None:
    with pytest.raises(UnusableRow, match=r"^no text at all$"):
        book_from({"id": "1", "title": " ", "authors": "[]", "year": 1901, "pages": 7}, Columns.usual())


@pytest.mark.parametrize(
    "value", ["caf\udce9", "wave \ud83d", b"caf\xe9", [b"caf\xe9"]], ids=["byte kept in CSV", "half a pair in JSON", "bytes", "in a list"]
)
@pytest.mark.parametrize("field", ["id", "title", "description", "authors", "genres"])
def test_text_that_is_not_utf8_is_unusable(field: str, value: object) -> None:
    with pytest.raises(UnusableRow, match=r"^not UTF-8$"):
        book(**{field: value})


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (1999.0, 1999),
        ("1,999", 1999),
        (" 1999 ", 1999),
        ("-750.0", -750),
        ("\u2212750", -750),
        ("750 BC", -750),
        ("c. 750 B.C.", -750),
        ("44 BCE", -44),
        ("44 b.c.e.", -44),
        ("-0800-01-01", -800),
        ("0800-01-01", 800),
        ("8", 8),
        ("8th century BC", None),
        ("0", None),
        ("-0.0", None),
        (date(2008, 9, 14), 2008),
        (datetime(2008, 9, 14, 12), 2008),
        ("2008-09-14T00:00:00Z", 2008),
        ("14/09/2008", 2008),
        ("09/14/08", None),
        ("c1987", None),
        ("(1987?)", 1987),
        ("1987-89", 1987),
        (Decimal("1987"), 1987),
        (NAN, None),
        ("nan", None),
        ("inf", None),
        (float("-inf"), None),
        ("9" * 400, None),
        (-5001, None),
        (2201, None),
        (1_220_000_000, None),
        ([1999], 1999),
    ],
    ids=repr,
)
def test_years_are_read_or_unknown(value: object, year: int | None) -> None:
    assert book(year=value).year == year


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (4.34, 4.34),
        ("4.34", 4.34),
        ("4,34", 4.34),
        ("1,234.5", 1234.5),
        ("4", 4.0),
        ("0", 0.0),
        ("", None),
        ("nan", None),
        (NAN, None),
        ("inf", None),
        ("1e999", None),
        ("good", None),
        ("4/5", None),
        (True, None),
    ],
    ids=repr,
)
def test_ratings_are_finite_numbers_or_unknown(value: object, number: float | None) -> None:
    assert book(average_rating=value).average_rating == number


@pytest.mark.parametrize(
    ("value", "count"),
    [("4780653", 4780653), ("4,780,653", 4780653), ("12.0", 12), (0, 0), ("-1", None), ("1e300", None), (2**60, None), ("many", None)],
    ids=repr,
)
def test_counts_are_whole_numbers_that_a_database_can_hold(value: object, count: int | None) -> None:
    assert book(ratings_count=value).ratings_count == count


def test_no_pages_are_unknown_pages() -> None:
    assert [book(pages=value).pages for value in ("0", 0, "", "310")] == [None, None, None, 310]


@pytest.mark.parametrize(
    "value",
    [
        ["Ada Moor", "Ben Ro"],
        ("Ada Moor", "Ben Ro"),
        "Ada Moor, Ben Ro",
        "Ada Moor;Ben Ro",
        "Ada Moor | Ben Ro",
        "['Ada Moor', 'Ben Ro']",
        '["Ada Moor", "Ben Ro"]',
        "[{'name': 'Ada Moor', 'role': ''}, {'name': 'Ben Ro'}]",
        [{"name": "Ada Moor"}, {"name": "Ben Ro"}],
        ["Ada Moor", None, "", NAN, "Ben Ro", "Ada Moor"],
        [b"Ada Moor", b"Ben Ro"],
        "Ada Moor,, Ben Ro, Ada Moor",
    ],
    ids=repr,
)
def test_lists_of_names_come_in_many_shapes(value: object) -> None:
    assert book(authors=value).authors == ("Ada Moor", "Ben Ro")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"name": "Ada Moor"}, ("Ada Moor",)),
        ([{"author_id": "7"}], ()),
        ("[Anonymous]", ("[Anonymous]",)),
        ("Moor, Ada; Ro, Ben", ("Moor, Ada", "Ro, Ben")),
        ("[]", ()),
        ("[" * 5000 + "]" * 5000, ("[" * 5000 + "]" * 5000,)),
        (7, ("7",)),
        (None, ()),
    ],
    ids=["one object", "an object without name", "brackets", "surname first", "empty list", "nested", "number", "none"],
)
def test_odd_authors_are_kept_as_they_are(value: object, names: tuple[str, ...]) -> None:
    assert book(authors=value).authors == names


def test_genres_are_lower_case_and_each_once() -> None:
    assert book(genres="Fantasy, Sea Stories,fantasy").genres == ("fantasy", "sea stories")
    assert book(genres={"fantasy": 12, "History": 3}).genres == ("fantasy", "history")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  a \n\t b\r\n", "a b"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("one<br>two<br />three<p class='x'>four</p>", "one two three four"),
        ("<i>Emma</i>, a <b>novel</b>", "Emma, a novel"),
        ("&lt;i&gt;Emma&lt;/i&gt;", "Emma"),
        ("1 < 2 > 0 and <b", "1 < 2 > 0 and <b"),
        ("mel\u00adan\u200bcholy\ufeff", "melancholy"),
        ("a\x00b\x07c\u2028d", "a b c d"),
        ("caf\u00e9 \U0001f30a \u6d77", "caf\u00e9 \U0001f30a \u6d77"),
        (["one", "two"], "one two"),
        (2008.0, "2008"),
        (4.5, "4.5"),
    ],
    ids=repr,
)
def test_text_becomes_one_clean_line(value: object, text: str) -> None:
    assert clean_text(value) == text
