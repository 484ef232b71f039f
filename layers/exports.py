"""What is in force as tables to be given away: cut to a territory, without telephone numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from geo.errors import Refusal
from geo.lattice import Geometries
from grids import access
from grids.db import statement
from grids.history import Past
from grids.model import Viewer
from grids.territory import code_range

FOLDER = Path(__file__).parent / "sql"

LEVELS = {
    "townships": "township",
    "villages": "village",
    "grids": "grid",
    "subgroups": "subgroup",
    "county": "county",
}
REGISTERS = {
    "households": access.Action.HOUSEHOLD_SEE,
    "cameras": access.Action.CAMERA_SEE,
    "incidents": access.Action.INCIDENT_SEE,
}
KINDS = frozenset(LEVELS) | frozenset(REGISTERS) | {"units", "cells"}


class NoPast(Refusal):
    """A register was asked for as at a past day, but only the present is kept."""

    code = "export.no_past"
    sentence = (
        "{kind} are kept as they are today; only units and cells can be written as at a date."
    )


@dataclass(frozen=True, eq=False)
class ExportTable:
    """Columns of one length by heading; `shapes` in CGCS2000, none where rows have none."""

    columns: Mapping[str, Sequence[Any]]
    shapes: Geometries | None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def read(
    conn: Connection, viewer: Viewer, kind: str, *, area: str | None, past: Past | None
) -> ExportTable:
    """Return a kind's rows inside the viewer's territory, in the order of their codes.

    Parameters
    ----------
    area
        Code of a unit to cut to; outside the viewer's territory it does not exist.
    past
        Units and cells as they were then, under the names of then (`history.find`); none: now.

    Raises
    ------
    Forbidden, NotFound
        If the viewer may not export this, or not there.
    NoPast
        If a register is asked for as at a date.
    """
    access.require(viewer, access.Action.EXPORT_RUN)
    scope = area or viewer.scope
    access.require_territory(viewer, scope)
    if kind in REGISTERS:
        access.require(viewer, REGISTERS[kind])
        if past is not None:
            raise NoPast(kind=kind)
    name = kind if kind in REGISTERS or kind == "cells" else "units"
    levels = [LEVELS[kind]] if kind in LEVELS else list(LEVELS.values())
    found = conn.execute(
        statement(name, "exports", FOLDER),
        {**code_range(scope), "at": past.moment if past else None, "levels": levels},
    )
    headings = [key for key in found.keys() if key != "shape"]  # noqa: SIM118 - keys of a result
    rows = found.all()
    columns = {heading: [getattr(row, heading) for row in rows] for heading in headings}
    drawn = [None if row.shape is None else bytes(row.shape) for row in rows]
    return ExportTable(columns, shapely.from_wkb(np.array(drawn, dtype=np.object_)))
