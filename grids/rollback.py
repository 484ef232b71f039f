"""Going back to a former publication: by a plan that restores its coverage, published as any other.

Publications form one line and nothing is taken out of it. What was in force under publication n is
planned anew: cells that are as they were stay, others get their former outline and labels, those
made since go. Codes are given once, so units that have ended come back under new codes with their
old names; lineage says where their land came from. Names, duties and registers are not the
coverage's and stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from geo.patch import Cell, NotAPatch, Patch
from grids import drafts, plan_make, plan_rows, publications
from grids.access import require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, GridsError
from grids.model import Viewer
from grids.plan_conflicts import same
from grids.plan_import import reserve_cells
from grids.plan_rows import CellRow, State
from grids.returning import under_new_codes
from grids.territory import code_range


class NotRestorable(GridsError):
    """The outer border of the area was another one then, so its inside cannot go back alone."""

    code = "publication.not_restorable"
    sentence = "The border of {area} was another one under publication {number}: restore more."


def restore(
    conn: Connection,
    viewer: Viewer,
    number: int,
    *,
    title: str | None = None,
    area: str | None = None,
) -> Plan:
    """Return an open plan that would bring a publication's coverage back.

    Parameters
    ----------
    number
        The publication; one before the last.
    title
        By default "Back to publication n".
    area
        Code of a unit, village or above: only what lies in it. None: the viewer's territory.

    Raises
    ------
    Forbidden
        If the role may not edit plans.
    NotFound
        If there is no such publication, or the area lies outside the viewer's territory.
    BadValue
        If the area's coverage is as it was then.
    NotRestorable
        If the area's own border has other vertices than then.
    CodesUsedUp
        If a village has no number left for a grid that comes back.
    """
    publication = publications.get(conn, number)
    where = viewer.scope if area is None else area
    require_territory(viewer, where, "unit")
    plan = drafts.create(conn, viewer, title or f"Back to publication {number}")
    former = _cells(conn, publication.number, where)
    present = _cells(conn, publications.require_current(conn).number, where)
    state, kept = _back(conn, former, present)
    if not state:
        raise BadValue(field="publication", given=number, reason="nothing has changed since then")
    _require_same_land(former, present, where, number)
    after, units, given = under_new_codes(conn, plan.plan_id, state)
    for unit in units:
        plan_make.reserve(conn, plan, unit)
    before: State = dict.fromkeys(after)
    params = {"publication": number, "area": where, "n_kept": kept, "returned": given}
    made = plan_make.write_step(conn, viewer, plan, "restore", params, before, after)
    return made.plan


def _cells(conn: Connection, number: int, area: str) -> dict[int, CellRow]:
    values = code_range(area) | {"number": number}
    rows = plan_rows.state_of(conn.execute(statement("all_as_of", "conflicts"), values))
    return {k: row for k, row in rows.items() if row is not None}


def _back(
    conn: Connection, former: Mapping[int, CellRow], present: Mapping[int, CellRow]
) -> tuple[State, int]:
    """Return what a plan has to hold to turn the present cells into the former, and how many stay.

    A cell that was closed since comes back under a number of its own.
    """
    state: State = {k: replace(row, gone=True) for k, row in present.items() if k not in former}
    closed = [row for k, row in former.items() if k not in present]
    for k, row in zip(reserve_cells(conn, len(closed)), closed, strict=True):
        state[k] = replace(row, base_publication=None)
    stay = 0
    for k, row in former.items():
        now = present.get(k)
        if now is None:
            continue
        if same(row, now):
            stay += 1
        else:
            state[k] = replace(row, base_publication=now.base_publication)
    return state, stay


def _require_same_land(
    former: Mapping[int, CellRow], present: Mapping[int, CellRow], area: str, number: int
) -> None:
    changed = [
        (k, side)
        for side in (0, 1)
        for k in (former, present)[side]
        if not same(former.get(k), present.get(k))
    ]
    sides: tuple[list[Cell], list[Cell]] = ([], [])
    for k, side in changed:
        row = (former, present)[side][k]
        outline = row.polygon()
        sides[side].append(Cell(k, row.village_code, row.grid_code, row.subgroup_code, outline))
    try:
        Patch(tuple(sides[1]), tuple(sides[0])).prove()
    except NotAPatch as refusal:
        raise NotRestorable(area=area, number=number) from refusal
