"""Covers drawn from what is known of a book: the same book always gets the same one."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from vibeshelf.core.records import Book
from vibeshelf.ui.text import shortened, year_text

# Cloth, ink and ornament, each pair of cloth and ink with a contrast above 7.
_CLOTHS = (
    ("#5c1f1b", "#f6e3c5", "#c9803f"),
    ("#1f3a3d", "#f1e6cf", "#d3a155"),
    ("#2c2a4a", "#f2e8d8", "#b48ead"),
    ("#e9dcc0", "#3b241a", "#a8452c"),
    ("#3b4a2a", "#f4ecd2", "#cfae52"),
    ("#17304f", "#f3ead6", "#c8973f"),
    ("#d8c6a5", "#22303a", "#7a2e1d"),
    ("#4a2540", "#f6e6da", "#d68a6a"),
    ("#20201f", "#f0e4cc", "#c1553b"),
    ("#c9d3c4", "#23322b", "#8a4a2b"),
    ("#6b3a12", "#fbeed6", "#e0b060"),
    ("#e7c9b0", "#3a1f2b", "#5c6b3c"),
)
_WIDTH, _HEIGHT = 120, 180
_LINE_CHARS, _MOST_LINES = 12, 5
# A longer word stands whole on a line of its own, in smaller letters, up to here; the title's letters are this wide, of their size.
_WORD_CHARS, _ROOM, _WIDE = 20, 106, 0.58


def cover_svg(book: Book) -> str:
    """Return the cover as SVG, 120 x 180, of shapes and escaped text; it is decoration, and hidden from screen readers."""
    drawn = int.from_bytes(hashlib.sha256(f"{book.title}|{book.author}".encode("utf-8", "replace")).digest()[:8], "big")
    # Books of one genre lie near each other on the shelf of cloths.
    shelf = int.from_bytes(hashlib.sha256((book.genres[0] if book.genres else "").encode("utf-8", "replace")).digest()[:4], "big")
    cloth, ink, gold = _CLOTHS[(shelf + drawn % 3) % len(_CLOTHS)]
    lines = wrapped(book.title or "Untitled")
    longest = max(map(len, lines))
    size = min(17 if longest <= 9 and len(lines) <= 3 else 14 if len(lines) <= 4 else 12, round(_ROOM / _WIDE / longest, 1))
    top = 50 - (len(lines) - 3) * 4
    title = "".join(_text(line, 60, top + at * size * 1.18, size, ink, "600") for at, line in enumerate(lines))
    author = _text(shortened(" ".join(book.authors[0].split()) if book.authors else "", 20), 60, 157, 8.5, ink, "500")
    year = _text(year_text(book.year), 60, 169, 7.5, ink, "400")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true" focusable="false">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{cloth}"/>{_ORNAMENTS[drawn // 3 % len(_ORNAMENTS)].format(gold=gold)}'
        f'<rect width="5" height="{_HEIGHT}" fill="#000" fill-opacity="0.16"/>{title}{author}{year}</svg>'
    )


def cover_picture(book: Book) -> str:
    """Return the cover as an image element, for places that take HTML but no SVG."""
    return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(cover_svg(book).encode()).decode()}">'


def wrapped(title: str) -> list[str]:
    """Return a title in up to five short lines; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in _words(title):
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= _LINE_CHARS or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1][: _LINE_CHARS - 1]}…"]
    return lines


def _words(title: str) -> Sequence[str]:
    """Return the title's words, those that are too long for a line cut into pieces."""
    pieces: list[str] = []
    for word in title.split()[: _MOST_LINES * 6]:
        pieces += [word[at : at + _WORD_CHARS] for at in range(0, min(len(word), 60), _WORD_CHARS)]
    return pieces or ["Untitled"]


def _text(text: str, x: float, y: float, size: float, ink: str, weight: str) -> str:
    printable = "".join(character for character in text if character.isprintable())
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}"'
    return f'<text {place} fill="{ink}" text-anchor="middle">{escape(printable)}</text>'


_ORNAMENTS = (
    '<rect x="12" y="8" width="100" height="137" fill="none" stroke="{gold}" stroke-width="1.2"/>'
    '<rect x="15" y="11" width="94" height="131" fill="none" stroke="{gold}" stroke-width="0.5"/>'
    '<path d="M45 128h30M60 123v10" stroke="{gold}" stroke-width="1"/>',
    '<circle cx="60" cy="128" r="13" fill="none" stroke="{gold}" stroke-width="1.4"/><circle cx="60" cy="128" r="8" fill="{gold}"/>'
    '<path d="M14 16h94M14 20h94" stroke="{gold}" stroke-width="1"/>',
    '<path d="M5 124q14 -12 29 0t29 0t29 0t29 0v10q-14 -12 -29 0t-29 0t-29 0t-29 0z" fill="{gold}" fill-opacity="0.9"/>'
    '<path d="M40 18h40" stroke="{gold}" stroke-width="2"/>',
    '<path d="M60 112l12 16l-12 16l-12 -16z" fill="none" stroke="{gold}" stroke-width="1.4"/>'
    '<path d="M60 119l7 9l-7 9l-7 -9z" fill="{gold}"/>'
    '<path d="M14 128h30M76 128h34M14 18h96" stroke="{gold}" stroke-width="0.8"/>',
    '<path d="M14 140h96M14 136h96M14 132h96M14 128h96M14 16h96M14 20h96" stroke="{gold}" stroke-width="1.1"/>',
    '<path d="M60 144v-24M60 132q-14 -2 -15 -15q14 2 15 15q1 -13 15 -15q-1 13 -15 15" fill="none" stroke="{gold}" stroke-width="1.3"/>'
    '<path d="M30 17h60" stroke="{gold}" stroke-width="1"/>',
)
