"""Outlines for drawing: simplified together per zoom, so that all levels agree on the map.

The leaves are simplified once for each zoom and united upwards. After a publication only the
villages it touched are simplified again, with the ring of cells around them; what they share with
the villages around must come out as it is stored, or more is drawn anew, at last the county.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from geo.coverage import Chain, outlines, residue
from geo.lattice import Geometries, snap
from geo.simplify import simplify
from grids.db import statement
from grids.errors import NothingPublished
from grids.model import Level
from grids.plan_import import copy_rows
from grids.publications import Codes, codes, outlines_in_force, shapes

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
    """Bring the drawn outlines up to date with a publication: the villages that it touched.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    rows = conn.execute(statement("touched_villages", "display"), {"publication": publication})
    rebuild(conn, list(rows.scalars()))


def rebuild(conn: Connection, villages: Sequence[str] | None = None) -> None:
    """Derive the drawn outlines anew.

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
    county = outlines_in_force(conn, Level.COUNTY)
    if len(county) == 0:
        raise NothingPublished()
    _, south, _, north = shapely.total_bounds(county.outline).tolist()
    lat = (south + north) / 2
    _draw_exactly(conn, villages)
    wanted = villages or []
    drawn = conn.execute(statement("drawn_zooms", "display"), {"n_redrawn": len(wanted)}).scalars()
    partly = set(drawn) if wanted else set()
    whole = _Scale(conn, None)
    areas = _areas(conn, wanted) if partly else []
    for zoom in ZOOMS[:-1]:
        redrawn = zoom in partly and any(
            _redraw(conn, near.leaves(zoom), near.villages, zoom, lat) for near in areas
        )
        if not redrawn:
            _draw_all(conn, whole.leaves(zoom), zoom, lat)


def _areas(conn: Connection, villages: Sequence[str]) -> list[_Scale]:
    """Return what to draw anew: the villages, or if that does not do, their neighbours as well.

    A border between two grids that meets the village's own border in another place than before
    moves a node there, and with it what the grids on the far side look like.
    """
    near = conn.execute(statement("neighbours", "display"), {"villages": list(villages)})
    return [_Scale(conn, villages), _Scale(conn, list(near.scalars()))]


def _draw_exactly(conn: Connection, villages: Sequence[str] | None) -> None:
    """Copy the outlines in force: of villages, or of the whole county."""
    if villages is None:
        villages = outlines_in_force(conn, Level.VILLAGE).code.tolist()
    values = {"zoom": ZOOMS[-1], "villages": list(villages)}
    for name in ("erase_exact", "draw_exact", "draw_exact_above"):
        conn.execute(statement(name, "display"), values)


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


def _draw_all(conn: Connection, leaves: _Leaves, zoom: int, lat: float) -> None:
    drawn = leaves.drawn_as(simplify(leaves.outline, zoom, lat=lat))
    conn.execute(text("DELETE FROM unit_display WHERE zoom = :zoom"), {"zoom": zoom})
    _write(conn, zoom, _units(drawn, zoom, _ABOVE))


def _redraw(
    conn: Connection, near: _Leaves, villages: Sequence[str], zoom: int, lat: float
) -> bool:
    """Draw some villages anew at a zoom; false if they would no longer meet their neighbours."""
    own = np.isin(near.village.astype(str), list(villages))
    drawn = near.drawn_as(simplify(near.outline, zoom, lat=lat)).only(own)
    former = _stored(conn, zoom, Level.VILLAGE, villages)
    if residue(drawn.outline) != residue(list(former.values())):
        return False
    units = _units(drawn, zoom, (Level.VILLAGE,))
    changed = [
        code
        for code in villages
        if code not in former or residue([units[Level.VILLAGE][code]]) != residue([former[code]])
    ]
    for code in villages:
        conn.execute(statement("erase", "display"), {"zoom": zoom, "low": code, "high": code + "~"})
    _write(conn, zoom, units)
    townships = {code[: Level.TOWNSHIP.digits] for code in changed}
    for township in sorted(townships):
        inside = [code for code in villages if code.startswith(township)]
        before = _chain(former, inside)
        if before == _chain(units[Level.VILLAGE], inside):
            continue
        parts = _stored(conn, zoom, Level.VILLAGE, [township], prefix=True)
        whole = outlines(list(parts.values()), [township] * len(parts))
        conn.execute(
            text(
                "DELETE FROM unit_display"
                " WHERE zoom = :zoom AND level = 'township' AND unit_code = :code"
            ),
            {"zoom": zoom, "code": township},
        )
        _write(conn, zoom, {Level.TOWNSHIP: {township: whole[township]}})
    return True


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


def _write(conn: Connection, zoom: int, units: dict[Level, dict[str, Any]]) -> None:
    rows: list[tuple[str, int, str, str]] = []
    for level, by_code in units.items():
        flat = to_mercator(list(by_code.values()))
        many = [
            shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
            for shape in flat
        ]
        wkb = shapely.to_wkb(shapely.set_srid(many, _SRID), hex=True, include_srid=True)
        rows += [(level.value, zoom, code, shape) for code, shape in zip(by_code, wkb, strict=True)]
    copy_rows(conn, "unit_display", ("level", "zoom", "unit_code", "outline"), rows)


def _stored(
    conn: Connection, zoom: int, level: Level, units: Sequence[str], *, prefix: bool = False
) -> dict[str, Any]:
    rows = conn.execute(
        statement("stored", "display"),
        {"zoom": zoom, "level": level.value, "codes": list(units), "prefix": prefix},
    ).all()
    flat = from_mercator(shapes(row.outline for row in rows))
    return {row.unit_code: shape for row, shape in zip(rows, flat, strict=True)}
