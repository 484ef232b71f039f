"""Reading the arrays that callers hand in: lengths, signs and finiteness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.errors import GeoError
from geo.hotspots.result import Floats


class UnusableCounts(GeoError):
    """An array of counts, households or values that no statistic can be computed from."""

    code = "hotspots.counts"
    sentence = "{name} cannot be used: {reason}"


def as_values(values: npt.ArrayLike, name: str, n: int | None = None) -> Floats:
    """Return finite float64 values of shape (n,), side by side in memory.

    Raises
    ------
    UnusableCounts
        If the array is empty, not one-dimensional, not of length `n`, or holds NaN or infinity.
    """
    return _checked(values, name, n)[0]


def _checked(values: npt.ArrayLike, name: str, n: int | None) -> tuple[Floats, float]:
    """Return values as `as_values` does, and the least of them."""
    array = np.asarray(values, dtype=np.float64, order="C")
    if array.ndim != 1 or array.size == 0:
        raise UnusableCounts(name=name, reason="a list with one number per unit is needed")
    if n is not None and array.size != n:
        raise UnusableCounts(name=name, reason=f"{array.size} numbers for {n} units")
    # NaN is the least and the greatest of what holds it, and neither above nor below anything.
    least = float(array.min())
    if not (least > -np.inf and float(array.max()) < np.inf):
        raise UnusableCounts(name=name, reason="every unit needs a finite number")
    return array, least


def as_counts(values: npt.ArrayLike, name: str, n: int | None = None) -> Floats:
    """Return non-negative float64 values of shape (n,).

    Raises
    ------
    UnusableCounts
        As `as_values`, and if a number is negative.
    """
    array, least = _checked(values, name, n)
    if least < 0:
        raise UnusableCounts(name=name, reason="a count cannot be negative")
    return array


def as_exposure(values: npt.ArrayLike, name: str, n: int) -> Floats:
    """Return non-negative float64 exposure of shape (n,); a single number holds for all units.

    Raises
    ------
    UnusableCounts
        As `as_counts`.
    """
    array = np.asarray(values, dtype=np.float64)
    return as_counts(np.full(n, float(array)) if array.ndim == 0 else array, name, n)
