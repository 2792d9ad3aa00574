"""Geometry: whether the vectors fill their space as the encoder's own do. Where there is an encoder, it is the measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.reencoding import Rows
from vibeshelf.services.probes.specimen import Specimen

Numbers = npt.NDArray[np.float64]
_ENCODE = "encode all again with the repair 'encode'"
# Fewer vectors say little about a space.
LEAST = 30
# The spectrum and random pairs are those of so many rows at most.
_ROWS = 5000
_PAIRS = 20_000
_BINS = 50
# What a dimension's values may differ from the encoder's, before it counts as another.
_FLIPPED, _MOVED, _LOST, _DEAD, _SCALED = -0.5, 0.8, 0.5, 0.05, 1.25
_DEAD_VARIANCE = 1e-4
_RANK_RATIO = 1.25
_LEAST_RANK_SHARE = 0.02
_PAIR_COSINE = 0.02
_SHIFT, _SHIFT_NOISE = 0.01, 3.0


@dataclass(frozen=True, slots=True)
class _Both:
    """The same books as stored and as encoded again, each float32 (n, dimension)."""

    stored: Vectors
    encoded: Vectors


def _both(specimen: Specimen) -> _Both | None:
    again = specimen.reencoded
    if again is None or int(again.drawn.sum()) < LEAST:
        return None
    # Suspects are no fair sample.
    return _Both(specimen.unit[again.rows[again.drawn]], again.vectors[again.drawn])


def some_rows(specimen: Specimen, most: int, purpose: int) -> Rows:
    """Return up to `most` sound rows at random, ascending; another `purpose` draws others."""
    rows = np.flatnonzero(specimen.sound)
    random = np.random.default_rng([specimen.seed, purpose])
    return np.sort(random.choice(rows, min(most, len(rows)), replace=False))


def spectrum(rows: Vectors) -> Numbers:
    """Return the variance along each principal axis, the largest first, float64 (dimension,)."""
    centred = rows - rows.mean(axis=0)
    values = np.linalg.eigvalsh((centred.T @ centred).astype(np.float64) / max(len(rows), 1))
    return np.maximum(values[::-1], 0.0)


def effective_rank(values: Numbers) -> float:
    """Return the number of equal variances that have the same entropy."""
    shares = values / max(values.sum(), 1e-300)
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _spectrum(specimen: Specimen) -> Finding:
    rows = some_rows(specimen, _ROWS, 1)
    if len(rows) < LEAST:
        return Finding(NOT_APPLICABLE, f"{len(rows)} vectors are too few")
    values = spectrum(specimen.unit[rows])
    rank = effective_rank(values)
    figures: dict[str, Figure] = {"variance": tuple(values.tolist()), "effective_rank": rank}
    both = _both(specimen)
    if both is None:
        return _rank_alone(rank, min(len(rows), len(values)), figures)
    ours, theirs = effective_rank(spectrum(both.stored)), effective_rank(spectrum(both.encoded))
    figures |= {"effective_rank_of_sample": ours, "effective_rank_of_encoder": theirs}
    observed = f"effective rank {rank:.0f} of {len(values)}; of {len(both.stored)} books {ours:.1f}, encoded again {theirs:.1f}"
    if not 1 / _RANK_RATIO <= ours / theirs <= _RANK_RATIO:
        return Finding(FAIL, observed, _ENCODE, figures=figures, repair="encode")
    return Finding(PASS, observed, figures=figures)


def _rank_alone(rank: float, most: int, figures: dict[str, Figure]) -> Finding:
    observed = f"effective rank {rank:.0f} of {most}"
    if rank < _LEAST_RANK_SHARE * most:
        return Finding(WARN, observed, _ENCODE, "more than a few directions", figures=figures)
    return Finding(PASS, observed, figures=figures)


def _dimensions(specimen: Specimen) -> Finding:
    rows = some_rows(specimen, _ROWS, 1)
    if len(rows) < LEAST:
        return Finding(NOT_APPLICABLE, f"{len(rows)} vectors are too few")
    unit = specimen.unit[rows].astype(np.float64)
    variances, power = unit.var(axis=0), (unit**2).mean(axis=0)
    shares = power / power.sum()
    dead = np.flatnonzero(variances < _DEAD_VARIANCE * np.median(variances))
    strongest = int(shares.argmax())
    figures: dict[str, Figure] = {"share_of_length": tuple(shares.tolist()), "variance": tuple(variances.tolist())}
    both = _both(specimen)
    wrong = _unlike(both) if both is not None else {}
    # A model may leave a dimension unused by itself.
    if both is None and len(dead):
        wrong["dead"] = dead
    if wrong:
        return Finding(FAIL, "; ".join(_listed(name, found) for name, found in wrong.items()), _ENCODE, figures=figures, repair="encode")
    observed = f"{len(shares)} dimensions, the strongest (number {strongest}) has {shares[strongest]:.1%} of the length"
    return Finding(PASS, observed, figures=figures)


def _listed(name: str, numbers: Rows) -> str:
    shown = ", ".join(map(str, numbers[:5].tolist())) + (" ..." if len(numbers) > 5 else "")
    return f"{len(numbers)} {name} dimension{'s' if len(numbers) > 1 else ''} ({shown})"


def _unlike(both: _Both) -> dict[str, Rows]:
    """Return the dimensions that are otherwise than the encoder's, by what happened to them."""
    stored, encoded = both.stored - both.stored.mean(axis=0), both.encoded - both.encoded.mean(axis=0)
    ours, theirs = stored.std(axis=0), encoded.std(axis=0)
    alive = theirs > 1e-6
    crossed = (stored.T @ encoded) / len(stored) / np.maximum(np.outer(ours, theirs), 1e-12)
    own = np.diagonal(crossed)
    ratio = ours / np.maximum(theirs, 1e-12)
    usual = float(np.median(ratio[alive])) if alive.any() else 1.0
    dead = alive & (ratio < _DEAD * max(usual, 1e-12))
    flipped = alive & ~dead & (own < _FLIPPED)
    elsewhere = np.abs(crossed).max(axis=1)
    moved = alive & ~dead & ~flipped & (own < _LOST) & (elsewhere > _MOVED)
    # Spread is a measure only where the values are the same ones.
    scaled = alive & ~dead & (own > 1 - (1 - _MOVED) / 2) & ~((ratio < _SCALED * usual) & (ratio > usual / _SCALED))
    found = {"dead": dead, "inverted": flipped, "misplaced": moved, "rescaled": scaled}
    return {name: np.flatnonzero(which) for name, which in found.items() if which.any()}


def _centre(specimen: Specimen) -> Finding:
    both = _both(specimen)
    centre = specimen.unit[specimen.sound].mean(axis=0) if specimen.sound.any() else np.zeros(1, dtype=np.float32)
    length = float(np.linalg.norm(centre))
    if both is None:
        return Finding(NOT_APPLICABLE, f"the mean vector has length {length:.3f}; there is nothing to compare it with")
    differences = both.stored - both.encoded
    middle = np.median(differences, axis=0)
    spread = 1.4826 * np.median(np.abs(differences - middle), axis=0)
    shift = float(np.linalg.norm(middle))
    noise = float(np.linalg.norm(1.2533 * spread / np.sqrt(len(differences))))
    figures: dict[str, Figure] = {"length_of_mean": length, "shift": shift, "noise": noise}
    observed = f"the usual vector lies {shift:.4f} from what the encoder gives; the mean vector has length {length:.3f}"
    if shift > max(_SHIFT, _SHIFT_NOISE * noise):
        return Finding(FAIL, observed, _ENCODE, figures=figures, repair="encode")
    return Finding(PASS, observed, figures=figures)


def _anisotropy(specimen: Specimen) -> Finding:
    rows = some_rows(specimen, _ROWS, 1)
    if len(rows) < LEAST:
        return Finding(NOT_APPLICABLE, f"{len(rows)} vectors are too few")
    random = _pair_cosines(specimen.unit[rows])
    figures = _distribution("random", random)
    related = _related(specimen)
    if len(related):
        figures |= _distribution("related", related)
    observed = f"random pairs have a mean cosine of {random.mean():.3f}"
    if len(related):
        observed += f", books of one author {related.mean():.3f}"
    both = _both(specimen)
    if both is None:
        return Finding(PASS, observed, figures=figures)
    ours, theirs = _pair_cosines(both.stored), _pair_cosines(both.encoded)
    difference = float((ours - theirs).mean())
    figures |= {"mean_of_sample": float(ours.mean()), "mean_of_encoder": float(theirs.mean())}
    if abs(difference) > _PAIR_COSINE:
        observed += f"; pairs of the sample {ours.mean():.3f}, encoded again {theirs.mean():.3f}"
        return Finding(FAIL, observed, _ENCODE, figures=figures, repair="encode")
    return Finding(PASS, observed, figures=figures)


def _pair_cosines(rows: Vectors) -> npt.NDArray[np.float32]:
    """Return the cosines of random pairs of different rows, the same pairs for the same number of rows."""
    random = np.random.default_rng(len(rows))
    one = random.integers(0, len(rows), _PAIRS)
    other = (one + random.integers(1, len(rows), _PAIRS)) % len(rows)
    return np.asarray(np.einsum("ij,ij->i", rows[one], rows[other]))


def _related(specimen: Specimen) -> npt.NDArray[np.float32]:
    """Return the cosines of pairs of different books by one author."""
    last: dict[tuple[str, ...], int] = {}
    pairs = []
    for row, book in enumerate(specimen.holdings.books):
        if book.authors and specimen.sound[row]:
            if (before := last.get(book.authors)) is not None and specimen.holdings.books[before].title != book.title:
                pairs.append((before, row))
            last[book.authors] = row
    if len(pairs) < LEAST:
        return np.zeros(0, dtype=np.float32)
    one, other = np.array(pairs[:_PAIRS]).T
    return np.asarray(np.einsum("ij,ij->i", specimen.unit[one], specimen.unit[other]))


def _distribution(name: str, cosines: npt.NDArray[np.float32]) -> dict[str, Figure]:
    edges = np.linspace(-1, 1, _BINS + 1)
    counts = np.histogram(np.clip(cosines, -1, 1), edges)[0]
    return {
        "cosine_from": tuple(edges[:-1].tolist()),
        f"{name}_share": tuple((counts / max(counts.sum(), 1)).tolist()),
        f"{name}_mean": float(cosines.mean()),
        f"{name}_pairs": len(cosines),
    }


_OTHER_SPACE = "The vectors were changed after they were encoded: queries, which were not, are compared in another space."
PROBES = (
    Probe("geometry.spectrum", "Variance spectrum", "the effective rank of the encoder's own vectors", _OTHER_SPACE, _spectrum),
    Probe("geometry.dimensions", "Dimensions", "dimensions as the encoder fills them", _OTHER_SPACE, _dimensions),
    Probe("geometry.centre", "Centre", f"within {_SHIFT} of the encoder's own", _OTHER_SPACE, _centre),
    Probe(
        "geometry.anisotropy",
        "Random pairs",
        f"the mean cosine of the encoder's own vectors, within {_PAIR_COSINE}",
        "All vectors lie closer together, or farther apart, than the encoder puts them; scores no longer mean what they should.",
        _anisotropy,
    ),
)
