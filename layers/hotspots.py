"""What a hotspot map paints: from counts per grid to classes, outlines, flags and a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.hotspots.excess import Excess, local_excess
from geo.hotspots.gi_star import GiStar, getis_ord_gi_star
from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.power import minimum_detectable_ratio
from geo.hotspots.rates import PER_DAYS, PER_HOUSEHOLDS, ShrunkRates, empirical_bayes
from geo.hotspots.weights import contiguity
from grids.window import Window
from layers.styles import outline_level, ratio_keys

# Below this the figures of a grid could be read as those of a family.
MIN_HOUSEHOLDS = 5
MIN_EXPECTED = 1.0
# A sum over so few grids could still be taken apart.
MIN_WITHHELD = 5


@dataclass(frozen=True, slots=True)
class Around:
    """A grid with its neighbours: what the outline speaks of."""

    observed: int
    expected: float
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    minimum_detectable_ratio: float | None


@dataclass(frozen=True, slots=True)
class GridRow:
    """One grid as the map paints it.

    Attributes
    ----------
    observed, expected
        Reports in the window, and what the grid's households let expect at the whole area's rate.
    rate, ratio, ratio_low, ratio_high
        Shrunk rate per 1,000 households per 30 days; the same against the whole area's, with its
        95 % interval (None where grids differ no more than by chance).
    paint
        Key into the theme: r0 ... r5, "too_few", "suppressed" or "not_comparable".
    outline
        "double" (q <= 0.01), "solid" (q <= 0.05) or None, of the grid with its neighbours.
    gi_z, gi_bin
        Gi* of the shrunk rates: 0 ... 3 for not significant, 90, 95, 99 % after correction.
    flags
        Message codes without their room: too_few, suppressed, no_denominator, island.
    rank
        From 1, by the lower end of the neighbourhood's interval; None where not judged.

    Figures made of reports are None for a suppressed grid.
    """

    code: str
    name: str
    households: int
    observed: int | None
    expected: float | None
    rate: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    paint: str
    outline: str | None
    gi_z: float | None
    gi_bin: int | None
    around: Around | None
    flags: tuple[str, ...]
    rank: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        said = {name: getattr(self, name) for name in _OF_ROW}
        if self.around is not None:
            said["around"] = {name: getattr(self.around, name) for name in _OF_AROUND}
        said["flags"] = list(self.flags)
        return said


# `dataclasses.asdict` copies every number deeply: half a second for a county's two thousand rows.
_OF_ROW = tuple(field.name for field in fields(GridRow))
_OF_AROUND = tuple(field.name for field in fields(Around))


@dataclass(frozen=True, slots=True)
class HotspotMap:
    """A hotspot map: a row per grid in the given order, and what holds for all of them.

    Attributes
    ----------
    observed, households, rate
        Of the grids that take part; the rate is per 1,000 households per 30 days.
    withheld
        Reports in suppressed grids; None where it could tell of fewer than five inhabited ones.
    notes
        Message codes with their facts, in the order of reading.
    settings
        What each method was told, by method.
    """

    window: Window
    matter: str
    publication: int
    data_version: str
    rows: tuple[GridRow, ...]
    observed: int
    households: int
    rate: float
    withheld: int | None
    dispersion: float
    no_variation: bool
    counts: Mapping[str, int]
    notes: tuple[tuple[str, Mapping[str, Any]], ...]
    settings: Mapping[str, Mapping[str, Any]]

    def ranking(self) -> list[GridRow]:
        """Return the judged grids, the surest excess first."""
        ranked = [row for row in self.rows if row.rank is not None]
        return sorted(ranked, key=lambda row: row.rank or 0)

    def as_dict(self) -> dict[str, Any]:
        """Return the whole map as plain JSON values; the period as ISO dates."""
        return {
            "window": {
                "since": self.window.since.isoformat(),
                "until": self.window.until.isoformat(),
                "days": self.window.days,
            },
            "matter": self.matter,
            "publication": self.publication,
            "data_version": self.data_version,
            "observed": self.observed,
            "households": self.households,
            "rate": self.rate,
            "withheld": self.withheld,
            "dispersion": self.dispersion,
            "no_variation": self.no_variation,
            "counts": dict(self.counts),
            "notes": [{"code": code, "facts": dict(facts)} for code, facts in self.notes],
            "settings": {name: dict(given) for name, given in self.settings.items()},
            "rows": [row.as_dict() for row in self.rows],
        }


def hotspot_map(
    codes: Sequence[str],
    names: Sequence[str],
    observed: npt.ArrayLike,
    households: npt.ArrayLike,
    pairs: npt.ArrayLike,
    *,
    window: Window,
    matter: str,
    publication: int,
    data_version: str,
) -> HotspotMap:
    """Return what a hotspot map of these grids shows.

    Parameters
    ----------
    codes, names, observed, households
        One entry per grid: code, name, reports in the window, households.
    pairs
        Neighbouring grids as numbers from 0 into `codes`, shape (m, 2), one direction is enough.
    window, matter, publication, data_version
        What was counted and on which boundaries; carried into the answer.

    Raises
    ------
    UnusableCounts
        If lengths differ, numbers are negative, no grid has five households, or the window ends
        before it begins.

    Notes
    -----
    Grids with fewer than five households are suppressed: they take no part, neither by
    themselves nor in their neighbours' sums, from which their figures could be taken apart. Grids
    with less than one expected report are hatched; with their neighbours they are still tested.
    """
    n = len(codes)
    events, people = as_counts(observed, "observed", n), as_counts(households, "households", n)
    if len(names) != n or window.days < 1:
        raise UnusableCounts(name="names, window", reason="one name a grid, at least one day")
    shown = np.flatnonzero(people >= MIN_HOUSEHOLDS)
    if shown.size == 0:
        raise UnusableCounts(name="households", reason=f"no grid has {MIN_HOUSEHOLDS} of them")
    weights = contiguity(_renumbered(pairs, shown, n), shown.size)
    labels = {"window": window.interval, "version": data_version}
    rates = empirical_bayes(events[shown], people[shown], days=window.days, **labels)
    excess = local_excess(events[shown], people[shown], weights, **labels)
    gi = getis_ord_gi_star(rates.per_household, weights, **labels)
    tests = _Tests(rates, excess, gi)
    judged_rows = _rows(_Grids(codes, names, events, people), shown, tests)
    rows = tuple(
        judged_rows.get(i) or _suppressed(codes[i], names[i], int(people[i])) for i in range(n)
    )
    counts = _counts(rows)
    total, lived = float(events[shown].sum()), float(people[shown].sum())
    small = int(np.count_nonzero((people > 0) & (people < MIN_HOUSEHOLDS)))
    # Where nobody lives there is nobody to protect: those grids' counts are told elsewhere.
    tellable = n > shown.size and (small == 0 or small >= MIN_WITHHELD)
    withheld = int(events.sum() - total) if tellable else None
    no_variation = bool(rates.no_variation[0])
    rate = total / lived * PER_HOUSEHOLDS * PER_DAYS / window.days
    tallied = {"observed": int(total), "households": int(lived), **counts}
    return HotspotMap(
        window=window,
        matter=matter,
        publication=publication,
        data_version=data_version,
        rows=rows,
        observed=int(total),
        households=int(lived),
        rate=rate,
        withheld=withheld,
        dispersion=excess.dispersion,
        no_variation=no_variation,
        counts=counts,
        notes=_notes(tallied, rate, excess.dispersion, no_variation),
        settings={str(result.settings["method"]): result.settings for result in tests},
    )


class _Grids(NamedTuple):
    codes: Sequence[str]
    names: Sequence[str]
    events: npt.NDArray[np.float64]
    people: npt.NDArray[np.float64]


class _Tests(NamedTuple):
    rates: ShrunkRates
    excess: Excess
    gi: GiStar


def _renumbered(
    pairs: npt.ArrayLike, shown: npt.NDArray[np.int64], n: int
) -> npt.NDArray[np.int64]:
    """Return the pairs among shown grids, numbered within them."""
    given = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if given.size and (given.min() < 0 or given.max() >= n):
        raise UnusableCounts(name="pairs", reason=f"a neighbour is none of the {n} grids")
    place = np.full(n, -1, dtype=np.int64)
    place[shown] = np.arange(shown.size)
    moved = place[given]
    return moved[(moved >= 0).all(axis=1)]


def _rows(grids: _Grids, shown: npt.NDArray[np.int64], tests: _Tests) -> dict[int, GridRow]:
    codes, names, events, people = grids
    rates, excess, gi = tests
    mean = rates.prior_mean[0]
    expected = people[shown] * mean
    # Nothing reported anywhere: every rate is the whole area's.
    scale = mean if mean > 0 else 1.0
    ratio = rates.per_household / scale if mean > 0 else np.ones(shown.size)
    interval = rates.ci95 / scale
    n_tests = max(int(np.count_nonzero(~excess.too_few)), 1)
    detectable = minimum_detectable_ratio(excess.expected, n_tests, spread=excess.spread)
    ranks = _ranks(excess, [codes[i] for i in shown])
    around = zip(
        excess.observed.astype(np.int64).tolist(),
        excess.expected.tolist(),
        *map(plain_numbers, (excess.ratio, *excess.ci95.T, excess.p, excess.q, detectable)),
        strict=True,
    )
    known = np.where(rates.no_variation[:, np.newaxis], np.nan, interval)
    of_grids = zip(
        shown.tolist(),
        people[shown].astype(np.int64).tolist(),
        events[shown].astype(np.int64).tolist(),
        expected.tolist(),
        rates.rate.tolist(),
        ratio.tolist(),
        *map(plain_numbers, known.T),
        ratio_keys(ratio),
        excess.q.tolist(),
        plain_numbers(gi.z),
        gi.gi_bin.tolist(),
        excess.islands.tolist(),
        strict=True,
    )
    rows = {}
    for k, (one, near) in enumerate(zip(of_grids, around, strict=True)):
        i, lived, seen, usual, rate, times, low, high, key, q, z, gi_bin, island = one
        too_few = usual < MIN_EXPECTED
        flags = [("too_few", too_few), ("island", island)]
        rows[i] = GridRow(
            code=codes[i],
            name=names[i],
            households=lived,
            observed=seen,
            expected=usual,
            rate=rate,
            ratio=times,
            ratio_low=low,
            ratio_high=high,
            paint="too_few" if too_few else str(key),
            outline=outline_level(q),
            gi_z=z,
            gi_bin=gi_bin,
            around=Around(*near),
            flags=tuple(flag for flag, up in flags if up),
            rank=ranks.get(k),
        )
    return rows


def _suppressed(code: str, name: str, households: int) -> GridRow:
    flags = ("suppressed", "no_denominator") if households == 0 else ("suppressed",)
    return GridRow(
        code=code,
        name=name,
        households=households,
        observed=None,
        expected=None,
        rate=None,
        ratio=None,
        ratio_low=None,
        ratio_high=None,
        paint="suppressed",
        outline=None,
        gi_z=None,
        gi_bin=None,
        around=None,
        flags=flags,
        rank=None,
    )


def _ranks(excess: Excess, codes: Sequence[str]) -> dict[int, int]:
    """Return rank by position: outlined grids first, then the higher lower end, then the code."""
    judged = np.flatnonzero(~excess.too_few).tolist()
    strength = {"double": 0, "solid": 1, None: 2}
    q, low = excess.q.tolist(), excess.ci95[:, 0].tolist()
    order = sorted(judged, key=lambda k: (strength[outline_level(q[k])], -low[k], codes[k]))
    return {k: rank for rank, k in enumerate(order, start=1)}


def _counts(rows: Sequence[GridRow]) -> dict[str, int]:
    def having(flag: str) -> int:
        return sum(flag in row.flags for row in rows)

    return {
        "grids": len(rows),
        "judged": sum(row.rank is not None for row in rows),
        "outlined": sum(row.outline is not None for row in rows),
        "gi_hot": sum((row.gi_bin or 0) >= 2 for row in rows),
        "too_few": having("too_few"),
        "suppressed": having("suppressed"),
        "no_denominator": having("no_denominator"),
        "islands": having("island"),
    }


def _notes(
    tallied: Mapping[str, int], rate: float, dispersion: float, no_variation: bool
) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    notes: list[tuple[str, Mapping[str, Any]]] = [
        ("hotspots.counted", tallied),
        ("hotspots.whole", {"rate": round(rate, 2)}),
        ("hotspots.neighbourhood", {}),
        ("hotspots.not_different", {}),
        ("hotspots.reports", {}),
        ("hotspots.method", {"dispersion": round(dispersion, 3), "gi_hot": tallied["gi_hot"]}),
    ]
    if no_variation:
        notes.insert(2, ("hotspots.no_variation", {}))
    return tuple(notes)


def plain_numbers(values: npt.NDArray[Any]) -> list[Any]:
    """Return an array of one or two dimensions as JSON has it: None for what is not finite."""
    found = values.tolist()
    if values.dtype.kind == "f":
        for at in np.argwhere(~np.isfinite(values)).tolist():
            row = found if values.ndim == 1 else found[at[0]]
            row[at[-1]] = None
    return found
