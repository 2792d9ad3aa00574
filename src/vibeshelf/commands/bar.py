"""The progress bar of commands that take long."""

from __future__ import annotations

import sys
from typing import Any


class Bar:
    """A progress bar on stderr, drawn only on a terminal: how many of what, rate and remaining time."""

    def __init__(self, unit: str = "books") -> None:
        self._unit = unit
        self._bar: Any = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(unit=f" {self._unit}", file=sys.stderr, dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, rows: int, fraction: float) -> None:
        if self._bar is not None:
            # How many there will be is not known before the end; the share of the file that was read tells about.
            self._bar.total = max(rows, round(rows / fraction)) if fraction else None
            self._bar.update(rows - self._bar.n)
