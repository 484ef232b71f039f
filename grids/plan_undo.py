"""The list of a plan's steps, and taking them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from grids import drafts, plan_rows, plan_sign
from grids.access import require_territory
from grids.db import statement
from grids.errors import GridsError
from grids.model import Viewer
from grids.plan_make import Outcome, outcome


class NothingToUndo(GridsError):
    """There is no step to take back, or none to do again."""

    code = "plan.nothing_to_undo"
    sentence = "There is no step to {action}."


class UndoBlocked(GridsError):
    """Cells are no longer as the step left them.

    `steps` lists the later ones that changed them, each with `seq` and `tool`; it is empty where
    an import replaced the cells.
    """

    code = "plan.undo_blocked"
    sentence = "Step {seq} ({tool}) cannot be undone: cells {cells} were changed in another way."


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is listed.

    `undone` ones can be done again until another step is made; `can_undo` says that no later step
    changed the same cells, so that this one can be taken back by itself.
    """

    seq: int
    tool: str
    params: dict[str, Any]
    at: datetime
    by_name: str | None
    undone: bool
    can_undo: bool


def steps(conn: Connection, viewer: Viewer, plan_id: UUID) -> list[Step]:
    """Return the steps of a plan, the first one first, undone ones included."""
    return steps_of(conn, drafts.get(conn, viewer, plan_id))


def steps_of(conn: Connection, plan: drafts.Plan) -> list[Step]:
    """Return the steps of a plan that the viewer may see, as `steps`."""
    rows = conn.execute(statement("steps", "plans"), {"plan_id": plan.plan_id}).all()
    listed = []
    later: set[int | str] = set()
    for row in reversed(rows):
        values = dict(row._mapping)
        touched = _touched(values.pop("cells"), row.tool, row.params)
        free = plan.is_open and not row.undone and later.isdisjoint(touched)
        listed.append(Step(**values, can_undo=free))
        if not row.undone:
            later |= touched
    return listed[::-1]


def can_redo(conn: Connection, plan: drafts.Plan) -> bool:
    """Return whether there is an undone step that can be done again."""
    key = {"plan_id": plan.plan_id}
    row = conn.execute(statement("next_undone_step", "plans"), key).one_or_none()
    return plan.is_open and row is not None


def undo(conn: Connection, viewer: Viewer, plan_id: UUID, *, version: int | None = None) -> Outcome:
    """Take back the last step: the plan holds byte for byte what it held before.

    Raises
    ------
    NothingToUndo
        If no step is left.
    UndoBlocked
        If the cells are not as the step left them (an import has replaced them since).
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    row = conn.execute(statement("last_step", "plans"), {"plan_id": plan_id}).one_or_none()
    if row is None:
        raise NothingToUndo(action="undo")
    return _turn(conn, viewer, plan, row, undone=True)


def redo(conn: Connection, viewer: Viewer, plan_id: UUID, *, version: int | None = None) -> Outcome:
    """Do again the step that was undone last; raises as `undo`.

    A step that was undone before another one was made is gone for good.
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    row = conn.execute(statement("next_undone_step", "plans"), {"plan_id": plan_id}).one_or_none()
    if row is None:
        raise NothingToUndo(action="redo")
    return _turn(conn, viewer, plan, row, undone=False)


def undo_step(
    conn: Connection, viewer: Viewer, plan_id: UUID, seq: int, *, version: int | None = None
) -> Outcome:
    """Take back one step of the list where no later step changed the same cells.

    Patches on different cells commute, so the plan stays proven whatever lies between.

    Raises
    ------
    NothingToUndo
        If the plan has no such step, or it was undone already.
    UndoBlocked
        With the later steps to take back first.
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    key = {"plan_id": plan_id, "seq": seq}
    row = conn.execute(statement("step_to_undo", "plans"), key).one_or_none()
    if row is None:
        raise NothingToUndo(action="undo")
    touched = _touched(row.cells, row.tool, row.params)
    blocking = [
        {"seq": later.seq, "tool": later.tool}
        for later in conn.execute(statement("steps", "plans"), {"plan_id": plan_id})
        if later.seq > seq
        and not later.undone
        and not touched.isdisjoint(_touched(later.cells, later.tool, later.params))
    ]
    if blocking:
        cells = sorted(row.cells)
        raise UndoBlocked(seq=seq, tool=row.tool, cells=cells, steps=blocking)
    return _turn(conn, viewer, plan, row, undone=True)


def _touched(cells: list[int], tool: str, params: dict[str, Any]) -> set[int | str]:
    """Return what a step holds for itself: its cells, and the unit that it names."""
    return {*cells, params["unit"]} if tool == "rename" else set(cells)


def _turn(
    conn: Connection, viewer: Viewer, plan: drafts.Plan, row: Row[Any], *, undone: bool
) -> Outcome:
    """Make the plan hold what it held before a step, or what it held after it."""
    before, after = plan_rows.unpacked(row.before), plan_rows.unpacked(row.after)
    there, wanted = (after, before) if undone else (before, after)
    now = plan_rows.in_plan(conn, plan.plan_id, there)
    different = sorted(number for number in there if now[number] != there[number])
    if different:
        raise UndoBlocked(seq=row.seq, tool=row.tool, cells=different, steps=[])
    for cell_row in (*there.values(), *wanted.values()):
        if cell_row is not None:
            require_territory(viewer, cell_row.village_code, "plan")
    if row.tool == "rename":
        name = row.params["former" if undone else "name"]
        plan_sign.write_name(conn, plan.plan_id, row.params["unit"], name)
    plan_rows.write(conn, plan.plan_id, wanted)
    conn.execute(
        statement("mark_step", "plans"),
        {
            "plan_id": plan.plan_id,
            "seq": row.seq,
            "undone": undone,
            "version": plan.version + 1,
        },
    )
    return outcome(conn, viewer, plan, there, wanted)
