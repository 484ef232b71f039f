"""What the doors answer about conflicts, presence and publications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from grids import overlay, publications
from grids.leases import Presence
from grids.overlay import Overlay
from grids.plan_conflicts import Conflict
from grids.plan_rows import CellRow
from grids.publications import Publication
from web import plan_answers


def conflicts(conn: Connection, plan_id: UUID, found: Sequence[Conflict]) -> dict[str, Any]:
    """Return conflicts with all three versions of each cell as GeoJSON."""
    sides = {
        side: _features(
            conn,
            plan_id,
            {one.cell_id: row for one in found if (row := getattr(one, side)) is not None},
        )
        for side in ("base", "theirs", "mine")
    }
    return {
        "conflicts": [
            {
                "group": one.group,
                "cell_id": one.cell_id,
                "unit": one.unit,
                "name": one.name,
                "at": one.at,
                **{side: features.get(one.cell_id) for side, features in sides.items()},
                "by": one.by and asdict(one.by),
            }
            for one in found
        ],
        "rebased": not found,
    }


def _features(
    conn: Connection, plan_id: UUID, rows: Mapping[int, CellRow]
) -> dict[int, dict[str, Any]]:
    there = list(rows.values())
    outline = np.empty(len(there), dtype=np.object_)
    outline[:] = [row.polygon() for row in there]
    village, grid, subgroup = (
        publications.codes(getattr(row, f"{level}_code") for row in there)
        for level in ("village", "grid", "subgroup")
    )
    named = {code for code in (*grid, *subgroup) if code is not None}
    homes = overlay.homes(conn, sorted(set(village)))
    side = Overlay(
        cell_id=np.fromiter(rows, np.int64, len(rows)),
        village=village,
        grid=grid,
        subgroup=subgroup,
        outline=outline,
        area_m2=np.array([row.area_m2 for row in there], np.float64),
        changed=np.ones(len(there), np.bool_),
        version=np.zeros(len(there), np.int64),
        n_households=overlay.count_in(homes, outline, grid, subgroup),
        names=overlay.names_of(conn, plan_id, named),
    )
    return {one["id"]: one for one in plan_answers.cells(side)["features"]}


def presence(found: Presence) -> dict[str, Any]:
    """Return who is at work where."""
    return {"until": found.until, "others": [asdict(one) for one in found.others]}


def publication(one: Publication) -> dict[str, Any]:
    """Return a publication as lists show it."""
    return {
        "number": one.number,
        "at": one.at,
        "by": one.by_name,
        "memo": one.memo,
        "n_changed": one.n_changed,
        "plan_id": one.plan_id,
    }
