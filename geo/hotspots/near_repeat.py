"""Does one incident bring another nearby soon? Knox's table of pairs near in space and time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.spatial import cKDTree

from geo.errors import GeoError
from geo.hotspots.inputs import UnusableCounts, as_values
from geo.hotspots.result import Floats, Ints, Result

MOST_PAIRS = 50_000_000


class TooManyPairs(GeoError):
    """More pairs within the largest distance than a table can be made of."""

    code = "hotspots.too_many_pairs"
    sentence = (
        "{n_pairs} pairs lie within {distance_m} m; at most {most} can be counted. "
        "Choose a shorter distance, one matter or a shorter period."
    )


@dataclass(frozen=True, kw_only=True)
class Knox(Result):
    """Pairs by distance band (rows) and lag band (columns).

    Attributes
    ----------
    distances_m, lags_d
        Upper ends of the bands, included; a band begins where the one before ends, the first at 0.
    observed
        Pairs in each cell.
    expected
        Mean number of pairs when times are shuffled over places.
    ratio
        observed / expected; NaN where nothing is expected.
    p
        (1 + shuffles with no fewer pairs) / (1 + shuffles).
    """

    distances_m: tuple[float, ...]
    lags_d: tuple[float, ...]
    observed: Ints
    expected: Floats
    ratio: Floats
    p: Floats


def knox(
    xy_m: npt.ArrayLike,
    days: npt.ArrayLike,
    distances_m: tuple[float, ...],
    lags_d: tuple[float, ...],
    *,
    permutations: int = 999,
    seed: int = 1,
    window: str = "",
    version: str = "",
) -> Knox:
    """Return how many pairs of incidents are near in space and time, against chance.

    Parameters
    ----------
    xy_m
        Places in metres, shape (n, 2).
    days
        When, in days; fractions count. Shape (n,).
    distances_m, lags_d
        Upper ends of the bands, rising.
    permutations, seed
        Shuffles of the times over the places: what is lasting at a place, or common to all
        places in a season, cancels.

    Raises
    ------
    UnusableCounts
        If lengths differ, a value is not finite, or bands do not rise.
    TooManyPairs
        Beyond fifty million pairs within the largest distance.

    Notes
    -----
    Knox (1964), Applied Statistics 13:25; the table of bands is that of near-repeat studies
    (Johnson et al. 2007, J. Quantitative Criminology 23:201).
    """
    when = as_values(days, "days")
    xy = np.asarray(xy_m, dtype=np.float64)
    if xy.shape != (when.size, 2) or not np.isfinite(xy).all():
        raise UnusableCounts(name="xy_m", reason="one place (x, y) for each time is needed")
    for name, bands in (("distances_m", distances_m), ("lags_d", lags_d)):
        if not bands or bands[0] < 0 or any(b <= a for a, b in pairwise(bands)):
            raise UnusableCounts(name=name, reason="upper ends that rise are needed")
    if permutations < 1:
        raise UnusableCounts(name="permutations", reason="at least one is needed")
    tree = cKDTree(xy)
    n_pairs = (int(tree.count_neighbors(tree, distances_m[-1])) - when.size) // 2
    if n_pairs > MOST_PAIRS:
        raise TooManyPairs(n_pairs=n_pairs, distance_m=distances_m[-1], most=MOST_PAIRS)
    pairs = tree.query_pairs(distances_m[-1], output_type="ndarray")
    apart = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    band = np.searchsorted(np.asarray(distances_m), apart, side="left")
    # The tree and the root may disagree in the last bit of a pair just at the limit.
    band = np.minimum(band, len(distances_m) - 1)
    lags = np.asarray(lags_d, dtype=np.float64)
    shape = (len(distances_m), lags.size)
    first, second = (np.ascontiguousarray(side) for side in pairs.T)
    observed = _table(first, second, band, when, lags, np.zeros(shape, np.int64))
    random = np.random.default_rng(seed)
    total, as_many = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for _ in range(permutations):
        drawn = _table(
            first, second, band, random.permutation(when), lags, np.zeros(shape, np.int64)
        )
        total += drawn
        as_many += drawn >= observed
    expected = total / permutations
    return Knox(
        n=when.size,
        settings={"method": "knox", "permutations": permutations},
        seed=seed,
        window=window,
        version=version,
        distances_m=tuple(distances_m),
        lags_d=tuple(lags_d),
        observed=observed,
        expected=expected,
        ratio=np.divide(observed, expected, out=np.full(shape, np.nan), where=expected > 0),
        p=(1 + as_many) / (1 + permutations),
    )


@njit(cache=True, nogil=True)
def _table(first: Ints, second: Ints, band: Ints, when: Floats, lags: Floats, out: Ints) -> Ints:
    """Count the pairs into `out` by the band of their distance and of their lag."""
    for k in range(first.size):
        lag = abs(when[first[k]] - when[second[k]])
        for column in range(lags.size):
            if lag <= lags[column]:
                out[band[k], column] += 1
                break
    return out
