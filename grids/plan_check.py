"""What is wrong with a plan: faults that stop publishing, and warnings that a person weighs.

Only what the plan touches is looked at. What was wrong before and is made no worse is a warning,
so that nobody is kept from a small correction by what others left.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from uuid import UUID

from sqlalchemy import Connection

from geo.patch import Cell
from grids import boundary_rules, drafts, overlay
from grids import plan_check_land as land
from grids import plan_check_units as units
from grids.db import statement
from grids.impact import impact
from grids.model import Viewer
from grids.plan_faults import SENTENCES, Fault, Subject
from grids.publications import shapes

__all__ = ["SENTENCES", "Fault", "check"]

_CHECKS = (
    land.unproven,
    land.villages,
    units.codes,
    units.names,
    land.pieces,
    land.areas,
    land.narrow,
    units.households,
    units.vacancies,
    units.ends,
    units.free_land,
)


def check(conn: Connection, viewer: Viewer, plan_id: UUID) -> list[Fault]:
    """Return what is wrong with a plan, errors first; empty when it can be published as it is.

    The limits are those of `boundary_rules`, the counts those of `impact`.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    """
    plan = drafts.get(conn, viewer, plan_id)
    if plan.n_changed == 0:
        return [Fault("plan.empty", "error")]
    stale = list(_stale(conn, plan_id))
    if stale:
        return stale
    old, new = _sides(conn, plan_id)
    villages = list(plan.village_codes)
    here = overlay.read(conn, viewer.scope, plan_id, villages=villages, counted=False)
    signed = conn.execute(statement("signed_parts", "rehome"), {"plan_id": plan_id})
    subject = Subject(
        old=old,
        new=new,
        after=here.cells(),
        names=here.names,
        impact=impact(conn, viewer, plan_id),
        signed={row.code: row.n_parts for row in signed},
        rules=boundary_rules.load(conn),
    )
    found = chain.from_iterable(look(subject) for look in _CHECKS)
    return sorted(found, key=lambda fault: (fault.severity, fault.code, fault.units))


def _stale(conn: Connection, plan_id: UUID) -> Iterator[Fault]:
    for row in conn.execute(statement("stale_bases", "rehome"), {"plan_id": plan_id}):
        facts = {"cell_id": row.cell_id, "yours": row.yours, "now": row.now}
        box = (row.west, row.south, row.east, row.north)
        yield Fault("plan.stale", "error", (row.unit_code,), (row.lon, row.lat), facts, box)


def _sides(conn: Connection, plan_id: UUID) -> tuple[list[Cell], list[Cell]]:
    """Return the cells in force that a plan changes, and what it makes of them."""
    rows = conn.execute(statement("patch", "rehome"), {"plan_id": plan_id}).all()
    sides: dict[str, list[Cell]] = {"old": [], "new": []}
    for row, outline in zip(rows, shapes(r.outline for r in rows), strict=True):
        cell = Cell(row.cell_id, row.village_code, row.grid_code, row.subgroup_code, outline)
        sides[row.side].append(cell)
    return sides["old"], sides["new"]
