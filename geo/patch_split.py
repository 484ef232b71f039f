"""Cutting a grid along a sketched line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, Geometries, Keys, from_lattice, keys, to_lattice
from geo.patch import Cell, Patch, UnknownGrid, connected, outlines_of, place_of
from geo.patch_faces import SharedEdges, along, lone_edges, node, shared_edges
from geo.patch_pieces import Noded, longest_border, rebuilt
from geo.position import GEOD

# Cells within this many lattice steps of the cut take part: snap rounding may touch them.
_TOUCH = 3

# How far inside (in lattice steps) a line turns that has to run along the outer border.
_BESIDE = 100.0


class BadSketch(GeoError):
    """The sketch is no line of at least two places."""

    code = "sketch.invalid"
    sentence = "The sketch is not a line: {reason}."


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


class LockedBorder(GeoError):
    """The line meets a border that nothing may change, away from its vertices."""

    code = "split.locked_border"
    sentence = "The line meets the outer border {away_m} m from its nearest vertex; draw it there."


class _Ground(NamedTuple):
    """The cells of a split, also in lattice steps from an origin, and the outline of the grid."""

    cells: list[Cell]
    own: NDArray[np.bool_]
    flat: Geometries
    origin: tuple[int, int]
    outline: BaseGeometry


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
    ground = _ground(list(cells), grid)
    sketch = _sketch(ground, line, snap_m)
    cut = _cut(ground, grid, sketch, border_reach_m)
    near = shapely.dwithin(ground.flat, cut, _TOUCH)
    faces, face_cell = node(ground.flat[near], cut)
    whole = np.flatnonzero(ground.own & ~near)
    outlines = np.concatenate(
        (from_lattice(faces, ground.origin), outlines_of(ground.cells[k] for k in whole))
    )
    owner = np.concatenate((np.flatnonzero(near)[face_cell], whole))
    area = area_m2(outlines)
    edges = shared_edges(outlines)
    on_cut = along(cut, edges.start - np.array(ground.origin), edges.end - np.array(ground.origin))

    inside = ground.own[owner]
    part = _parts(inside, edges, on_cut, area, min_area_m2)
    n_parts = int(part.max()) + 1
    if n_parts < 2:
        own = inside[edges.i] & inside[edges.j]
        before, after = (connected(len(area), edges.i[e], edges.j[e]) for e in (own, own & ~on_cut))
        raise _why_not(ground, grid, cut, min_area_m2, slivers=after.max() > before.max())
    codes = [grid, new_grid, *further_grids]
    if n_parts > len(codes):
        found = [_part_facts(outlines[part == k], area[part == k]) for k in range(n_parts)]
        raise TooManyParts(
            grid=grid, n_parts=n_parts, n_codes=len(codes), parts=found, at=found[-1]["at"]
        )
    return rebuilt(ground.cells, Noded(outlines, owner, edges, area), part, codes, new_ids)


def _ground(cells: list[Cell], grid: str) -> _Ground:
    own = np.array([cell.grid == grid for cell in cells], np.bool_)
    if not own.any():
        raise UnknownGrid(grid=grid)
    flat, origin = to_lattice(outlines_of(cells))
    return _Ground(cells, own, flat, origin, shapely.coverage_union_all(flat[own]))


def _sketch(ground: _Ground, line: LineString, snap_m: float) -> LineString:
    """Return the sketch in lattice steps, tied to vertices under it and drawn on to the border."""
    if line.geom_type != "LineString":
        raise BadSketch(reason=f"it is a {line.geom_type}")
    xy = shapely.get_coordinates(line)
    steps = keys(xy) - np.array(ground.origin)
    if (steps == steps[:1]).all():
        raise BadSketch(reason="it has fewer than two different places")
    at = xy * SCALE - ground.origin
    vertices = cKDTree(shapely.get_coordinates(ground.flat))
    closed = (steps[0] == steps[-1]).all()
    if not closed:
        border = ground.outline.boundary
        ends = shapely.points(at[[0, -1]])
        feet = shapely.get_coordinates(shapely.shortest_line(ends, border))[1::2]
        _, _, metres = GEOD.inv(*_degrees(ground, at[[0, -1]]).T, *_degrees(ground, feet).T)
        inside = shapely.covers(ground.outline, ends)
        near = inside & (np.asarray(metres) <= snap_m)
        at = np.concatenate((feet[:1][near[:1]], at, feet[1:][near[1:]]))
    away, nearest = vertices.query(at)
    at[away <= 1] = vertices.data[nearest[away <= 1]]
    return LineString(at)


def _cut(ground: _Ground, grid: str, sketch: LineString, reach_m: float) -> BaseGeometry:
    """Return what of the sketch runs through the grid, its ends on places that may be nodes."""
    clipped = shapely.get_parts(shapely.intersection(sketch, ground.outline))
    found = [line for line in clipped if line.geom_type == "LineString" and line.length > 0]
    if not found:
        raise MissesGrid(grid=grid, at=_place(ground, shapely.get_coordinates(sketch)[0]))
    border = ground.outline.boundary.buffer(1)
    shapely.prepare(border)
    runs = [run for line in found if len(run := _off_border(line, border)) > 1]
    if not runs:
        raise AlongBorder(grid=grid, at=_place(ground, shapely.get_coordinates(found[0])[0]))
    owner, start, end = lone_edges(outlines_of(ground.cells))
    locked = ground.own[owner]
    ends = np.stack((start[locked], end[locked]), axis=1) - np.array(ground.origin)
    tree = shapely.STRtree(shapely.linestrings(ends.astype(np.float64)))
    for _ in range(2):
        runs = [_tied(ground, run, ends, tree, reach_m)[::-1] for run in runs]
    return shapely.multilinestrings([LineString(run) for run in runs])


def _off_border(line: BaseGeometry, border: BaseGeometry) -> Coordinates:
    """Return the vertices without the runs along the border at both ends, perhaps just one."""
    xy = shapely.get_coordinates(line)
    on = shapely.covers(border, shapely.linestrings(np.stack((xy[:-1], xy[1:]), axis=1)))
    off = np.flatnonzero(~on)
    return xy[off[0] : off[-1] + 2] if len(off) else xy[:1]


def _tied(
    ground: _Ground, run: Coordinates, edges: Keys, tree: shapely.STRtree, reach_m: float
) -> Coordinates:
    """Return the run with its end on a vertex if it was on a locked edge.

    The way to the vertex stays inside the grid: straight, or else along the edge.
    """
    last = run[-1]
    hit = tree.query(shapely.Point(last), predicate="dwithin", distance=1.0)
    if not len(hit):
        return run
    vertices = np.unique(edges[hit].reshape(-1, 2), axis=0).astype(np.float64)
    there = _degrees(ground, vertices)
    here = np.broadcast_to(_degrees(ground, last[None]), there.shape)
    _, _, metres = GEOD.inv(*here.T, *there.T)
    # Just off the ends, since computed places on a border lie a hair beside it.
    near = 0.99 * last + 0.01 * run[-2]
    if np.hypot(*(last - near)) > _BESIDE:
        near = last + (run[-2] - last) * (_BESIDE / np.hypot(*(run[-2] - last)))
    for k in np.argsort(metres):
        if metres[k] > reach_m:
            break
        begin = 0.99 * run[-2] + 0.01 * vertices[k]
        if ground.outline.covers(LineString([begin, vertices[k]])):
            return np.vstack((run[:-1], vertices[k]))
        if ground.outline.covers(LineString([near, vertices[k]])):
            return np.vstack((run[:-1], near, vertices[k]))
    raise LockedBorder(
        away_m=round(float(metres.min()), 1),
        at=_place(ground, last),
        vertices=np.round(there, 7).tolist(),
    )


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


def _why_not(
    ground: _Ground, grid: str, cut: BaseGeometry, min_area_m2: float, *, slivers: bool
) -> GeoError:
    ends = np.concatenate([shapely.get_coordinates(run)[[0, -1]] for run in shapely.get_parts(cut)])
    apart = shapely.distance(shapely.points(ends), ground.outline.boundary)
    if slivers:
        return OnlySlivers(grid=grid, min_area_m2=min_area_m2, at=_place(ground, ends[0]))
    if apart.max() > 1:
        return Dangling(grid=grid, at=_place(ground, ends[int(apart.argmax())]))
    return NotThrough(grid=grid, at=_place(ground, ends[0]))


def _part_facts(outlines: Geometries, area: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "area_m2": round(float(area.sum()), 1),
        "at": place_of(outlines[int(area.argmax())]),
    }


def _degrees(ground: _Ground, steps: Coordinates) -> Coordinates:
    return np.asarray((steps + ground.origin) / SCALE)


def _place(ground: _Ground, steps: Coordinates) -> list[float]:
    return np.round(_degrees(ground, steps), 7).tolist()  # type: ignore[no-any-return]
