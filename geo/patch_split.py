"""Cutting a grid along a sketched line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.coverage_kernels import connected
from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, Geometries, Keys, keys
from geo.patch import Cell, Patch, UnknownGrid, outlines_of
from geo.patch_faces import (
    Ground,
    SharedEdges,
    along,
    cut,
    edge_m,
    ground,
    longest_border,
    place_of,
)
from geo.patch_pieces import codes_of, rebuilt
from geo.patch_sketch import BadSketch, tied

# Cells within this many lattice steps of the cut take part: snap rounding may touch them.
_TOUCH = 3


class MissesGrid(GeoError):
    """The line does not meet the inside of the grid."""

    code = "split.misses"
    sentence = "The line does not enter grid {grid}."


class AlongBorder(GeoError):
    """The line runs along the grid's own border and cuts nothing."""

    code = "split.along_border"
    sentence = "The line runs along the border of grid {grid} and cuts nothing."


class Dangling(GeoError):
    """The line ends inside the grid."""

    code = "split.dangling"
    sentence = "The line ends inside grid {grid}; draw it on to the border."


class NotThrough(GeoError):
    """The line touches the grid without cutting it in two."""

    code = "split.not_through"
    sentence = "The line does not cut grid {grid} in two."


class OnlySlivers(GeoError):
    """What the line cuts off is too small to be a grid."""

    code = "split.slivers"
    sentence = "The line cuts less than {min_area_m2} square metres off grid {grid}."


class TooManyParts(GeoError):
    """The line makes more parts than there are codes for."""

    code = "split.too_many_parts"
    sentence = "The line cuts grid {grid} into {n_parts} parts; there are codes for {n_codes}."


class _Grid(NamedTuple):
    """The grid to cut: which cells are its own, its outline in lattice steps, the ground."""

    code: str
    own: NDArray[np.bool_]
    outline: BaseGeometry
    land: Ground


def split(
    cells: Iterable[Cell],
    grid: str,
    line: LineString,
    new_grid: str,
    new_ids: Iterator[int],
    *,
    further_grids: Iterable[str] = (),
    min_area_m2: float = 50.0,
    snap_m: float = 0.5,
    border_reach_m: float = 30.0,
) -> Patch:
    """Return the patch that cuts a grid along a line.

    The part with the largest area keeps the grid's code, the next one becomes `new_grid`, more
    parts (of a line that crosses itself or a hollow grid) take `further_grids`. The larger piece
    of each cut sub-group keeps id and sub-group; a smaller one below 34 % of the cell or 200 m2
    joins the cell on its side with which it shares the longest border, otherwise it becomes a
    cell without sub-group for the user to name. A closed line makes an enclave and a hole.

    Parameters
    ----------
    cells
        All cells of the grid, and all cells that touch it. Edges of the grid with no cell on the
        other side are the locked outer border.
    grid
        Code of the grid to cut.
    line
        The sketch in CGCS2000 degrees. What lies outside the grid is ignored.
    new_grid, further_grids
        Codes for the parts that do not keep the old one.
    new_ids
        Gives ids for new cells.
    min_area_m2
        Smaller parts join the part with which they share the longest border.
    snap_m
        A line that ends within this distance of the grid's border is drawn on to it.
    border_reach_m
        The outer border takes no new vertex. Where the line meets it, it is bent to an existing
        vertex of that edge within this distance.

    Raises
    ------
    UnknownGrid, BadSketch, MissesGrid, AlongBorder, Dangling, NotThrough, OnlySlivers
    TooManyParts
        With `parts`: square metres and a place of each.
    LockedBorder
        With `vertices`: the nearest ones that the line may be drawn to.
    NotAPatch
        If rounding to the lattice would harm a neighbour (edges closer than a lattice step).

    Notes
    -----
    Boundaries and sketch are noded in lattice space by snap rounding, so that a new node lies
    within 0.71 steps of the edges it is put on and enters the cells of both sides. The parts are
    the connected components of the grid's faces when no step across the sketch is allowed.
    """
    given = list(cells)
    target = _grid(given, grid)
    line_in = _inside(target, _sketch(target, line, snap_m))
    near = shapely.dwithin(target.land.flat, line_in, _TOUCH)
    faces = cut(target.land, near, line_in)
    origin = np.array(target.land.origin)
    on_cut = along(line_in, faces.edges.start - origin, faces.edges.end - origin)

    inside = target.own[faces.owner]
    part = _parts(inside, faces.edges, on_cut, faces.area, min_area_m2)
    n_parts = int(part.max()) + 1
    if n_parts < 2:
        own = inside[faces.edges.i] & inside[faces.edges.j]
        was, now = (
            connected(len(inside), faces.edges.i[e], faces.edges.j[e]) for e in (own, own & ~on_cut)
        )
        raise _why_not(target, line_in, min_area_m2, slivers=now.max() > was.max())
    fresh = [new_grid, *further_grids]
    if n_parts > 1 + len(fresh):
        members = [part == k for k in range(n_parts)]
        found = [_part_facts(faces.outlines[own], faces.area[own]) for own in members]
        raise TooManyParts(
            grid=grid, n_parts=n_parts, n_codes=1 + len(fresh), parts=found, at=found[-1]["at"]
        )
    codes, grid_of = codes_of(given, *fresh)
    before = grid_of[faces.owner]
    after = before.copy()
    for k, code in enumerate(fresh[: n_parts - 1], start=1):
        after[part == k] = codes.index(code)
    return rebuilt(given, faces, before, after, codes, new_ids, border_reach_m=border_reach_m)


def _grid(cells: list[Cell], code: str) -> _Grid:
    own = np.array([cell.grid == code for cell in cells], np.bool_)
    if not own.any():
        raise UnknownGrid(grid=code)
    land = ground(outlines_of(cells))
    return _Grid(code, own, shapely.coverage_union_all(land.flat[own]), land)


def _sketch(target: _Grid, line: LineString, snap_m: float) -> LineString:
    """Return the sketch in lattice steps, tied to vertices under it and drawn on to the border."""
    if line.geom_type != "LineString":
        raise BadSketch(reason=f"it is a {line.geom_type}")
    land = target.land
    xy = shapely.get_coordinates(line)
    steps = keys(xy)
    if (steps == steps[:1]).all():
        raise BadSketch(reason="it has fewer than two different places")
    if (steps[0] != steps[-1]).any():
        ends = shapely.points(xy[[0, -1]] * SCALE - land.origin)
        feet = shapely.get_coordinates(shapely.shortest_line(ends, target.outline.boundary))[1::2]
        feet = land.degrees(feet)
        near = shapely.covers(target.outline, ends) & (edge_m(xy[[0, -1]], feet) <= snap_m)
        xy = np.concatenate((feet[:1][near[:1]], xy, feet[1:][near[1:]]))
    return LineString(tied(land, xy))


def _inside(target: _Grid, sketch: LineString) -> BaseGeometry:
    """Return what of the sketch runs through the grid, without its runs along the border."""
    clipped = shapely.get_parts(shapely.intersection(sketch, target.outline))
    found = [line for line in clipped if line.geom_type == "LineString" and line.length > 0]
    if not found:
        at = target.land.place(shapely.get_coordinates(sketch)[0])
        raise MissesGrid(grid=target.code, at=at)
    border = target.outline.boundary
    runs = [run for line in found if len(run := _off_border(line, border)) > 1]
    if not runs:
        at = target.land.place(shapely.get_coordinates(found[0])[0])
        raise AlongBorder(grid=target.code, at=at)
    return shapely.multilinestrings([LineString(run) for run in runs])


def _off_border(line: BaseGeometry, border: BaseGeometry) -> Coordinates:
    """Return the vertices without the runs along the border at both ends, perhaps just one."""
    xy = shapely.get_coordinates(line)
    off = np.flatnonzero(~along(border, xy[:-1], xy[1:]))
    return xy[off[0] : off[-1] + 2] if len(off) else xy[:1]


def _parts(
    inside: NDArray[np.bool_],
    edges: SharedEdges,
    on_cut: NDArray[np.bool_],
    area: NDArray[np.float64],
    min_area_m2: float,
) -> Keys:
    """Return the part of each face of the grid, 0 the largest, and -1 for faces outside it.

    What the line does not divide stays with part 0.
    """
    n = len(area)
    own = inside[edges.i] & inside[edges.j]
    before = connected(n, edges.i[own], edges.j[own])
    part = connected(n, edges.i[own & ~on_cut], edges.j[own & ~on_cut])
    while True:
        size = np.bincount(part[inside], area[inside], minlength=n)
        small = [k for k in np.argsort(size, kind="stable") if 0 < size[k] < min_area_m2]
        meeting = ((k, longest_border(k, part, edges, own)) for k in small)
        merged = next(((k, to) for k, to in meeting if to is not None), None)
        if merged is None:
            break
        part[part == merged[0]] = merged[1]
    n_in_piece = {
        k: len(np.unique(part[inside & (before == k)])) for k in np.unique(before[inside])
    }
    divided = inside & np.array([n_in_piece.get(k, 0) > 1 for k in before])
    size = np.bincount(part[divided], area[divided], minlength=n)
    rank = np.empty(n, np.int64)
    rank[np.argsort(-size, kind="stable")] = np.arange(n)
    return np.where(divided, rank[part], np.where(inside, 0, -1))


def _why_not(target: _Grid, line: BaseGeometry, min_area_m2: float, *, slivers: bool) -> GeoError:
    runs = shapely.get_parts(line)
    ends = np.concatenate([shapely.get_coordinates(run)[[0, -1]] for run in runs])
    apart = shapely.distance(shapely.points(ends), target.outline.boundary)
    at = target.land.place(ends[int(apart.argmax())])
    if slivers:
        return OnlySlivers(grid=target.code, min_area_m2=min_area_m2, at=at)
    if apart.max() > 1:
        return Dangling(grid=target.code, at=at)
    return NotThrough(grid=target.code, at=at)


def _part_facts(outlines: Geometries, area: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "area_m2": round(float(area_m2(outlines).sum()), 1),
        "at": place_of(outlines[int(area.argmax())]),
    }
