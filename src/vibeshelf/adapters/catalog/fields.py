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
MAX_ID_CHARS = 256
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2028\u2029\ufeff]")
_MARKUP = re.compile(r"</?(?:br|p|i|b|em|strong|div|span)\b[^<>]*>", re.IGNORECASE)


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
    named = {normal_name(name): value for name, value in row.items() if name is not None}
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
        pages=_whole(columns.pick(named, "pages")),
    )
    if not (book.title or book.description or book.authors or book.genres):
        raise UnusableRow("no text at all")
    return book


def clean_text(value: object) -> str:
    """Return one line of text: entities and simple markup resolved, control characters gone, spaces single."""
    if _empty(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = html.unescape(str(value))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UnusableRow("not UTF-8") from None
    return " ".join(_CONTROL.sub(" ", _MARKUP.sub(" ", text)).split())


def _empty(value: object) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
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
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    if hasattr(value, "tolist"):
        return list(value.tolist())
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
    try:
        number = float(str(value).replace(",", "")) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _year(value: object) -> int | None:
    number = _number(value)
    if number is None:
        found = re.search(r"\b(\d{4})\b", str(value)) if value is not None else None
        number = float(found.group(1)) if found else None
    return int(number) if number and -5000 <= number <= 2200 else None
