"""When a percentile is shown: one rule for benchmarks and for the log of searches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def needed(percent: float) -> int:
    """Return how many values a percentile takes: so many that at least one is expected beyond it, on its side; one for the median.

    20 for p95 as for p5, 100 for p99, 4 for a quartile. Of fewer it would be the tale of one or two of them.
    """
    return 1 if percent == 50 else math.ceil(round(100 / min(percent, 100 - percent), 6))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the percentile, between neighbours in proportion; None for fewer values than it takes."""
    if len(values) < needed(percent):
        return None
    return float(np.percentile(values, percent))
