"""From parts of an area to a patch: whole cells relabelled, or cells cut between the parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage_kernels import connected
from geo.lattice import SCALE, Geometries, Keys, to_lattice
from geo.patch import Cell, Patch, changes, outlines_of
from geo.patch_faces import (
    Faces,
    SharedEdges,
    along,
    cut,
    ground,
    longest_border,
    shared_edges,
)
from geo.patch_pieces import codes_of, rebuilt
from geo.position import GEOD

# Cells within this many lattice steps of a line take part: snap rounding may touch them.
_TOUCH = 3

_STEP_M = math.radians(1 / SCALE) * GEOD.a  # of the lattice, north-south


def relabel(cells: Iterable[Cell], grid_of: Mapping[int, str]) -> Patch:
    """Return the patch that gives whole cells to grids.

    Parameters
    ----------
    cells
        Those concerned.
    grid_of
        The grid of each cell by its id; cells not named stay.
    """
    old = list(cells)
    return changes(old, [replace(c, grid=grid_of.get(c.id, c.grid)) for c in old]).prove()


def draw_parts(
    cells: Iterable[Cell],
    divided: Iterable[int],
    parts: Geometries,
    codes: Sequence[str],
    new_ids: Iterator[int],
    *,
    smooth_m: float | None = None,
) -> Patch:
    """Return the patch that gives the land of each part to a grid, cutting cells where it must.

    Parameters
    ----------
    cells
        The cells that are divided and all that touch them. Edges with no cell on the other side
        are the locked outer border: a line that meets one is led to the nearest of its vertices.
    divided
        Ids of the cells whose land goes to the parts.
    parts
        Polygons in degrees, on the lattice, that meet edge to edge and cover the divided land up
        to rounding; one for each part.
    codes
        The grid of each part.
    new_ids
        Gives ids for new cells.
    smooth_m
        Simplify the lines between parts together, so that they can be read: triangles with a
        smaller square root of their area go. Nodes where three parts meet stay.

    Raises
    ------
    NotAPatch
        If rounding to the lattice would harm a neighbour.

    Notes
    -----
    The lines and the cells are noded by snap rounding. What hangs together without crossing a
    line goes to the part that most of its area lies in; a scrap that rounding cut off its part
    joins the neighbour with the longest border. Sub-groups follow as in `patch_pieces.rebuilt`.
    """
    given = list(cells)
    land = ground(outlines_of(given))
    inside = np.isin([cell.id for cell in given], list(divided))
    lands, _ = to_lattice(parts, land.origin)
    if smooth_m is not None:
        lands = _smoothed(lands, land.origin, smooth_m)
    lines = _between(parts if smooth_m is None else _in_degrees(lands, land.origin), land.origin)
    near = shapely.dwithin(land.flat, lines, _TOUCH)
    faces = cut(land, near, lines)
    shift = np.array(land.origin)
    on_line = along(lines, faces.edges.start - shift, faces.edges.end - shift)
    flat, _ = to_lattice(faces.outlines, land.origin)
    part = _parts_of(faces, inside[faces.owner], on_line, _votes(flat, lands))
    names, grid_of = codes_of(given, *codes)
    before = grid_of[faces.owner]
    number = np.array([names.index(code) for code in codes])
    after = np.where(part >= 0, number[part], before)
    return rebuilt(given, faces, before, after, names, new_ids, border_reach_m=math.inf)


def _in_degrees(flat: Geometries, origin: tuple[int, int]) -> Geometries:
    shift = np.array(origin, np.int64)
    steps: Geometries = shapely.transform(flat, lambda xy: (xy.astype(np.int64) + shift) / SCALE)
    return steps


def _smoothed(lands: Geometries, origin: tuple[int, int], smooth_m: float) -> Geometries:
    """Return the parts with the lines between them simplified, the outline as it is."""
    stretch = np.array((math.cos(math.radians(origin[1] / SCALE)), 1.0))
    plane = shapely.transform(lands, lambda xy: xy * stretch)
    simpler = shapely.coverage_simplify(plane, smooth_m / _STEP_M, simplify_boundary=False)
    rounded: Geometries = shapely.transform(simpler, lambda xy: np.rint(xy / stretch))
    # Rounding may bring two lines of a narrow place together: then the crooked ones stay.
    return rounded if shapely.is_valid(rounded).all() else lands


def _between(parts: Geometries, origin: tuple[int, int]) -> BaseGeometry:
    """Return the lines between parts in lattice steps, merged from node to node."""
    edges = shared_edges(parts)
    ends = np.stack((edges.start, edges.end), axis=1) - np.array(origin)
    lines: BaseGeometry = shapely.multilinestrings(ends.astype(np.float64))
    return shapely.line_merge(lines)


def _votes(faces: Geometries, lands: Geometries) -> Keys:
    """Return the part that a place inside each face lies in, -1 for none."""
    inner = shapely.point_on_surface(faces)
    face, land = shapely.STRtree(lands).query(inner, predicate="intersects")
    vote = np.full(len(faces), -1, np.int64)
    vote[face[::-1]] = land[::-1]
    return vote


def _parts_of(
    faces: Faces, inside: NDArray[np.bool_], on_line: NDArray[np.bool_], vote: Keys
) -> Keys:
    """Return the part of each face, -1 outside: pieces between lines go to their majority.

    Of several pieces of one part the largest stays; each other one joins the neighbour with the
    longest border, where it has one.
    """
    n, edges = len(vote), faces.edges
    own = inside[edges.i] & inside[edges.j]
    piece = connected(n, edges.i[own & ~on_line], edges.j[own & ~on_line])
    counted = inside & (vote >= 0)
    votes = np.zeros((piece.max() + 1, vote.max() + 1))
    np.add.at(votes, (piece[counted], vote[counted]), faces.area[counted])
    part = np.where(inside, votes.argmax(axis=1)[piece], -1)
    while True:
        scrap = _scrap(part, edges, own, faces.area)
        if scrap is None:
            return part
        members, into = scrap
        part[members] = into


def _scrap(
    part: Keys, edges: SharedEdges, own: NDArray[np.bool_], area: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], int] | None:
    """Return the smallest piece that is not the largest of its part, and the part it can join."""
    together = own & (part[edges.i] == part[edges.j])
    piece = connected(len(part), edges.i[together], edges.j[together])
    label = part[np.unique(piece, return_index=True)[1]]
    size = np.bincount(piece, area)
    order = np.lexsort((-size, label))
    lesser = order[1:][(np.diff(label[order]) == 0) & (label[order[1:]] >= 0)]
    for k in lesser[np.argsort(size[lesser], kind="stable")].tolist():
        into = longest_border(k, piece, edges, own)
        if into is not None:
            return piece == k, int(label[into])
    return None
