"""Redrawing borders: a vertex or a node moves, a piece of a border takes another course."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, Geometries, Keys, degrees, keys, pack, unpack
from geo.patch import Cell, OtherVillage, Patch, changes, outlines_of
from geo.patch_faces import cut, ground, place_of
from geo.patch_pieces import codes_of, rebuilt
from geo.patch_straight import rim
from geo.polygon import orient

# In lattice steps: cells this near to a new border take part.
_TOUCH = 3

Edge: TypeAlias = tuple[int, int]


class NotABorder(GeoError):
    """What is to be redrawn is not, or no longer, a border of the cells."""

    code = "move.not_a_border"
    sentence = "The border to be moved is not there any more; it has changed since it was read."


class LockedVertex(GeoError):
    """A vertex of the county's outer border would move."""

    code = "move.locked"
    sentence = "The outer border of the county stays where it is."


class Torn(GeoError):
    """A place where several borders meet would move for some of them only."""

    code = "move.torn"
    sentence = "Several borders meet here; all of them have to move together."


class Folds(GeoError):
    """The border would cross itself or another border of the same cells."""

    code = "move.folds"
    sentence = "The border would cross itself here."


class RunsAway(GeoError):
    """The new border would run through the land of a grid on neither of its sides."""

    code = "move.leaves"
    sentence = "The border would run through land of neither side."


class Vanishes(GeoError):
    """Nothing would be left of a cell; merging says so openly."""

    code = "move.vanishes"
    sentence = "Nothing would be left of cell {cell}."


class _Course(NamedTuple):
    """A redrawn line: packed vertices as they are and as they are to be."""

    before: list[int]
    after: list[int]


def move_vertex(
    cells: Iterable[Cell],
    at: tuple[float, float],
    to: tuple[float, float],
    new_ids: Iterator[int],
    *,
    loose: str = "refuse",
) -> Patch:
    """Return the patch that moves a vertex in every ring that has it.

    Parameters
    ----------
    cells
        All cells that have the vertex, and all that touch them.
    at, to
        [lon, lat] in CGCS2000 degrees, where the vertex is and where it is to be; rounded to
        the lattice.
    new_ids, loose
        As in `redraw_arcs`.

    Raises
    ------
    NotABorder
        If no cell has a vertex there.
    LockedVertex, Folds, RunsAway, Vanishes, OtherVillage, Multipart, NotBeside, NotAPatch
    """
    given = list(cells)
    here, there = pack(keys(np.array([at, to]))).tolist()
    courses = []
    for edge in _edges_at(given, here):
        other = edge[0] if edge[1] == here else edge[1]
        courses.append(_Course([other, here], [other, there]))
    if not courses:
        raise NotABorder(at=degrees(unpack(np.array([here])))[0].tolist())
    return _redrawn(given, courses, new_ids, loose)


def redraw_arcs(
    cells: Iterable[Cell],
    arcs: Sequence[tuple[LineString, LineString]],
    new_ids: Iterator[int],
    *,
    loose: str = "refuse",
) -> Patch:
    """Return the patch that gives borders another course.

    Vertices may move, come and go, whole stretches may be drawn anew. Land between the old and
    the new course goes to the cell on the other side. Where the new course runs through further
    cells of the grids that it parts, they follow: small fragments join a neighbour, larger ones
    become cells without sub-group (as in `split`).

    Parameters
    ----------
    cells
        All cells with a redrawn border or in the way of a new one, and all that touch them. Edges
        with a cell on one side only are the county's outer border and locked.
    arcs
        Pairs of lines in degrees: a border or a piece of one exactly as it is, in either
        direction, and what it is to be. Their ends differ only where a node moves, and then all
        borders at the node are given.
    new_ids
        Gives ids for new cells, where cells are cut.
    loose
        What becomes of pieces that are cut off from their grid: "refuse", "keep" or the code of
        the neighbour that gets them.

    Raises
    ------
    NotABorder, LockedVertex, Torn, Folds, RunsAway, Vanishes, OtherVillage, Multipart, NotBeside
    NotAPatch
        If rounding to the lattice would harm a neighbour.
    """
    courses = [_Course(_packed(before), _packed(after)) for before, after in arcs]
    return _redrawn(list(cells), courses, new_ids, loose)


def _packed(line: LineString) -> list[int]:
    """Return the packed lattice keys of a line, without repeats."""
    packed: list[int] = pack(keys(shapely.get_coordinates(line))).tolist()
    return packed[:1] + [key for last, key in pairwise(packed) if key != last]


def _place(key: int) -> list[float]:
    place: list[float] = degrees(unpack(np.array([key])))[0].tolist()
    return place


def _edges_at(cells: list[Cell], vertex: int) -> set[Edge]:
    """Return the undirected edges that meet in a vertex."""
    near = shapely.dwithin(outlines_of(cells), shapely.Point(_place(vertex)), 0.5 / SCALE)
    found: set[Edge] = set()
    for k in np.flatnonzero(near):
        for ring in shapely.get_rings(cells[k].outline):
            for edge in pairwise(_packed(ring)):
                if vertex in edge:
                    found.add((min(edge), max(edge)))
    return found


def _redrawn(
    cells: list[Cell], courses: list[_Course], new_ids: Iterator[int], loose: str
) -> Patch:
    courses = [course for course in courses if course.before != course.after]
    rings = _substituted(cells, courses)
    outlines = {k: _outline(own) for k, own in rings.items()}
    if any(outline is None for outline in outlines.values()):
        return _overlaid(cells, courses, rings, new_ids, loose)
    new = [replace(cells[k], outline=outline) for k, outline in outlines.items() if outline]
    return changes((cells[k] for k in rings), new).prove()


def _substituted(cells: list[Cell], courses: list[_Course]) -> dict[int, list[list[int]]]:
    """Return the rings of the cells that change, by index, with the new courses in them.

    Rings are packed vertices with the interior on the left, the shell first; a ring may cross
    itself or run the wrong way round now.
    """
    steps: dict[Edge, tuple[_Course, int, bool]] = {}
    for course in courses:
        for k, (u, v) in enumerate(pairwise(course.before)):
            steps[u, v] = (course, k, True)
            steps[v, u] = (course, len(course.before) - 2 - k, False)
    outlines = outlines_of(cells)
    xy, owner = shapely.get_coordinates(outlines, return_index=True)
    at_ends = np.isin(pack(keys(xy)), np.array([u for u, _ in steps], np.int64))
    found: dict[int, list[list[int]]] = {}
    met: set[Edge] = set()
    for k in np.unique(owner[at_ends]).tolist():
        rings = [_packed(ring) for ring in shapely.get_rings(orient(outlines[[k]]))]
        redrawn = {edge for ring in rings for edge in pairwise(ring) if edge in steps}
        if redrawn:
            met |= redrawn
            found[k] = [_with_courses(ring, steps, outlines) for ring in rings]
    for (u, v), (course, _, _) in steps.items():
        if (u, v) not in met:
            locked = (v, u) in met
            changed = [key for key in course.before if key not in course.after]
            raise (LockedVertex if locked else NotABorder)(at=_place((changed or course.before)[0]))
    return found


def _with_courses(
    ring: list[int], steps: dict[Edge, tuple[_Course, int, bool]], cells: Geometries
) -> list[int]:
    """Return a closed ring with the stretches that are redrawn in their new course."""
    edges = list(pairwise(ring))
    begin = next((k for k, e in enumerate(edges) if e not in steps or not steps[e][1]), 0)
    edges = edges[begin:] + edges[:begin]
    drawn: list[list[int]] = []
    junctions: list[int] = []
    k = 0
    while k < len(edges):
        junctions.append(edges[k][0])
        if edges[k] in steps:
            course, _, forward = steps[edges[k]]
            before, after = (line if forward else line[::-1] for line in course)
            if edges[k : k + len(before) - 1] != list(pairwise(before)):
                raise NotABorder(at=_place(edges[k][0]))
            drawn.append(after)
            k += len(before) - 1
        else:
            drawn.append([edges[k][0]])
            while k < len(edges) and edges[k] not in steps:
                drawn[-1].append(edges[k][1])
                k += 1
    for last, line, at in zip([drawn[-1], *drawn], drawn, junctions, strict=False):
        if last[-1] != line[0]:
            raise (LockedVertex if at in rim(cells) else Torn)(at=_place(at))
    joined = [key for line in drawn for key in line[1:]]
    joined = [key for last, key in zip(joined[-1:] + joined, joined, strict=False) if key != last]
    return joined + joined[:1]


def _outline(rings: list[list[int]]) -> Polygon | None:
    """Return the polygon of rings, None if they are not those of a valid one."""
    if any(len(ring) < 4 for ring in rings):
        return None
    places = [degrees(unpack(np.array(ring))) for ring in rings]
    outline = Polygon(places[0], places[1:])
    if not outline.is_valid:
        return None
    turns = shapely.is_ccw(shapely.get_rings(outline)).tolist()
    return outline if turns == [True] + [False] * (len(rings) - 1) else None


def _overlaid(
    cells: list[Cell],
    courses: list[_Course],
    rings: dict[int, list[list[int]]],
    new_ids: Iterator[int],
    loose: str,
) -> Patch:
    """Return the patch of courses that run into further cells.

    How often the new rings of a cell turn around a place says whose it is: once around what the
    cell has, backwards around what it loses to another that turns around it as well.
    """
    _require_no_crossing(rings)
    land = ground(outlines_of(cells))
    origin = np.array(land.origin)
    lines = shapely.multilinestrings(
        [LineString(unpack(np.array(c.after)) - origin) for c in courses if len(c.after) > 1]
    )
    near = shapely.dwithin(land.flat, lines, _TOUCH)
    near[list(rings)] = True
    outside = shapely.difference(lines, shapely.coverage_union_all(land.flat[near]).buffer(2))
    if not outside.is_empty:
        raise LockedVertex(at=land.place(shapely.get_coordinates(outside)[0]))
    faces = cut(land, near, lines)
    inside = shapely.get_coordinates(shapely.point_on_surface(faces.outlines))
    turns = np.array([sum(_turns(ring, inside) for ring in own) for own in rings.values()])
    codes, grid_of = codes_of(cells)
    before = grid_of[faces.owner]
    owner, after = faces.owner.copy(), before.copy()
    redrawn = list(rings)
    parted = {cells[k].grid for k in redrawn}
    folded = np.flatnonzero(np.isin(owner, redrawn) & (turns < 0).any(axis=0))
    if len(folded):
        raise Folds(at=np.round(inside[folded[0]], 7).tolist())
    for k in np.flatnonzero((turns > 0).any(axis=0)).tolist():
        cell, place = cells[owner[k]], np.round(inside[k], 7).tolist()
        to = redrawn[int(turns[:, k].argmax())]
        if int(owner[k]) in rings:
            owner[k] = to
        elif cell.grid not in parted:
            raise RunsAway(grid=cell.grid, at=place)
        elif cell.village != cells[to].village:
            raise OtherVillage(
                grid=cells[to].grid,
                village=cells[to].village,
                cell_village=cell.village,
                cell=cell.id,
                at=place,
            )
        elif cell.grid == cells[to].grid:
            owner[k] = to
        after[k] = grid_of[to]
    for k in redrawn:
        if not (owner == k).any():
            raise Vanishes(cell=cells[k].id, at=place_of(cells[k].outline))
    return rebuilt(
        cells,
        faces._replace(owner=owner),
        before,
        after,
        codes,
        new_ids,
        loose=loose,
    )


def _require_no_crossing(rings: dict[int, list[list[int]]]) -> None:
    """Raise `Folds` where borders between redrawn cells cross one another."""
    edges = {edge for own in rings.values() for ring in own for edge in pairwise(ring)}
    between = np.array([(u, v) for u, v in edges if u < v and (v, u) in edges], np.int64)
    ends = np.stack([unpack(between[:, 0]), unpack(between[:, 1])], axis=1).astype(np.float64)
    lines = shapely.multilinestrings(ends - ends[0, 0])
    if not lines.is_simple:
        noded = shapely.get_coordinates(shapely.node(lines))
        known = set(map(tuple, shapely.get_coordinates(lines).tolist()))
        crossings = [xy for xy in map(tuple, noded.tolist()) if xy not in known]
        at = np.array(min(crossings) if crossings else shapely.get_coordinates(lines)[0])
        raise Folds(at=np.round((at + ends[0, 0]) / SCALE, 7).tolist())


def _turns(ring: list[int], places: Coordinates) -> Keys:
    """Return how often a closed ring winds around each of some places, anticlockwise."""
    xy = degrees(unpack(np.array(ring)))
    (x0, y0), (x1, y1) = xy[:-1].T, xy[1:].T
    x, y = places[:, :1], places[:, 1:]
    upward, downward = (y0 <= y) & (y1 > y), (y1 <= y) & (y0 > y)
    side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    return np.asarray((upward & (side > 0)).sum(axis=1) - (downward & (side < 0)).sum(axis=1))
