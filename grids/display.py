"""Outlines for drawing: simplified together per zoom, so that all levels agree on the map.

The leaves are simplified once for each zoom and united upwards. After a publication only the
villages it touched are simplified again, with the ring of cells around them; what they share with
the villages around must come out as it is stored, or more is drawn anew, at last the county.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import md5
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.coverage import Chain, outlines, residue
from geo.lattice import Geometries, snap
from geo.simplify import simplify
from grids.db import statement
from grids.errors import NothingPublished
from grids.model import Level
from grids.plan_import import copy_rows
from grids.publications import Codes, codes, outlines_in_force, require_current, shapes

# Tiles of a zoom between two of these are cut from the finer one. The last one is not simplified.
ZOOMS = (7, 9, 10, 11, 12, 14, 16)

# From here on sub-groups are drawn and are the leaves; before, grids are.
FIRST_SUBGROUP_ZOOM = 12

_RADIUS_M = 6_378_137.0
_SRID = 3857
_ABOVE = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY)


@dataclass(frozen=True, eq=False)
class _Leaves:
    """What is simplified: cells or whole grids; free land bears no grid."""

    village: Codes
    grid: Codes
    subgroup: Codes
    outline: Geometries

    def only(self, mask: NDArray[np.bool_]) -> _Leaves:
        return _Leaves(self.village[mask], self.grid[mask], self.subgroup[mask], self.outline[mask])

    def drawn_as(self, outline: Geometries) -> _Leaves:
        return _Leaves(self.village, self.grid, self.subgroup, outline)


def refresh(conn: Connection, publication: int) -> None:
    """Bring the drawn outlines up to date with the publication in force.

    Only the villages that were touched since the last drawing are drawn anew. What gives way is
    kept with the publications that it was drawn for, and so is seen on the tiles of the past.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    if not conn.execute(statement("is_drawn", "display")).scalar():
        _rebuild(conn, publication, None)
        return
    rows = conn.execute(statement("touched_villages", "display"))
    _rebuild(conn, publication, list(rows.scalars()))


def rebuild(conn: Connection, villages: Sequence[str] | None = None) -> None:
    """Derive the drawn outlines of the publication in force anew.

    Parameters
    ----------
    villages
        Codes of the villages whose cells have changed; every unit with a changed cell must lie in
        one of them. None: the whole county.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    _rebuild(conn, require_current(conn).number, villages)


def _rebuild(conn: Connection, publication: int, villages: Sequence[str] | None) -> None:
    county = outlines_in_force(conn, Level.COUNTY)
    if len(county) == 0:
        raise NothingPublished()
    _, south, _, north = shapely.total_bounds(county.outline).tolist()
    drawing = _Drawing(conn, publication, (south + north) / 2)
    drawing.draw_exactly(villages)
    wanted = villages or []
    drawn = conn.execute(statement("drawn_zooms", "display"), {"n_redrawn": len(wanted)}).scalars()
    partly = set(drawn) if wanted else set()
    whole = _Scale(conn, None)
    areas = _areas(conn, wanted) if partly else []
    for zoom in ZOOMS[:-1]:
        redrawn = zoom in partly and any(
            drawing.redraw(near.leaves(zoom), near.villages, zoom) for near in areas
        )
        if not redrawn:
            drawing.draw_all(whole.leaves(zoom), zoom)
    conn.execute(statement("finish", "display"), {"since": publication})


def _areas(conn: Connection, villages: Sequence[str]) -> list[_Scale]:
    """Return what to draw anew: the villages, or if that does not do, their neighbours as well.

    A border between two grids that meets the village's own border in another place than before
    moves a node there, and with it what the grids on the far side look like.
    """
    near = conn.execute(statement("neighbours", "display"), {"villages": list(villages)})
    return [_Scale(conn, villages), _Scale(conn, list(near.scalars()))]


def to_mercator(geoms: Sequence[Any] | Geometries) -> Geometries:
    """Return geometries in degrees as web Mercator metres (EPSG:3857)."""
    return np.asarray(shapely.transform(np.asarray(geoms, dtype=np.object_), _project))


def from_mercator(geoms: Sequence[Any] | Geometries) -> Geometries:
    """Return web Mercator geometries in degrees, on the lattice: the inverse of `to_mercator`."""
    return snap(shapely.transform(np.asarray(geoms, dtype=np.object_), _unproject))


def _project(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(xy).T
    metres: NDArray[np.float64] = np.column_stack((lon, np.arctanh(np.sin(lat)))) * _RADIUS_M
    return metres


def _unproject(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = (xy / _RADIUS_M).T
    degrees: NDArray[np.float64] = np.degrees(np.column_stack((x, np.arcsin(np.tanh(y)))))
    return degrees


class _Drawing:
    """Writes drawn outlines as those of one publication; what stays as it is stays untouched."""

    def __init__(self, conn: Connection, publication: int, lat: float) -> None:
        self._conn = conn
        self._publication = publication
        self._lat = lat

    def draw_exactly(self, villages: Sequence[str] | None) -> None:
        """Copy the outlines in force: of villages, or of the whole county."""
        if villages is None:
            villages = outlines_in_force(self._conn, Level.VILLAGE).code.tolist()
        erased = {"zoom": ZOOMS[-1], "villages": list(villages)}
        drawn = {"zoom": ZOOMS[-1], "since": self._publication}
        self._conn.execute(statement("erase_exact", "display"), erased)
        self._conn.execute(statement("draw_exact", "display"), drawn | {"villages": list(villages)})
        self._conn.execute(statement("draw_exact_above", "display"), drawn)

    def draw_all(self, leaves: _Leaves, zoom: int) -> None:
        """Draw the whole county at a zoom."""
        drawn = leaves.drawn_as(simplify(leaves.outline, zoom, lat=self._lat))
        self._replace(zoom, _units(drawn, zoom, _ABOVE), list(Level), [""])

    def redraw(self, near: _Leaves, villages: Sequence[str], zoom: int) -> bool:
        """Draw some villages at a zoom; false if they would no longer meet their neighbours."""
        own = np.isin(near.village.astype(str), list(villages))
        drawn = near.drawn_as(simplify(near.outline, zoom, lat=self._lat)).only(own)
        former = _stored(self._conn, zoom, Level.VILLAGE, villages)
        if residue(drawn.outline) != residue(list(former.values())):
            return False
        units = _units(drawn, zoom, (Level.VILLAGE,))
        changed = [
            code
            for code in villages
            if code not in former
            or residue([units[Level.VILLAGE][code]]) != residue([former[code]])
        ]
        self._replace(zoom, units, (Level.VILLAGE, Level.GRID, Level.SUBGROUP), villages)
        for township in sorted({code[: Level.TOWNSHIP.digits] for code in changed}):
            inside = [code for code in villages if code.startswith(township)]
            if _chain(former, inside) == _chain(units[Level.VILLAGE], inside):
                continue
            parts = _stored(self._conn, zoom, Level.VILLAGE, [township], prefix=True)
            whole = outlines(list(parts.values()), [township] * len(parts))
            made = {Level.TOWNSHIP: {township: whole[township]}}
            self._replace(zoom, made, (Level.TOWNSHIP,), [township])
        return True

    def _replace(
        self,
        zoom: int,
        units: dict[Level, dict[str, Any]],
        levels: Iterable[Level],
        under: Sequence[str],
    ) -> None:
        """Put units in the place of all that is drawn of some levels inside these units."""
        there = self._conn.execute(
            statement("drawn", "display"),
            {"zoom": zoom, "levels": [level.value for level in levels], "under": list(under)},
        )
        former = {(row.level, row.code): row.digest for row in there}
        made = {key: shape for level, flat in units.items() for key, shape in _wkb(level, flat)}
        same = {key for key, digest in former.items() if key in made and digest == _sum(made[key])}
        gone = [key for key in former if key not in same]
        self._conn.execute(
            statement("erase", "display"),
            {"zoom": zoom, "levels": [k[0] for k in gone], "codes": [k[1] for k in gone]},
        )
        copy_rows(
            self._conn,
            "unit_display",
            ("level", "zoom", "unit_code", "outline", "since"),
            (
                (level, zoom, code, shape.hex(), self._publication)
                for (level, code), shape in made.items()
                if (level, code) not in same
            ),
        )


def _wkb(level: Level, by_code: dict[str, Any]) -> Iterable[tuple[tuple[str, str], bytes]]:
    """Return outlines as the drawing's table holds them, by level and code."""
    many = [
        shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
        for shape in to_mercator(list(by_code.values()))
    ]
    wkb = shapely.to_wkb(shapely.set_srid(many, _SRID), include_srid=True, byte_order=1)
    return zip(((level.value, code) for code in by_code), wkb, strict=True)


def _sum(wkb: bytes) -> str:
    return md5(wkb, usedforsecurity=False).hexdigest()


def _chain(outline: dict[str, Any], members: Iterable[str]) -> Chain:
    return residue([outline[code] for code in members if code in outline])


class _Scale:
    """The leaves of an area, read when first asked for: cells, or grids at small scales.

    Around villages there is a ring: all cells that touch them; at small scales, where a pixel may
    be as wide as a grid, whole villages.
    """

    def __init__(self, conn: Connection, villages: Sequence[str] | None) -> None:
        self._conn = conn
        self.villages = villages or []
        self._around = "all" if villages is None else "around"

    def leaves(self, zoom: int) -> _Leaves:
        return self._cells if zoom >= FIRST_SUBGROUP_ZOOM else self._grids

    @cached_property
    def _cells(self) -> _Leaves:
        return self._read("cells")

    @cached_property
    def _grids(self) -> _Leaves:
        return self._read("grids")

    def _read(self, what: str) -> _Leaves:
        query = statement(f"{what}_{self._around}", "display")
        values = {"villages": list(self.villages)} if self._around == "around" else {}
        rows = self._conn.execute(query, values).all()
        return _Leaves(
            village=codes(row.village_code for row in rows),
            grid=codes(row.grid_code for row in rows),
            subgroup=codes(row.subgroup_code for row in rows),
            outline=shapes(row.outline for row in rows),
        )


def _units(leaves: _Leaves, zoom: int, above: Sequence[Level]) -> dict[Level, dict[str, Any]]:
    """Return the outlines of all units that the drawn leaves make up, by level and code."""
    made: dict[Level, dict[str, Any]] = {}
    if zoom >= FIRST_SUBGROUP_ZOOM:
        made[Level.SUBGROUP] = _united(leaves.outline, leaves.subgroup)
    made[Level.GRID] = _united(leaves.outline, leaves.grid)
    free = np.array([grid is None for grid in leaves.grid], dtype=np.bool_)
    parts = [*made[Level.GRID].values(), *leaves.outline[free]]
    villages = [code[: Level.VILLAGE.digits] for code in made[Level.GRID]]
    inside = [*villages, *leaves.village[free]]
    for level in above:
        made[level] = _united(parts, [code[: level.digits] for code in inside])
        parts, inside = list(made[level].values()), list(made[level])
    return made


def _united(
    parts: Sequence[Any] | Geometries, label: Sequence[str | None] | Codes
) -> dict[str, Any]:
    """Return the union of the parts of each label but None, by label."""
    array: Geometries = np.empty(len(parts), dtype=np.object_)
    array[:] = parts
    some = np.array([code is not None for code in label], dtype=np.bool_)
    named = [code for code in label if code is not None]
    if len(set(named)) == len(named):
        return dict(zip(named, array[some], strict=True))
    return {str(code): shape for code, shape in outlines(array[some], named).items()}


def _stored(
    conn: Connection, zoom: int, level: Level, units: Sequence[str], *, prefix: bool = False
) -> dict[str, Any]:
    rows = conn.execute(
        statement("stored", "display"),
        {"zoom": zoom, "level": level.value, "codes": list(units), "prefix": prefix},
    ).all()
    flat = from_mercator(shapes(row.outline for row in rows))
    return {row.unit_code: shape for row, shape in zip(rows, flat, strict=True)}
