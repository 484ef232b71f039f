"""The hotspot map of what was reported in the grids in force, cut to a viewer's territory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.coverage import adjacency
from geo.lattice import Geometries
from geo.simplify import NotACoverage, simplify
from grids import access, admission, counts, publications
from grids.db import statement
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.publications import Publication
from layers.hotspot_methods import drawn_by
from layers.hotspots import MIN_HOUSEHOLDS, GridRow, HotspotMap, Window, hotspot_map
from layers.sheet import hotspot_sheet
from layers.styles import word

FOLDER = Path(__file__).parent / "sql"
# A sheet is drawn for a screen or page about this wide; what is finer cannot be seen.
SHEET_PX = 2048

Kept = TypeVar("Kept")


class _Recent(Generic[Kept]):
    """What was lately made, by what it was made of; the process keeps `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[Hashable, Kept] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
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
    """The grids of an area in one publication: what a map is drawn on.

    Attributes
    ----------
    codes
        In the order of their codes.
    outlines
        Multipolygons in CGCS2000 degrees.
    pairs
        Numbers of neighbours, shape (m, 2); grids that meet at a corner are neighbours.
    """

    codes: tuple[str, ...]
    outlines: Geometries
    pairs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counted:
    """Reports of a window by grid, and everything else that a hotspot map depends on.

    Attributes
    ----------
    names, observed, households
        One for each grid of the ground; households are those of today.
    redrawn
        Grids whose border or identity changed on the window's first day or later: reports stay
        with the grid of their day, so these cannot be compared with themselves or others.
    n_former, former
        Grids with reports that are no longer in force, and their reports; those of grids that
        last had fewer than five households are left out of the sum.
    version
        A digest of all of this: equal versions are equal maps.
    """

    window: Window
    matter: str
    publication: int
    ground: Ground
    names: tuple[str, ...]
    observed: NDArray[np.int64]
    households: NDArray[np.int64]
    redrawn: frozenset[str]
    n_former: int
    former: int
    version: str


_grounds: _Recent[Ground] = _Recent(8)
_maps: _Recent[HotspotMap] = _Recent(32)


def count(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
) -> Counted:
    """Return the reports of a window in the grids in force of an area.

    Parameters
    ----------
    since, until
        First and last day in China, both counted.
    matter
        Code of an admission item; None: all together.
    area
        Code of a unit; None: the viewer's whole territory.

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
    window = Window(since, until)
    territory = {"low": scope, "high": f"{scope}~"}
    publication, ground, grids = _in_force(conn, scope, territory)
    if not ground.codes:
        raise NotFound(what="unit with grids", key=scope)
    reports = counts.daily(conn, since, until, matter=matter, scope=scope)
    redrawn = conn.execute(_sql("redrawn"), {"since": since, **territory}).scalars()
    n_former, former = _former(conn, set(reports) - set(ground.codes), reports)
    names = tuple(grids[code][0] for code in ground.codes)
    observed = np.array([reports.get(code, 0) for code in ground.codes], dtype=np.int64)
    households = np.array([grids[code][1] for code in ground.codes], dtype=np.int64)
    changed = frozenset(redrawn) & frozenset(ground.codes)
    stated = repr((window.interval, matter, scope, names, sorted(changed), n_former, former))
    digest = hashlib.sha256(publication.digest)
    for part in (stated.encode(), observed.tobytes(), households.tobytes()):
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
        n_former=n_former,
        former=former,
        version=digest.hexdigest()[:12],
    )


def assess(counted: Counted) -> HotspotMap:
    """Return the map of counted reports; the last few are kept in the process, by version.

    Redrawn grids are painted "not_comparable" and not judged; notes say how many there are, and how
    many reports belong to grids that are no longer in force.

    Raises
    ------
    UnusableCounts
        If no grid has enough households.
    """
    return _maps.get(counted.version, lambda: _assessed(counted))


def read(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
) -> HotspotMap:
    """Return the hotspot map of a window; parameters and refusals are those of `count`.

    `matter` of the answer is the code that was asked for, empty for all together.
    """
    return assess(count(conn, viewer, since, until, matter=matter, area=area))


def sheet(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
    method: str = "excess",
    locale: str = "zh-CN",
) -> str:
    """Return the hotspot map of a window as one HTML page that opens with no network.

    Outlines are simplified together for a printed page, so that neighbours keep one border.

    Raises
    ------
    As `count`; NoSuchMethod.
    """
    counted = count(conn, viewer, since, until, matter=matter, area=area)
    return sheet_of(conn, viewer, counted, area=area, method=method, locale=locale)()


def sheet_of(
    conn: Connection,
    viewer: Viewer,
    counted: Counted,
    *,
    area: str | None = None,
    method: str = "excess",
    locale: str = "zh-CN",
) -> Callable[[], str]:
    """Return what writes the sheet of counted reports; it needs the database no more.

    Raises
    ------
    NoSuchMethod
        If there is no such method.
    """
    hotspots = drawn_by(assess(counted), method)
    matter = counted.matter
    named = admission.get(conn, matter).name if matter else word("sheet.all_matters", locale)
    place = _name_of(conn, area or viewer.scope) or word("sheet.everywhere", locale)
    title = word("sheet.title", locale, place=place)

    def write() -> str:
        shapes = features(counted.ground.codes, drawable(counted.ground.outlines))
        return hotspot_sheet(replace(hotspots, matter=named), shapes, title, locale)

    return write


def drawable(outlines: Geometries) -> Geometries:
    """Return outlines with no more detail than a sheet shows, neighbours with equal borders.

    What is no exact coverage is returned as it is: simplified one by one it would tear.
    """
    west, _, east, _ = shapely.total_bounds(outlines).tolist()
    zoom = math.log2(SHEET_PX / 256 * 360 / max(east - west, 1e-6))
    try:
        return simplify(outlines, min(zoom, 18.0))
    except NotACoverage:
        return outlines


def features(codes: tuple[str, ...], outlines: Geometries) -> dict[str, Any]:
    """Return outlines as GeoJSON features with the property `code`."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": shapely.geometry.mapping(s),
            }
            for code, s in zip(codes, outlines, strict=True)
        ],
    }


def _sql(name: str) -> Any:
    return statement(name, "hotspots", FOLDER)


def _in_force(
    conn: Connection, scope: str, territory: Mapping[str, str]
) -> tuple[Publication, Ground, dict[str, tuple[str, int]]]:
    """Return publication, ground and grids that of one and the same publication."""
    publication = publications.require_current(conn)
    while True:
        key = (publication.number, publication.digest, scope)
        ground = _grounds.get(key, lambda: _ground(conn, scope))
        rows = conn.execute(_sql("grids"), territory)
        grids = {row.unit_code: (row.name, row.n_households) for row in rows}
        latest = publications.require_current(conn)
        if latest.number == publication.number:
            return publication, ground, grids
        publication = latest


def _ground(conn: Connection, scope: str) -> Ground:
    found = publications.outlines_in_force(conn, Level.GRID, scope)
    touching = adjacency(found.outline, queen=True)
    return Ground(
        codes=tuple(found.code),
        outlines=found.outline,
        pairs=np.column_stack((touching.i, touching.j)),
    )


def _former(conn: Connection, codes: set[str], reports: Mapping[str, int]) -> tuple[int, int]:
    """Return how many grids are no longer in force, and the reports of those that may be told."""
    if not codes:
        return 0, 0
    rows = conn.execute(_sql("last_households"), {"codes": sorted(codes)})
    told = [row.unit_code for row in rows if row.n_households >= MIN_HOUSEHOLDS]
    return len(codes), sum(reports[code] for code in told)


def _name_of(conn: Connection, code: str) -> str | None:
    return conn.execute(_sql("name_of"), {"code": code}).scalar()


def _assessed(counted: Counted) -> HotspotMap:
    hotspots = hotspot_map(
        counted.ground.codes,
        counted.names,
        counted.observed,
        counted.households,
        counted.ground.pairs,
        window=counted.window,
        matter=counted.matter,
        publication=counted.publication,
        data_version=counted.version,
    )
    return _marked(hotspots, counted)


def _marked(hotspots: HotspotMap, counted: Counted) -> HotspotMap:
    notes = list(hotspots.notes)
    if counted.redrawn:
        codes = sorted(counted.redrawn)
        notes.append(("hotspots.not_comparable", {"count": len(codes), "codes": codes}))
    if counted.n_former:
        facts = {"grids": counted.n_former, "observed": counted.former}
        notes.append(("hotspots.former", facts))
    rows = tuple(_unjudged(row) if row.code in counted.redrawn else row for row in hotspots.rows)
    return replace(hotspots, rows=rows, notes=tuple(notes))


def _unjudged(row: GridRow) -> GridRow:
    """Return the row of a redrawn grid: its counts are another ground's, so nothing is claimed.

    One whose figures are withheld stays withheld.
    """
    flags = (*row.flags, "not_comparable")
    if row.paint == "suppressed":
        return replace(row, flags=flags)
    return replace(row, flags=flags, paint="not_comparable", outline=None, gi_bin=0, rank=None)
