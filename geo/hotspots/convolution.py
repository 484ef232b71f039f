"""The law of a sum of values drawn from all values, computed and not simulated."""

from __future__ import annotations

import numpy as np
from scipy import fft

from geo.hotspots.result import Floats, Ints

# The transform leaves errors near 1e-15 in the law; smaller tails are given as this.
SMALLEST_P = 1e-13
LEVELS = 2048


def on_levels(values: Floats) -> Ints:
    """Return values as whole numbers from 0: integers of a small range as they are, others on
    2,048 levels between the smallest and the largest.
    """
    low, high = float(values.min()), float(values.max())
    whole = high - low < LEVELS and bool((values == np.rint(values)).all())
    step = 1.0 if whole or high == low else (high - low) / (LEVELS - 1)
    return np.rint((values - low) / step).astype(np.int64)


def tails(levels: Ints, draws: Ints, seen: Ints) -> tuple[Floats, Floats]:
    """Return P(sum >= seen) and P(sum <= seen) over draws with replacement from all levels.

    Parameters
    ----------
    levels
        What is drawn from, whole numbers from 0, any shape.
    draws, seen
        How many are drawn, at least one, and the sum that was seen, shape (n,).
    """
    top = int(levels.max())
    length = fft.next_fast_len(int(draws.max()) * top + 1, real=True)
    spectrum = fft.rfft(np.bincount(levels.ravel(), minlength=length) / levels.size)
    greater, less = np.ones(draws.size), np.ones(draws.size)
    for k in np.unique(draws):
        law = np.maximum(fft.irfft(spectrum**k, length), 0.0)
        of_k = draws == k
        greater[of_k] = np.cumsum(law[::-1])[::-1][seen[of_k]]
        less[of_k] = np.cumsum(law)[seen[of_k]]
    return np.clip(greater, SMALLEST_P, 1.0), np.clip(less, SMALLEST_P, 1.0)
