"""Patches: the only way a boundary changes. Some cells go, others come, their outer edge stays.

If the half-edges of the new cells leave the same residue as those of the old ones, then replacing
them keeps a proven coverage proven, whatever lies around: nothing outside the patch needs to be
read. So patches compose, patches on different cells commute, and the inverse of a patch is undo.
The tools here and in `patch_split` take values and return a patch that is already proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from geo.coverage import adjacency, chain, half_edges
from geo.coverage_kernels import connected
from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import Geometries, off_lattice
from geo.patch_faces import opposites, place_of, uncut
from geo.patch_loose import Multipart, NotBeside, settled
from geo.patch_straight import needless, without
from geo.polygon import orient

__all__ = [
    "Cell",
    "Multipart",
    "NotAPatch",
    "NotBeside",
    "OtherVillage",
    "Patch",
    "SameGrid",
    "StalePatch",
    "UnknownCell",
    "UnknownGrid",
    "assign",
    "changes",
    "merge",
    "outlines_of",
    "pieces",
    "place_of",
]


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
            the cell; `boundary` where the outer edge would differ), each `at` a place, [lon, lat].
        """
        faults = [
            {"kind": "repeated", "cell": number, "at": None}
            for side in (self.old, self.new)
            for number, times in Counter(cell.id for cell in side).items()
            if times > 1
        ]
        # The shape of a cell that stays as it was cancels itself, and has been proven before.
        former = {cell.id: cell.outline for cell in self.old}
        kept = {cell.id for cell in self.new if former.get(cell.id) is cell.outline}
        new = [cell for cell in self.new if cell.id not in kept]
        outlines = outlines_of(new)
        single = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON.value
        single &= ~shapely.is_empty(outlines)
        faults += [_fault("not_polygon", new[k]) for k in np.flatnonzero(~single)]
        if single.all():
            wrong = ~shapely.is_valid(outlines)
            faults += [_fault("invalid", new[k]) for k in np.flatnonzero(wrong)]
            away = off_lattice(outlines)
            faults += [_fault("off_lattice", new[k]) for k in np.flatnonzero(away)]
            old = outlines_of(cell for cell in self.old if cell.id not in kept)
            faults += _boundary_faults(old, outlines)
        if faults:
            places = [fault["at"] for fault in faults if fault["at"]]
            raise NotAPatch(faults=faults, at=places[0] if places else None)
        return self


def assign(
    cells: Iterable[Cell],
    ids: Iterable[int],
    grid: str | None,
    *,
    subgroups: Mapping[int, str | None] | None = None,
    loose: str = "refuse",
) -> Patch:
    """Return the patch that gives cells to another grid of their village.

    Parameters
    ----------
    cells
        All cells of the grids concerned: those that lose, and the one that gains. The cells around
        them, too, if pieces that are cut off are to find a neighbour.
    ids
        The cells that move. Those that are in the grid already stay as they are.
    grid
        The grid that gains; None makes free land.
    subgroups
        New sub-group code by cell id; a cell not named keeps its own.
    loose
        What becomes of pieces that would be cut off from their grid: "refuse", "keep" or the code
        of the neighbour that gets them.

    Raises
    ------
    UnknownCell, OtherVillage, NotBeside
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
    if loose != "keep":
        after = _settled(given, after, loose)
    return changes(given.values(), after.values()).prove()


def merge(cells: Iterable[Cell], grid_from: str, grid_into: str, *, loose: str = "refuse") -> Patch:
    """Return the patch that gives the whole of one grid to another of the same village.

    Sub-groups keep their cells and codes. Undivided land that now touches undivided land of the
    same grid along an edge becomes one cell, the one with the lowest id: the rest of a grid is
    one cell. Holes between the two vanish with the border. Where the vanished border ended on a
    straight edge, its end goes as well: a grid that was split and is merged again gets back the
    vertices that it had.

    Parameters
    ----------
    cells
        All cells of both grids, and all cells that touch them.
    grid_from, grid_into
        The code that ends and the code that stays.
    loose
        As in `assign`.

    Raises
    ------
    SameGrid, UnknownGrid, OtherVillage, NotBeside
    Multipart
        If the two meet nowhere, or in a corner only.
    """
    if grid_from == grid_into:
        raise SameGrid(grid=grid_from)
    given = {cell.id: cell for cell in cells}
    for grid in (grid_from, grid_into):
        if not any(cell.grid == grid for cell in given.values()):
            raise UnknownGrid(grid=grid)
    moving = [cell.id for cell in given.values() if cell.grid == grid_from]
    patch = assign(given.values(), moving, grid_into, loose=loose)
    return patch.then(_dissolve_rest(patch.apply(given), grid_into))


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


def _settled(before: dict[int, Cell], after: dict[int, Cell], loose: str) -> dict[int, Cell]:
    """Return the cells after an edit of whole cells, with what it cuts off where `loose` says."""
    moved = [number for number, cell in before.items() if after[number] != cell]
    concerned = {side[k].grid for k in moved for side in (before, after)} - {None}
    if _whole([cell for cell in after.values() if cell.grid in concerned]):
        return after
    codes = list(dict.fromkeys(c.grid for side in (before, after) for c in side.values()))
    was, now = (
        np.array([codes.index(c.grid) for c in side.values()], np.int64) for side in (before, after)
    )
    settled_at = settled(
        uncut(outlines_of(before.values())),
        list(before),
        [c.village for c in before.values()],
        codes,
        was,
        now,
        loose,
    )
    return {
        number: cell if settled_at[k] == now[k] else replace(cell, grid=codes[settled_at[k]])
        for k, (number, cell) in enumerate(after.items())
    }


def _whole(cells: Sequence[Cell]) -> bool:
    """Return whether the cells of each grid hang together by edges."""
    index = {grid: k for k, grid in enumerate({cell.grid for cell in cells})}
    grid = np.array([index[cell.grid] for cell in cells], np.int64)
    u, v, owner = half_edges(outlines_of(cells))
    i, j = (owner[side] for side in opposites(u, v))
    same = grid[i] == grid[j]
    return len(set(connected(len(cells), i[same], j[same]).tolist())) == len(index)


def _dissolve_rest(cells: dict[int, Cell], grid: str) -> Patch:
    """Return the patch that unites the undivided land of a grid, without needless vertices."""
    after = dict(cells)
    for group in pieces(c for c in cells.values() if c.grid == grid and c.subgroup is None):
        if len(group) > 1:
            united = orient([shapely.coverage_union_all(outlines_of(group))])[0]
            for cell in group:
                del after[cell.id]
            after[group[0].id] = replace(group[0], outline=united)
    if len(after) == len(cells):
        return Patch((), ())
    outlines = outlines_of(after.values())
    dropped = needless(outlines, outlines_of(cells.values()))
    straight = zip(after.values(), without(outlines, dropped), strict=True)
    return changes(cells.values(), [replace(c, outline=o) for c, o in straight]).prove()


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


def _boundary_faults(old: Geometries, new: Geometries) -> list[dict[str, Any]]:
    """Return the edges that one side leaves and the other does not, up to twenty."""
    u, v, owner = half_edges(np.concatenate((old, new)))
    came = owner >= len(old)
    left = chain(np.where(came, v, u), np.where(came, u, v))
    lines: list[Any] = left.segments()[:20].tolist() if len(left) else []
    return [{"kind": "boundary", "cell": None, "at": place_of(line)} for line in lines]


def _fault(kind: str, cell: Cell) -> dict[str, Any]:
    return {"kind": kind, "cell": cell.id, "at": place_of(cell.outline)}
