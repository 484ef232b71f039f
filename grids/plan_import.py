"""The bulk entry of plans: whole coverages from files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import Connection

from geo.crs import area_m2
from geo.lattice import Geometries
from grids import drafts
from grids.access import everyone
from grids.db import statement
from grids.initials import initials
from grids.model import NewCell, NewUnit

_SRID = 4490

_UNIT_COLUMNS = (
    "plan_id",
    "code",
    "level",
    "kind",
    "name",
    "initials",
    "parent_code",
    "source_code",
    "n_parts",
)


def add_import(
    conn: Connection,
    plan_id: UUID,
    cells: Sequence[NewCell],
    units: Iterable[NewUnit] = (),
    *,
    replaces: Iterable[str] | None = None,
    gone: Iterable[int] = (),
) -> int:
    """Add the cells and units of a file to an open plan and return the plan's new version.

    Parameters
    ----------
    cells
        New atoms; polygons on the lattice that meet edge to edge (repair and proof come before).
    units
        The grids and sub-groups that do not exist yet.
    replaces
        Codes of grids or villages whose present cells give way. By default the grids that the
        cells name: sub-groups take the place of the undivided rest of their grid.
    gone
        Numbers of further cells that give way, of free land as a rule.

    Raises
    ------
    NotFound, PlanClosed
        If the plan does not exist or is closed.
    sqlalchemy.exc.IntegrityError
        If a code is already reserved.
    """
    drafts.lock(conn, everyone(), plan_id, None)
    wanted = {c.grid_code for c in cells if c.grid_code} if replaces is None else set(replaces)
    given_up = {"plan_id": plan_id, "codes": sorted(wanted), "cells": sorted(gone)}
    conn.execute(statement("replace_grids", "plans"), given_up)
    copy_rows(conn, "plan_unit", _UNIT_COLUMNS, (_unit_row(plan_id, unit) for unit in units))
    outlines: Geometries = np.empty(len(cells), dtype=np.object_)
    outlines[:] = [cell.outline for cell in cells]
    numbers = reserve_cells(conn, len(cells))
    wkb = shapely.to_wkb(shapely.set_srid(outlines, _SRID), hex=True, include_srid=True)
    rows = zip(numbers, cells, wkb, area_m2(outlines).tolist(), strict=True)
    copy_rows(
        conn,
        "plan_cell",
        ("plan_id", "cell_id", "village_code", "grid_code", "subgroup_code", "outline", "area_m2"),
        (
            (plan_id, number, cell.village_code, cell.grid_code, cell.subgroup_code, shape, area)
            for number, cell, shape, area in rows
        ),
    )
    version: int = conn.execute(statement("touch", "plans"), {"plan_id": plan_id}).scalar_one()
    return version


def reserve_cells(conn: Connection, n: int) -> list[int]:
    """Return numbers for n cells that a plan makes; they are never given twice."""
    return list(conn.execute(statement("reserve_cells", "plans"), {"n": n}).scalars())


def copy_rows(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Write rows by COPY, in the transaction of `conn`."""
    driver = conn.connection.driver_connection
    assert driver is not None
    command = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def _unit_row(plan_id: UUID, unit: NewUnit) -> tuple[Any, ...]:
    return (
        plan_id,
        unit.code,
        unit.level.value,
        unit.kind,
        unit.name,
        unit.initials or initials(unit.name),
        unit.parent_code,
        unit.source_code,
        unit.n_parts,
    )
