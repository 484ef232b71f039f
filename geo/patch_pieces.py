"""From faces with a new owner back to cells: who keeps id and sub-group, what joins a neighbour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coverage_kernels import connected
from geo.errors import GeoError
from geo.lattice import Geometries, Keys, among, degrees, keys, pack, unpack
from geo.patch import Cell, Patch, changes, outlines_of
from geo.patch_faces import Faces, edge_m, lone_edges, longest_border
from geo.patch_loose import settled
from geo.patch_straight import Meeting, moved, without
from geo.polygon import orient

# A fragment of a cut sub-group below either joins a neighbour on its side.
_FRAGMENT_SHARE = 0.34
_FRAGMENT_M2 = 200.0

# Pieces below are what rounding tears off, not what anybody drew.
_SLIVER_M2 = 1.0


class LockedBorder(GeoError):
    """A line meets a border that nothing may change, away from its vertices."""

    code = "split.locked_border"
    sentence = "The line meets the outer border {away_m} m from its nearest vertex; draw it there."


def codes_of(cells: Sequence[Cell], *more: str | None) -> tuple[list[str | None], Keys]:
    """Return all grid codes, None for free land among them, and the index of each cell's."""
    codes: list[str | None] = list(dict.fromkeys((*(cell.grid for cell in cells), *more, None)))
    index = {code: k for k, code in enumerate(codes)}
    return codes, np.array([index[cell.grid] for cell in cells], np.int64)


def rebuilt(
    cells: Sequence[Cell],
    faces: Faces,
    before: Keys,
    after: Keys,
    codes: Sequence[str | None],
    new_ids: Iterator[int],
    *,
    made: Sequence[Cell] = (),
    loose: str | None = "keep",
    border_reach_m: float = 30.0,
) -> Patch:
    """Return the proven patch that unites faces to cells again.

    The largest piece of an old cell keeps its id and sub-group. A smaller one below 34 % of the
    cell or 200 m2 joins the cell of the same grid with which it shares the longest border; one
    that is larger, or has no such neighbour, becomes a cell of its own without sub-group. New
    vertices that carry nothing are dropped. The rim takes no new vertex: a new border that ends
    there is bent to the nearest vertex of the rim.

    Parameters
    ----------
    cells
        The old cells.
    faces
        What covers them; `faces.owner` counts `cells` and then `made`.
    before, after
        Index into `codes` of each face: the grid it was in and the one it goes to.
    codes
        Grid codes, None for free land.
    new_ids
        Gives ids for new cells.
    made
        Cells that did not exist before, still without outline.
    loose
        What becomes of pieces that are cut off from their grid, as in `patch.assign`; None if the
        caller knows that there are none.
    border_reach_m
        How far a new border may be bent.

    Raises
    ------
    Multipart, NotBeside, LockedBorder, NotAPatch
    """
    known = [*cells, *made]
    villages = [cell.village for cell in known]
    if loose is not None:
        after = settled(
            faces,
            [cell.id for cell in known],
            villages,
            codes,
            before,
            after,
            loose,
            sliver_m2=_SLIVER_M2,
        )
    number = {village: k for k, village in enumerate(dict.fromkeys(villages))}
    piece, kept = _pieces(faces, after, np.array([number[v] for v in villages], np.int64))
    same = (before == after) & (np.bincount(piece, minlength=len(piece))[piece] == 1) & kept
    for k in np.flatnonzero(same).tolist():
        same[k] = faces.outlines[k] is known[faces.owner[k]].outline
    new = []
    for k in np.flatnonzero(np.bincount(piece[~same])).tolist():
        cell, grid = known[faces.owner[k]], codes[int(after[k])]
        members = faces.outlines[piece == k]
        outline: Any = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
        if kept[k]:
            new.append(replace(cell, grid=grid, outline=outline))
        else:
            new.append(Cell(next(new_ids), cell.village, grid, None, outline))
    untouched = set(faces.owner[same].tolist())
    old = [cell for k, cell in enumerate(cells) if k not in untouched]
    outlines = _tidy(outlines_of(old), orient(outlines_of(new)), border_reach_m)
    former = {cell.id: cell for cell in old}
    whole = [
        replace(cell, outline=_as_before(outline, former.get(cell.id)))
        for cell, outline in zip(new, outlines, strict=True)
    ]
    return changes(old, whole).prove()


def _as_before(outline: shapely.Polygon, former: Cell | None) -> shapely.Polygon:
    """Return the former outline if this one differs in the start of its rings only."""
    if former is None or len(outline.exterior.coords) != len(former.outline.exterior.coords):
        return outline
    same = shapely.normalize(outline) == shapely.normalize(former.outline)
    return former.outline if same else outline


def _pieces(faces: Faces, grid: Keys, village: Keys) -> tuple[Keys, NDArray[np.bool_]]:
    """Return for each face the face that names its new cell, and which faces name a kept cell.

    A piece is what hangs together of one old cell in one grid; its largest face names it. The
    largest piece of a cell keeps the cell, a small one joins a neighbour in its grid.
    """
    owner, edges, area = faces.owner, faces.edges, faces.area
    i, j = edges.i, edges.j
    same_grid = (grid[i] == grid[j]) & (village[owner[i]] == village[owner[j]])
    together = (owner[i] == owner[j]) & same_grid
    label = connected(len(area), i[together], j[together])
    size = np.bincount(label, area)
    order = np.lexsort((-area, label))
    name = order[np.searchsorted(label[order], np.arange(len(size)))]
    whole = np.bincount(owner, area)
    by_size = np.argsort(size, kind="stable").tolist()
    largest = np.full(len(whole), -1)
    largest[owner[name[by_size]]] = by_size
    goes = np.arange(len(size))
    for k in by_size:
        cell = owner[name[k]]
        fragment = size[k] < max(_FRAGMENT_SHARE * whole[cell], _FRAGMENT_M2)
        if largest[cell] == k or not fragment:
            continue
        into = longest_border(k, goes[label], edges, same_grid)
        if into is not None:
            goes[goes == k] = into
    kept = np.zeros(len(area), np.bool_)
    kept[name[largest[largest >= 0]]] = True
    return name[goes[label]], kept


def _tidy(before: Geometries, after: Geometries, reach_m: float) -> Geometries:
    """Return a cut coverage without needless new vertices, and with none on its rim."""
    old, new = (pack(keys(shapely.get_coordinates(side))) for side in (before, after))
    fresh = np.unique(new[~among(new, np.sort(old))])
    if not len(fresh):
        return after
    around = Meeting.of(after, fresh)
    dropped = around.straight(fresh)
    tidied = without(after, dropped)
    left = fresh[~among(fresh, dropped)]
    locked = left[among(left, around.rim())]
    return _bent(before, tidied, locked, reach_m) if len(locked) else tidied


def _bent(before: Geometries, after: Geometries, locked: Keys, reach_m: float) -> Geometries:
    """Return a coverage with each new vertex on the rim put on the nearest old one of its edge."""
    _, start, end = lone_edges(before)
    edges = np.stack((start, end), axis=1)
    lines: Any = shapely.linestrings(edges.astype(np.float64))
    ends = edges[shapely.STRtree(lines).nearest(shapely.points(unpack(locked)))]
    here, there = degrees(unpack(locked)), degrees(ends.reshape(-1, 2)).reshape(-1, 2, 2)
    metres = np.column_stack([edge_m(here, there[:, side]) for side in (0, 1)])
    nearest = pack(ends[np.arange(len(ends)), metres.argmin(axis=1)])
    bent = moved(after, locked, nearest)
    farthest = int(metres.min(axis=1).argmax())
    torn = ~shapely.is_valid(bent) | shapely.is_empty(bent)
    if metres[farthest].min() > reach_m or torn.any():
        raise LockedBorder(
            away_m=round(float(metres[farthest].min()), 1),
            at=here[farthest].tolist(),
            vertices=there[farthest].tolist(),
        )
    return bent
