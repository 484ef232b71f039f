"""Reports of the units in force by unit and day, on one coverage, cut to a viewer's territory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.coverage import adjacency
from geo.crs import MetricFrame
from geo.hotspots.zones import Zones, circles
from geo.lattice import Geometries
from grids import access, admission, counts_held, publications
from grids.counts_held import Filter
from grids.db import statement
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.publications import Publication
from grids.window import Window
from layers.county_tally import Tally, as_known
from layers.hotspots import MIN_HOUSEHOLDS
from layers.lineage import Flow, Recount, recount

FOLDER = Path(__file__).parent / "sql"
# Days before the end of a window that its map looks at in any case, in weeks and spark lines.
REACH_DAYS = 91
DIGITS = {Level.TOWNSHIP: 9, Level.VILLAGE: 12, Level.GRID: 15}

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """What was lately made, by what it was made of; the process keeps `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[Hashable, Kept] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under a key, made now if there is nothing."""
        with self._lock:
            kept = self._kept.pop(key, None)
        made = make() if kept is None else kept
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.pop(next(iter(self._kept)))
        return made


@dataclass(frozen=True, eq=False)
class Ground:
    """The units of a level in one publication: what a map is drawn on.

    Attributes
    ----------
    codes
        In the order of their codes.
    outlines
        Multipolygons in CGCS2000 degrees.
    pairs
        Numbers of neighbours, shape (m, 2); units that meet at a corner are neighbours.
    area_km2
        Of each unit.
    """

    codes: tuple[str, ...]
    outlines: Geometries
    pairs: NDArray[np.int64]
    area_km2: NDArray[np.float64]

    @cached_property
    def frame(self) -> MetricFrame:
        """Return the metric system of the area's 3-degree zone."""
        return MetricFrame.at(float(shapely.get_x(shapely.centroid(self.outlines)).mean()))

    @cached_property
    def xy_m(self) -> NDArray[np.float64]:
        """Return the centroids in metres, shape (n, 2)."""
        return shapely.get_coordinates(shapely.centroid(self.frame.project(self.outlines)))

    @cached_property
    def lon_lat(self) -> NDArray[np.float64]:
        """Return the centroids in degrees, shape (n, 2)."""
        return shapely.get_coordinates(shapely.centroid(self.outlines))

    def near(self, max_radius_m: float) -> Zones:
        """Return the circles around the units, in the order of distance; made once a radius."""
        return self._near.get(max_radius_m, lambda: circles(self.xy_m, max_radius_m))

    @cached_property
    def _near(self) -> Recent[Zones]:
        return Recent(3)


@dataclass(frozen=True, eq=False)
class Counted:
    """Reports of a window by unit, and everything else that a hotspot map depends on.

    Attributes
    ----------
    names, observed, households
        One for each unit of the ground; households are those of today.
    redrawn
        Units whose ground came or went by parts since `back_to`: reports stay with the grid of
        their day, so these cannot be compared with themselves or others.
    n_recounted
        Grids of former days whose reports were counted for the unit that took them in whole.
    n_former, former
        Grids with reports that are no longer in force nor in any of them, and their reports; those
        of grids that last had fewer than five households are left out of the sum.
    version
        A digest of all of this: equal versions are equal maps.
    by_month
        Whether most reports of the window are known by their month alone.
    """

    window: Window
    matter: str
    publication: int
    ground: Ground
    names: tuple[str, ...]
    observed: NDArray[np.int64]
    households: NDArray[np.int64]
    redrawn: frozenset[str]
    n_recounted: int
    n_former: int
    former: int
    version: str
    level: Level
    tally: Tally
    back_to: date
    by_month: bool


_grounds: Recent[Ground] = Recent(12)


def count(
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
    back_to: date | None = None,
) -> Counted:
    """Return the reports of a window in the units in force of an area.

    Parameters
    ----------
    since, until
        First and last day in China, both counted; where most reports are known by their month
        alone, all days of the months that they lie in.
    matter
        Code of an admission item; None: all together.
    area
        Code of a unit; None: the viewer's whole territory.
    levels, sources
        Levels and sources of incidents; none: all.
    by
        Level of the units: township, village or grid. Above grids, those with fewer than five
        households are left out of the sums, from which their figures could be taken apart.
    back_to
        Earliest day that will be compared, `since` when earlier is not asked for.

    Raises
    ------
    Forbidden
        If the viewer's role reads no hotspots.
    NotFound
        For an area outside the territory or without grids, and for an unknown matter.
    NothingPublished
        Before the first boundaries.
    """
    access.require(viewer, access.Action.HOTSPOT_SEE)
    scope = viewer.scope if area is None else area
    access.require_territory(viewer, scope)
    if matter is not None:
        admission.get(conn, matter)
    held, wanted = counts_held.read(conn), Filter(matter, tuple(levels), tuple(sources))
    window = as_known(held, Window(since, until), wanted)
    earliest = min(window.since, back_to or window.since)
    territory = {"low": scope, "high": f"{scope}~"}
    publication, ground, units, grids = _in_force(conn, scope, by, territory)
    if not ground.codes:
        raise NotFound(what="unit with grids", key=scope)
    digits = DIGITS[by]
    one_coverage = _recount(conn, earliest, territory, frozenset(grids), digits)
    unit_of = _placed(held.grids, grids, one_coverage, ground.codes, by)
    reach = Window(min(earliest, window.until - timedelta(REACH_DAYS - 1)), window.until)
    tally = Tally(held, wanted, unit_of, len(ground.codes), reach)
    observed = tally.totals(window)
    n_former, former = _former(conn, tally, window, scope, grids, one_coverage)
    households = _households(ground.codes, grids, by)
    names = tuple(units[code] for code in ground.codes)
    changed = one_coverage.redrawn & frozenset(ground.codes)
    stated = (window.interval, tally.wanted, scope, by, names, sorted(changed), n_former, former)
    digest = hashlib.sha256(publication.digest)
    for part in (repr(stated).encode(), observed.tobytes(), households.tobytes()):
        digest.update(part)
    return Counted(
        window=window,
        matter=matter or "",
        publication=publication.number,
        ground=ground,
        names=names,
        observed=observed,
        households=households,
        redrawn=changed,
        n_recounted=sum(code in one_coverage.heir and code not in grids for code in held.grids),
        n_former=n_former,
        former=former,
        version=digest.hexdigest()[:12],
        level=by,
        tally=tally,
        back_to=earliest,
        by_month=tally.is_known_by_month(window),
    )


def named(conn: Connection, code: str) -> str | None:
    """Return what a unit is called."""
    return conn.execute(sql("name_of"), {"code": code}).scalar()


def sql(name: str) -> Any:
    """Return a statement of this room's hotspots."""
    return statement(name, "hotspots", FOLDER)


def _in_force(
    conn: Connection, scope: str, by: Level, territory: Mapping[str, str]
) -> tuple[Publication, Ground, dict[str, str], dict[str, int]]:
    """Return publication, ground, names of its units and households of grids, all of one state."""
    publication = publications.require_current(conn)
    while True:
        key = (publication.number, publication.digest, scope, by)
        ground = _grounds.get(key, lambda: _ground(conn, scope, by))
        rows = conn.execute(sql("units"), {**territory, "level": by.value}).all()
        units = {row.unit_code: row.name for row in rows}
        if by is Level.GRID:
            grids = {row.unit_code: row.n_households for row in rows}
        else:
            below = conn.execute(sql("units"), {**territory, "level": Level.GRID.value})
            grids = {row.unit_code: row.n_households for row in below}
        latest = publications.require_current(conn)
        if latest.number == publication.number:
            return publication, ground, units, grids
        publication = latest


def _ground(conn: Connection, scope: str, by: Level) -> Ground:
    found = publications.outlines_in_force(conn, by, scope)
    touching = adjacency(found.outline, queen=True)
    return Ground(
        codes=tuple(found.code),
        outlines=found.outline,
        pairs=np.column_stack((touching.i, touching.j)),
        area_km2=found.area_m2 / 1e6,
    )


def _recount(
    conn: Connection,
    since: date,
    territory: Mapping[str, str],
    in_force: frozenset[str],
    digits: int,
) -> Recount:
    rows = conn.execute(sql("flows"), {"since": since, **territory})
    flows = [Flow(row.publication, row.from_code, row.to_code) for row in rows]
    return recount(flows, in_force, lambda code: code[:digits])


def _placed(
    counted: Sequence[str],
    grids: Mapping[str, int],
    one_coverage: Recount,
    codes: Sequence[str],
    by: Level,
) -> NDArray[np.int64]:
    """Return the number of the unit that each grid with counts counts for, -1: for none."""
    number = {code: k for k, code in enumerate(codes)}
    digits, unit_of = DIGITS[by], np.full(len(counted), -1, np.int64)
    for k, code in enumerate(counted):
        grid = code if code in grids else one_coverage.heir.get(code)
        if grid not in grids:
            continue
        if by is Level.GRID or grids[grid] >= MIN_HOUSEHOLDS:
            unit_of[k] = number.get(grid[:digits], -1)
    return unit_of


def _households(codes: Sequence[str], grids: Mapping[str, int], by: Level) -> NDArray[np.int64]:
    if by is Level.GRID:
        return np.array([grids[code] for code in codes], dtype=np.int64)
    lived = dict.fromkeys(codes, 0)
    for grid, households in grids.items():
        if households >= MIN_HOUSEHOLDS and grid[: DIGITS[by]] in lived:
            lived[grid[: DIGITS[by]]] += households
    return np.array([lived[code] for code in codes], dtype=np.int64)


def _former(
    conn: Connection,
    tally: Tally,
    window: Window,
    scope: str,
    grids: Mapping[str, int],
    one_coverage: Recount,
) -> tuple[int, int]:
    """Return how many grids are no longer in force, and the reports of those that may be told."""
    gone = [
        k
        for k, code in enumerate(tally.held.grids)
        if code.startswith(scope) and code not in grids and code not in one_coverage.heir
    ]
    if not gone:
        return 0, 0
    by_grid = tally.grid_totals(window)[gone]
    reports = {tally.held.grids[k]: int(n) for k, n in zip(gone, by_grid, strict=True) if n}
    if not reports:
        return 0, 0
    rows = conn.execute(sql("last_households"), {"codes": sorted(reports)})
    told = [row.unit_code for row in rows if row.n_households >= MIN_HOUSEHOLDS]
    return len(reports), sum(reports[code] for code in told)
