"""Moving the border between two grids to a sketched line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, from_lattice
from geo.patch import Cell, OtherVillage, Patch, UnknownGrid, outlines_of
from geo.patch_faces import Ground, cut, edge_m, ground, place_of, shared_edges
from geo.patch_pieces import codes_of, rebuilt
from geo.patch_sketch import BadSketch

# In lattice steps: cells this near take part, and shorter ways are no way; a place this near is
# on the border; a line this near beside a grid has not left it.
_TOUCH = 3
_ON = 0.01
_BESIDE = 2


class NoSharedBorder(GeoError):
    """Two grids that do not touch along an edge have no border to move."""

    code = "reshape.no_border"
    sentence = "Grids {grid_a} and {grid_b} share no border."


class TouchesOnce(GeoError):
    """A line that does not leave the border and come back to it replaces none of it."""

    code = "reshape.touches_once"
    sentence = "The line must leave the border between {grid_a} and {grid_b} and come back."


class LeavesGrids(GeoError):
    """The new border would run through land of neither grid."""

    code = "reshape.leaves"
    sentence = "The line leaves grids {grid_a} and {grid_b}."


def reshape(
    cells: Iterable[Cell],
    grid_a: str,
    grid_b: str,
    line: LineString,
    new_ids: Iterator[int],
    *,
    snap_m: float = 5.0,
    loose: str = "refuse",
) -> Patch:
    """Return the patch that puts the border between two grids on a line.

    The border between the first and the last place where the line meets it is replaced by the
    line; the land between old and new border changes hands, and its sub-groups follow: small
    fragments join a neighbour, larger ones become cells without sub-group (as in `split`).

    Parameters
    ----------
    cells
        All cells of both grids, and all cells that touch them.
    grid_a, grid_b
        The two grids, of one village.
    line
        The new border in CGCS2000 degrees. It may cross the old one any number of times.
    new_ids
        Gives ids for new cells.
    snap_m
        Ends within this distance of the shared border are drawn on to it.
    loose
        What becomes of pieces that are cut off from their grid: "refuse", "keep" or the code of
        the neighbour that gets them.

    Raises
    ------
    UnknownGrid, OtherVillage, BadSketch, NoSharedBorder, TouchesOnce, LeavesGrids, NotBeside
    Multipart
        If one of the grids would fall into pieces.
    NotAPatch
        If rounding to the lattice would harm a neighbour.
    """
    given = list(cells)
    owns = [np.array([c.grid == grid for c in given], np.bool_) for grid in (grid_a, grid_b)]
    _require_two(given, owns, (grid_a, grid_b))
    land = ground(outlines_of(given))
    border = _shared_border(land, owns)
    names = {"grid_a": grid_a, "grid_b": grid_b}
    if border.is_empty:
        raise NoSharedBorder(at=place_of(land.outlines[int(owns[0].argmax())]), **names)
    if line.geom_type != "LineString" or line.is_empty:
        raise BadSketch(reason=f"it is a {line.geom_type}{' without places' * line.is_empty}")
    sketch = _drawn_on(line, border, land, snap_m)
    touches = _between_touches(sketch, border)
    lens: Any = touches and shapely.polygonize(
        shapely.get_parts(shapely.union_all(touches, grid_size=1))
    )
    if touches is None or lens.is_empty:
        raise TouchesOnce(at=land.place(shapely.get_coordinates(sketch)[0]), **names)
    new_border, _ = touches
    both = shapely.coverage_union_all(land.flat[owns[0] | owns[1]])
    outside: Any = shapely.get_parts(shapely.difference(new_border, both))
    outside = outside[~shapely.is_empty(outside)]
    middle = shapely.line_interpolate_point(outside, 0.5, normalized=True)
    away = ~shapely.dwithin(middle, both, _BESIDE)
    if away.any():
        raise LeavesGrids(at=land.place(shapely.get_coordinates(middle[away])[0]), **names)

    swept = shapely.union_all([new_border, *shapely.get_parts(lens)])
    faces = cut(land, shapely.dwithin(land.flat, swept, _TOUCH), new_border)
    codes, grid_of = codes_of(given)
    before = grid_of[faces.owner]
    a, b = (codes.index(grid) for grid in (grid_a, grid_b))
    inner = from_lattice([lens], land.origin)[0]
    shapely.prepare(inner)
    swapped = shapely.intersects(inner, shapely.point_on_surface(faces.outlines))
    after = np.where(swapped & (before == a), b, np.where(swapped & (before == b), a, before))
    return rebuilt(given, faces, before, after, codes, new_ids, loose=loose)


def _require_two(cells: list[Cell], owns: list[NDArray[np.bool_]], grids: tuple[str, str]) -> None:
    first = []
    for own, grid in zip(owns, grids, strict=True):
        if not own.any():
            raise UnknownGrid(grid=grid)
        first.append(cells[int(own.argmax())])
    if first[0].village != first[1].village:
        raise OtherVillage(
            grid=grids[0],
            village=first[0].village,
            cell_village=first[1].village,
            cell=first[1].id,
            at=place_of(first[1].outline),
        )


def _shared_border(land: Ground, owns: list[NDArray[np.bool_]]) -> BaseGeometry:
    """Return the lines between the two grids in lattice steps."""
    either = owns[0] | owns[1]
    edges = shared_edges(land.outlines[either])
    in_a = owns[0][either]
    between = in_a[edges.i] != in_a[edges.j]
    ends = np.stack((edges.start[between], edges.end[between]), axis=1) - np.array(land.origin)
    lines: BaseGeometry = shapely.line_merge(shapely.multilinestrings(ends.astype(np.float64)))
    return lines


def _drawn_on(line: LineString, border: BaseGeometry, land: Ground, snap_m: float) -> LineString:
    """Return the line in lattice steps with ends near the border drawn on to it."""
    xy: Coordinates = shapely.get_coordinates(line) * SCALE - land.origin
    ends: Any = shapely.points(xy[[0, -1]])
    feet = shapely.get_coordinates(shapely.shortest_line(ends, border))[1::2]
    near = edge_m(land.degrees(xy[[0, -1]]), land.degrees(feet)) <= snap_m
    return LineString(np.concatenate((feet[:1][near[:1]], xy, feet[1:][near[1:]])))


def _between_touches(
    line: LineString, border: BaseGeometry
) -> tuple[BaseGeometry, BaseGeometry] | None:
    """Return the line between its first and last touch of a piece of the border, and that piece.

    Of several pieces the one counts that the line takes the longest way to come back to. None if
    it comes back to none.
    """
    candidates = []
    for old in shapely.get_parts(border):
        places = shapely.get_coordinates(shapely.intersection(line, old.buffer(_ON)))
        if len(places):
            at = shapely.line_locate_point(line, shapely.points(places))
            candidates.append((float(at.max() - at.min()), float(at.min()), float(at.max()), old))
    candidates = [found for found in candidates if found[0] > _TOUCH]
    if not candidates:
        return None
    _, first, last, old = max(candidates, key=lambda found: found[0])
    new = shapely.get_coordinates(substring(line, first, last))
    # Computed places lie a hair beside the border; its own nearest places are noded into it.
    ends: Any = shapely.points(new[[0, -1]])
    new[[0, -1]] = shapely.get_coordinates(shapely.shortest_line(ends, old))[1::2]
    return LineString(new), _arc(old, *np.sort(shapely.line_locate_point(old, ends)).tolist())


def _arc(old: LineString, first: float, last: float) -> BaseGeometry:
    """Return the border between two places, the shorter way round if it is a ring."""
    if old.is_closed and last - first > old.length / 2:
        outer: list[Any] = [substring(old, 0, first), substring(old, last, old.length)]
        return MultiLineString([arc for arc in outer if arc.length > 0])
    return substring(old, first, last)
