"""A hotspot map week by week, small enough to be stepped through without asking again."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.hotspots.change import local_change
from geo.hotspots.excess import local_excess
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import Weights, contiguity
from grids.model import Viewer
from grids.window import Window
from layers import hotspot_rows as table
from layers.county_counts import Counted, count
from layers.county_study import taking_part
from layers.hotspot_answers import Answer
from layers.hotspot_question import Asked
from layers.hotspots import MIN_EXPECTED, MIN_HOUSEHOLDS
from layers.studies import NeedsDays, NoDenominators
from layers.styles import outline_level, ratio_keys, volume_keys

Floats = NDArray[np.float64]

# Each week of a map of change is held against so many weeks before.
_BEFORE = 4
_OUTLINES = {None: "0", "solid": "1", "double": "2"}


def prepare(conn: Connection, viewer: Viewer, asked: Asked, weeks: int) -> Answer:
    """Return the maps of the weeks that end on the last day of a period.

    The document has `weeks` (first and last day, reports, units with an outline), `classes`, and
    by unit a string with a letter a week: the place of its class (a, b, c ...) in `paint`, and
    in `outline` 0, 1 (q <= 0.05) or 2 (q <= 0.01). Methods are count, change, or rates.

    Raises
    ------
    As `county_counts.count`; NeedsDays, NoDenominators.
    """
    first = asked.until - timedelta(7 * (weeks + _BEFORE) - 1)
    counted = count(
        conn, viewer, asked.until - timedelta(6), asked.until,
        matter=asked.matter, area=asked.area, levels=asked.levels, sources=asked.sources,
        by=asked.by, back_to=first,
    )  # fmt: skip
    if counted.tally.is_known_by_month(Window(first, asked.until)):
        raise NeedsDays(method="weeks")
    cube = counted.tally.cube(Window(first, asked.until)).reshape(len(counted.names), -1, 7)
    by_week = cube.sum(axis=2)
    digest = hashlib.sha256(f"{counted.version} weeks {weeks} {asked.method}".encode())
    digest.update(by_week.tobytes())
    return Answer(
        digest.hexdigest()[:16], lambda: _document(counted, by_week, asked.method), counted
    )


def _document(counted: Counted, by_week: Floats, method: str) -> dict[str, Any]:
    kept = taking_part(counted, with_empty=method != "excess")
    if method == "excess" and not len(kept):
        raise NoDenominators(least=MIN_HOUSEHOLDS)
    number = np.full(len(counted.names), -1)
    number[kept] = np.arange(len(kept))
    pairs = number[counted.ground.pairs]
    weights = contiguity(pairs[(pairs >= 0).all(axis=1)], len(kept))
    homes = counted.households[kept].astype(np.float64)
    rows = table.blank(counted)
    classes: dict[str, int] = {}
    paint: list[list[str]] = [[] for _ in rows]
    outline: list[list[str]] = [[] for _ in rows]
    weeks = []
    for week in range(_BEFORE, by_week.shape[1]):
        keys, lines = _week(method, by_week[kept], week, homes, weights, counted)
        shown = [row["paint"] for row in rows]
        drawn: list[str | None] = [None] * len(rows)
        for k, key, line in zip(kept.tolist(), keys, lines, strict=True):
            shown[k], drawn[k] = key, line
        for k, key in enumerate(shown):
            place = classes.setdefault(key or "too_few", len(classes))
            paint[k].append(chr(ord("a") + place))
            outline[k].append(_OUTLINES[drawn[k]])
        until = counted.window.until - timedelta(7 * (by_week.shape[1] - 1 - week))
        weeks.append(
            {
                "since": str(until - timedelta(6)),
                "until": str(until),
                "observed": int(by_week[:, week].sum()),
                "outlined": sum(line is not None for line in drawn),
            }
        )
    return {
        "method": method,
        "level": counted.level.value,
        "publication": counted.publication,
        "data_version": counted.version,
        "weeks": weeks,
        "classes": list(classes),
        "paint": {row["code"]: "".join(one) for row, one in zip(rows, paint, strict=True)},
        "outline": {row["code"]: "".join(one) for row, one in zip(rows, outline, strict=True)},
        "notes": [("hotspots.reports", {})],
    }


def _week(
    method: str, by_week: Floats, week: int, homes: Floats, weights: Weights, counted: Counted
) -> tuple[list[str | None], list[str | None]]:
    """Return the class and the outline of each unit that takes part."""
    now = by_week[:, week]
    if method == "count":
        return list(volume_keys(now.tolist(), 7, counted.level.value)), [None] * len(now)
    if method == "change":
        then = by_week[:, week - _BEFORE : week].sum(axis=1)
        test = local_change(now, then, 7, 7 * _BEFORE, weights)
        keys = ratio_keys(test.rate_ratio.tolist())
        return (
            ["too_few" if few else key for few, key in zip(test.too_few, keys, strict=True)],
            [outline_level(float(q)) for q in test.q],
        )
    rates = empirical_bayes(now, homes, days=7)
    mean = float(rates.prior_mean[0])
    excess = local_excess(now, homes, weights)
    keys = ratio_keys((rates.per_household / mean).tolist()) if mean > 0 else ["r2"] * len(now)
    few = homes * mean < MIN_EXPECTED
    return (
        ["too_few" if f else key for f, key in zip(few, keys, strict=True)],
        [outline_level(float(q)) for q in excess.q],
    )
