"""Sub-groups follow their cells: which codes the cells of a patch bear in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import shapely
from sqlalchemy import Connection

from geo.patch import Cell, Patch, outlines_of
from grids.model import NewUnit
from grids.numbering import next_codes
from grids.overlay import UnitName
from grids.plan_rows import State


def follow(
    conn: Connection, patch: Patch, names: Mapping[str, UnitName], base: State
) -> tuple[Patch, list[NewUnit]]:
    """Return the patch with the sub-group codes that its cells bear, and the units to make.

    A sub-group's code begins with its grid's, so one that comes to another grid gets a new code
    there and keeps its name; cells of one sub-group stay together. A cell that is in force under
    the grid where it comes to lie gets its own sub-group back. The smaller piece of a sub-group
    that was cut becomes a sub-group of its own with the same name, for the user to rename.

    Parameters
    ----------
    patch
        Cells with their final grids; sub-group codes may still be those of other grids.
    names
        Names of the sub-groups before.
    base
        Versions in force of the cells of the patch.
    """
    given: dict[tuple[str, str], str] = {}
    wanted: dict[str, list[tuple[str, str]]] = {}
    keys: dict[int, tuple[str, str]] = {}
    new: dict[int, Cell] = {}
    for cell in patch.new:
        own = base.get(cell.id)
        source = cell.subgroup or _cut_from(cell, patch)
        if cell.grid is None or source is None:
            new[cell.id] = replace(cell, subgroup=None)
        elif own is not None and own.grid_code == cell.grid and own.subgroup_code is not None:
            new[cell.id] = replace(cell, subgroup=own.subgroup_code)
        elif cell.subgroup is not None and cell.subgroup.startswith(cell.grid):
            new[cell.id] = cell
        else:
            new[cell.id] = cell
            keys[cell.id] = (source, cell.grid)
            pending = wanted.setdefault(cell.grid, [])
            if keys[cell.id] not in pending:
                pending.append(keys[cell.id])
    units = []
    for grid in sorted(wanted):
        for key, code in zip(wanted[grid], next_codes(conn, grid, len(wanted[grid])), strict=True):
            given[key] = code
            units.append(NewUnit(code, names[key[0]].name))
    for number, key in keys.items():
        new[number] = replace(new[number], subgroup=given[key])
    return Patch(patch.old, tuple(new[cell.id] for cell in patch.new)), units


def _cut_from(cell: Cell, patch: Patch) -> str | None:
    """Return the sub-group of the old cell that a new cell was cut from, if it is a new cell."""
    if any(old.id == cell.id for old in patch.old):
        return None
    over = shapely.area(shapely.intersection(outlines_of(patch.old), cell.outline))
    return patch.old[int(over.argmax())].subgroup if len(over) else None
