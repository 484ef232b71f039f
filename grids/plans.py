"""Plans: drafts of another coverage, from the first stroke to publishing.

This is the door. Behind it: `drafts` (the record and its lock), `overlay` (the coverage as the
plan would have it), the tools, `plan_assign` (whole cells), `plan_drawing` (lines and rings) and
`plan_sign` (signatures, names), which all make their steps by `plan_make`; `plan_undo` (the list
of steps, undo and redo), `plan_sketches` (refused drawings), `plan_import` (the bulk entry),
`plan_check` (faults) and `impact` (what would change for people); `publishing` takes a plan into
force.
"""

from __future__ import annotations

from grids.drafts import Plan, PlanClosed, PlanConflict, create, get, list_all, withdraw
from grids.impact import Impact, impact
from grids.overlay import Overlay, cells
from grids.plan_assign import assign_cells, found_grid, merge_grids
from grids.plan_check import Fault, check
from grids.plan_drawing import (
    draw_grid,
    move_border,
    move_vertex,
    nibble_land,
    reshape_border,
    split_grid,
)
from grids.plan_import import add_import
from grids.plan_make import Outcome, tried
from grids.plan_sign import rename_unit, sign_parts
from grids.plan_sketches import Sketch, sketches
from grids.plan_undo import Step, can_redo, redo, steps, steps_of, undo, undo_step

__all__ = [
    "Fault",
    "Impact",
    "Outcome",
    "Overlay",
    "Plan",
    "PlanClosed",
    "PlanConflict",
    "Sketch",
    "Step",
    "add_import",
    "assign_cells",
    "can_redo",
    "cells",
    "check",
    "create",
    "draw_grid",
    "found_grid",
    "get",
    "impact",
    "list_all",
    "merge_grids",
    "move_border",
    "move_vertex",
    "nibble_land",
    "redo",
    "rename_unit",
    "reshape_border",
    "sign_parts",
    "sketches",
    "split_grid",
    "steps",
    "steps_of",
    "tried",
    "undo",
    "undo_step",
    "withdraw",
]
