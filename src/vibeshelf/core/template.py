"""How the text that is encoded is put together from a book's fields.

A template is a row of segments, split by '|', each naming one field; the segment of an empty field is left out.
`{about}` is the description, or the genres of a book that has none.
The template is part of a collection's manifest: another template makes other vectors.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book

BOOK_TEMPLATE = "{title}| by {author}|. {about}"
# What the lexical index reads: every word that a book has.
ALL_TEXT = "{title}| by {author}|. {genres}|. {description}"
BEIR_TEMPLATE = "{title}| {description}"
_FIELD = re.compile(r"\{(title|author|genres|description|about)\}")


def check_template(template: str) -> str:
    """Return the template. Raises InputError unless each segment names exactly one known field."""
    for segment in template.split("|"):
        if len(_FIELD.findall(segment)) != 1 or segment.count("{") != 1:
            raise InputError(
                f"template segment {segment!r} must name one of {{title}}, {{author}}, {{genres}}, {{description}}, {{about}}; "
                f"an example: {BOOK_TEMPLATE!r}"
            )
    return template


def render(template: str, book: Book) -> str:
    """Return the text of a book that is encoded; never empty for a book that a reader accepted."""
    genres = ", ".join(book.genres)
    fields = {
        "title": book.title,
        "author": book.author,
        "genres": genres,
        "description": book.description,
        "about": book.description or genres,
    }
    parts: list[str] = []
    for segment in template.split("|"):
        match = _FIELD.search(segment)
        if match and (value := fields[match.group(1)]):
            # What stands before a field joins it to the one before; the first field that a book has joins nothing.
            before = segment[: match.start()] if parts else segment[: match.start()].lstrip(" .,")
            parts.append(before + value + segment[match.end() :])
    return "".join(parts) or book.title or book.description or book.author or genres


def text_hash(text: str) -> str:
    """Return 16 hex digits that change when the encoded text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def record_hash(book: Book) -> str:
    """Return 16 hex digits that change when any field of the book does."""
    return hashlib.sha256(json.dumps(asdict(book), sort_keys=True).encode()).hexdigest()[:16]
