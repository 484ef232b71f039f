"""Plans: drafts of another coverage, from the first stroke to publishing.

This is the door; the rooms behind it are `drafts` (the record and its lock), `plan_import` (the
bulk entry).
"""

from __future__ import annotations

from grids.drafts import Plan, PlanClosed, PlanConflict, create, get, list_all, withdraw
from grids.plan_import import add_import

__all__ = [
    "Plan",
    "PlanClosed",
    "PlanConflict",
    "add_import",
    "create",
    "get",
    "list_all",
    "withdraw",
]
