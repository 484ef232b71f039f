"""Where is the rate above the county's? The neighbourhood excess test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.hotspots.dispersion import gamma_variance
from geo.hotspots.fdr import false_discovery_q
from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.result import Bools, Floats, Result
from geo.hotspots.tails import beta_tail
from geo.hotspots.weights import Weights

MIN_EXPECTED = 1.0


@dataclass(frozen=True, kw_only=True)
class Excess(Result):
    """What was counted against what households let expect, unit by unit with its neighbours.

    Attributes
    ----------
    observed, expected
        Events of the unit and its neighbours, and what they would be at the common rate.
    ratio
        observed / expected; NaN where nothing is expected.
    p, q
        One-sided p of so many or more, and its Benjamini-Hochberg q among the judged units; NaN
        where nothing is expected, q also where too little is.
    dispersion
        Variance of relative rates between units that the test allows for (0 = Poisson).
    spread
        The same for each neighbourhood: variance / expected^2 - 1 / expected.
    too_few
        True where less than one event is expected: not judged, q is NaN.
    no_denominator
        True where there are events but no households; these events are in no sum.
    islands
        True where the unit has no neighbour and was tested by itself.
    """

    observed: Floats
    expected: Floats
    ratio: Floats
    p: Floats
    q: Floats
    dispersion: float
    spread: Floats
    too_few: Bools
    no_denominator: Bools
    islands: Bools

    @cached_property
    def ci95(self) -> Floats:
        """Return the 95 % interval of the ratio by the same distribution as p, shape (n, 2).

        It is not corrected for the number of units, as q is.
        """
        return ratio_interval(self.observed, self.expected, self.spread)


def local_excess(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    weights: Weights,
    *,
    dispersion: Literal["negbin", "poisson"] | float = "negbin",
    window: str = "",
    version: str = "",
) -> Excess:
    """Return where a unit with its neighbours has more events than its households let expect.

    Parameters
    ----------
    events, population
        Events in the window and households, shape (n,).
    weights
        Neighbours; each unit is added to its own neighbourhood.
    dispersion
        "negbin" estimates from these counts how much rates differ between units by themselves; a
        number is taken as that variance (from a longer, quieter period). "poisson" is 0: on real
        counties it calls most maps hot and is offered for comparison.

    Raises
    ------
    UnusableCounts
        If lengths differ, numbers are negative or not finite, or nobody lives anywhere.

    Notes
    -----
    Under the null each unit's rate is the common rate times an independent gamma variate of mean
    1 and variance phi. The sum over a neighbourhood has mean E and variance E + phi sum(E_j^2) and
    is taken as negative binomial with these moments (Clayton & Kaldor 1987; Lawless 1987). A
    smooth regional trend is not in this null: it is found, truthfully, as excess. The interval is
    Garwood's (1936) exact Poisson interval. On null maps any unit is marked at q <= 0.05 in 1 %
    (equal rates) to 5 % (gamma rates, shape 4) of maps; plain p, not mid-p, keeps it there.
    """
    people = as_counts(population, "households")
    n = people.size
    counted = as_counts(events, "events", n)
    if weights.n != n:
        raise UnusableCounts(name="weights", reason=f"{weights.n} rows for {n} units")
    if not people.sum() > 0:
        raise UnusableCounts(name="households", reason="no unit has any")
    happened = np.where(people > 0, counted, 0.0)
    alone = people * (happened.sum() / people.sum())
    near = weights.with_self
    observed, expected = near.total(happened), near.total(alone)
    if dispersion == "negbin":
        phi = gamma_variance(happened, alone)
    else:
        phi = 0.0 if dispersion == "poisson" else float(dispersion)
    judged = expected > 0
    spread = np.divide(phi * near.total(alone**2), expected**2, out=np.zeros(n), where=judged)
    p = np.full(n, np.nan)
    p[judged] = upper_tail(observed[judged], expected[judged], spread[judged])
    too_few = expected < MIN_EXPECTED
    return Excess(
        n=n,
        settings={"method": "local_excess", "dispersion": dispersion, "min_expected": MIN_EXPECTED},
        window=window,
        version=version,
        observed=observed,
        expected=expected,
        ratio=np.divide(observed, expected, out=np.full(n, np.nan), where=judged),
        p=p,
        q=false_discovery_q(np.where(too_few, np.nan, p)),
        dispersion=phi,
        spread=spread,
        too_few=too_few,
        no_denominator=(people == 0) & (counted > 0),
        islands=near.islands,
    )


def upper_tail(observed: Floats, expected: Floats, spread: Floats) -> Floats:
    """Return P(X >= observed) for X of mean `expected` and variance expected + spread expected^2.

    Negative binomial where spread > 0, Poisson where it is 0.
    """
    tail = np.ones(observed.shape)
    some = observed > 0
    poisson = some & (spread <= 0)
    tail[poisson] = special.gammainc(observed[poisson], expected[poisson])
    mixed = some & (spread > 0)
    size = 1.0 / spread[mixed]
    both = expected[mixed] + size
    tail[mixed] = beta_tail(observed[mixed], size, expected[mixed] / both, size / both)
    return tail


def ratio_interval(
    observed: Floats, expected: Floats, spread: Floats, level: float = 0.95
) -> Floats:
    """Return the interval of observed / expected that goes with `upper_tail`, shape (n, 2).

    It holds the ratios that a two-sided test by the same distribution would not reject, so its
    lower end is above 1 just where the upper tail is below (1 - level) / 2. The lower end is 0
    when nothing was observed; NaN without expected.

    Notes
    -----
    Clopper-Pearson's inversion: of the Poisson where spread is 0 (Garwood 1936, Biometrika
    28:437), else of the negative binomial through its beta form.
    """
    outside = (1.0 - level) / 2.0
    low, high = np.zeros(observed.shape), np.empty(observed.shape)
    some, poisson = observed > 0, spread <= 0
    low[some & poisson] = special.gammaincinv(observed[some & poisson], outside)
    high[poisson] = special.gammaincinv(observed[poisson] + 1.0, 1.0 - outside)
    size = 1.0 / np.where(poisson, 1.0, spread)

    def mean(count: Floats, size: Floats, share: float) -> Floats:
        """Return the mean at which P(X >= count) is `share`; infinite beyond what floats hold."""
        above = special.betaincinv(count, size, share)
        below = special.betaincinv(size, count, 1.0 - share)  # 1 - above, without cancellation
        found = np.full(above.shape, np.inf)
        np.divide(size * above, below, out=found, where=below > 0)
        return found

    mixed = some & ~poisson
    low[mixed] = mean(observed[mixed], size[mixed], outside)
    high[~poisson] = mean(observed[~poisson] + 1.0, size[~poisson], 1.0 - outside)
    scale = np.where(expected > 0, expected, np.nan)
    return np.column_stack((low / scale, high / scale))
