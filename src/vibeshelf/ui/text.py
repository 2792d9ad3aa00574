"""Text that others wrote, made safe to show."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&=^])")


def plain(text: str) -> str:
    """Return the text so that Markdown, HTML, LaTeX, emoji codes and colour directives in it show as they were typed."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def safe_file_name(name: str) -> str:
    """Return the last part of a file name that a browser sent, fit for this machine's file system."""
    last = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return last.encode()[-120:].decode("utf-8", "ignore").lstrip(".") or "upload"


def year_text(year: int | None) -> str:
    """Return '1927', '800 BCE', or nothing for an unknown year."""
    if year is None:
        return ""
    return f"{-year} BCE" if year < 0 else str(year)


def shortened(text: str, most: int) -> str:
    """Return the text in at most so many characters; one that was cut ends in an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def isolated(text: str) -> str:
    """Return the text so that its direction, or a direction mark in it, does not reach its neighbours."""
    return f"\u2068{text}\u2069"
