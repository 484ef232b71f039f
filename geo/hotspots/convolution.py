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


def upper_tail(levels: Ints, draws: Ints, seen: Ints) -> Floats:
    """Return P(sum >= seen) over draws with replacement from all levels, shape (n,).

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
    found = np.ones(draws.size)
    power, before = np.ones_like(spectrum), 0
    for k in np.flatnonzero(np.bincount(draws)).tolist():
        for _ in range(k - before):
            power *= spectrum
        before = k
        law = np.maximum(fft.irfft(power, length)[: k * top + 1], 0.0)
        of_k = np.flatnonzero(draws == k)
        found[of_k] = np.cumsum(law[::-1])[k * top - seen[of_k]]
    return np.clip(found, SMALLEST_P, 1.0)


def lower_tail(levels: Ints, draws: Ints, seen: Ints) -> Floats:
    """Return P(sum <= seen) over the same draws: the upper tail of the levels counted downwards."""
    top = int(levels.max())
    return upper_tail(top - levels, draws, draws * top - seen)
