"""Where is this point? For one position in SQL, for many in memory; both give the same answer.

The home of a position is the cell in force that covers it; on a shared border the one with the
lowest (grid, sub-group), the undivided rest of a grid after its sub-groups.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import Connection, TextClause, text

from geo.borders import Borders
from geo.lattice import Geometries
from geo.locator import Locator
from geo.position import GEOD, Position
from grids import history, publications, rules
from grids.db import statement
from grids.errors import BadValue, NothingPublished
from grids.history import Past
from grids.model import Level, Placement, Rival
from grids.publications import CellsInForce, Codes, OutlinesInForce

# Beyond this the circle says nothing; a mobile network's guess is about as bad.
MAX_ACCURACY_M = 50_000.0

# What lies in the circle but outside the county.
OUTSIDE = ""
# Circles held in memory together.
_CIRCLES_AT_ONCE = 5_000
# A share below this is a touching border or rounding.
_NO_SHARE = 1e-6


class Homes(NamedTuple):
    """The grid and sub-group of many positions: arrays of one length, None where there is none."""

    grid_codes: Codes
    subgroup_codes: Codes


class Located(NamedTuple):
    """Where many positions lie: arrays of one length.

    `grid_codes` and `subgroup_codes` hold None where there is none; `border_m` is the distance to
    the nearest border of the grid, NaN outside every grid.
    """

    grid_codes: Codes
    subgroup_codes: Codes
    border_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CountyLocator:
    """The cells in force, prepared to be asked where many positions lie.

    Cells are sorted so that the lowest index that covers a position is its home.
    """

    publication: int
    villages: Codes
    grids: Codes
    subgroups: Codes
    outlines: Geometries
    grid_outlines: Geometries

    @cached_property
    def locator(self) -> Locator:
        """Which cell covers a position."""
        return Locator(self.outlines)

    @cached_property
    def borders(self) -> Borders:
        """The borders of grids. The nearest one of a position in a grid is always that grid's."""
        return Borders(self.grid_outlines)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.outlines)

    @cached_property
    def _gridded(self) -> tuple[NDArray[np.int64], shapely.STRtree]:
        cells = np.flatnonzero([code is not None for code in self.grids])
        return cells, shapely.STRtree(self.outlines[cells])

    def locate(self, xy: ArrayLike) -> tuple[Located, Codes]:
        """Return where positions (n, 2) in CGCS2000 degrees lie, and the village of each."""
        points = np.asarray(xy, np.float64).reshape(-1, 2)
        cell = self.locator.locate(points)
        grid_codes = _pick(self.grids, cell)
        inside = np.asarray([code is not None for code in grid_codes], bool)
        border_m = np.full(len(points), np.nan)
        border_m[inside] = self.borders.distance_m(points[inside])
        located = Located(grid_codes, _pick(self.subgroups, cell), border_m)
        return located, _pick(self.villages, cell)

    def homes(self, xy: ArrayLike) -> Homes:
        """Return the grid and sub-group of positions (n, 2) in CGCS2000 degrees; NaN has none."""
        cell = self.locator.locate(xy)
        return Homes(_pick(self.grids, cell), _pick(self.subgroups, cell))

    def rivals(self, xy: ArrayLike, accuracy_m: ArrayLike) -> list[tuple[Rival, ...]]:
        """Return for each position who shares its accuracy circle, as `locate` does."""
        points = np.asarray(xy, np.float64).reshape(-1, 2)
        found: list[tuple[Rival, ...]] = []
        for start in range(0, len(points), _CIRCLES_AT_ONCE):
            part = slice(start, start + _CIRCLES_AT_ONCE)
            discs = _discs(points[part], np.asarray(accuracy_m, np.float64).reshape(-1)[part])
            circle, cell = self._tree.query(discs, predicate="intersects")
            common = shapely.area(shapely.intersection(self.outlines[cell], discs[circle]))
            parts: list[dict[str, float]] = [{} for _ in discs]
            for k, c, share in zip(circle, cell, common / shapely.area(discs[circle]), strict=True):
                code = self.grids[c] or self.villages[c]
                parts[k][code] = parts[k].get(code, 0.0) + float(share)
            found += [_rivals(shares) for shares in parts]
        return found

    def propose(self, position: Position) -> tuple[str, float] | None:
        """Return the nearest grid of a position and its distance in metres, if there is a grid."""
        cells, tree = self._gridded
        if not len(cells):
            return None
        scale = np.array(metres_of_a_degree(position.lat))
        here = np.array([position.lon, position.lat])
        at = shapely.Point(*here)
        # As in locate.sql: the nearest in degrees bounds the search, metres decide.
        first = cells[tree.nearest(at)]
        bound = shapely.distance(_scaled(self.outlines[first], scale, here), shapely.Point(0, 0))
        near = cells[tree.query(at, "dwithin", distance=bound / scale.min() * 1.000001)]
        found: list[tuple[float, str]] = []
        for k in near:
            outline = _scaled(self.outlines[k], scale, here)
            line = shapely.shortest_line(shapely.Point(0, 0), outline)
            foot = shapely.get_coordinates(line)[1] / scale + here
            found.append((GEOD.inv(*here, *foot)[2], self.grids[k]))
        metres, code = min(found)
        return code, metres


def locate(
    conn: Connection,
    position: Position,
    accuracy_m: float | None = None,
    past: Past | None = None,
) -> Placement:
    """Return where a position lies in the coverage in force, or where it lay.

    Parameters
    ----------
    accuracy_m
        Radius in metres within which the true position lies; None if the sender does not know.
    past
        A state of the county from `history.find`; none: what is in force now.

    Returns
    -------
    Placement
        `rivals` shares out the accuracy circle (a polygon of 256 corners) by area, the largest
        first: grids by their code, free land by its village's, what lies outside the county by an
        empty code. They add up to 1; empty without an accuracy. `review` is set when the grid has
        less than 0.8 of the circle, or there is no grid; then the nearest grid is the proposal.

    Raises
    ------
    BadValue
        If the accuracy is no distance up to 50 km.
    NothingPublished
        Before the first boundaries.
    """
    check_accuracy(accuracy_m)
    east_m, north_m = metres_of_a_degree(position.lat)
    given = {
        "lon": position.lon,
        "lat": position.lat,
        "east_m": east_m,
        "north_m": north_m,
        "accuracy_m": accuracy_m,
    }
    if past is None:
        row = conn.execute(statement("locate", "locate"), given).one()
    else:
        then = {"at": past.moment, "publication": past.publication.number}
        row = conn.execute(_as_at(), given | then).one()
    if row.publication is None:
        raise NothingPublished
    rivals = _rivals(row.shares or {}) if accuracy_m else ()
    return Placement(
        row.publication,
        row.village_code,
        row.grid_code,
        row.subgroup_code,
        row.border_m,
        rivals,
        rules.needs_review(row.grid_code, rivals),
        row.proposal,
        row.proposal_m,
    )


@cache
def _as_at() -> TextClause:
    """Return the same statement on what was in force at :at.

    The cells in force have small indexes of their own, which a query for a moment cannot use.
    """
    now = statement("locate", "locate").text
    then = re.sub(r"upper_inf\((\w)\.valid\)", r"\1.valid @> CAST(:at AS timestamptz)", now)
    number = "(SELECT max(number) FROM publication)"
    return text(then.replace(number, "CAST(:publication AS integer)"))


def locate_many(conn: Connection, xy: ArrayLike, past: Past | None = None) -> Located:
    """Return where positions (n, 2) in CGCS2000 degrees lie in the coverage in force, or lay.

    Parameters
    ----------
    past
        A state of the county from `history.find`; none: what is in force now.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    locator = county_locator(conn) if past is None else past_locator(conn, past)
    located, _ = locator.locate(xy)
    return located


def homes_of(conn: Connection, xy: ArrayLike) -> Homes:
    """Return as `locate_many`, without measuring the distance to borders: several times faster."""
    return county_locator(conn).homes(xy)


_ready: dict[tuple[int, bytes], CountyLocator] = {}
_building = Lock()


def county_locator(conn: Connection) -> CountyLocator:
    """Return the locator of the publication in force, built once a process and publication.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    current = publications.require_current(conn)
    # By number and content: two databases in one process may both be at publication 1.
    key = current.number, bytes(current.digest)
    with _building:
        if key not in _ready:
            _ready.clear()
            _ready[key] = _prepare(
                current.number,
                publications.cells_in_force(conn),
                publications.outlines_in_force(conn, Level.GRID),
            )
        return _ready[key]


def past_locator(conn: Connection, past: Past) -> CountyLocator:
    """Return the locator of a publication of the past, built anew: it takes about a second."""
    return _prepare(
        past.publication.number, history.cells(conn, past), history.outlines(conn, past, Level.GRID)
    )


def _prepare(number: int, cells: CellsInForce, grids: OutlinesInForce) -> CountyLocator:
    last = chr(0x10FFFF)
    order = sorted(
        range(len(cells)),
        key=lambda k: (cells.grid[k] or last, cells.subgroup[k] or last, cells.village[k]),
    )
    return CountyLocator(
        number,
        cells.village[order],
        cells.grid[order],
        cells.subgroup[order],
        cells.outline[order],
        grids.outline,
    )


def check_accuracy(accuracy_m: float | None) -> None:
    """Let pass a radius in metres that can be used, or none.

    Raises
    ------
    BadValue
        If it is not a distance up to 50 km.
    """
    if accuracy_m is not None and not 0 <= accuracy_m <= MAX_ACCURACY_M:
        raise BadValue(field="accuracy_m", given=accuracy_m, reason=f"0 to {MAX_ACCURACY_M:.0f} m")


def metres_of_a_degree(lat: float) -> tuple[float, float]:
    """Return the metres of one degree east and north at a latitude."""
    sine, cosine = math.sin(math.radians(lat)), math.cos(math.radians(lat))
    under = 1 - GEOD.es * sine * sine
    east = GEOD.a / math.sqrt(under) * cosine
    north = GEOD.a * (1 - GEOD.es) / under**1.5
    return math.radians(max(east, 1.0)), math.radians(north)


def _rivals(parts: dict[str, float]) -> tuple[Rival, ...]:
    found = {code: share for code, share in parts.items() if share > _NO_SHARE}
    outside = 1 - sum(found.values())
    if outside > _NO_SHARE:
        found[OUTSIDE] = outside
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Rival(code, share) for code, share in ordered)


def _pick(codes: Codes, cell: NDArray[Any]) -> Codes:
    picked = np.full(len(cell), None, dtype=np.object_)
    found = cell >= 0
    picked[found] = codes[cell[found]]
    return picked


def _discs(xy: NDArray[np.float64], radius_m: NDArray[np.float64]) -> Geometries:
    """Return circles around positions in degrees, each with the corners of ST_Buffer(.., 64)."""
    angle = np.linspace(0, 2 * math.pi, 256, endpoint=False)
    corners = np.column_stack([np.cos(angle), np.sin(angle)])
    scale = np.array([metres_of_a_degree(lat) for lat in xy[:, 1]])
    radius = (radius_m[:, None] / scale)[:, None, :]
    discs: Any = shapely.polygons(xy[:, None, :] + corners * radius)
    return np.asarray(discs, dtype=np.object_)


def _scaled(outline: Any, scale: NDArray[np.float64], origin: NDArray[np.float64]) -> Any:
    return shapely.transform(outline, lambda xy: (xy - origin) * scale)
