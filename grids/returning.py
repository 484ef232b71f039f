"""Units that ended and come back: under new codes, since a code is given once.

A letter, a duty or a report that names an old code means what was there then. So land that goes
back to a grid that ended goes to a new grid of the same name; lineage says where it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from grids import overlay
from grids.db import statement
from grids.model import Level, NewUnit
from grids.numbering import next_codes
from grids.plan_rows import CellRow, State


def ended(conn: Connection, codes: Iterable[str | None]) -> set[str]:
    """Return which of these units are no longer in force; none and codes of plans are passed by."""
    wanted = sorted({code for code in codes if code is not None})
    rows = conn.execute(statement("ended_units", "conflicts"), {"codes": wanted})
    return set(rows.scalars())


def under_new_codes(
    conn: Connection, plan_id: UUID, state: State
) -> tuple[State, list[NewUnit], dict[str, str]]:
    """Return cells with new codes for the units that ended, the units to make, old code -> new.

    Every cell that names the same ended unit gets the same new one; the new ones have the name,
    the kind and the signed pieces of the old.

    Raises
    ------
    CodesUsedUp
        If a village or grid has no number left.
    """
    rows = {k: row for k, row in state.items() if row is not None and not row.gone}
    lost = ended(conn, (code for row in rows.values() for code in _codes(row)))
    # A sub-group that the plan made in a grid which has ended follows it.
    lost |= {
        row.subgroup_code for row in rows.values() if row.subgroup_code and row.grid_code in lost
    }
    names = overlay.names_of(conn, plan_id, lost)
    given: dict[str, str] = {}
    for grid in sorted(code for code in lost if len(code) == Level.GRID.digits):
        taken = {code for code in given.values() if code.startswith(_village(grid))}
        codes = next_codes(conn, _village(grid), len(taken) + 1, kind=names[grid].kind)
        given[grid] = next(code for code in codes if code not in taken)
    parents: dict[str, list[str]] = {}
    for code in sorted(code for code in lost if len(code) == Level.SUBGROUP.digits):
        grid = code[: Level.GRID.digits]
        parents.setdefault(given.get(grid, grid), []).append(code)
    for parent, members in parents.items():
        given |= dict(zip(members, next_codes(conn, parent, len(members)), strict=True))
    units = [
        NewUnit(new, names[old].name, names[old].kind, n_parts=names[old].n_parts)
        for old, new in given.items()
    ]
    renamed = {k: _renamed(row, given) for k, row in rows.items()}
    return state | renamed, units, given


def _renamed(row: CellRow, given: dict[str, str]) -> CellRow:
    return replace(
        row,
        grid_code=row.grid_code and given.get(row.grid_code, row.grid_code),
        subgroup_code=row.subgroup_code and given.get(row.subgroup_code, row.subgroup_code),
    )


def _codes(row: CellRow) -> tuple[str | None, str | None]:
    return row.grid_code, row.subgroup_code


def _village(grid: str) -> str:
    return grid[: Level.VILLAGE.digits]
