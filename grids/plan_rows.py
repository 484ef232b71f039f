"""What a plan holds of a cell, and how a step remembers it: bytes that undo writes back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry import Polygon
from sqlalchemy import Connection, Row

from geo.crs import area_m2
from geo.patch import Cell, outlines_of
from grids.db import statement

State = dict[int, "CellRow | None"]


@dataclass(frozen=True, slots=True)
class CellRow:
    """A row of `plan_cell`; `outline` is well-known binary in hexadecimal, so that rows compare.

    `base_publication` of none: a cell that the plan made.
    """

    base_publication: int | None
    gone: bool
    village_code: str
    grid_code: str | None
    subgroup_code: str | None
    outline: str
    area_m2: float

    def polygon(self) -> Polygon:
        """Return the outline as a polygon in degrees."""
        shape = shapely.from_wkb(self.outline)
        assert isinstance(shape, Polygon)
        return shape


def rows_of(cells: Sequence[Cell], base_publications: Sequence[int | None]) -> list[CellRow]:
    """Return the rows that say what a plan makes of cells, by the publication each comes from."""
    outlines = outlines_of(cells)
    return [
        CellRow(publication, False, cell.village, cell.grid, cell.subgroup, outline, area)
        for cell, publication, outline, area in zip(
            cells,
            base_publications,
            shapely.to_wkb(outlines, hex=True, byte_order=1).tolist(),
            area_m2(outlines).tolist(),
            strict=True,
        )
    ]


def is_row_of(cell: Cell | None, row: CellRow | None) -> bool:
    """Return whether a row says of a cell what it is; no cell is no row, or one that is gone."""
    if cell is None or row is None or row.gone:
        return cell is None and (row is None or row.gone)
    labels = (cell.village, cell.grid, cell.subgroup)
    same = (row.village_code, row.grid_code, row.subgroup_code) == labels
    return same and row.outline == shapely.to_wkb(cell.outline, hex=True, byte_order=1)


def in_plan(conn: Connection, plan_id: UUID, cell_ids: Iterable[int]) -> State:
    """Return what the plan holds of these cells, none where it holds nothing; locks the rows."""
    wanted = sorted(cell_ids)
    rows = conn.execute(statement("lock_cells", "plans"), {"plan_id": plan_id, "cells": wanted})
    return dict.fromkeys(wanted) | state_of(rows)


def in_force(conn: Connection, cell_ids: Iterable[int]) -> State:
    """Return the versions in force of these cells, none where there is none."""
    wanted = sorted(cell_ids)
    rows = conn.execute(statement("base_cells", "plans"), {"cells": wanted})
    return dict.fromkeys(wanted) | state_of(rows)


def state_of(rows: Iterable[Row[Any]]) -> State:
    """Return what rows of cells say, by cell."""
    return {row.cell_id: _cell_row(row) for row in rows}


def write(conn: Connection, plan_id: UUID, state: State) -> None:
    """Make the plan hold exactly this of these cells."""
    dropped = sorted(number for number, row in state.items() if row is None)
    held = [
        {"plan_id": plan_id, "cell_id": number} | {k: getattr(row, k) for k in CellRow.__slots__}
        for number, row in sorted(state.items())
        if row is not None
    ]
    if dropped:
        conn.execute(statement("drop_cells", "plans"), {"plan_id": plan_id, "cells": dropped})
    if held:
        conn.execute(statement("put_cell", "plans"), held)


def packed(state: State) -> bytes:
    """Return a state as bytes."""
    rows = [[number, None if row is None else astuple(row)] for number, row in state.items()]
    return zlib.compress(json.dumps(rows).encode())


def unpacked(stored: bytes) -> State:
    """Return the state of `packed` bytes."""
    rows = json.loads(zlib.decompress(stored))
    return {number: None if row is None else CellRow(*row) for number, row in rows}


def _cell_row(row: Row[Any]) -> CellRow:
    return CellRow(
        row.base_publication,
        row.gone,
        row.village_code,
        row.grid_code,
        row.subgroup_code,
        bytes(row.outline).hex().upper(),
        row.area_m2,
    )
