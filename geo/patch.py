"""Patches: the only way a boundary changes. Some cells go, others come, their outer edge stays.

If the half-edges of the new cells leave the same residue as those of the old ones, then replacing
them keeps a proven coverage proven, whatever lies around: nothing outside the patch needs to be
read. So patches compose, patches on different cells commute, and the inverse of a patch is undo.
The tools here and in `patch_split` take values and return a patch that is already proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.coverage import adjacency, residue
from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import Geometries, Keys, off_lattice
from geo.polygon import orient


@dataclass(frozen=True, slots=True)
class Cell:
    """An atom of the partition: a sub-group, the undivided rest of a grid, or free land.

    Attributes
    ----------
    id
        Identity of the cell, from the caller.
    village
        Code of the village that the cell lies in.
    grid
        Code of its grid, None for free land.
    subgroup
        Code of its sub-group, None for the rest of a grid.
    outline
        One valid polygon in degrees, on the lattice.
    """

    id: int
    village: str
    grid: str | None
    subgroup: str | None
    outline: Polygon


class NotAPatch(GeoError):
    """The new cells do not cover exactly what the old ones covered."""

    code = "patch.unproven"
    sentence = "The new cells would not cover exactly the same land: {faults}."


class StalePatch(GeoError):
    """Cells have changed since the patch was made."""

    code = "patch.stale"
    sentence = "Cells {cells} have changed since this edit was made."


class UnknownCell(GeoError):
    """A cell that is not among those given."""

    code = "patch.unknown_cell"
    sentence = "There is no cell {cell} here."


class UnknownGrid(GeoError):
    """A grid without cells among those given."""

    code = "patch.unknown_grid"
    sentence = "There is no grid {grid} here."


class OtherVillage(GeoError):
    """Land would go to a grid of another village."""

    code = "patch.other_village"
    sentence = "Grid {grid} belongs to village {village}; the land lies in village {cell_village}."


class SameGrid(GeoError):
    """A grid cannot be merged into itself."""

    code = "patch.same_grid"
    sentence = "Grid {grid} is already that grid."


class Multipart(GeoError):
    """A grid would fall into pieces; the caller may offer what to do with each."""

    code = "patch.multipart"
    sentence = "Grid {grid} would fall into {n_pieces} pieces."


@dataclass(frozen=True, slots=True)
class Patch:
    """Old cells that give way to new ones on the same land.

    A cell that keeps its id is in both. Patches made by the tools hold only cells that change.
    """

    old: tuple[Cell, ...]
    new: tuple[Cell, ...]

    def inverse(self) -> Patch:
        """Return the patch that undoes this one."""
        return Patch(self.new, self.old)

    def then(self, later: Patch) -> Patch:
        """Return this patch and a later one as a single patch.

        Raises
        ------
        StalePatch
            If the later one replaces cells other than this one leaves.
        """
        left = {cell.id: cell for cell in self.new}
        replaced = {cell.id for cell in later.old}
        gone = {cell.id for cell in self.old} - left.keys()
        stale = {c.id for c in later.old if c.id in gone or left.get(c.id, c) != c}
        stale |= {c.id for c in later.new if c.id in left.keys() - replaced}
        if stale:
            raise StalePatch(cells=sorted(stale))
        old = self.old + tuple(cell for cell in later.old if cell.id not in left)
        new = tuple(cell for cell in self.new if cell.id not in replaced) + later.new
        return changes(old, new)

    def apply(self, cells: Mapping[int, Cell]) -> dict[int, Cell]:
        """Return the cells by id after this patch.

        Raises
        ------
        StalePatch
            If an old cell is missing or different, or a new id is taken.
        """
        old = {cell.id for cell in self.old}
        stale = {c.id for c in self.old if cells.get(c.id) != c}
        stale |= {c.id for c in self.new if c.id in cells.keys() - old}
        if stale:
            raise StalePatch(cells=sorted(stale))
        kept = {number: cell for number, cell in cells.items() if number not in old}
        return kept | {cell.id: cell for cell in self.new}

    def prove(self) -> Patch:
        """Return this patch if it keeps every coverage proven.

        Raises
        ------
        NotAPatch
            With `faults`: what is wrong (`repeated`, `not_polygon`, `invalid`, `off_lattice` with
            the cell; `boundary` where the outer edge would differ) and `at`, [lon, lat].
        """
        outlines = outlines_of(self.new)
        faults = [
            {"kind": "repeated", "cell": number, "at": None}
            for side in (self.old, self.new)
            for number, times in Counter(cell.id for cell in side).items()
            if times > 1
        ]
        single = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON.value
        single &= ~shapely.is_empty(outlines)
        faults += [_fault("not_polygon", self.new[k]) for k in np.flatnonzero(~single)]
        if single.all():
            wrong = ~shapely.is_valid(outlines)
            faults += [_fault("invalid", self.new[k]) for k in np.flatnonzero(wrong)]
            away = off_lattice(outlines)
            faults += [_fault("off_lattice", self.new[k]) for k in np.flatnonzero(away)]
            faults += self._boundary_faults()
        if faults:
            raise NotAPatch(faults=faults)
        return self

    def _boundary_faults(self) -> list[dict[str, Any]]:
        before, after = residue(outlines_of(self.old)), residue(outlines_of(self.new))
        if before == after:
            return []
        sides = [set(zip(c.u.tolist(), c.v.tolist(), strict=True)) for c in (before, after)]
        segments = [c.segments() for c in (before, after)]
        different = [
            line
            for c, lines, other in zip((before, after), segments, sides[::-1], strict=True)
            for line, edge in zip(lines, zip(c.u.tolist(), c.v.tolist(), strict=True), strict=True)
            if edge not in other
        ]
        places = different or segments[1].tolist() or segments[0].tolist()
        return [{"kind": "boundary", "cell": None, "at": place_of(line)} for line in places[:20]]


def assign(
    cells: Iterable[Cell],
    ids: Iterable[int],
    grid: str | None,
    *,
    subgroups: Mapping[int, str | None] | None = None,
    allow_pieces: bool = False,
) -> Patch:
    """Return the patch that gives cells to another grid of their village.

    Parameters
    ----------
    cells
        All cells of the grids concerned: those that lose, and the one that gains.
    ids
        The cells that move. Those that are in the grid already stay as they are.
    grid
        The grid that gains; None makes free land.
    subgroups
        New sub-group code by cell id; a cell not named keeps its own.
    allow_pieces
        Let grids fall into pieces.

    Raises
    ------
    UnknownCell, OtherVillage
    Multipart
        If a grid concerned would have more pieces than before. A grid that loses its last cell is
        no error here: it is retired by the caller.
    """
    given = {cell.id: cell for cell in cells}
    moving = list(dict.fromkeys(ids))
    for number in moving:
        if number not in given:
            raise UnknownCell(cell=number)
    if grid is not None:
        villages = {c.village for c in given.values() if c.grid == grid}
        villages = villages or {given[number].village for number in moving[:1]}
        for number in moving:
            cell = given[number]
            if cell.village not in villages:
                raise OtherVillage(
                    grid=grid,
                    village=min(villages),
                    cell_village=cell.village,
                    cell=number,
                    at=place_of(cell.outline),
                )
    labels = subgroups or {}
    after = given | {
        number: replace(
            given[number], grid=grid, subgroup=labels.get(number, given[number].subgroup)
        )
        for number in moving
    }
    if not allow_pieces:
        concerned = {given[number].grid for number in moving} | {grid}
        require_whole(given.values(), after.values(), concerned)
    return changes(tuple(given.values()), tuple(after.values())).prove()


def merge(
    cells: Iterable[Cell], grid_from: str, grid_into: str, *, allow_pieces: bool = False
) -> Patch:
    """Return the patch that gives the whole of one grid to another of the same village.

    Sub-groups keep their cells and codes. Undivided land that now touches undivided land of the
    same grid along an edge becomes one cell, the one with the lowest id: the rest of a grid is
    one cell. Holes between the two vanish with the border.

    Parameters
    ----------
    cells
        All cells of both grids; others are passed over.
    grid_from, grid_into
        The code that ends and the code that stays.
    allow_pieces
        Let the merged grid consist of pieces.

    Raises
    ------
    SameGrid, UnknownGrid, OtherVillage
    Multipart
        If the two meet nowhere, or in a corner only.
    """
    if grid_from == grid_into:
        raise SameGrid(grid=grid_from)
    both = [cell for cell in cells if cell.grid in {grid_from, grid_into}]
    for grid in (grid_from, grid_into):
        if not any(cell.grid == grid for cell in both):
            raise UnknownGrid(grid=grid)
    moving = [cell.id for cell in both if cell.grid == grid_from]
    patch = assign(both, moving, grid_into, allow_pieces=allow_pieces)
    merged = patch.apply({cell.id: cell for cell in both})
    return patch.then(_dissolve_rest(merged.values()))


def pieces(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return the cells in groups that hang together by edges, the largest area first."""
    members = sorted(cells, key=lambda cell: cell.id)
    if not members:
        return []
    outlines = outlines_of(members)
    neighbours = adjacency(outlines)
    label = connected(len(members), neighbours.i, neighbours.j)
    areas = np.bincount(label, area_m2(outlines))
    groups = [[members[k] for k in np.flatnonzero(label == g)] for g in range(len(areas))]
    return [groups[g] for g in np.argsort(-areas, kind="stable")]


def require_whole(
    before: Iterable[Cell], after: Iterable[Cell], grids: Iterable[str | None]
) -> None:
    """Raise `Multipart` for the first of the grids that has more pieces after than before.

    Free land (None) may lie anywhere in as many pieces as it likes.
    """
    was, now = list(before), list(after)
    for grid in sorted(g for g in set(grids) if g is not None):
        parts = pieces(cell for cell in now if cell.grid == grid)
        if len(parts) > max(1, len(pieces(cell for cell in was if cell.grid == grid))):
            found = [piece_facts(part) for part in parts]
            raise Multipart(grid=grid, n_pieces=len(parts), pieces=found, at=found[-1]["at"])


def piece_facts(cells: list[Cell]) -> dict[str, Any]:
    """Return what a caller shows of a piece: its cells, square metres and a place inside."""
    area = area_m2(outlines_of(cells))
    return {
        "cells": [cell.id for cell in cells],
        "area_m2": round(float(area.sum()), 1),
        "at": place_of(cells[int(area.argmax())].outline),
    }


def place_of(geom: BaseGeometry) -> list[float] | None:
    """Return [lon, lat] of a place on a geometry, to seven decimals; None when it has none."""
    (at,) = shapely.get_coordinates(shapely.point_on_surface(geom)).tolist() or [None]
    return at and [round(at[0], 7), round(at[1], 7)]


def connected(n: int, i: Keys, j: Keys) -> Keys:
    """Return the number of the connected component of each of n nodes, given pairs (i, j)."""
    pairs = coo_array((np.ones(len(i), np.int8), (i, j)), shape=(n, n))
    _, label = connected_components(pairs, directed=False)
    return np.asarray(label, dtype=np.int64)


def _dissolve_rest(cells: Iterable[Cell]) -> Patch:
    old: list[Cell] = []
    new: list[Cell] = []
    for group in pieces(cell for cell in cells if cell.subgroup is None):
        if len(group) > 1:
            outline = orient([shapely.coverage_union_all(outlines_of(group))])[0]
            old += group
            new.append(replace(group[0], outline=outline))
    return Patch(tuple(old), tuple(new)).prove()


def changes(old: Iterable[Cell], new: Iterable[Cell]) -> Patch:
    """Return the patch without the cells that are the same on both sides."""
    before, after = {c.id: c for c in old}, {c.id: c for c in new}
    return Patch(
        tuple(c for c in before.values() if after.get(c.id) != c),
        tuple(c for c in after.values() if before.get(c.id) != c),
    )


def outlines_of(cells: Iterable[Cell]) -> Geometries:
    """Return the outlines of cells as an array."""
    members = list(cells)
    array = np.empty(len(members), dtype=np.object_)
    array[:] = [cell.outline for cell in members]
    return array


def _fault(kind: str, cell: Cell) -> dict[str, Any]:
    return {"kind": kind, "cell": cell.id, "at": place_of(cell.outline)}
