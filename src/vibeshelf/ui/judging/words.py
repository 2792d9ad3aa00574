"""Errors in words within a fragment, which runs without the page's frame around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.ui.layout import show_error


@contextmanager
def in_words() -> Iterator[None]:
    """Show what cannot be done in one line."""
    try:
        yield
    except VibeshelfError as error:
        show_error(error)
