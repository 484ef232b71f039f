"""New, lasting or fading? Hot spots step by step in a cube of space and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from geo.hotspots.convolution import lower_tail, on_levels, upper_tail
from geo.hotspots.fdr import false_discovery_q
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Bools, Floats, Result
from geo.hotspots.trend import Correction, mann_kendall
from geo.hotspots.weights import Weights

Pattern = Literal[
    "none",
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "sporadic",
    "oscillating",
    "historical",
]

# What a leader reads; the expert's panel shows the pattern itself.
PLAIN = {pattern: pattern for pattern in get_args(Pattern)} | {
    "sporadic": "on_and_off",
    "oscillating": "on_and_off",
    "historical": "past",
}

# A unit that is hot in so large a share of all steps is so lastingly.
_LASTING = 0.9
_SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class Emerging(Result):
    """The pattern of each unit over time.

    Attributes
    ----------
    z, q
        Space-time Gi* of each unit and step, and its q over the whole cube; shape (n, steps).
    hot, cold
        True where q <= 0.05 on that side; shape (n, steps).
    pattern, side
        One of `Pattern`, and 1 (hot), -1 (cold) or 0 (none): with them the seventeen classes.
    plain
        The pattern in a leader's words, a value of `PLAIN`.
    mk_z, mk_p, mk_q
        Mann-Kendall's test of each unit's z, and its q over all units.
    share_hot
        Share of the steps in which the unit is hot.
    last_hot
        The last step in which it is, counted from 0; -1: never.
    no_variation
        True when all values of the cube are equal: no step is hot.
    """

    z: Floats
    q: Floats
    hot: Bools
    cold: Bools
    pattern: tuple[Pattern, ...]
    side: npt.NDArray[np.int64]
    plain: tuple[str, ...]
    mk_z: Floats
    mk_p: Floats
    mk_q: Floats
    share_hot: Floats
    last_hot: npt.NDArray[np.int64]
    no_variation: bool


def emerging_hot_spots(
    cube: npt.ArrayLike,
    weights: Weights,
    *,
    time_lag: int = 1,
    alternative: Literal["greater", "two-sided"] = "greater",
    fdr: Literal["cube", "none"] = "cube",
    trend: Correction = "hamed_rao",
    step: str = "week",
    window: str = "",
    version: str = "",
) -> Emerging:
    """Return where hot spots are new, growing, lasting, fading or past.

    Parameters
    ----------
    cube
        One finite value by unit and step, shape (n, steps), the oldest step first; for events use
        shrunk rates, not counts. Three steps or more.
    weights
        Neighbours; each unit is added to its own neighbourhood.
    time_lag
        How many steps before count as near.
    alternative
        "greater" looks for hot steps only. "two-sided" also for cold ones, which are not
        calibrated on shrunk rates of small counts (see `getis_ord_gi_star`).
    fdr
        "cube" corrects over all units and steps. "none" is the textbook's way; on a year of
        noise it names some hundred of 2,000 grids.
    trend
        How the trend of z allows for its memory; neighbouring steps share counts, so it has one.

    Raises
    ------
    UnusableCounts
        If shapes differ, a value is not finite, or the lag is negative.

    Notes
    -----
    Space-time Gi* as in ArcGIS's Emerging Hot Spot Analysis: the mean and variance are those of
    the whole cube, a neighbourhood is a unit and its neighbours in this step and `time_lag`
    before. p is that of `getis_ord_gi_star`: the convolution of the cube's values, a unit's own
    value in this step kept fixed. The classes are those that Esri publishes; a unit that was cold
    and is hot for the first time meets "new" and "oscillating" and is called new.
    """
    values = np.asarray(cube, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != weights.n or values.shape[1] < 3:
        raise UnusableCounts(
            name="cube", reason=f"{weights.n} rows of three steps or more are needed"
        )
    if not np.isfinite(values).all() or time_lag < 0:
        raise UnusableCounts(name="cube", reason="finite values and a lag of 0 or more are needed")
    n, steps = values.shape
    flat = float(np.ptp(values)) <= 1e-12 * max(float(np.abs(values).max()), 1e-300)
    if flat:
        z, p, above = np.zeros((n, steps)), np.ones((n, steps)), np.ones((n, steps), np.bool_)
    else:
        near = weights.with_self
        z = _standardised(values, near, time_lag)
        drawn = _draws(on_levels(values), near, time_lag)
        p, above = upper_tail(*drawn).reshape(n, steps), np.ones((n, steps), np.bool_)
        if alternative == "two-sided":
            less = lower_tail(*drawn).reshape(n, steps)
            above = p <= less
            p = np.minimum(2 * np.minimum(p, less), 1.0)
    q = false_discovery_q(p.ravel()).reshape(n, steps) if fdr == "cube" else p
    hot = (q <= _SIGNIFICANT) & above
    cold = (q <= _SIGNIFICANT) & ~above & (alternative == "two-sided")
    rising = mann_kendall(z, correction=trend)
    mk_q = false_discovery_q(rising.p)
    direction = np.where(mk_q <= _SIGNIFICANT, np.sign(rising.z), 0.0).astype(np.int64)
    pattern, side = patterns(hot, cold, direction)
    return Emerging(
        n=n,
        settings={
            "method": "emerging_hot_spots",
            "step": step,
            "time_lag": time_lag,
            "alternative": alternative,
            "fdr": fdr,
            "trend": trend,
            "weights": "binary, self included",
        },
        window=window,
        version=version,
        z=z,
        q=q,
        hot=hot,
        cold=cold,
        pattern=pattern,
        side=side,
        plain=tuple(PLAIN[one] for one in pattern),
        mk_z=rising.z,
        mk_p=rising.p,
        mk_q=mk_q,
        share_hot=hot.mean(axis=1),
        last_hot=np.where(hot.any(axis=1), steps - 1 - hot[:, ::-1].argmax(axis=1), -1),
        no_variation=flat,
    )


def patterns(
    hot: Bools, cold: Bools, direction: npt.NDArray[np.int64]
) -> tuple[tuple[Pattern, ...], npt.NDArray[np.int64]]:
    """Return the pattern of each row and its side: 1 hot, -1 cold, 0 none.

    Parameters
    ----------
    hot, cold
        Significant steps, shape (n, steps).
    direction
        1 where the series rises significantly, -1 where it falls, else 0; shape (n,).
    """
    found = np.full(len(hot), "none", dtype=object)
    side = np.zeros(len(hot), np.int64)
    for sign, mine, other in ((-1, cold, hot), (1, hot, cold)):
        # Hot comes last: a unit that is mostly hot and cold at the end is a past hot spot.
        lasting = mine.mean(axis=1) >= _LASTING
        now = mine[:, -1]
        # Steps of the run that reaches the end; all others come before it.
        run = np.where(mine.all(axis=1), mine.shape[1], (~mine[:, ::-1]).argmax(axis=1))
        never_before = mine.sum(axis=1) == run
        grows = sign * direction
        cases: list[tuple[Pattern, Bools]] = [
            ("historical", lasting & ~now),
            ("sporadic", now),
            ("oscillating", now & other[:, :-1].any(axis=1)),
            ("consecutive", now & never_before & (run > 1)),
            ("new", now & never_before & (run == 1)),
            ("persistent", now & lasting),
            ("intensifying", now & lasting & (grows > 0)),
            ("diminishing", now & lasting & (grows < 0)),
        ]
        for name, where in cases:
            found[where], side[where] = name, sign
    return tuple(found.tolist()), side


def _around(values: Floats, near: Weights, time_lag: int) -> Floats:
    """Return the sums over each neighbourhood: units near, this step and those before."""
    summed = near.total(values)
    whole = summed.copy()
    for lag in range(1, min(time_lag, values.shape[1] - 1) + 1):
        whole[:, lag:] += summed[:, :-lag]
    return whole


def _sizes(near: Weights, steps: int, time_lag: int) -> Floats:
    """Return how many values each of these sums has."""
    return np.outer(near.cardinality, 1.0 + np.minimum(np.arange(steps), time_lag))


def _standardised(values: Floats, near: Weights, time_lag: int) -> Floats:
    size = _sizes(near, values.shape[1], time_lag)
    deviation = values.std() * np.sqrt((values.size * size - size**2) / (values.size - 1))
    above = _around(values, near, time_lag) - values.mean() * size
    z = np.divide(above, deviation, out=np.zeros(values.shape), where=deviation > 0)
    return np.asarray(z, dtype=np.float64)


def _draws(
    levels: npt.NDArray[np.int64], near: Weights, time_lag: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return levels, how many of them each neighbourhood has besides its own, and their sum."""
    own = levels.astype(np.float64)
    size = _sizes(near, levels.shape[1], time_lag) - 1
    others = _around(own, near, time_lag) - own
    # Nobody near and no step before: the value itself is held against one draw.
    alone = size == 0
    draws = np.where(alone, 1, size).astype(np.int64)
    seen = np.rint(np.where(alone, own, others)).astype(np.int64)
    return levels, draws.ravel(), seen.ravel()
