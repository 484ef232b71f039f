"""More or less than before? The neighbourhood change test between two periods."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.hotspots.fdr import false_discovery_q
from geo.hotspots.inputs import UnusableCounts, as_counts, as_exposure
from geo.hotspots.result import Bools, Floats, Ints, Result
from geo.hotspots.tails import binomial_mid_p
from geo.hotspots.weights import Weights

MIN_EXPECTED = 1.0


@dataclass(frozen=True, kw_only=True)
class Change(Result):
    """Two periods compared, unit by unit with its neighbours.

    Attributes
    ----------
    now, then
        Events of the unit and its neighbours in each period.
    expected
        What `now` would be if nothing but exposure (and the common trend) had changed.
    rate_ratio
        Rate now / rate then, against the common trend when that is taken out; infinity when there
        was nothing then, NaN when there was nothing in both.
    p_mid, q
        Two-sided mid-p and its Benjamini-Hochberg q among the judged units.
    direction
        1 more, -1 less, 0 neither: the sign of the ratio, whether significant or not.
    too_few
        True where less than one event is expected in either period: not judged, q is NaN.
    no_denominator
        True where there are events in a period without exposure; they are in no sum.
    islands
        True where the unit has no neighbour and was tested by itself.
    """

    now: Floats
    then: Floats
    expected: Floats
    rate_ratio: Floats
    p_mid: Floats
    q: Floats
    direction: Ints
    too_few: Bools
    no_denominator: Bools
    islands: Bools
    _odds: Floats

    @cached_property
    def ci95(self) -> Floats:
        """Return the 95 % interval of the ratio, shape (n, 2)."""
        return _share_interval(self.now, self.now + self.then) * self._odds[:, np.newaxis]


def local_change(
    events_now: npt.ArrayLike,
    events_then: npt.ArrayLike,
    exposure_now: npt.ArrayLike,
    exposure_then: npt.ArrayLike,
    weights: Weights,
    *,
    against: Literal["itself", "common trend"] = "itself",
    window: str = "",
    version: str = "",
) -> Change:
    """Return where a unit with its neighbours has more or fewer events than in another period.

    Parameters
    ----------
    events_now, events_then
        Events in each period, shape (n,).
    exposure_now, exposure_then
        Days, or households x days; a single number or shape (n,).
    weights
        Neighbours; each unit is added to its own neighbourhood.
    against
        "itself": the rate then. "common trend": the rate then times the change of all units
        together, so that a busy month everywhere is not news anywhere.

    Raises
    ------
    UnusableCounts
        If lengths differ or numbers are negative or not finite.

    Notes
    -----
    Given the sum of both periods, events now are binomial with the share that exposure gives them
    (Przyborowski & Wilenski 1940, Biometrika 31:313); a lasting difference between units
    cancels. Mid-p: Lancaster (1961), JASA 56:223. The interval is the equal-tailed Jeffreys
    interval of the share (Brown, Cai & DasGupta 2001, Statistical Science 16:101), which follows
    the mid-p test closely.
    """
    now_alone = as_counts(events_now, "events_now")
    n = now_alone.size
    then_alone = as_counts(events_then, "events_then", n)
    if weights.n != n:
        raise UnusableCounts(name="weights", reason=f"{weights.n} rows for {n} units")
    seen_now = as_exposure(exposure_now, "exposure_now", n)
    seen_then = as_exposure(exposure_then, "exposure_then", n)
    watched = (seen_now > 0) & (seen_then > 0)
    near = weights.with_self
    now, then = (near.total(np.where(watched, e, 0.0)) for e in (now_alone, then_alone))
    exposed_now, exposed_then = (
        near.total(np.where(watched, e, 0.0)) for e in (seen_now, seen_then)
    )
    trend = 1.0
    if against == "common trend":
        trend = _common_trend(
            now_alone[watched], then_alone[watched], seen_now[watched], seen_then[watched]
        )
    both = now + then
    tested = exposed_now > 0
    weighted_now, total = trend * exposed_now, trend * exposed_now + exposed_then
    share = np.divide(weighted_now, total, out=np.full(n, np.nan), where=tested)
    p = np.full(n, np.nan)
    rest = np.divide(exposed_then, total, out=np.full(n, np.nan), where=tested)
    p[tested] = binomial_mid_p(now[tested], both[tested], share[tested], rest[tested])
    odds = np.divide(1.0 - share, share, out=np.full(n, np.nan), where=share > 0)
    ratio = np.divide(now, then, out=np.full(n, np.inf), where=then > 0) * odds
    ratio[both == 0] = np.nan
    expected = both * share
    too_few = ~(np.minimum(expected, both - expected) >= MIN_EXPECTED)
    gap = np.where(tested, now - expected, 0.0)
    return Change(
        n=n,
        settings={"method": "local_change", "against": against, "min_expected": MIN_EXPECTED},
        window=window,
        version=version,
        now=now,
        then=then,
        expected=expected,
        rate_ratio=ratio,
        p_mid=p,
        q=false_discovery_q(np.where(too_few, np.nan, p)),
        direction=np.sign(np.where(np.abs(gap) < 1e-9, 0.0, gap)).astype(np.int64),
        too_few=too_few,
        no_denominator=~watched & (now_alone + then_alone > 0),
        islands=near.islands,
        _odds=odds,
    )


def _common_trend(now: Floats, then: Floats, exposed_now: Floats, exposed_then: Floats) -> float:
    before = then.sum() / exposed_then.sum() if exposed_then.sum() > 0 else 0.0
    after = now.sum() / exposed_now.sum() if exposed_now.sum() > 0 else 0.0
    if not (before > 0 and after > 0):
        raise UnusableCounts(name="events", reason="a common trend needs events in both periods")
    return float(after / before)


def _share_interval(now: Floats, both: Floats) -> Floats:
    """Return the Jeffreys interval of the share as odds, shape (n, 2)."""
    a, b = now + 0.5, both - now + 0.5
    low = np.where(now > 0, special.betaincinv(a, b, 0.025), 0.0)
    high = np.where(now < both, special.betaincinv(a, b, 0.975), 1.0)
    ends = np.column_stack((low, high))
    odds = np.divide(ends, 1.0 - ends, out=np.full(ends.shape, np.inf), where=ends < 1.0)
    odds[both == 0] = np.nan
    return np.asarray(odds, dtype=np.float64)
