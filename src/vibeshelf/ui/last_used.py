"""What pages keep in memory, up to a number; the oldest goes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

Kept = TypeVar("Kept")


class LastUsed(OrderedDict[str, Kept]):
    """A mapping that holds the `most` entries that were put in last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: str, value: Kept) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)
