"""Every hotspot method on any units and events: arrays in, a document in its own terms out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.errors import Refusal
from geo.hotspots.change import local_change
from geo.hotspots.clusters import dbscan
from geo.hotspots.density import kernel_density
from geo.hotspots.emerging import Emerging, emerging_hot_spots
from geo.hotspots.excess import local_excess
from geo.hotspots.gi_star import getis_ord_gi_star
from geo.hotspots.near_repeat import knox
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.result import Result
from geo.hotspots.scan import scan
from geo.hotspots.weights import Weights, contiguity
from geo.hotspots.zones import USUAL_RADIUS_M, circles
from grids.window import Window
from layers.hotspot_methods import NoSuchMethod
from layers.hotspots import plain_numbers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Document = dict[str, Any]

DAYS_OF = {"day": 1, "week": 7, "month": 30}


class NeedsMore(Refusal):
    """A method lacks something that it cannot do without."""

    code = "hotspots.needs"
    sentence = "{method} needs {what}."


class NeedsDays(Refusal):
    """A method of days was asked of reports that are known by their month alone."""

    code = "hotspots.needs_days"
    sentence = (
        "These reports are known by month only, and methods that go by days (near scan, near"
        " repeats, maps by week) need their days. Ask for volume, rate, change, or the pattern"
        " over months."
    )


class NoDenominators(Refusal):
    """Rates were asked of an area where no unit has enough households for one."""

    code = "hotspots.no_households"
    sentence = (
        "No unit here has {least} households or more, so there are no rates. Ask for volume, change"
        " or a recent scan, which need none."
    )


class TooManyEvents(Refusal):
    """More single events than a method that looks at each of them answers for in time."""

    code = "hotspots.too_many_events"
    sentence = "There are more than {most} events. Take a shorter period, one matter or one area."


@dataclass(frozen=True, eq=False)
class Study:
    """What hotspot statistics are made of.

    Attributes
    ----------
    ids
        Of the units.
    xy_m
        A place in each unit, metres of a projected system, shape (n, 2).
    pairs
        Numbers of neighbours, shape (m, 2).
    counts
        Per unit and day of the window, shape (n, days); without days (n, 1). Of `gi` and of
        `excess` only the sums matter, and of `gi` alone they need be no counts.
    window
        The days that were counted; None for counts without days.
    then
        Per unit in the period that `change` compares with, and how many days it had; None where
        reports do not reach back to its first day.
    population, controls
        Households, and individuals who are no cases, shape (n,).
    months
        Names of the steps of `counts`, where no days are known but months.
    places_m, days
        Where and on which day, counted from the first of the window, each event happened.
    """

    ids: tuple[str, ...]
    xy_m: Floats
    pairs: Ints
    counts: Floats
    window: Window | None = None
    then: tuple[Floats, int] | None = None
    population: Floats | None = None
    controls: Floats | None = None
    places_m: Floats | None = None
    days: Floats | None = None
    months: tuple[str, ...] = ()
    version: str = ""

    @property
    def weights(self) -> Weights:
        """Return the neighbours as weights."""
        return contiguity(self.pairs, len(self.ids))

    def on(self, number: int) -> str | None:
        """Return when an event happened, so many days after the first, no more exactly than known.

        ISO 8601: a day, a month, nothing without days.
        """
        if self.window is None:
            return None
        day = self.window.since + timedelta(int(number))
        return f"{day:%Y-%m}" if self.months else str(day)

    def day(self, number: int) -> str | None:
        """Return a day (or month) of the window as ISO 8601, nothing without days."""
        if self.months:
            return self.months[int(number)]
        return None if self.window is None else str(self.window.since + timedelta(int(number)))


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of the methods; each method reads those that concern it."""

    model: Literal["stp", "poisson", "bernoulli"] = "stp"
    mode: Literal["prospective", "retrospective", "spatial"] | None = None
    max_radius_m: float = USUAL_RADIUS_M
    max_share: float = 0.1
    max_days: int = 7
    min_cases: int = 2
    report: Literal["no_overlap", "gini"] = "no_overlap"
    replicates: int = 999
    seed: int = 1
    step: Literal["day", "week", "month"] = "week"
    inference: Literal["convolution", "permutation"] = "convolution"
    bandwidth_m: float = 500.0
    cell_m: float | None = None
    eps_m: float = 100.0
    min_points: int = 5
    distances_m: tuple[float, ...] = (100.0, 200.0, 400.0, 800.0)
    lags_d: tuple[float, ...] = (7.0, 14.0, 28.0)


@dataclass(frozen=True, slots=True)
class _Said:
    """A result with what stands in its document besides what all results share.

    `units` are plain JSON values already, one object a unit.
    """

    result: Result
    facts: Mapping[str, Any] = field(default_factory=dict)
    units: list[Document] | None = None


def assess(study: Study, method: str, options: Options) -> Document:
    """Return what a method says of a study.

    Returns
    -------
    Document
        `method`, `settings`, `seed`, `n`, `window`, `version`, and `units` or `clusters`: one
        object each in the terms of the method. Figures that do not exist are None.

    Raises
    ------
    NoSuchMethod
        Naming those that there are.
    NeedsMore
        If the study lacks households, days, places or controls.
    geo.hotspots.inputs.UnusableCounts, geo.hotspots.near_repeat.TooManyPairs
    """
    if method not in METHODS:
        raise NoSuchMethod(method=method, methods=", ".join(METHODS))
    said = METHODS[method](study, options)
    shared = {
        "method": method,
        "settings": dict(said.result.settings),
        "seed": said.result.seed,
        "n": said.result.n,
        "window": said.result.window,
        "version": said.result.version,
    }
    document = _plain({**shared, **said.facts})
    return document if said.units is None else {**document, "units": said.units}


def _excess(study: Study, _: Options) -> _Said:
    found = local_excess(
        study.counts.sum(axis=1),
        _population(study, "excess"),
        study.weights,
        **_known(study),
    )
    names = ("observed", "expected", "ratio", "ci95", "p", "q", "too_few", "no_denominator")
    return _Said(found, {"dispersion": found.dispersion}, _rows(study, found, names))


def _gi(study: Study, options: Options) -> _Said:
    values = study.counts.sum(axis=1)
    if study.population is not None:
        days = study.window.days if study.window is not None else 30
        values = empirical_bayes(values, study.population, days=days).rate
    found = getis_ord_gi_star(
        values,
        study.weights,
        inference=options.inference,
        permutations=options.replicates,
        seed=options.seed,
        **_known(study),
    )
    rows = _rows(study, found, ("z", "p", "q", "gi_bin"))
    for row, value in zip(rows, values, strict=True):
        row["value"] = float(value)
    of = "shrunk rates" if study.population is not None else "values as given"
    return _Said(found, {"of": of, "no_variation": found.no_variation}, rows)


def _change(study: Study, _: Options) -> _Said:
    if study.window is None or study.then is None:
        raise NeedsMore(method="change", what="events of the whole period that it compares with")
    before, days = study.then
    found = local_change(
        study.counts.sum(axis=1), before, study.window.days, days, study.weights, **_known(study)
    )
    names = ("now", "then", "expected", "rate_ratio", "ci95", "p_mid", "q", "direction", "too_few")
    return _Said(found, units=_rows(study, found, names))


def _emerging(study: Study, options: Options) -> _Said:
    step = "month" if study.months else options.step
    days = 1 if study.months else DAYS_OF[step]
    steps = study.counts.shape[1] // days
    if study.window is None or steps < 3:
        raise NeedsMore(method="emerging", what=f"three {step}s or more")
    # Whole steps up to the last day; what is left over stands at the beginning.
    used = study.counts[:, study.counts.shape[1] - steps * days :]
    cube = used.reshape(len(study.ids), steps, days).sum(axis=2)
    if study.population is not None:
        cube = np.column_stack(
            [empirical_bayes(one, study.population, days=DAYS_OF[step]).rate for one in cube.T]
        )
    found = emerging_hot_spots(cube, study.weights, step=step, **_known(study))
    rows = _rows(study, found, ("mk_z", "mk_p", "mk_q", "share_hot", "last_hot"))
    for row, plain, name in zip(rows, found.plain, _seventeen(found), strict=True):
        row["class_plain"], row["class_17"] = plain, name
    facts = {
        "steps": steps,
        "of": "shrunk rates" if study.population is not None else "counts",
        "no_variation": found.no_variation,
    }
    return _Said(found, facts, rows)


def _seventeen(found: Emerging) -> list[str]:
    return [
        "No Pattern Detected"
        if side == 0
        else f"{pattern.capitalize()} {'Hot' if side > 0 else 'Cold'} Spot"
        for pattern, side in zip(found.pattern, found.side, strict=True)
    ]


def _scan(study: Study, options: Options) -> _Said:
    counts = study.counts
    usual = "prospective" if options.model == "stp" else "spatial"
    mode = options.mode or usual
    if study.window is None or mode == "spatial":
        counts, mode = counts.sum(axis=1), "spatial"
    if mode == "spatial" and options.model == "stp":
        raise NeedsMore(method="scan stp", what="events with days")
    found = scan(
        counts,
        circles(study.xy_m, options.max_radius_m),
        model=options.model,
        population=_population(study, "scan poisson") if options.model == "poisson" else None,
        controls=_controls(study, counts) if options.model == "bernoulli" else None,
        mode="retrospective" if mode == "retrospective" else "prospective",
        max_days=max(options.max_days // DAYS_OF["month"], 1) if study.months else options.max_days,
        max_case_share=options.max_share,
        min_cases=options.min_cases,
        replicates=options.replicates,
        seed=options.seed,
        report=options.report,
        interval_days=DAYS_OF["month"] if study.months else 1,
        **_known(study),
    )
    clusters = [
        {
            "units": [study.ids[unit] for unit in one.units],
            "centre": study.ids[one.centre],
            "radius_m": one.radius_m,
            "start": None if mode == "spatial" else study.day(one.start),
            "end": None if mode == "spatial" else study.day(one.end),
            "observed": one.observed,
            "expected": one.expected,
            "relative_risk": one.relative_risk,
            "llr": one.llr,
            "p": one.p,
            "recurrence_days": one.recurrence_days,
        }
        for one in found.clusters
    ]
    facts = {
        "m0": found.m0,
        "largest_share": found.largest_share,
        "step": "month" if study.months else "day",
        "clusters": clusters,
    }
    radius_m = options.max_radius_m if np.isfinite(options.max_radius_m) else None
    return _Said(replace(found, settings={**found.settings, "max_radius_m": radius_m}), facts)


def _density(study: Study, options: Options) -> _Said:
    places, _ = _events(study, "density")
    found = kernel_density(
        places, bandwidth_m=options.bandwidth_m, cell_m=options.cell_m, **_known(study)
    )
    column = np.floor((study.xy_m[:, 0] - found.west) / found.cell_m).astype(int)
    row = np.floor((study.xy_m[:, 1] - found.south) / found.cell_m).astype(int)
    rows, columns = found.per_km2.shape
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    at = np.zeros(len(study.ids))
    at[inside] = found.per_km2[row[inside], column[inside]]
    units = [{"id": one, "per_km2": float(value)} for one, value in zip(study.ids, at, strict=True)]
    return _Said(found, {"max_per_km2": float(found.per_km2.max())}, units)


def _dbscan(study: Study, options: Options) -> _Said:
    places, days = _events(study, "dbscan")
    found = dbscan(places, options.eps_m, options.min_points, **_known(study))
    clusters = []
    for number in range(found.n_clusters):
        members = found.label == number
        middle = places[members].mean(axis=0)
        clusters.append(
            {
                "cluster": number,
                "n": int(members.sum()),
                "n_core": int((members & found.core).sum()),
                "centre_m": middle.tolist(),
                "radius_m": float(np.hypot(*(places[members] - middle).T).max()),
                "start": study.on(int(days[members].min())),
                "end": study.on(int(days[members].max())),
            }
        )
    return _Said(found, {"n_noise": int((found.label < 0).sum()), "clusters": clusters})


def _knox(study: Study, options: Options) -> _Said:
    places, days = _events(study, "knox")
    if study.months:
        raise NeedsDays(method="knox")
    found = knox(
        places,
        days,
        options.distances_m,
        options.lags_d,
        permutations=options.replicates,
        seed=options.seed,
        **_known(study),
    )
    cells = [
        {
            "distance_m": distance,
            "lag_d": lag,
            "observed": int(found.observed[i, j]),
            "expected": float(found.expected[i, j]),
            "ratio": float(found.ratio[i, j]),
            "p": float(found.p[i, j]),
        }
        for i, distance in enumerate(found.distances_m)
        for j, lag in enumerate(found.lags_d)
    ]
    return _Said(found, {"bands": cells})


METHODS: Mapping[str, Callable[[Study, Options], _Said]] = {
    "excess": _excess,
    "gi": _gi,
    "change": _change,
    "scan": _scan,
    "emerging": _emerging,
    "density": _density,
    "dbscan": _dbscan,
    "knox": _knox,
}


def _known(study: Study) -> dict[str, str]:
    window = "" if study.window is None else study.window.interval
    return {"window": window, "version": study.version}


def _population(study: Study, method: str) -> Floats:
    if study.population is None:
        raise NeedsMore(method=method, what="households (--population)")
    return study.population


def _controls(study: Study, counts: Floats) -> Floats:
    if study.controls is None:
        raise NeedsMore(method="scan bernoulli", what="controls (--controls)")
    if counts.ndim == 2:
        raise NeedsMore(method="scan bernoulli", what="counts without days: controls have none")
    return study.controls


def _events(study: Study, method: str) -> tuple[Floats, Floats]:
    if study.places_m is None or study.days is None or not len(study.places_m):
        raise NeedsMore(method=method, what="events with places")
    return study.places_m, study.days


def _rows(study: Study, found: Result, names: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = [plain_numbers(getattr(found, name)) for name in names]
    named = ("id", *names)
    return [dict(zip(named, row, strict=True)) for row in zip(study.ids, *columns, strict=True)]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, date) else value
