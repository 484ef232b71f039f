"""Tails of the binomial and the negative binomial, compiled: thousands of them in a millisecond."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types

from geo.hotspots.result import Floats

# Declared, so that nothing is compiled while somebody waits.
_GIVEN = types.Array(float64, 1, "C", readonly=True)
_TAILS = float64[::1](_GIVEN, _GIVEN, _GIVEN, _GIVEN)

_TINY = 1e-300
_ENOUGH = 1e-16
_MOST_STEPS = 100_000


def beta_tail(a: npt.ArrayLike, b: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """Return the regularised incomplete beta function I_x(a, b), shape (n,).

    Parameters
    ----------
    a, b
        Above 0, shape (n,).
    x, y
        Between 0 and 1, x + y = 1, shape (n,); both are given since 1 - x has no digits left
        where x is nearly 1.

    Returns
    -------
    Floats
        P(X >= a) of a binomial of a + b - 1 trials with chance x; of a negative binomial of size b
        whose mean is b x / y. Relative error below 1e-11, in small tails too.

    Notes
    -----
    Continued fraction of DiDonato & Morris (1992), ACM TOMS 18:360, section 10, on the side of x
    that is the smaller tail; the factor before it after Loader (2000), by deviances and errors of
    Stirling's formula instead of differences of large logarithms.
    """
    return _beta_tails(*(np.ascontiguousarray(one, np.float64) for one in (a, b, x, y)))


def binomial_mid_p(seen: Floats, trials: Floats, x: Floats, y: Floats) -> Floats:
    """Return the two-sided mid-p of binomial counts, shape (n,): twice the smaller tail.

    Each tail counts half of what was seen (Lancaster 1961, JASA 56:223). `x` is the chance and
    `y` = 1 - x, both above 0.
    """
    return _mid_ps(*(np.ascontiguousarray(one, np.float64) for one in (seen, trials, x, y)))


@njit(cache=True, nogil=True)
def _stirling_error(z: float) -> float:
    """Return log gamma(z) less Stirling's formula for it."""
    if z < 16.0:
        return math.lgamma(z) - ((z - 0.5) * math.log(z) - z + 0.9189385332046727)
    r = 1.0 / (z * z)
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - r / 1188) * r) * r) * r) / z


@njit(cache=True, nogil=True)
def _front(a: float, b: float, x: float, y: float) -> float:
    """Return x^a y^b / B(a, b)."""
    gap = a * y - b * x
    exponent = (
        (a * math.log(x * (a + b) / a) if gap > 0.9 * a else a * math.log1p(-gap / a))
        + (b * math.log(y * (a + b) / b) if gap < -0.9 * b else b * math.log1p(gap / b))
        + _stirling_error(a + b)
        - _stirling_error(a)
        - _stirling_error(b)
    )
    return math.sqrt(a / (a + b) * b / (2.0 * math.pi)) * math.exp(exponent)


@njit(cache=True, nogil=True)
def _fraction(a: float, b: float, x: float, y: float) -> float:
    """Return I_x(a, b) / `_front`, by Lentz's method; a y >= b x."""
    value = a * (a * y - b * x + 1.0) / (a + 1.0)
    c, d = value, 0.0
    for step in range(1, _MOST_STEPS):
        m = float(step)
        low = a + 2.0 * m - 1.0
        top = (a + m - 1.0) * (a + b + m - 1.0) / (low * low) * m * (b - m) * x * x
        under = (
            m
            + m * (b - m) * x / low
            + (a + m) * (a * y - b * x + 1.0 + m * (1.0 + y)) / (low + 2.0)
        )
        d = under + top * d
        d = 1.0 / (d if d != 0.0 else _TINY)
        c = under + top / c
        c = c if c != 0.0 else _TINY
        value *= c * d
        if abs(c * d - 1.0) <= _ENOUGH:
            break
    return 1.0 / value


@njit(cache=True, nogil=True)
def _beta(a: float, b: float, x: float, y: float) -> float:
    if x <= 0.0:
        return 0.0
    if y <= 0.0:
        return 1.0
    front = _front(a, b, x, y)
    if a * y >= b * x:
        return front * _fraction(a, b, x, y)
    return 1.0 - front * _fraction(b, a, y, x)


@njit(_TAILS, cache=True, nogil=True)
def _beta_tails(a: Floats, b: Floats, x: Floats, y: Floats) -> Floats:
    tails = np.empty(a.size)
    for i in range(a.size):
        tails[i] = _beta(a[i], b[i], x[i], y[i])
    return tails


@njit(_TAILS, cache=True, nogil=True)
def _mid_ps(seen: Floats, trials: Floats, x: Floats, y: Floats) -> Floats:
    found = np.empty(seen.size)
    for i in range(seen.size):
        above, below = seen[i], trials[i] - seen[i]
        chance, rest = x[i], y[i]
        if above * rest < below * chance:  # fewer than the mean: look at the lower tail
            above, below, chance, rest = below, above, rest, chance
        if above <= 0.0:
            found[i] = 1.0  # no trial
            continue
        front = _front(above, below + 1.0, chance, rest)
        exactly = front / (above * rest)
        if above * rest >= (below + 1.0) * chance:
            tail = front * _fraction(above, below + 1.0, chance, rest)
        else:
            tail = 1.0 - front * _fraction(below + 1.0, above, rest, chance)
        tail -= 0.5 * exactly
        # Both tails with their halves make 1; near the mean the other one may be the smaller.
        found[i] = 2.0 * min(tail, 1.0 - tail)
    return found
