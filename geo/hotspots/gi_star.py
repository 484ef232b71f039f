"""Getis-Ord Gi*: where high values stand together, with p-values that hold for small counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from geo.hotspots.convolution import lower_tail, on_levels, upper_tail
from geo.hotspots.fdr import false_discovery_q
from geo.hotspots.inputs import UnusableCounts, as_values
from geo.hotspots.result import Bools, Floats, Ints, Result
from geo.hotspots.weights import Weights

Inference = Literal["convolution", "permutation"]
Alternative = Literal["greater", "less", "two-sided"]

# |bin| 3, 2, 1 = 99, 95, 90 % after correction, as ArcGIS numbers them.
BIN_LEVELS = (0.01, 0.05, 0.10)
DRAWS_AT_ONCE = 4_000_000


@dataclass(frozen=True, kw_only=True)
class GiStar(Result):
    """Gi* of n units.

    Attributes
    ----------
    z
        The standardised statistic; 0 where it has no variance.
    p, q
        p of the chosen alternative and its Benjamini-Hochberg q over all units.
    gi_bin
        -3 ... 3: above 0 hot, below 0 cold, and 3, 2, 1 for q <= 0.01, 0.05, 0.10. Unlike the
        field of the same name elsewhere it is always corrected.
    no_variation
        True when all values are equal: nothing can be said, z is 0 and p is 1.
    islands
        True where a unit has no neighbour and its own value alone was tested.
    """

    z: Floats
    p: Floats
    q: Floats
    gi_bin: Ints
    no_variation: bool
    islands: Bools


def getis_ord_gi_star(
    x: npt.ArrayLike,
    weights: Weights,
    *,
    inference: Inference = "convolution",
    permutations: int = 999,
    alternative: Alternative = "greater",
    seed: int = 0,
    window: str = "",
    version: str = "",
) -> GiStar:
    """Return Gi* with z, p and q.

    Parameters
    ----------
    x
        One finite value per unit, shape (n,); for events use shrunk rates, not counts, or the map
        shows where people live.
    weights
        Neighbours; each unit is added to its own neighbourhood, weights are binary.
    inference
        "convolution": the law of the sum of k values drawn from all units, computed, not
        simulated, so the same input gives the same p to the last digit. "permutation": conditional
        permutation with `seed`; its p is never below 1 / (permutations + 1), so 999 permutations
        cannot pass a correction for 2,000 units.
    alternative
        "greater" for hot, "less" for cold, "two-sided" for both (twice the smaller tail). Only
        "greater" is calibrated for shrunk rates of small counts: null maps are marked in 0 to 10 %
        of cases, with "less" in 9 to 60 %, since units of few households are all shrunk to
        the same mean and values are not exchangeable below it.

    Raises
    ------
    UnusableCounts
        If lengths differ, a value is not finite, `permutations` is below 1, or another
        inference or alternative is asked for.

    Notes
    -----
    z: Ord & Getis (1995), Geographical Analysis 27:286, equation 14, with the variance over n.
    The normal law for z is not offered: on skewed small counts it gives p = 3.5e-7 where 200,000
    permutations give 4.5e-4. The convolution draws with replacement and leaves the unit's own value
    in the pool, which makes it slightly conservative; values are put on 2,048 levels (integers
    of a smaller range stay exact). Both laws keep the unit's own value fixed, as conditional
    permutation does (Anselin 1995, Geographical Analysis 27:93).
    """
    values = as_values(x, "x")
    n = values.size
    if weights.n != n:
        raise UnusableCounts(name="weights", reason=f"{weights.n} rows for {n} units")
    if inference not in get_args(Inference) or alternative not in get_args(Alternative):
        raise UnusableCounts(name="inference", reason=f"{inference}, {alternative} is not offered")
    if permutations < 1:
        raise UnusableCounts(name="permutations", reason="at least one is needed")
    settings: dict[str, object] = {
        "method": "getis_ord_gi_star",
        "inference": inference,
        "alternative": alternative,
        "weights": "binary, self included",
    }
    drawn = inference == "permutation"
    if drawn:
        settings["permutations"] = permutations
    flat = float(np.ptp(values)) <= 1e-12 * max(float(np.abs(values).max()), 1e-300)
    if flat:
        z, p, side = np.zeros(n), np.ones(n), np.zeros(n)
    else:
        z = standardised(values, weights.with_self)
        others = weights.without_self
        if drawn:
            greater, less = _permuted(values, others, permutations, seed)
        else:
            greater, less = _convolved(values, others, alternative)
        p, side = _chosen(greater, less, alternative)
    q = false_discovery_q(p)
    size = np.sum([q <= level for level in BIN_LEVELS], axis=0)
    return GiStar(
        n=n,
        settings=settings,
        seed=seed if drawn else None,
        window=window,
        version=version,
        z=z,
        p=p,
        q=q,
        gi_bin=(side * size).astype(np.int64),
        no_variation=flat,
        islands=weights.islands,
    )


def _chosen(greater: Floats, less: Floats, alternative: Alternative) -> tuple[Floats, Floats]:
    """Return p of the alternative, and the side (1 hot, -1 cold) that a small p speaks for."""
    if alternative == "greater":
        return greater, np.ones(greater.size)
    if alternative == "less":
        return less, -np.ones(less.size)
    both = np.minimum(2.0 * np.minimum(greater, less), 1.0)
    return both, np.where(greater <= less, 1.0, -1.0)


def standardised(values: Floats, weights: Weights) -> Floats:
    """Return z of the sums of `values` over each row, as in `getis_ord_gi_star`, shape (n,).

    Rows that hold each unit itself make it Gi*; z is 0 where it has no variance.
    """
    n = values.size
    size = weights.cardinality.astype(np.float64)
    deviation = values.std() * np.sqrt((n * size - size**2) / (n - 1))
    above = weights.total(values) - values.mean() * size
    z = np.divide(above, deviation, out=np.zeros(n), where=deviation > 0)
    return np.asarray(z, dtype=np.float64)


def _convolved(values: Floats, others: Weights, alternative: Alternative) -> tuple[Floats, Floats]:
    """Return P(sum >= seen) and P(sum <= seen) over k draws with replacement from all values.

    A side that the alternative does not look at is 1.
    """
    levels = on_levels(values)
    # An island has nobody to be summed: its own value is held against one draw.
    draws = np.where(others.islands, 1, others.cardinality)
    seen = np.where(others.islands, levels, np.rint(others.total(levels.astype(np.float64))))
    drawn = (levels, draws, seen.astype(np.int64))
    nothing = np.ones(values.size)
    return (
        nothing if alternative == "less" else upper_tail(*drawn),
        nothing if alternative == "greater" else lower_tail(*drawn),
    )


def _permuted(
    values: Floats, others: Weights, permutations: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the same two tails over random draws without replacement from the other units."""
    n = values.size
    random = np.random.default_rng(seed)
    draws = np.where(others.islands, 1, others.cardinality)
    seen = np.where(others.islands, values, others.total(values))
    # Sums of the same values in another order differ in the last digits; a tie must stay a tie.
    slack = 1e-12 * float(np.abs(values).max()) * int(draws.max() + 1)
    low, high = seen - slack, seen + slack
    at_least = np.zeros(n, dtype=np.int64)
    at_most = np.zeros(n, dtype=np.int64)
    for start in range(0, permutations, block := max(1, DRAWS_AT_ONCE // n)):
        rounds = min(block, permutations - start)
        # One table of draws serves all units, as in GeoDa and esda. A unit takes the first k that
        # are not itself; nearly always these are the first k, whose sums are there for all.
        table = _distinct(random, rounds, int(draws.max()) + 1, n)
        sums = np.cumsum(values[table], axis=1)
        for k in np.unique(draws):
            units, ordered = draws == k, np.sort(sums[:, k - 1])
            at_least[units] += rounds - np.searchsorted(ordered, low[units], "left")
            at_most[units] += np.searchsorted(ordered, high[units], "right")
        row, place = np.nonzero(np.arange(table.shape[1]) < draws[table])
        own = table[row, place]
        taken, instead = sums[row, draws[own] - 1], sums[row, draws[own]] - values[own]
        np.add.at(at_least, own, (instead >= low[own]) * 1 - (taken >= low[own]))
        np.add.at(at_most, own, (instead <= high[own]) * 1 - (taken <= high[own]))
    return (at_least + 1) / (permutations + 1), (at_most + 1) / (permutations + 1)


def _distinct(random: np.random.Generator, rounds: int, k: int, n: int) -> Ints:
    """Return `rounds` ordered draws of k distinct numbers below n, shape (rounds, k)."""
    if k * k > n:
        return np.argsort(random.random((rounds, n)), axis=1)[:, :k]
    # Few of many: a row with a repeated number is rare and drawn anew as a whole.
    table = random.integers(0, n, (rounds, k))
    while (again := (np.diff(np.sort(table, axis=1), axis=1) == 0).any(axis=1)).any():
        table[again] = random.integers(0, n, (int(again.sum()), k))
    return table
