"""Rates that small units can be compared by: empirical Bayes shrinkage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.result import Bools, Floats, Result
from geo.hotspots.weights import Weights

PER_HOUSEHOLDS = 1000.0
PER_DAYS = 30.0


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
    if not people.sum() > 0:
        raise UnusableCounts(name="households", reason="no unit has any")
    if not days > 0:
        raise UnusableCounts(name="days", reason="the window has no length")
    inhabited = people > 0
    happened = np.where(inhabited, counted, 0.0)
    raw = np.divide(happened, people, out=np.zeros(n), where=inhabited)
    if scope == "global":
        mean, variance = _global_prior(happened, people, raw)
        islands = np.zeros(n, dtype=np.bool_)
    elif weights is None:
        raise UnusableCounts(name="weights", reason="the local scope needs neighbours")
    else:
        mean, variance = _local_prior(happened, people, raw, weights.with_self)
        islands = weights.islands
    chance = np.divide(mean, people, out=np.full(n, np.inf), where=inhabited)
    shrinkage = np.ones(n)
    varied = (variance > 0) & inhabited
    shrinkage[varied] = chance[varied] / (variance[varied] + chance[varied])
    per_household = (1.0 - shrinkage) * raw + shrinkage * mean
    return ShrunkRates(
        n=n,
        settings={"method": "empirical_bayes", "scope": scope, "form": "geoda", "days": days},
        window=window,
        version=version,
        rate=per_household * PER_HOUSEHOLDS * PER_DAYS / days,
        per_household=per_household,
        shrinkage=shrinkage,
        prior_mean=mean,
        prior_variance=variance,
        no_variation=variance <= 0,
        no_denominator=~inhabited & (counted > 0),
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


def _global_prior(events: Floats, people: Floats, raw: Floats) -> tuple[Floats, Floats]:
    n = people.size
    total = people.sum()
    mean = events.sum() / total
    spread = float((people * (raw - mean) ** 2).sum() / total)
    variance = max(spread - mean * np.count_nonzero(people) / total, 0.0)
    return np.full(n, mean), np.full(n, variance)


def _local_prior(
    events: Floats, people: Floats, raw: Floats, weights: Weights
) -> tuple[Floats, Floats]:
    around = weights.total(people)
    lived = around > 0
    mean = np.divide(weights.total(events), around, out=np.zeros(people.size), where=lived)
    # Entry by entry instead of by expanded squares, which would cancel to noise.
    owners = weights.owners
    spread = people[weights.indices] * (raw[weights.indices] - mean[owners]) ** 2
    summed = np.add.reduceat(spread, weights.indptr[:-1])
    between = np.divide(summed, around, out=np.zeros(people.size), where=lived)
    chance = np.divide(mean * weights.cardinality, around, out=np.zeros(people.size), where=lived)
    return mean, np.maximum(between - chance, 0.0)
