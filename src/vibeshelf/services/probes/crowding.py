"""Crowding: books that come up for everything, and whether a query lies near the book that it asks for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Example, Figure
from vibeshelf.services.probes.geometry import some_rows
from vibeshelf.services.probes.probe import Finding, Probe, example
from vibeshelf.services.probes.specimen import Specimen

_NEIGHBOURS = 10
_ASKED = 3000
# Rows that are compared with all others at a time.
_CHUNK = 500
_LEAST = 100
_HUBS_SHOWN = 10
# A book that is among the ten nearest of so large a share of all others.
_WARN_SHARE, _FAIL_SHARE = 0.25, 0.5
_TOLD_APART, _WELL_TOLD_APART = 0.8, 0.95
_LEAST_TITLES = 30


def _hubness(specimen: Specimen) -> Finding:
    rows = some_rows(specimen, _ASKED, 2)
    if len(rows) < _LEAST:
        return Finding(NOT_APPLICABLE, f"{len(rows)} vectors are too few")
    times = _times_among_nearest(specimen.unit, specimen.sound, rows)
    counted = times[specimen.sound].astype(np.float64)
    skew = float(((counted - counted.mean()) ** 3).mean() / max(counted.std(), 1e-12) ** 3)
    hubs = np.argsort(-times, kind="stable")[:_HUBS_SHOWN].tolist()
    share = float(times[hubs[0]]) / len(rows)
    books = specimen.holdings.books
    detail = [f"among the ten nearest of {times[row] / len(rows):.1%} of {len(rows):,} books" for row in hubs]
    figures: dict[str, Figure] = {
        "skewness": skew,
        "hub": tuple(books[row].title or "[no title]" for row in hubs),
        "hub_share": tuple(float(times[row]) / len(rows) for row in hubs),
        "times": tuple(range(_HUBS_SHOWN * _NEIGHBOURS)),
        "books": tuple(np.bincount(np.minimum(times[specimen.sound], 99), minlength=_HUBS_SHOWN * _NEIGHBOURS).tolist()),
    }
    observed = f"skewness {skew:.1f}; '{books[hubs[0]].title}' is among the ten nearest of {share:.1%} of {len(rows):,} books"
    status = FAIL if share > _FAIL_SHARE else WARN if share > _WARN_SHARE else PASS
    shown: list[Example] = [example(books[row], said) for row, said in zip(hubs[:5], detail, strict=False)]
    wrong = [books[row].book_id for row in hubs if times[row] / len(rows) > _WARN_SHARE]
    fix = "encode these books again with the repair 'encode'" if wrong else ""
    return Finding(status, observed, fix, examples=shown, figures=figures, repair="encode" if wrong else "", book_ids=wrong)


def _times_among_nearest(unit: npt.NDArray[np.float32], sound: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how often each book is among the ten nearest of these rows, itself left out, int64 (n,)."""
    times = np.zeros(len(unit), dtype=np.int64)
    for start in range(0, len(rows), _CHUNK):
        asked = rows[start : start + _CHUNK]
        scores = unit[asked] @ unit.T
        scores[:, ~sound] = -np.inf
        scores[np.arange(len(asked)), asked] = -np.inf
        nearest = np.argpartition(-scores, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        times += np.bincount(nearest.ravel(), minlength=len(unit))
    return times


def _gap(specimen: Specimen) -> Finding:
    titles = specimen.titles
    if titles is None or len(titles.rows) < _LEAST_TITLES:
        return Finding(NOT_APPLICABLE, "too few books with a title to ask for")
    others = specimen.unit[some_rows(specimen, _ASKED, 3)]
    own = (titles.vectors * specimen.unit[titles.rows]).sum(axis=1)
    scores = titles.vectors @ others.T
    above = float((own[:, None] > scores).mean())
    apart = float(np.linalg.norm(titles.vectors.mean(axis=0) - others.mean(axis=0)))
    figures: dict[str, Figure] = {
        "own": tuple(map(float, own)), "others": tuple(map(float, scores[:, :20].ravel()[:2000])), "above": above, "gap": apart,
    }  # fmt: skip
    observed = f"a title is nearer to its own book than to {above:.1%} of others; the means of titles and books are {apart:.2f} apart"
    status = PASS if above >= _WELL_TOLD_APART else WARN if above >= _TOLD_APART else FAIL
    fix = "" if status == PASS else "see the probes of the towers; then encode all again with the repair 'encode'"
    return Finding(status, observed, fix, figures=figures)


PROBES = (
    Probe(
        "geometry.hubness",
        "Hubs",
        f"no book among the ten nearest of more than {_WARN_SHARE:.0%} of the others",
        "A few books come up for almost everything, and take the places of those that were meant.",
        _hubness,
    ),
    Probe(
        "geometry.gap",
        "Queries and books",
        f"nearer to its own book than to {_WELL_TOLD_APART:.0%} of others",
        "Queries do not lie near the books that they ask for: the two towers do not share one space.",
        _gap,
        needs=("encoder",),
    ),
)
