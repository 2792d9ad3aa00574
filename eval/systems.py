"""What the benchmarks let take turns, each made in the process that runs it."""

from __future__ import annotations

from collections.abc import Sequence

from vibeshelf.core.records import Filter, SearchResult
from vibeshelf.core.settings import Settings
from vibeshelf.core.vectors import Vectors

K = 10


class OurEncoder:
    """The encoder that searches use."""

    def __init__(self, settings: Settings) -> None:
        from vibeshelf.adapters.encoders import open_encoder

        self._encoder = open_encoder(settings)

    def encode(self, text: str) -> Vectors:
        return self._encoder.encode_queries([text])


class OurShelf:
    """One collection, which forgets queries: they come again in a benchmark, and each is to be encoded."""

    def __init__(self, settings: Settings, collection: str) -> None:
        from vibeshelf.services.shelf import open_shelf

        self._shelf = open_shelf(collection, settings=settings, remembered_queries=0)

    def search(self, system: str, filters: Sequence[Filter], text: str) -> SearchResult:
        return self._shelf.run(text, K, system, filters)


def obvious_pipeline(settings: Settings, folder: str) -> object:
    """Return the baseline. Its libraries take seconds to import, so nobody else's process is to load them."""
    from eval.baseline import Baseline

    return Baseline(settings, folder)
