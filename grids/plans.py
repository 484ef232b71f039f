"""Plans: drafts of another coverage, from the first stroke to publishing.

This is the door. Behind it: `drafts` (the record and its lock), `overlay` (the coverage as the
plan would have it), `plan_steps` (the tools, undo and redo), `plan_import` (the bulk entry),
`plan_check` (faults) and `impact` (what would change for people); `publishing` takes a plan into
force.
"""

from __future__ import annotations

from grids.drafts import Plan, PlanClosed, PlanConflict, create, get, list_all, withdraw
from grids.impact import Impact, impact
from grids.overlay import Overlay, cells
from grids.plan_check import Fault, Limits, check
from grids.plan_import import add_import
from grids.plan_make import Outcome
from grids.plan_steps import (
    Step,
    assign_cells,
    found_grid,
    merge_grids,
    redo,
    sign_parts,
    split_grid,
    steps,
    undo,
)

__all__ = [
    "Fault",
    "Impact",
    "Limits",
    "Outcome",
    "Overlay",
    "Plan",
    "PlanClosed",
    "PlanConflict",
    "Step",
    "add_import",
    "assign_cells",
    "cells",
    "check",
    "create",
    "found_grid",
    "get",
    "impact",
    "list_all",
    "merge_grids",
    "redo",
    "sign_parts",
    "split_grid",
    "steps",
    "undo",
    "withdraw",
]
