"""How a plan takes a step: a proven patch, written down with what it replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from geo.patch import Cell, Patch, StalePatch
from grids import drafts, overlay, plan_rows
from grids.db import statement
from grids.drafts import Plan
from grids.initials import initials
from grids.model import NewUnit, Viewer
from grids.overlay import Overlay
from grids.plan_labels import follow
from grids.plan_rows import State, is_row_of, rows_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step, undo or redo left: the plan, the cells it touched and those that are gone."""

    plan: Plan
    changed: Overlay
    gone: tuple[int, ...]


def make(
    conn: Connection,
    viewer: Viewer,
    plan: Plan,
    tool: str,
    params: dict[str, Any],
    patch: Patch,
    here: Overlay,
    units: Sequence[NewUnit] = (),
) -> Outcome:
    """Write a patch into a plan as a step, with the sub-groups that follow from it.

    Parameters
    ----------
    plan
        As `drafts.lock` returned it in this transaction.
    tool, params
        What the list of steps says of it; `params` is JSON.
    patch
        Cells with their final grids; sub-groups may still bear codes of the grids they come from.
    here
        The overlay that the patch was made from: it names the sub-groups.
    units
        Grids that the patch founds; the units of sub-groups are found here.

    Raises
    ------
    geo.patch.StalePatch
        If the cells are not any more what the patch was made from: another publication came into
        force between.
    geo.patch.NotAPatch
        If the patch does not cover exactly what it replaces.
    CodesUsedUp
        If a grid has no number left for a sub-group.
    """
    touched = sorted({cell.id for cell in (*patch.old, *patch.new)})
    base = plan_rows.in_force(conn, touched)
    before = plan_rows.in_plan(conn, plan.plan_id, touched)
    _require_fresh(patch, {number: before[number] or base[number] for number in touched})
    labelled, groups = follow(conn, patch, here.names, base)
    labelled.prove()
    after = _held(labelled.new, before, base)
    reserve(conn, plan, *units, *groups)
    return write_step(conn, viewer, plan, tool, params, before, after)


@contextmanager
def tried(conn: Connection) -> Iterator[None]:
    """Let a step be made inside the block, and take back everything it wrote when the block ends.

    The codes that it reserved are free again; only numbers of cells were used up.
    """
    before = conn.begin_nested()
    try:
        yield
    finally:
        before.rollback()


def write_step(
    conn: Connection,
    viewer: Viewer,
    plan: Plan,
    tool: str,
    params: dict[str, Any],
    before: State,
    after: State,
) -> Outcome:
    """Make a plan hold `after` of its cells, and list a step that can restore `before`."""
    plan_rows.write(conn, plan.plan_id, after)
    conn.execute(
        statement("add_step", "plans"),
        {
            "plan_id": plan.plan_id,
            "tool": tool,
            "params": json.dumps(params, ensure_ascii=False),
            "before": plan_rows.packed(before),
            "after": plan_rows.packed(after),
            "by": viewer.person_id,
            "cells": sorted({*before, *after}),
            "version": plan.version + 1,
        },
    )
    return outcome(conn, viewer, plan, before, after)


def outcome(conn: Connection, viewer: Viewer, plan: Plan, before: State, after: State) -> Outcome:
    """Return what a change of the plan left, after giving the plan a new version."""
    conn.execute(statement("touch", "plans"), {"plan_id": plan.plan_id})
    now = drafts.get(conn, viewer, plan.plan_id)
    rows = [row for row in (*before.values(), *after.values()) if row is not None]
    villages = sorted({row.village_code for row in rows})
    here = overlay.read(conn, viewer.scope, plan.plan_id, villages=villages).only(before)
    there = set(here.cell_id.tolist())
    return Outcome(now, here, tuple(sorted(set(before) - there)))


def _require_fresh(patch: Patch, known: State) -> None:
    """Let pass a patch whose old cells are the present ones, and whose new numbers nobody has."""
    old = {cell.id: cell for cell in patch.old}
    stale = [number for number, row in known.items() if not is_row_of(old.get(number), row)]
    if stale:
        raise StalePatch(cells=stale)


def _held(new: Sequence[Cell], before: State, base: State) -> State:
    """Return what the plan is to hold of the cells it touches: nothing where they are as in force.

    Cells that are not among the new ones are gone; those that only the plan had vanish altogether.
    """
    known = {number: before[number] or base[number] for number in before}
    origins = [None if (row := known[cell.id]) is None else row.base_publication for cell in new]
    rows = dict(zip((cell.id for cell in new), rows_of(new, origins), strict=True))
    after: State = {}
    for number, former in known.items():
        if number in rows:
            row, there = rows[number], base[number]
            same = there is not None and replace(row, area_m2=there.area_m2) == there
            after[number] = None if same else row
        else:
            taken = former is not None and former.base_publication is not None
            after[number] = replace(former, gone=True) if former and taken else None
    return after


def reserve(conn: Connection, plan: Plan, *units: NewUnit) -> None:
    """Give the codes of units to a plan, for good."""
    if not units:
        return
    conn.execute(
        statement("reserve_unit", "plans"),
        [
            {
                "plan_id": plan.plan_id,
                "code": unit.code,
                "level": unit.level.value,
                "kind": unit.kind,
                "name": unit.name,
                "initials": initials(unit.name),
                "parent_code": unit.parent_code,
                "n_parts": unit.n_parts,
            }
            for unit in units
        ],
    )
