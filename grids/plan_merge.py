"""Bringing a plan up to what is in force: by itself where that can be, else as a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from geo.patch import Cell, NotAPatch, Patch
from grids import drafts, plan_make, plan_rows
from grids.access import require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import GridsError
from grids.model import NewUnit, Viewer
from grids.plan_conflicts import Meeting, meet, same
from grids.plan_import import reserve_cells
from grids.plan_make import Outcome
from grids.plan_rows import CellRow, State
from grids.publications import require_current
from grids.returning import under_new_codes

Keep = Literal["mine", "theirs"]


class NotInConflict(GridsError):
    """There is nothing to decide about this cell, perhaps not any more."""

    code = "plan.not_in_conflict"
    sentence = "Cell {cell} is not in conflict."


class GoTogether(GridsError):
    """Cells that share a moved border were decided in different ways, or not all of them.

    `groups` lists, for each such group, the cells that have to be decided alike.
    """

    code = "plan.go_together"
    sentence = "A border moves as a whole: decide cells {cells} alike."


class OnlyTheirs(GridsError):
    """The plan's version of these cells cannot be brought back: what lay beside it is gone."""

    code = "plan.only_theirs"
    sentence = "Your version of cells {cells} no longer fits what lies around: keep theirs."


def rebase(conn: Connection, viewer: Viewer, plan: Plan, meeting: Meeting) -> Plan:
    """Return a plan brought up to what is in force, as far as that needs no decision.

    The step is listed as "rebase". An approval stays, since no land and no label of the plan
    changes.

    Parameters
    ----------
    plan
        As `drafts.lock` returned it in this transaction.
    """
    if not meeting.merged:
        return plan
    before = plan_rows.in_plan(conn, plan.plan_id, meeting.merged)
    params = {"publication": require_current(conn).number, "n_cells": len(before)}
    made = plan_make.write_step(conn, viewer, plan, "rebase", params, before, meeting.merged)
    conn.execute(
        statement("carry_approval", "publish"),
        {"plan_id": plan.plan_id, "state": plan.state, "approved": plan.is_approved},
    )
    return drafts.get(conn, viewer, made.plan.plan_id)


def resolve(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    choices: Mapping[int, Keep],
    *,
    version: int | None = None,
) -> Outcome:
    """Decide conflicts, and return the plan as after any other step: listed and undoable.

    Keeping "theirs" takes back what the plan did to the cell and all that goes with it; keeping
    "mine" plans it anew on what is in force. Units that have ended come back under new codes.
    What merges by itself is merged as well.

    Parameters
    ----------
    choices
        By cell in conflict. Some of the groups are enough; of a group all cells, and alike.

    Raises
    ------
    NotInConflict
        If there is nothing to decide about a cell.
    GoTogether
        If cells of a group are decided in different ways, or some are left out.
    OnlyTheirs
        If there is no state of the cells around that "mine" could be proven against.
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
        As any step.
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    meeting = meet(conn, plan_id, viewer.scope)
    after: State = dict(meeting.merged)
    units: list[NewUnit] = []
    given: dict[str, str] = {}
    for group, keep in _decided(meeting, choices).items():
        cells = meeting.around[group]
        if keep == "theirs":
            after |= {k: None for k in cells if k in meeting.held}
            continue
        kept, made, names = under_new_codes(conn, plan_id, _mine(conn, meeting, group))
        for unit in made:
            plan_make.reserve(conn, plan, unit)
        after |= kept
        units += made
        given |= names
    for row in after.values():
        if row is not None:
            require_territory(viewer, row.village_code, "plan")
    before = plan_rows.in_plan(conn, plan_id, after)
    params: dict[str, Any] = {
        "publication": require_current(conn).number,
        "choices": [{"cell_id": k, "keep": keep} for k, keep in sorted(choices.items())],
        "returned": given,
    }
    return plan_make.write_step(conn, viewer, plan, "resolve", params, before, after)


def _decided(meeting: Meeting, choices: Mapping[int, Keep]) -> dict[int, Keep]:
    """Return the decision on each group that is decided."""
    for k in choices:
        if k not in meeting.group_of:
            raise NotInConflict(cell=k)
    decided: dict[int, Keep] = {}
    torn = []
    for group, cells in enumerate(meeting.groups):
        wanted = {choices.get(k) for k in cells}
        if wanted == {None}:
            continue
        if len(wanted) > 1:
            torn.append(list(cells))
            continue
        decided[group] = choices[cells[0]]
    if torn:
        raise GoTogether(cells=[k for cells in torn for k in cells], groups=torn)
    return decided


def _mine(conn: Connection, meeting: Meeting, group: int) -> State:
    """Return what the plan has to hold so that its version of a group comes into force.

    The cells that the other publication changed along with it go back to what the plan was made
    on. A cell that was closed meanwhile is made anew, under a number of its own.
    """
    after: State = {}
    old: list[Cell] = []
    new: list[Cell] = []
    for k in meeting.around[group]:
        mine, theirs = meeting.mine[k], meeting.theirs[k]
        number = k
        if theirs is not None:
            old.append(_cell(k, theirs))
        if mine is None:
            after[k] = None if theirs is None else replace(theirs, gone=True)
            continue
        row: CellRow | None = replace(mine, base_publication=None, gone=False)
        if theirs is not None:
            row = (
                None
                if same(mine, theirs)
                else replace(mine, base_publication=theirs.base_publication, gone=False)
            )
        elif meeting.base[k] is not None:
            (number,) = reserve_cells(conn, 1)
            after[k] = None
        after[number] = row
        new.append(_cell(number, mine))
    try:
        Patch(tuple(old), tuple(new)).prove()
    except NotAPatch as refusal:
        raise OnlyTheirs(cells=list(meeting.groups[group])) from refusal
    return after


def _cell(number: int, row: CellRow) -> Cell:
    return Cell(number, row.village_code, row.grid_code, row.subgroup_code, row.polygon())
