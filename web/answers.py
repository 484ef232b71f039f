"""What the doors answer: domain values as plain JSON-ready dictionaries."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from grids import history, incidents, schema
from grids.admission import Matter
from grids.errors import NotFound
from grids.history import Past
from grids.incidents import Card, Incident, Receipt
from grids.model import Assignment, Placement, Viewer
from grids.redraw import Draft
from grids.registry import Camera, Household


def unit_names(conn: Connection, codes: set[str]) -> dict[str, str]:
    """Return the names of units by code."""
    columns = schema.unit.c
    rows = conn.execute(select(columns.code, columns.name).where(columns.code.in_(sorted(codes))))
    return {row.code: row.name for row in rows}


def where(
    conn: Connection, placement: Placement, given: Assignment, past: Past | None = None
) -> dict[str, Any]:
    """Return the answer to "who is responsible here?", or who was: under the names of then."""
    asked = {placement.grid_code, placement.proposal, given.unit_code, placement.village_code}
    asked |= {placement.subgroup_code} | {rival.grid_code for rival in placement.rivals}
    codes = {code for code in asked if code}
    names = unit_names(conn, codes) if past is None else history.names(conn, past, codes)
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
        "on": past.moment if past else None,
    }


def matter(item: Matter) -> dict[str, Any]:
    """Return an item of the admission list."""
    return {
        "code": item.code,
        "name": item.name,
        "department": item.department,
        "level": item.level,
        "limit_hours": item.limit_hours,
    }


def household(home: Household) -> dict[str, Any]:
    """Return a household, its telephone number masked."""
    found = asdict(home)
    found["class"] = found.pop("klass")
    return found


def camera(one: Camera) -> dict[str, Any]:
    """Return a camera."""
    return asdict(one)


def incident(row: Incident) -> dict[str, Any]:
    """Return an incident as lists show it."""
    return asdict(row)


def incident_card(conn: Connection, card: Card) -> dict[str, Any]:
    """Return an incident's card: its row, where it came from, why it is whose, what can be done."""
    rest = asdict(card)
    row = rest.pop("incident")
    codes = {rival["grid"] for rival in rest["rivals"] if rival["grid"]}
    names = unit_names(conn, {code for code in (*codes, rest["grid_today"]) if code})
    rest["rivals"] = [
        {**rival, "grid": rival["grid"] or None, "name": names.get(rival["grid"])}
        for rival in rest["rivals"]
    ]
    return {**row, **rest, "grid_today_name": names.get(rest["grid_today"] or "")}


def receipt_card(conn: Connection, viewer: Viewer, receipt: Receipt) -> dict[str, Any]:
    """Return the card of what was received; only the receipt where it lies outside the territory.

    A reporter may stand just beyond the border of their own area.
    """
    try:
        return incident_card(conn, incidents.get(conn, viewer, receipt.incident_id))
    except NotFound:
        return asdict(receipt)


def inbox_draft(made: Draft) -> dict[str, Any]:
    """Return the plan that came of edits, none if nothing did, and the report of each edit."""
    return {
        "plan_id": made.plan.plan_id if made.plan else None,
        "version": made.plan.version if made.plan else None,
        "edits": [{"edit_id": key, **report} for key, report in made.reports.items()],
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
