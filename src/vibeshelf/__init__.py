"""Vibeshelf: semantic search for books that its users can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibeshelf.core.records import Hit
    from vibeshelf.services.shelf import Shelf, open_shelf

__all__ = ["Hit", "Shelf", "__version__", "open_shelf"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Lazily, so that `import vibeshelf` (and with it every CLI command) stays cheap.
    if name in ("Shelf", "open_shelf"):
        from vibeshelf.services import shelf

        return getattr(shelf, name)
    if name == "Hit":
        from vibeshelf.core.records import Hit

        return Hit
    raise AttributeError(f"module 'vibeshelf' has no attribute {name!r}")
