"""What a small unit could show at all: the smallest ratio that a test would find."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported when first used: stats and optimize take half a second

from geo.hotspots.inputs import UnusableCounts, as_counts, as_exposure
from geo.hotspots.result import Floats


def minimum_detectable_ratio(
    expected: npt.ArrayLike,
    n_tests: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    spread: npt.ArrayLike = 0.0,
) -> Floats:
    """Return how many times its usual level a unit must reach to be found with this power.

    Parameters
    ----------
    expected
        Events that are usual in the window, shape (n,).
    n_tests
        How many units the map judges; a single raised unit is held against alpha / n_tests, which
        is the Benjamini-Hochberg step for the first mark.
    spread
        Variance / expected^2 - 1 / expected of the null, as in `Excess.spread`; 0 is Poisson.

    Returns
    -------
    Floats
        Ratios >= 1; infinity where nothing is expected, and where the null is spread so widely that
        no ratio suffices.

    Raises
    ------
    UnusableCounts
        If `n_tests` is below 1, or `power` or `alpha` is not between 0 and 1.

    Notes
    -----
    The critical count c is the smallest with P(X >= c) <= alpha / n_tests under the null; the
    raised mean with P(X >= c) = power is the inverse of the incomplete gamma (Poisson) or beta
    (negative binomial, shape kept) function (Johnson, Kemp & Kotz 2005, sections 4.7 and 5.6).
    """
    usual = as_counts(expected, "expected")
    if n_tests < 1 or not 0 < power < 1 or not 0 < alpha < 1:
        raise UnusableCounts(name="n_tests, power, alpha", reason="outside their range")
    wide = as_exposure(spread, "spread", usual.size)
    level = alpha / n_tests
    ratio = np.full(usual.size, np.inf)
    poisson = (usual > 0) & (wide <= 0)
    mean = usual[poisson]
    critical = scipy.stats.poisson.isf(level, mean) + 1.0
    ratio[poisson] = scipy.special.gammaincinv(critical, power) / mean
    mixed = (usual > 0) & (wide > 0)
    mean, size = usual[mixed], 1.0 / wide[mixed]
    critical = scipy.stats.nbinom.isf(level, size, size / (size + mean)) + 1.0
    odds = scipy.special.betaincinv(critical, size, power)
    with np.errstate(divide="ignore"):  # odds that round to 1: no finite ratio suffices
        ratio[mixed] = size * odds / (1.0 - odds) / mean
    return np.asarray(np.maximum(ratio, 1.0), dtype=np.float64)
