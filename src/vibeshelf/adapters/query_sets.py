"""Judged queries that are at hand: the starter set, and the BEIR folders of a folder of data sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.catalog.starter import STARTER, starter_qrels_path, starter_queries_path

_PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries with their judgments, not read yet."""

    name: str
    queries_path: Path
    qrels_path: Path


def query_sets(folder: Path | None) -> dict[str, QuerySet]:
    """Return name -> set: the starter set first, then those of `folder`.

    A BEIR folder gives a set for each of its query files with each split of its judgments, which stay apart: what was chosen
    on one is reported on another. 'tomt-books short validation' is queries_short.jsonl with qrels/validation.tsv.
    """
    found = [QuerySet(STARTER, starter_queries_path(), starter_qrels_path())]
    if folder is not None and folder.is_dir():
        for path in sorted(folder.iterdir()):
            found += _beir_sets(path)
    return {each.name: each for each in found}


def _beir_sets(folder: Path) -> Iterator[QuerySet]:
    for queries in sorted(folder.glob("queries*.jsonl*"), key=lambda path: (len(path.name), path.name)):
        for qrels in sorted((folder / "qrels").glob("*.tsv*")):
            words = [folder.name, _stem(queries).removeprefix("queries").strip("_-"), _stem(qrels)]
            yield QuerySet(" ".join(word for word in words if word), queries, qrels)


def _stem(path: Path) -> str:
    return (path.with_suffix("") if path.suffix in _PACKED else path).stem
