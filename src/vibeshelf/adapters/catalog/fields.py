"""From a row of any shape to a Book: usual column names, and what people put into the columns."""

from __future__ import annotations

import ast
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book

# The first name that a source has wins.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "book_id": ("book_id", "id", "_id", "bookid", "goodreads_book_id", "isbn13", "isbn", "asin"),
    "title": ("title_without_series", "title", "book_title", "name", "original_title"),
    "authors": ("authors", "author", "author_name", "author_names", "creator", "writer", "by"),
    "description": ("description", "summary", "blurb", "synopsis", "plot", "text", "overview", "about", "desc"),
    "year": (
        "year",
        "original_publication_year",
        "first_published",
        "publication_year",
        "year_published",
        "published_year",
        "publication_date",
        "publish_date",
        "published",
        "date",
    ),
    "language": ("language", "original_language", "language_code", "lang"),
    "country": ("country", "country_of_origin"),
    "genres": ("genres", "genre", "tags", "categories", "category", "subjects", "subject", "shelves"),
    "work_id": ("work_id", "goodreads_work_id"),
    "average_rating": ("average_rating", "avg_rating", "rating"),
    "ratings_count": ("ratings_count", "rating_count", "num_ratings", "votes"),
    "pages": ("pages", "num_pages", "page_count", "pagecount"),
}
# A book needs one of them.
TEXT_FIELDS = ("title", "authors", "description", "genres")
MAX_ID_CHARS = 256
# Beyond this a float no longer tells whole numbers apart, and somewhat further a database cannot hold them.
_MAX_WHOLE = 2**53
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
_INVISIBLE = re.compile(r"[\u00ad\u200b\ufeff]")
_BREAKING_MARKUP = re.compile(r"</?(?:br|p|div)\b[^<>]*>", re.IGNORECASE)
_INLINE_MARKUP = re.compile(r"</?(?:i|b|em|strong|span)\b[^<>]*>", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_BEFORE_OUR_ERA = re.compile(r"^-(\d{4})\b|\b(\d{1,4})\s*b\.?\s*c(?:\.?\s*e)?\b", re.IGNORECASE)
_FOUR_DIGITS = re.compile(r"\b(\d{4})\b")


class UnusableRow(ValueError):
    """A row that cannot become a book; `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which of a source's columns holds which field; fields that it does not have are absent."""

    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def usual(cls, overrides: Mapping[str, str] | None = None) -> Columns:
        """Return the usual names, with `overrides` (field -> column) first. Raises InputError for an unknown field."""
        overrides = overrides or {}
        for field in overrides:
            if field not in USUAL_NAMES:
                raise InputError(f"--column: unknown field '{field}'; known: {', '.join(USUAL_NAMES)}")
        return cls({field: (overrides[field],) if field in overrides else usual for field, usual in USUAL_NAMES.items()})

    def recognised(self, header: Sequence[str]) -> list[str]:
        have = {normal_name(name) for name in header}
        return [field for field, names in self.names.items() if any(normal_name(name) in have for name in names)]

    def named_but_missing(self, header: Sequence[str]) -> list[str]:
        """Return the columns that were named by hand and that the header does not have."""
        have = {normal_name(name) for name in header}
        return [names[0] for field, names in self.names.items() if names != USUAL_NAMES[field] and normal_name(names[0]) not in have]

    def pick(self, row: Mapping[str, Any], field: str) -> Any:
        for name in self.names[field]:
            value = row.get(normal_name(name))
            if not _empty(value):
                return value
        return None


def normal_name(name: object) -> str:
    return re.sub(r"[\s\-]+", "_", str(name).strip().lower())


def book_from(row: Mapping[str, Any], columns: Columns) -> Book:
    """Return the book of a row. Raises UnusableRow when it has no id, or no text at all."""
    named = {normal_name(name): _decoded(value) for name, value in row.items() if name is not None}
    book_id = _identifier(columns.pick(named, "book_id"))
    book = Book(
        book_id=book_id,
        title=clean_text(columns.pick(named, "title")),
        authors=_names(columns.pick(named, "authors")),
        description=clean_text(columns.pick(named, "description")),
        year=_year(columns.pick(named, "year")),
        language=clean_text(columns.pick(named, "language")) or None,
        country=clean_text(columns.pick(named, "country")) or None,
        genres=_labels(columns.pick(named, "genres")),
        work_id=clean_text(columns.pick(named, "work_id")) or None,
        average_rating=_number(columns.pick(named, "average_rating")),
        ratings_count=_whole(columns.pick(named, "ratings_count")),
        pages=_whole(columns.pick(named, "pages")) or None,
    )
    if not (book.title or book.description or book.authors or book.genres):
        raise UnusableRow("no text at all")
    return book


def clean_text(value: object) -> str:
    """Return one line of text: entities and simple markup resolved, control characters gone, spaces single."""
    value = _decoded(value)
    if _empty(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list | tuple):
        value = " ".join(clean_text(part) for part in value)
    text = html.unescape(str(value))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UnusableRow("not UTF-8") from None
    text = _INVISIBLE.sub("", _INLINE_MARKUP.sub("", _BREAKING_MARKUP.sub(" ", text)))
    return " ".join(_CONTROL.sub(" ", text).split())


def _decoded(value: object) -> object:
    """Return text for the bytes that some writers of Parquet keep it in."""
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise UnusableRow("not UTF-8") from None


def _empty(value: object) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if isinstance(value, list | tuple | dict):
        return not value
    return isinstance(value, str) and (not value.strip() or value.strip().lower() in ("nan", "null", "none"))


def _identifier(value: object) -> str:
    book_id = clean_text(value)
    if not book_id:
        raise UnusableRow("no id")
    if len(book_id) > MAX_ID_CHARS:
        raise UnusableRow(f"the id has {len(book_id)} characters, at most {MAX_ID_CHARS} are kept")
    return book_id


def _items(value: object, separators: str) -> list[object]:
    """Return the parts of a list, of a list written as text, or of separated text."""
    if isinstance(value, Mapping):
        return [value] if "name" in value else list(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    text = str(value).strip()
    if text.startswith("[") and text.endswith("]"):
        for read in (json.loads, ast.literal_eval):
            try:
                return list(read(text))
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
    for separator in separators:
        if separator in text:
            return list(text.split(separator))
    return [text]


def _unique(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _names(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [item.get("name") if isinstance(item, Mapping) else item for item in _items(value, ";|,")]
    return _unique([clean_text(item) for item in items])


def _labels(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [item.get("name") if isinstance(item, Mapping) else item for item in _items(value, ";|,")]
    return _unique([clean_text(item).lower() for item in items])


def _number(value: object) -> float | None:
    text = str(value).strip().replace("\u2212", "-")
    # 4,780,653 counts thousands; 4,34 is how half of Europe writes 4.34.
    text = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    """Return a count; None for what cannot be one."""
    number = _number(value)
    return int(number) if number is not None and 0 <= number < _MAX_WHOLE else None


def _year(value: object) -> int | None:
    """Return the year of a number, of a date or of text; negative before our era, which has no year 0."""
    number = _number(value)
    if number is None:
        number = _year_in(str(value).strip())
    return int(number) if number and -5000 <= number <= 2200 else None


def _year_in(text: str) -> int | None:
    if before := _BEFORE_OUR_ERA.search(text):
        return -int(before.group(1) or before.group(2))
    found = _FOUR_DIGITS.search(text)
    return int(found.group(1)) if found else None
