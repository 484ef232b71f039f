"""The nightly look for new clusters: which alerts a day of data raises, and which go on.

Prospective space-time permutation scan (Kulldorff et al. 2005, PLoS Medicine 2(3): e59), for all
matters together and for each group of matters. It needs no households and allows for places and
days that lastingly report more than others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, text, update

from geo.crs import MetricFrame
from geo.hotspots.scan import Cluster, scan
from geo.hotspots.zones import Zones, circles
from grids import notices, publications, schema
from grids.db import statement
from grids.model import Level
from grids.territory import code_range

# The days that a night looks back on, and the windows in them that it looks at.
STUDY_DAYS = 90
MAX_DAYS = 7
MAX_RADIUS_M = 5000.0
MAX_SHARE = 0.1
MIN_CASES = 5
MIN_RATIO = 1.2
REPLICATES = 999
# A cluster becomes an alert when chance alone shows one so seldom.
THRESHOLD_DAYS = 365
# An alert that was not found for one night may still be the same one.
GAP_DAYS = 2
# Fewer cases in all cannot say where they are too many.
FEWEST_CASES = 30
# Below this the figures of a grid could be read as those of a family.
MIN_HOUSEHOLDS = 5
ALL_MATTERS = ""


@dataclass(frozen=True, slots=True)
class Night:
    """What a night came to.

    `n_tests` groups of matters were looked at; `raised` are new alerts, `ongoing` older ones.
    """

    day: date
    n_tests: int
    n_cases: int
    raised: tuple[UUID, ...]
    ongoing: tuple[UUID, ...]


@dataclass(frozen=True, eq=False)
class Found:
    """A cluster of grids, with the groups whose own scan found the same place."""

    matter_group: str
    codes: tuple[str, ...]
    centre: str
    since: date
    cluster: Cluster
    groups: tuple[str, ...] = ()

    @property
    def territory(self) -> str:
        """Return the code of the smallest unit that holds all the grids."""
        return smallest_holding(self.codes)


def smallest_holding(codes: Sequence[str]) -> str:
    """Return the code of the smallest unit that holds all of some units."""
    first, last = min(codes), max(codes)
    digits = [level.digits for level in reversed(Level)]
    return next(first[:d] for d in digits if d <= len(first) and first[:d] == last[:d])


def run(conn: Connection, day: date, now: datetime) -> Night | None:
    """Scan the data up to a day, keep its alerts, and tell who answers for the place of new ones.

    Parameters
    ----------
    day
        Last day of the data; it should be over.

    Returns
    -------
    Night or None
        None if this night has been looked at already, or no boundaries are in force.
    """
    done = conn.execute(
        text("SELECT 1 FROM alert_scan WHERE day = :day"), {"day": day}
    ).scalar_one_or_none()
    if done or publications.current(conn) is None:
        return None
    codes, zones = _ground(conn, day)
    cubes = _cubes(conn, codes, day)
    found, n_tests = find(codes, zones, cubes, day)
    raised, ongoing = [], []
    standing = {
        row.alert_id: frozenset(row.grid_codes)
        for row in conn.execute(statement("standing", "alerts"), {"day": day, "gap": GAP_DAYS})
    }
    for one in found:
        known = _same_place(one, standing)
        if known is None:
            raised.append(_raise(conn, one, day, now))
        else:
            del standing[known]
            _go_on(conn, known, one, day)
            ongoing.append(known)
    n_cases = int(cubes[ALL_MATTERS].sum())
    conn.execute(
        insert(schema.alert_scan).values(
            day=day,
            at=now,
            settings=settings(),
            n_tests=n_tests,
            n_cases=n_cases,
            n_alerts=len(found),
        )
    )
    return Night(day, n_tests, n_cases, tuple(raised), tuple(ongoing))


def settings() -> dict[str, float]:
    """Return the choices that a night was looked at with."""
    return {
        "study_days": STUDY_DAYS,
        "max_days": MAX_DAYS,
        "max_radius_m": MAX_RADIUS_M,
        "max_share": MAX_SHARE,
        "min_cases": MIN_CASES,
        "min_ratio": MIN_RATIO,
        "replicates": REPLICATES,
        "threshold_days": THRESHOLD_DAYS,
    }


def find(
    codes: Sequence[str], zones: Zones, cubes: Mapping[str, NDArray[np.int64]], day: date
) -> tuple[list[Found], int]:
    """Return the clusters beyond the threshold, one for each place, and how many tests were made.

    A place that several groups find is reported once: for all matters together if these find it,
    else for the group that finds it most surely.

    Parameters
    ----------
    cubes
        Cases by group, each by grid and day of the study, shape (n, days); `ALL_MATTERS` is one.
    """
    clusters: list[Found] = []
    n_tests = 0
    for group, cube in cubes.items():
        if cube.sum() < FEWEST_CASES:
            continue
        n_tests += 1
        result = scan(
            cube,
            zones,
            model="stp",
            mode="prospective",
            max_days=MAX_DAYS,
            max_case_share=MAX_SHARE,
            min_cases=MIN_CASES,
            min_ratio=MIN_RATIO,
            replicates=REPLICATES,
            seed=day.toordinal(),
        )
        first = day - timedelta(cube.shape[1] - 1)
        clusters += [
            Found(
                group,
                tuple(codes[unit] for unit in one.units),
                codes[one.centre],
                first + timedelta(one.start),
                one,
            )
            for one in result.clusters
            if (one.recurrence_days or 0.0) >= THRESHOLD_DAYS
        ]
    clusters.sort(key=lambda one: (one.matter_group != ALL_MATTERS, -one.cluster.llr))
    kept: list[Found] = []
    for one in clusters:
        at = next((k for k, other in enumerate(kept) if set(other.codes) & set(one.codes)), None)
        if at is None:
            kept.append(one)
        else:
            held = kept[at]
            groups = tuple(dict.fromkeys((*held.groups, one.matter_group)))
            kept[at] = Found(
                held.matter_group, held.codes, held.centre, held.since, held.cluster, groups
            )
    return kept, n_tests


def _ground(conn: Connection, day: date) -> tuple[list[str], Zones]:
    """Return the grids that can be compared with themselves over the study, and circles of them."""
    grids = publications.outlines_in_force(conn, Level.GRID)
    redrawn = set(
        conn.execute(
            statement("redrawn", "board"),
            code_range("")
            | {"since": day - timedelta(STUDY_DAYS - 1), "digits": [Level.GRID.digits]},
        ).scalars()
    )
    kept = np.array(
        [
            n >= MIN_HOUSEHOLDS and code not in redrawn
            for code, n in zip(grids.code, grids.n_households, strict=True)
        ],
        dtype=np.bool_,
    )
    codes = [str(code) for code in np.asarray(grids.code)[kept]]
    outlines = grids.outline[kept]
    frame = MetricFrame.at(float(shapely.get_x(shapely.centroid(grids.outline)).mean()))
    xy = shapely.get_coordinates(shapely.centroid(frame.project(outlines)))
    return codes, circles(xy, MAX_RADIUS_M)


def _cubes(conn: Connection, codes: Sequence[str], day: date) -> dict[str, NDArray[np.int64]]:
    since = day - timedelta(STUDY_DAYS - 1)
    number = {code: i for i, code in enumerate(codes)}
    cubes = {ALL_MATTERS: np.zeros((len(codes), STUDY_DAYS), np.int64)}
    rows = conn.execute(statement("counts", "alerts"), {"since": since, "until": day})
    for row in sorted(rows, key=lambda row: (row.matter_group, row.grid_code, row.day)):
        at = number.get(row.grid_code)
        if at is None:
            continue
        cube = cubes.setdefault(row.matter_group, np.zeros_like(cubes[ALL_MATTERS]))
        for one in (cube, cubes[ALL_MATTERS]):
            one[at, (row.day - since).days] += int(row.n)
    return cubes


def _same_place(one: Found, standing: Mapping[UUID, frozenset[str]]) -> UUID | None:
    """Return the alert that shares most grids with a cluster; None if none shares any."""
    shared = {key: len(codes & set(one.codes)) for key, codes in standing.items()}
    best = max(shared, key=lambda key: shared[key], default=None)
    return best if best is not None and shared[best] else None


def _raise(conn: Connection, one: Found, day: date, now: datetime) -> UUID:
    alert_id: UUID = conn.execute(
        insert(schema.alert)
        .values(
            matter_group=one.matter_group,
            territory_code=one.territory,
            first_on=day,
            last_on=day,
        )
        .returning(schema.alert.c.alert_id)
    ).scalar_one()
    _keep(conn, alert_id, one, day)
    facts = {
        "alert_id": str(alert_id),
        "unit_code": one.territory,
        "observed": one.cluster.observed,
        "expected": round(one.cluster.expected, 1),
        "since": one.since.isoformat(),
        "until": day.isoformat(),
    }
    for person_id in _recipients(conn, one.territory, now):
        notices.post(conn, person_id, "alert.raised", facts, now)
    return alert_id


def _go_on(conn: Connection, alert_id: UUID, one: Found, day: date) -> None:
    conn.execute(
        update(schema.alert)
        .where(schema.alert.c.alert_id == alert_id)
        .values(last_on=day, territory_code=one.territory)
    )
    _keep(conn, alert_id, one, day)


def _keep(conn: Connection, alert_id: UUID, one: Found, day: date) -> None:
    cluster = one.cluster
    conn.execute(
        insert(schema.alert_night).values(
            alert_id=alert_id,
            day=day,
            territory_code=one.territory,
            grid_codes=list(one.codes),
            centre_code=one.centre,
            radius_m=cluster.radius_m,
            since=one.since,
            observed=int(cluster.observed),
            expected=float(cluster.expected),
            relative_risk=cluster.relative_risk if np.isfinite(cluster.relative_risk) else None,
            p=float(cluster.p),
            recurrence_days=float(cluster.recurrence_days or 0.0),
            groups=list(one.groups),
        )
    )


def _recipients(conn: Connection, unit: str, now: datetime) -> list[UUID]:
    """Return who is told of a place: leaders and desk of its unit, else of the units above."""
    for digits in (length for length in (15, 12, 9, 6) if length <= len(unit)):
        asked = {"unit": unit[:digits], "now": now}
        found = list(conn.execute(statement("recipients", "alerts"), asked).scalars())
        if found:
            return found
    return []
