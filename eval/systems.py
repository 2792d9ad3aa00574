"""What the benchmarks let take turns: our search and the obvious pipeline, each made in the process that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.turns import Call
from vibeshelf.core.records import Filter
from vibeshelf.core.settings import Settings

K = 10


def our_encoder(settings: Settings) -> Call:
    from vibeshelf.adapters.encoders import open_encoder

    encoder = open_encoder(settings)
    return lambda text: encoder.encode_queries([text])


def our_search(settings: Settings, collection: str, system: str = "dense", filters: Sequence[Filter] = ()) -> Call:
    from vibeshelf.services.shelf import open_shelf

    # Queries come again in a benchmark; each is to be encoded.

    shelf = open_shelf(collection, settings=settings, remembered_queries=0)
    return lambda text: shelf.run(text, K, system, filters)


def plain_encoder(settings: Settings, folder: Path) -> Call:
    from eval.baseline import Baseline

    return Baseline(settings, str(folder), "none").model.encode


def plain_search(settings: Settings, folder: Path, collection: str, where: dict[str, Any] | None = None) -> Call:
    from eval.baseline import Baseline

    plain = Baseline(settings, str(folder), collection)
    return lambda text: plain.search(text, K, where)
