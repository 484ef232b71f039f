"""What was reported in the grids in force, as the statistics take it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.crs import MetricFrame
from geo.lattice import Geometries
from grids import counts
from grids.db import statement
from grids.model import Viewer
from layers import county_hotspots
from layers.county_hotspots import FOLDER
from layers.hotspots import MIN_HOUSEHOLDS
from layers.studies import Study


def read(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
) -> tuple[Study, Geometries]:
    """Return the study of a window, and the outlines of its grids in CGCS2000 degrees.

    Grids with fewer than five households take no part: sums around them would give their figures
    away. `change` compares with as many days just before. Neither do redrawn grids, since reports
    stay with the grid of their day.

    Raises
    ------
    Forbidden, NotFound, NothingPublished
        As `county_hotspots.count`.
    """
    counted = county_hotspots.count(conn, viewer, since, until, matter=matter, area=area)
    redrawn = np.array([code in counted.redrawn for code in counted.ground.codes], np.bool_)
    kept = np.flatnonzero((counted.households >= MIN_HOUSEHOLDS) & ~redrawn)
    number = np.full(len(counted.ground.codes), -1)
    number[kept] = np.arange(len(kept))
    codes = tuple(counted.ground.codes[i] for i in kept)
    outlines = counted.ground.outlines[kept]
    frame = MetricFrame.at(float(shapely.get_x(shapely.centroid(outlines)).mean()))
    pairs = number[counted.ground.pairs]
    scope = viewer.scope if area is None else area
    days = (until - since).days + 1
    then = counts.daily(
        conn, since - timedelta(days), since - timedelta(1), matter=matter, scope=scope
    )
    places, on = _places(conn, since, until, matter, scope)
    study = Study(
        ids=codes,
        xy_m=shapely.get_coordinates(shapely.centroid(frame.project(outlines))),
        pairs=pairs[(pairs >= 0).all(axis=1)],
        counts=_cube(conn, codes, since, until, matter, scope),
        window=counted.window,
        then=(np.array([then.get(code, 0) for code in codes], np.float64), days),
        population=counted.households[kept].astype(np.float64),
        places_m=frame.project_xy(places),
        days=on,
        version=counted.version,
    )
    return study, outlines


def _cube(
    conn: Connection,
    codes: tuple[str, ...],
    since: date,
    until: date,
    matter: str | None,
    scope: str,
) -> NDArray[np.float64]:
    number = {code: i for i, code in enumerate(codes)}
    cube = np.zeros((len(codes), (until - since).days + 1))
    for code, day, n in counts.by_grid_and_day(conn, since, until, matter=matter, scope=scope):
        if code in number:
            cube[number[code], (day - since).days] = n
    return cube


def _places(
    conn: Connection, since: date, until: date, matter: str | None, scope: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = conn.execute(
        statement("places", "hotspots", FOLDER),
        {"since": since, "until": until, "matter": matter, "low": scope, "high": f"{scope}~"},
    ).all()
    table = np.array([tuple(row) for row in rows], np.float64).reshape(-1, 3)
    return table[:, :2], table[:, 2]
