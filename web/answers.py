"""What the doors answer: domain values as plain JSON-ready dictionaries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from grids import schema
from grids.model import Assignment, Placement


def unit_names(conn: Connection, codes: set[str]) -> dict[str, str]:
    """Return the names of units by code."""
    columns = schema.unit.c
    rows = conn.execute(select(columns.code, columns.name).where(columns.code.in_(sorted(codes))))
    return dict(rows.tuples())


def where(conn: Connection, placement: Placement, given: Assignment) -> dict[str, Any]:
    """Return the answer to "who is responsible here?"."""
    asked = {placement.grid_code, placement.proposal, given.unit_code, placement.village_code}
    asked |= {placement.subgroup_code} | {rival.grid_code for rival in placement.rivals}
    names = unit_names(conn, {code for code in asked if code})
    return {
        "publication": placement.publication,
        "grid": placement.grid_code,
        "grid_name": names.get(placement.grid_code or ""),
        "subgroup": placement.subgroup_code,
        "subgroup_name": names.get(placement.subgroup_code or ""),
        "village": placement.village_code,
        "village_name": names.get(placement.village_code or ""),
        "border_m": _metres(placement.border_m),
        "rivals": [
            {
                "grid": rival.grid_code or None,
                "name": names.get(rival.grid_code),
                "share": round(rival.share, 4),
            }
            for rival in placement.rivals
        ],
        "review": placement.review,
        "proposal": placement.proposal,
        "proposal_name": names.get(placement.proposal or ""),
        "proposal_m": _metres(placement.proposal_m),
        "worker": {
            "name": given.person.name if given.person else None,
            "phone_mask": given.person.phone_mask if given.person else None,
            "person_id": given.person.person_id if given.person else None,
            "rank": given.rank,
            "unit_code": given.unit_code,
            "unit_name": names.get(given.unit_code),
        },
        "reason": given.reason,
        "skipped": list(given.skipped),
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
