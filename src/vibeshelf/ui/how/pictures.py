"""The pictures of the walk: SVG of numbers alone, in the page's colours, each with what it shows in words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vibeshelf.core.vectors import Vectors

_ROWS, _BARS = 8, 48


def cells(numbers: Vectors) -> str:
    """Return a cell for each number of a row (dimension,): one colour above zero, another below, the stronger the further from it."""
    largest = float(np.abs(numbers).max(initial=0)) or 1.0
    columns = -(-len(numbers) // _ROWS)
    drawn = "".join(
        f'<rect x="{at % columns}" y="{at // columns}" width="0.92" height="0.92" class="{"vs-plus" if value >= 0 else "vs-minus"}" '
        f'opacity="{max(0.06, abs(float(value)) / largest):.2f}"/>'
        for at, value in enumerate(numbers)
    )
    return f'<svg viewBox="0 0 {columns} {_ROWS}" preserveAspectRatio="none" class="vs-cells">{drawn}</svg>'


def cells_said(numbers: Vectors, what: str) -> str:
    """Return in words what is in the cells."""
    return f"{len(numbers)} cells, one for each number of {what}; from {numbers.min():.2f} to {numbers.max():.2f}, {first_of(numbers)}"


def first_of(numbers: Vectors, count: int = 6) -> str:
    """Return the first few numbers."""
    return "beginning with " + ", ".join(f"{value:.3f}" for value in numbers[:count])


def heap(cosines: npt.NDArray[np.float32], near: list[float], floor: float | None) -> str:
    """Return how many books are how near: bars, with a mark for each of the nearest, and one for the floor where there is one."""
    low, high = float(cosines.min()), max(float(cosines.max()), float(cosines.min()) + 0.01)
    counts, _ = np.histogram(cosines, bins=_BARS, range=(low, high))
    most = max(int(counts.max()), 1)
    bars = "".join(
        f'<rect x="{at}" y="{90 - 88 * count / most:.2f}" width="0.9" height="{88 * count / most:.2f}" class="vs-heap"/>'
        for at, count in enumerate(counts)
        if count
    )

    def at(value: float) -> float:
        return _BARS * (value - low) / (high - low)

    marks = "".join(f'<rect x="{min(at(value), _BARS - 0.3):.2f}" y="60" width="0.3" height="40" class="vs-near"/>' for value in near)
    line = "" if floor is None else f'<rect x="{at(floor):.2f}" y="0" width="0.12" height="100" class="vs-floor"/>'
    return (
        f'<svg viewBox="0 0 {_BARS} 100" preserveAspectRatio="none" class="vs-bars">{bars}{line}{marks}</svg>'
        f'<div class="vs-axis"><span>{low:.2f} far</span><span>cosine with your words</span><span>{high:.2f} near</span></div>'
    )


def share(meaning: float, words: float) -> str:
    """Return a bar of 1 whose parts are what meaning and what words bring."""
    return (
        '<svg viewBox="0 0 1 1" preserveAspectRatio="none" class="vs-share"><rect width="1" height="1" class="vs-track"/>'
        f'<rect width="{max(meaning, 0):.4f}" height="1" class="vs-plus"/>'
        f'<rect x="{max(meaning, 0):.4f}" width="{max(words, 0):.4f}" height="1" class="vs-minus"/></svg>'
    )
