"""What was reported in the units in force, as the statistics take it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.lattice import Geometries
from grids import access, counts_held
from grids.counts_held import Filter
from grids.model import Level, Viewer
from grids.window import Window
from layers.county_counts import Counted, count, sql
from layers.county_tally import as_known
from layers.hotspots import MIN_HOUSEHOLDS
from layers.studies import Study, TooManyEvents
from layers.windows import Calendar, Kind, comparison_window

# Methods that look at single events are for looking closer; beyond this the answer would be late.
MOST_EVENTS = 300_000
OF_EVENTS = ("density", "dbscan", "knox")


def read(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
    levels: Sequence[str] = (),
    sources: Sequence[str] = (),
    by: Level = Level.GRID,
    compare: Kind = "prev",
    calendar: Calendar = "solar",
    events: bool = True,
) -> tuple[Study, Geometries]:
    """Return the study of a window, and the outlines of its units in CGCS2000 degrees.

    Units with fewer than five households take no part: sums around them would give their figures
    away. Neither do redrawn units, since reports stay with the grid of their day.

    Parameters
    ----------
    matter, area, levels, sources, by
        As `county_counts.count`.
    compare, calendar
        The period that `change` compares with.
    events
        Whether the places of single events are read, which few methods need.

    Raises
    ------
    Forbidden, NotFound, NothingPublished
        As `county_counts.count`.
    TooManyEvents
        If there are more single events than can be looked at.
    """
    access.require(viewer, access.Action.HOTSPOT_SEE)
    wanted = Filter(matter, tuple(levels), tuple(sources))
    window = as_known(counts_held.read(conn), Window(since, until), wanted)
    then = comparison_window(window, compare, calendar)
    counted = count(
        conn, viewer, since, until,
        matter=matter, area=area, levels=levels, sources=sources, by=by, back_to=then.since,
    )  # fmt: skip
    if not events:
        return study_of(counted, then, by_day=True)
    at = places(conn, counted, viewer.scope if area is None else area)
    return study_of(counted, then, *at, by_day=True)


def taking_part(counted: Counted, *, with_empty: bool = False) -> NDArray[np.int64]:
    """Return the numbers of the units that statistics speak of.

    `with_empty` takes those in where nobody lives: they have no rate, and nobody to protect.
    """
    redrawn = np.array([code in counted.redrawn for code in counted.ground.codes], np.bool_)
    enough = counted.households >= MIN_HOUSEHOLDS
    if with_empty:
        enough |= counted.households == 0
    return np.flatnonzero(enough & ~redrawn)


def study_of(
    counted: Counted,
    then: Window,
    lon_lat: NDArray[np.float64] | None = None,
    on: NDArray[np.float64] | None = None,
    *,
    with_empty: bool = False,
    by_day: bool = False,
) -> tuple[Study, Geometries]:
    """Return the study of counted reports; `lon_lat` and `on` are those of `places`.

    Its counts are by month where no days are known, else by day where `by_day` asks for them: of
    days that are known. Otherwise they are the sums of the window.
    """
    ground = counted.ground
    kept = taking_part(counted, with_empty=with_empty)
    number = np.full(len(ground.codes), -1)
    number[kept] = np.arange(len(kept))
    pairs = number[ground.pairs]
    months: tuple[str, ...] = ()
    if counted.by_month:
        months, counts = counted.tally.by_month(counted.window)
    elif by_day:
        counts = counted.tally.cube(counted.window)
    else:
        counts = counted.tally.totals(counted.window)[:, np.newaxis].astype(np.float64)
    study = Study(
        ids=tuple(ground.codes[i] for i in kept),
        xy_m=ground.xy_m[kept],
        pairs=pairs[(pairs >= 0).all(axis=1)],
        counts=counts[kept],
        months=months,
        window=counted.window,
        then=(counted.tally.totals(then)[kept].astype(np.float64), then.days),
        population=counted.households[kept].astype(np.float64),
        places_m=None if lon_lat is None else ground.frame.project_xy(lon_lat),
        days=on,
        version=counted.version,
    )
    return study, ground.outlines[kept]


def places(
    conn: Connection, counted: Counted, scope: str, *, days_only: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return degrees and days of the single events of a count, shapes (n, 2) and (n,).

    `days_only` leaves out events that are known by their month alone, which stand on its first day.

    Raises
    ------
    TooManyEvents
    """
    wanted, window = counted.tally.wanted, counted.window
    rows = conn.execute(
        sql("places"),
        {
            "since": window.since,
            "until": window.until,
            "after": window.until + timedelta(1),
            "matter": wanted.matter,
            "levels": list(wanted.levels) or None,
            "sources": list(wanted.sources) or None,
            "low": scope,
            "high": f"{scope}~",
            "days_only": days_only,
            "limit": MOST_EVENTS + 1,
        },
    ).all()
    if len(rows) > MOST_EVENTS:
        raise TooManyEvents(most=MOST_EVENTS)
    table = np.array([tuple(row) for row in rows], np.float64).reshape(-1, 3)
    return table[:, :2], table[:, 2]
