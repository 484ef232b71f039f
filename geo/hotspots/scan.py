"""Where and since when is it more than chance? Scan statistics over circles and days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.hotspots import scan_kernels as kernels
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Floats, Ints, Result
from geo.hotspots.scan_replicates import Labelled, Permuted, Question, Thrown, maxima
from geo.hotspots.zones import Zones

Model = Literal["stp", "poisson", "bernoulli"]
Mode = Literal["prospective", "retrospective"]
Report = Literal["no_overlap", "gini"]

# Largest shares of the area at risk among which the Gini coefficient chooses.
_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Cluster:
    """A circle and a run of days with more cases than chance lets expect.

    Attributes
    ----------
    units
        Members, the nearest to the centre first.
    centre
        The unit that the circle was drawn around.
    radius_m
        Distance from the centre to the farthest member.
    start, end
        First and last day, counted from 0; 0 and 0 of a purely spatial scan.
    observed, expected
        Cases in the window.
    relative_risk
        Inside over outside the window; infinite where all cases are inside.
    llr
        Log likelihood ratio.
    p
        (1 + replicates whose highest ratio is no lower) / (1 + replicates). It allows for all
        places, sizes and durations that were looked at.
    recurrence_days
        How seldom chance alone would show this in analyses made as often as `interval_days`
        says; None unless prospective.
    """

    units: Ints
    centre: int
    radius_m: float
    start: int
    end: int
    observed: int
    expected: float
    relative_risk: float
    llr: float
    p: float
    recurrence_days: float | None


@dataclass(frozen=True, kw_only=True)
class Scan(Result):
    """What a scan found.

    Attributes
    ----------
    clusters
        The strongest first; no two share a unit.
    m0
        Replicates that stay below this are only known to do so.
    maxima
        Highest ratio of each replicate, 0 where it is below `m0`; shape (replicates,).
    largest_share
        Largest share of the area at risk that a reported circle may hold: chosen by the Gini
        coefficient, or as given.
    """

    clusters: tuple[Cluster, ...]
    m0: float
    maxima: Floats
    largest_share: float


class _Limits(NamedTuple):
    """Which windows are looked at, and which are reported."""

    max_days: int
    ends_today: bool
    min_cases: int
    min_ratio: float
    max_clusters: int


def scan(
    cases: npt.ArrayLike,
    zones: Zones,
    *,
    model: Model = "stp",
    population: npt.ArrayLike | None = None,
    controls: npt.ArrayLike | None = None,
    mode: Mode = "prospective",
    max_days: int = 7,
    max_case_share: float = 0.1,
    min_cases: int = 2,
    min_ratio: float = 1.2,
    max_clusters: int = 10,
    replicates: int = 999,
    seed: int = 1,
    report: Report = "no_overlap",
    interval_days: float = 1.0,
    threads: int = 2,
    window: str = "",
    version: str = "",
) -> Scan:
    """Return the windows of circle and days with the most unlikely excess of cases.

    Parameters
    ----------
    cases
        Cases by unit and day, shape (n, days); shape (n,) asks where without asking when.
    zones
        The circles to look at (`zones.circles`).
    model
        "stp", the space-time permutation: needs cases only and allows for whatever differs
        lastingly between places or, everywhere alike, between days. "poisson": against
        `population`. "bernoulli": against `controls`.
    population
        Poisson: households or expected cases, shape (n,) or (n, days). Only ratios count.
    controls
        Bernoulli: individuals who are no cases, shape as `cases`.
    mode
        "prospective" looks at windows that last until the last day, "retrospective" at all.
    max_days
        Longest window.
    max_case_share
        Largest share of what is at risk in a circle: of cases (permutation), population or
        individuals. A unit beyond it is still looked at alone.
    min_cases, min_ratio
        Windows with fewer cases are not looked at; those with observed / expected below the ratio
        are not reported, since with many cases trifles become significant.
    max_clusters
        How many to report at most.
    replicates, seed
        Monte Carlo replicates. Equal seeds give equal results, whatever `threads` is.
    report
        "no_overlap": each circle as large as its own excess makes it. "gini": the largest circle
        is limited to where the Gini coefficient of the reported clusters is highest.
    interval_days
        How often such an analysis is made, for `recurrence_days`.

    Raises
    ------
    UnusableCounts
        If shapes differ, a number is negative, no integer or not finite, or nothing is at risk.

    Notes
    -----
    Kulldorff (1997), Commun. Statist. Theory Meth. 26:1481 (scan, Poisson and Bernoulli);
    Kulldorff (2001), JRSS A 164:61 (prospective); Kulldorff et al. (2005), PLoS Med 2:e59
    (space-time permutation); Han et al. (2016), Int J Health Geogr 15:27 (Gini). Clusters below
    the strongest are held against the distribution of the strongest, as usual: their p is
    conservative. Replicates are drawn in batches, each with a generator of its own.
    """
    counts, is_spatial = _cases(cases, zones.n)
    if model == "stp" and is_spatial:
        raise UnusableCounts(name="cases", reason="the permutation of days needs days")
    if max_days < 1 or replicates < 1 or not 0 < max_case_share <= 1:
        raise UnusableCounts(name="max_days, replicates, max_case_share", reason="out of range")
    asked = _question(model, counts, population, controls)
    limits = _Limits(
        min(max_days, counts.shape[1]),
        is_spatial or mode == "prospective",
        min_cases,
        min_ratio,
        max_clusters,
    )
    at_risk = asked.sizes.sum(1)
    near = zones.within(at_risk, max_case_share * float(at_risk.sum()))
    found = _best(asked, near, limits)
    # Nothing weaker is reported, so no replicate needs to be known below it.
    m0 = min((one.llr for one in found), default=np.inf)
    highest = np.zeros(replicates)
    if found:
        highest = maxima(
            asked,
            near.only(at_risk > 0),
            max_days=limits.max_days,
            ends_today=limits.ends_today,
            min_cases=min_cases,
            floor=m0,
            replicates=replicates,
            seed=seed,
            threads=threads,
        )
    share = max_case_share
    if report == "gini":
        share, found = _by_gini(asked, near, limits, highest, max_case_share)
    recurs = interval_days if mode == "prospective" and not is_spatial else None
    return Scan(
        n=zones.n,
        settings={
            "method": "scan",
            "model": model,
            "mode": "spatial" if is_spatial else mode,
            "max_days": max_days,
            "max_case_share": max_case_share,
            "min_cases": min_cases,
            "min_ratio": min_ratio,
            "replicates": replicates,
            "report": report,
        },
        seed=seed,
        window=window,
        version=version,
        clusters=tuple(_told(one, highest, recurs) for one in found),
        m0=float(m0),
        maxima=highest,
        largest_share=share,
    )


def _cases(cases: npt.ArrayLike, n: int) -> tuple[Ints, bool]:
    """Return cases as (n, days), and whether they came without days."""
    counts = _matrix(cases, "cases", n)
    if (counts != np.floor(counts)).any():
        raise UnusableCounts(name="cases", reason="cases are whole numbers")
    is_spatial = np.asarray(cases).ndim == 1
    return counts.astype(np.int64), is_spatial


def _matrix(values: npt.ArrayLike, name: str, n: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    array = array[:, np.newaxis] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n or array.shape[1] == 0:
        raise UnusableCounts(name=name, reason=f"a row for each of {n} units is needed")
    if not np.isfinite(array).all() or (array < 0).any():
        raise UnusableCounts(name=name, reason="numbers are 0 or more")
    return array


def _question(
    model: Model,
    counts: Ints,
    population: npt.ArrayLike | None,
    controls: npt.ArrayLike | None,
) -> Question:
    total = int(counts.sum())
    n, days = counts.shape
    if model == "stp":
        share = counts.sum(1)[:, np.newaxis] / max(total, 1)
        return Question(counts, share * counts.sum(0), total, 0.0, Permuted())
    if model == "poisson":
        if population is None:
            raise UnusableCounts(name="population", reason="this model needs it")
        exposed = _matrix(population, "population", n)
        exposed = np.broadcast_to(exposed, (n, days)) if exposed.shape[1] == 1 else exposed
        if exposed.shape != counts.shape:
            raise UnusableCounts(name="population", reason="its days are not those of the cases")
        if not exposed.sum() > 0:
            raise UnusableCounts(name="population", reason="nobody is at risk")
        # Cases where nobody is at risk would be infinitely unlikely: they are not looked at.
        counted = np.where(exposed > 0, counts, 0)
        total = int(counted.sum())
        return Question(counted, exposed * (total / exposed.sum()), total, 0.0, Thrown())
    if controls is None:
        raise UnusableCounts(name="controls", reason="this model needs them")
    others = _matrix(controls, "controls", n)
    if others.shape != counts.shape or (others != np.floor(others)).any():
        raise UnusableCounts(name="controls", reason="whole numbers, shaped as the cases")
    everybody = counts + others
    if not everybody.sum() > 0:
        raise UnusableCounts(name="controls", reason="nobody is at risk")
    return Question(counts, everybody, total, float(everybody.sum()), Labelled())


def _best(asked: Question, zones: Zones, limits: _Limits) -> list[Cluster]:
    """Return the strongest windows, one a centre, that share no unit; p is still unknown."""
    days = asked.counts.shape[1]
    first = days - limits.max_days if limits.ends_today else 0
    score, last, start, end = kernels.best_windows(
        np.ascontiguousarray(asked.counts[:, first:]),
        np.ascontiguousarray(asked.sizes[:, first:]),
        zones.indptr,
        zones.members,
        zones.closes,
        limits.max_days,
        limits.ends_today,
        asked.total,
        asked.everybody,
        limits.min_cases,
    )
    start, end = start + first, end + first
    taken = np.zeros(zones.n, np.bool_)
    found: list[Cluster] = []
    # The same cases in two circles: the one with fewer units says it better.
    for centre in np.lexsort((last - zones.indptr[:-1], -score.round(9))):
        if score[centre] <= 0 or len(found) == limits.max_clusters:
            break
        units = zones.circle(int(centre), int(last[centre]))
        inside = np.s_[units, start[centre] : end[centre] + 1]
        observed, size = int(asked.counts[inside].sum()), float(asked.sizes[inside].sum())
        expected = asked.expected(size)
        if taken[units].any() or observed < limits.min_ratio * expected:
            continue
        taken[units] = True
        found.append(
            Cluster(
                units=units,
                centre=int(centre),
                radius_m=float(zones.distance_m[last[centre]]),
                start=int(start[centre]),
                end=int(end[centre]),
                observed=observed,
                expected=expected,
                relative_risk=asked.relative_risk(observed, size),
                llr=float(score[centre]),
                p=np.nan,
                recurrence_days=None,
            )
        )
    return found


def _by_gini(
    asked: Question, zones: Zones, limits: _Limits, maxima: Floats, largest: float
) -> tuple[float, list[Cluster]]:
    """Return the share whose significant clusters have the highest Gini coefficient, and them.

    Of equal coefficients the larger share wins, so that a single cluster is not cut short.
    """
    at_risk = asked.sizes.sum(1)
    best = (0.0, largest, _best(asked, zones, limits))
    for share in sorted({s for s in _SHARES if s < largest} | {largest}, reverse=True):
        found = _best(asked, zones.within(at_risk, share * float(at_risk.sum())), limits)
        marked = [one for one in found if _p(one.llr, maxima) <= _SIGNIFICANT]
        coefficient = _gini(asked, marked)
        if coefficient > best[0] + 1e-12:
            best = (coefficient, share, found)
    return best[1], best[2]


def _gini(asked: Question, clusters: list[Cluster]) -> float:
    """Return the Gini coefficient of cases against expected cases, clusters and the rest."""
    observed = np.array([one.observed for one in clusters], np.float64)
    expected = np.array([one.expected for one in clusters], np.float64)
    observed = np.append(observed, asked.total - observed.sum()) / max(asked.total, 1)
    expected = np.append(expected, asked.total - expected.sum()) / max(asked.total, 1)
    order = np.argsort(observed / np.maximum(expected, 1e-12))
    y = np.concatenate(([0.0], np.cumsum(observed[order])))
    return float(1.0 - (expected[order] * (y[1:] + y[:-1])).sum())


def _p(llr: float, maxima: Floats) -> float:
    # The same window may score a last bit lower in another order of adding.
    return float((1 + np.count_nonzero(maxima >= llr - 1e-9)) / (1 + maxima.size))


def _told(found: Cluster, maxima: Floats, interval_days: float | None) -> Cluster:
    p = _p(found.llr, maxima)
    recurs = None if interval_days is None else interval_days / p
    return replace(found, p=p, recurrence_days=recurs)
