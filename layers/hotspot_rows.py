"""Rows of a hotspot answer beyond the rate map: volume, change, clusters, patterns in time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.hotspots.power import minimum_detectable_ratio
from layers.county_counts import Counted
from layers.hotspots import MIN_HOUSEHOLDS
from layers.studies import Document
from layers.styles import outline_level, ratio_keys, volume_keys

Row = dict[str, Any]

# A cluster is told as new when chance would show it less than once in so many daily analyses ...
ALERT_DAYS = 365
# ... and it is large enough to matter: with many reports a ratio of 1.05 turns significant.
ALERT_RATIO = 1.2
# What chance shows more often is nobody's news.
_SELDOM = 0.05
# Rank and then code: what is least likely chance comes first.
_STRENGTH = {"double": 0, "solid": 1, None: 2}


def blank(counted: Counted) -> list[Row]:
    """Return a row a unit with what every map says: name, households, why there are no figures."""
    rows: list[Row] = []
    parts = (counted.ground.codes, counted.names, counted.households.tolist())
    for code, name, households in zip(*parts, strict=True):
        flags, paint = [], None
        if households < MIN_HOUSEHOLDS:
            flags, paint = ["suppressed"], "suppressed"
            if households == 0:
                flags.append("no_denominator")
        if code in counted.redrawn:
            flags.append("not_comparable")
            paint = paint or "not_comparable"
        rows.append(
            {
                "code": code,
                "name": name,
                "households": households,
                "observed": None,
                "paint": paint,
                "outline": None,
                "flags": flags,
                "rank": None,
            }
        )
    return rows


def volume(counted: Counted, per_km2: dict[str, float] | None = None) -> list[Row]:
    """Return how much was reported, the most first; nothing is tested.

    With `per_km2`, a density by code, rows are painted by it. Units where nobody lives are shown.
    """
    days = counted.window.days
    rows = blank(counted)
    shown = [k for k, row in enumerate(rows) if _is_told(row)]
    observed = counted.observed.tolist()
    if per_km2 is None:
        value = {k: float(observed[k]) for k in shown}
    else:
        value = {k: per_km2.get(rows[k]["code"], 0.0) for k in shown}
    keys = volume_keys(value.values(), days, counted.level.value)
    for k, paint in zip(shown, keys, strict=True):
        density = observed[k] / counted.ground.area_km2[k] if per_km2 is None else value[k]
        rows[k] |= {
            "observed": observed[k],
            "per_km2": _number(float(density) * 30 / days),
            "paint": paint if rows[k]["paint"] != "not_comparable" else rows[k]["paint"],
            "flags": [flag for flag in rows[k]["flags"] if flag != "suppressed"],
        }
    _rank(rows, shown, lambda k: -value[k])
    return rows


def change(
    counted: Counted, said: Document, kept: NDArray[np.int64], then: NDArray[np.int64]
) -> list[Row]:
    """Return each unit's reports in both periods, and the test of it with its neighbours.

    `kept` are the numbers of the units that the document speaks of, in its order.
    """
    units = said["units"]
    rows = blank(counted)
    judged = [k for k, unit in enumerate(units) if not unit["too_few"]]
    # Both periods are counts: what is usual is no better known than what is now.
    usual = np.zeros(len(units))
    for k in judged:
        expected, before = units[k]["expected"], units[k]["now"] + units[k]["then"]
        usual[k] = 1 / (1 / expected + 1 / (before - expected))
    detectable = minimum_detectable_ratio(usual, max(len(judged), 1))
    ratios = [
        math.inf if unit["then"] == 0 and unit["now"] else unit["rate_ratio"] for unit in units
    ]
    keys = ratio_keys([math.nan if ratio is None else ratio for ratio in ratios])
    for place, (k, unit) in enumerate(zip(kept.tolist(), units, strict=True)):
        low, high = unit["ci95"]
        around = {
            "observed": int(unit["now"]),
            "then": int(unit["then"]),
            "expected": unit["expected"],
            "ratio": unit["rate_ratio"],
            "low": low,
            "high": high,
            "p": unit["p_mid"],
            "q": unit["q"],
            "minimum_detectable_ratio": _number(float(detectable[place])),
        }
        too_few = unit["too_few"]
        rows[k] |= {
            "observed": int(counted.observed[k]),
            "then": int(then[k]),
            "direction": unit["direction"],
            "around": around,
            "paint": "too_few" if too_few else keys[place],
            "outline": None if unit["q"] is None else outline_level(unit["q"]),
            "flags": [
                *(flag for flag in rows[k]["flags"] if flag != "suppressed"),
                *(["too_few"] if too_few else []),
            ],
        }
    of = {k: unit for k, unit in zip(kept.tolist(), units, strict=True) if not unit["too_few"]}
    more = [k for k, unit in of.items() if unit["direction"] > 0]
    fewer = [k for k in of if k not in set(more)]
    _rank(rows, more, lambda k: -(of[k]["ci95"][0] or 0.0))
    _rank(rows, fewer, lambda k: of[k]["ci95"][1] or 0.0, first=len(more) + 1)
    return rows


def incomparable(counted: Counted, then: NDArray[np.int64]) -> list[Row]:
    """Return each unit's reports in two periods that cannot be compared: nothing is claimed."""
    rows = blank(counted)
    for k, row in enumerate(rows):
        if _is_told(row):
            row |= {
                "observed": int(counted.observed[k]),
                "then": int(then[k]),
                "paint": "not_comparable",
                "flags": [*(one for one in row["flags"] if one != "suppressed"), "incomparable"],
            }
    return rows


def emerging(counted: Counted, said: Document, kept: NDArray[np.int64]) -> list[Row]:
    """Return the pattern of each unit over the weeks."""
    rows = blank(counted)
    for k, unit in zip(kept.tolist(), said["units"], strict=True):
        rows[k] |= {
            "observed": int(counted.observed[k]),
            "paint": unit["class_plain"],
            **{name: unit[name] for name in unit if name != "id"},
        }
    named = [k for k in kept.tolist() if rows[k]["paint"] != "none"]
    _rank(rows, named, lambda k: -(rows[k]["share_hot"] or 0.0))
    return rows


def clusters(counted: Counted, said: Document, days_ending: int) -> list[dict[str, Any]]:
    """Return clusters of p <= 0.05 with their place, and whether each is told as new.

    `days_ending` is how long a period the windows reach back; `recurrence_days` says how seldom
    chance alone would show the like in daily analyses.
    """
    number = {code: k for k, code in enumerate(counted.ground.codes)}
    found = []
    seldom = [one for one in said["clusters"] if one["p"] <= _SELDOM]
    for rank, one in enumerate(seldom, start=1):
        centre = number[one["centre"]]
        lon, lat = counted.ground.lon_lat[centre].tolist()
        ratio = one["observed"] / one["expected"] if one["expected"] else None
        found.append(
            {
                "rank": rank,
                "name": counted.names[centre],
                "at": [round(lon, 7), round(lat, 7)],
                "ratio": ratio,
                "is_new": _is_new(one),
                "days": days_ending,
                **one,
            }
        )
    return found


def clustered(
    counted: Counted, found: Sequence[dict[str, Any]], kept: NDArray[np.int64]
) -> list[Row]:
    """Return a row a unit, painted by the cluster that it is a member of."""
    rows = blank(counted)
    member = {code: one for one in reversed(found) for code in one["units"]}
    for k in kept.tolist():
        one = member.get(rows[k]["code"])
        rows[k] |= {
            "observed": int(counted.observed[k]),
            "flags": [flag for flag in rows[k]["flags"] if flag != "suppressed"],
            "paint": "c0" if one is None else "c2" if one["is_new"] else "c1",
            "cluster": None if one is None else one["rank"],
        }
    return rows


def painted(said: Document, columns: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Return what a picture paints of a document of plain files: code, paint, outline.

    Ratios and their q where there are any, else Gi* classes, patterns, or members of clusters.
    """
    ids = columns["id"]
    q = columns.get("q", [None] * len(ids))
    outline = [None if value is None else outline_level(value) for value in q]
    if "clusters" in said:
        told = {k: _is_new(one) for k, one in enumerate(said["clusters"], start=1)}
        kept = {k: one.get("p", 0.0) <= _SELDOM for k, one in enumerate(said["clusters"], start=1)}
        member = [k if kept.get(k) else None for k in columns["cluster"]]
        paint = ["c0" if k is None else "c2" if told[k] else "c1" for k in member]
    elif "class_plain" in columns:
        paint = list(columns["class_plain"])
    elif "gi_bin" in columns:
        paint = [f"gi{value}" for value in columns["gi_bin"]]
    elif "ratio" in columns or "rate_ratio" in columns:
        ratio = columns.get("ratio", columns.get("rate_ratio", ()))
        keys = ratio_keys([math.nan if one is None else one for one in ratio])
        paint = [
            "too_few" if few else key for few, key in zip(columns["too_few"], keys, strict=True)
        ]
    else:
        most = max(max(columns["per_km2"], default=0.0), 1e-9)
        paint = [f"v{min(int(value / most * 6), 5)}" for value in columns["per_km2"]]
    return [
        {"code": code, "paint": key, "outline": line}
        for code, key, line in zip(ids, paint, outline, strict=True)
    ]


def _is_new(one: Mapping[str, Any]) -> bool:
    """Return whether a cluster is seldom enough by chance, and large enough to matter."""
    ratio = one["observed"] / one["expected"] if one["expected"] else 0.0
    return bool((one.get("recurrence_days") or 0) >= ALERT_DAYS and ratio >= ALERT_RATIO)


def _is_told(row: Row) -> bool:
    return row["paint"] != "suppressed" or row["households"] == 0


def _rank(rows: list[Row], shown: Sequence[int], least: Any, *, first: int = 1) -> None:
    order = sorted(shown, key=lambda k: (_STRENGTH[rows[k]["outline"]], least(k), rows[k]["code"]))
    for rank, k in enumerate(order, start=first):
        rows[k]["rank"] = rank


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
