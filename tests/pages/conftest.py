"""What the tests of pages share."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibeshelf.adapters.querylog import QueryLog
from vibeshelf.services.shelf import Shelf


@pytest.fixture
def log(starter: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> QueryLog:
    """A log of the test's own, which the starter shelf writes to."""
    own = QueryLog(tmp_path / "searches.sqlite")
    monkeypatch.setattr(starter, "log", own)
    return own
