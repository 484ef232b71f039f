"""Rates that small units can be compared by: empirical Bayes shrinkage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int64, njit, types, void
from scipy import special

from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.result import Bools, Floats, Ints, Result
from geo.hotspots.weights import Weights

PER_HOUSEHOLDS = 1000.0
PER_DAYS = 30.0

_GIVEN = types.Array(float64, 1, "C", readonly=True)
_MADE = float64[::1]


@dataclass(frozen=True, kw_only=True)
class ShrunkRates(Result):
    """Empirical Bayes rates of n units.

    Attributes
    ----------
    rate
        Events per 1,000 households per 30 days, shrunk. A unit without households has the prior
        mean, since nothing speaks against it.
    per_household
        The same as events per household in the window.
    shrinkage
        Share of the prior in the rate: 0 = the unit's own rate, 1 = the prior mean.
    prior_mean, prior_variance
        Mean and variance of the prior (Marshall's b and a) per household in the window, shape (n,).
    no_variation
        True where the prior variance is 0: the units' rates do not differ beyond chance.
    no_denominator
        True where there are events but no households; these events are in no rate.
    islands
        True where a unit has no neighbour (local scope; elsewhere False).
    """

    rate: Floats
    per_household: Floats
    shrinkage: Floats
    prior_mean: Floats
    prior_variance: Floats
    no_variation: Bools
    no_denominator: Bools
    islands: Bools
    _events: Floats
    _people: Floats

    @cached_property
    def ci95(self) -> Floats:
        """Return the 95 % interval of `per_household`, shape (n, 2).

        The gamma posterior of the same model; without variation both ends are the prior mean. It
        takes twenty times as long as the rates, which are often all that is wanted.
        """
        return _posterior_interval(self._events, self._people, self.prior_mean, self.prior_variance)


def empirical_bayes(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    *,
    scope: Literal["global", "local"] = "global",
    weights: Weights | None = None,
    days: float = PER_DAYS,
    window: str = "",
    version: str = "",
) -> ShrunkRates:
    """Return rates shrunk towards the mean of all units, or of the unit with its neighbours.

    Parameters
    ----------
    events, population
        Events in the window and households, shape (n,).
    scope
        "global": one prior for all. "local": the prior of unit i is that of i and its neighbours.
    weights
        Needed by the local scope; each unit is added to its own neighbourhood.
    days
        Length of the window, to express the rate per 30 days.

    Raises
    ------
    UnusableCounts
        If lengths differ, numbers are negative or not finite, nobody lives anywhere, `days` is
        not positive, or the local scope comes without weights.

    Notes
    -----
    Marshall (1991), Applied Statistics 40:283. Units without households are left out of the
    global prior. The local form is that of GeoDa, spdep `EBlocal(geoda=TRUE)` and esda
    `Spatial_Empirical_Bayes`; the other published form differs by up to 69 %.
    """
    people = as_counts(population, "households")
    n = people.size
    counted = as_counts(events, "events", n)
    if not days > 0:
        raise UnusableCounts(name="days", reason="the window has no length")
    happened, mean, variance, shrinkage, per_household = np.empty((5, n))
    no_denominator = np.empty(n, dtype=np.bool_)
    if not _set_apart(counted, people, happened, no_denominator):
        raise UnusableCounts(name="households", reason="no unit has any")
    if scope == "global":
        _global_prior(happened, people, mean, variance)
        islands = np.zeros(n, dtype=np.bool_)
    elif weights is None:
        raise UnusableCounts(name="weights", reason="the local scope needs neighbours")
    else:
        near = weights.with_self
        _local_prior(happened, people, near.indptr, near.indices, mean, variance)
        islands = weights.islands
    _shrink(happened, people, mean, variance, shrinkage, per_household)
    return ShrunkRates(
        n=n,
        settings={"method": "empirical_bayes", "scope": scope, "form": "geoda", "days": days},
        window=window,
        version=version,
        rate=per_household * (PER_HOUSEHOLDS * PER_DAYS / days),
        per_household=per_household,
        shrinkage=shrinkage,
        prior_mean=mean,
        prior_variance=variance,
        no_variation=variance <= 0,
        no_denominator=no_denominator,
        islands=islands,
        _events=happened,
        _people=people,
    )


def _posterior_interval(events: Floats, people: Floats, mean: Floats, variance: Floats) -> Floats:
    ends = np.column_stack((mean, mean))
    varied = variance > 0
    shape, per = mean[varied] ** 2 / variance[varied], mean[varied] / variance[varied]
    for column, level in enumerate((0.025, 0.975)):
        quantile = special.gammaincinv(shape + events[varied], level)
        ends[varied, column] = quantile / (per + people[varied])
    return ends


@njit(int64(_GIVEN, _GIVEN, _MADE, boolean[::1]), cache=True, nogil=True)
def _set_apart(counted: Floats, people: Floats, happened: Floats, homeless: Bools) -> int:
    """Write the events where somebody lives and which have no such place; return the units."""
    units = 0
    for i in range(people.size):
        inhabited = people[i] > 0.0
        happened[i] = counted[i] if inhabited else 0.0
        homeless[i] = counted[i] > happened[i]
        units += inhabited
    return units


@njit(void(_GIVEN, _GIVEN, _MADE, _MADE), cache=True, nogil=True, error_model="numpy")
def _global_prior(events: Floats, people: Floats, mean: Floats, variance: Floats) -> None:
    """Write the mean and the variance of the rates of all units that have households."""
    happened, lived, units = 0.0, 0.0, 0
    for i in range(people.size):
        happened += events[i]
        lived += people[i]
        units += people[i] > 0.0
    common, spread = happened / lived, 0.0
    for i in range(people.size):
        if people[i] > 0.0:
            spread += people[i] * (events[i] / people[i] - common) ** 2
    mean[:] = common
    variance[:] = max((spread - common * units) / lived, 0.0)


@njit(
    void(_GIVEN, _GIVEN, int64[::1], int64[::1], _MADE, _MADE),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _local_prior(
    events: Floats, people: Floats, indptr: Ints, indices: Ints, mean: Floats, variance: Floats
) -> None:
    """Write the mean and the variance of the rates of each unit's row; 0 where nobody lives."""
    for i in range(people.size):
        row = indices[indptr[i] : indptr[i + 1]]
        happened, lived = 0.0, 0.0
        for j in row:
            happened += events[j]
            lived += people[j]
        mean[i] = variance[i] = 0.0
        if lived <= 0.0:
            continue
        mean[i] = happened / lived
        # Entry by entry instead of by expanded squares, which would cancel to noise.
        spread = 0.0
        for j in row:
            if people[j] > 0.0:
                spread += people[j] * (events[j] / people[j] - mean[i]) ** 2
        variance[i] = max((spread - mean[i] * row.size) / lived, 0.0)


@njit(void(_GIVEN, _GIVEN, _MADE, _MADE, _MADE, _MADE), cache=True, nogil=True, error_model="numpy")
def _shrink(
    events: Floats,
    people: Floats,
    mean: Floats,
    variance: Floats,
    shrinkage: Floats,
    per_household: Floats,
) -> None:
    """Write the share of the prior and the shrunk rate; all prior where nothing tells apart."""
    for i in range(people.size):
        shrinkage[i], per_household[i] = 1.0, mean[i]
        if people[i] > 0.0 and variance[i] > 0.0:
            whole = 1.0 / (mean[i] + variance[i] * people[i])
            shrinkage[i] = mean[i] * whole
            per_household[i] = mean[i] * shrinkage[i] + variance[i] * events[i] * whole
