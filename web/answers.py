"""What the doors answer: domain values as plain JSON-ready dictionaries."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from grids import history, incidents, schema
from grids.admission import Matter
from grids.errors import NotFound
from grids.history import Past
from grids.incidents import Card, Incident, LookAlike, Receipt, Resolved
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
        "limit_clock": item.limit_clock,
        "attempts": item.attempts,
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
    names = unit_names(conn, {code for code in (*codes, rest["proposal"]) if code})
    rest["rivals"] = [
        {**rival, "grid": rival["grid"] or None, "name": names.get(rival["grid"])}
        for rival in rest["rivals"]
    ]
    return {**row, **rest, "proposal_name": names.get(rest["proposal"] or "")}


def receipt_card(
    conn: Connection, viewer: Viewer, receipt: Receipt, now: datetime
) -> dict[str, Any]:
    """Return the card of what was received; only the receipt where it lies outside the territory.

    A reporter may stand just beyond the border of their own area.
    """
    try:
        return incident_card(conn, incidents.get(conn, viewer, receipt.incident_id, now))
    except NotFound:
        return asdict(receipt)


def look_alike(one: LookAlike) -> dict[str, Any]:
    """Return an incident near a place and a moment, with how near it is."""
    return {
        **incident(one.incident),
        "distance_m": _metres(one.distance_m),
        "hours_apart": round(one.hours_apart, 2),
        "same_matter": one.same_matter,
    }


def resolved(conn: Connection, found: Resolved) -> dict[str, Any]:
    """Return where an incident's pin would come to lie, and who would own it there."""
    placed, owner = found.placed, found.owner
    place = placed.placement
    proposal = place.proposal if place else None
    rivals = place.rivals if place else ()
    codes = {placed.grid_code, placed.subgroup_code, proposal, owner.unit_code}
    codes |= {rival.grid_code for rival in rivals}
    names = unit_names(conn, {code for code in codes if code})
    return {
        "placement": placed.kind,
        "publication": place.publication if place else None,
        "review": placed.review,
        "border_m": _metres(place.border_m) if place else None,
        "rivals": [
            {
                "grid": rival.grid_code or None,
                "name": names.get(rival.grid_code),
                "share": round(rival.share, 4),
            }
            for rival in rivals
        ],
        "proposal": proposal,
        "proposal_name": names.get(proposal or ""),
        "proposal_m": _metres(place.proposal_m) if place else None,
        "grid": {
            "grid_code": placed.grid_code,
            "grid_name": names.get(placed.grid_code or ""),
            "subgroup_code": placed.subgroup_code,
            "subgroup_name": names.get(placed.subgroup_code or ""),
        },
        "would_be_owner": {
            "person_id": owner.person.person_id if owner.person else None,
            "name": owner.person.name if owner.person else None,
            "rank": owner.rank,
            "unit_code": owner.unit_code,
            "unit_name": names.get(owner.unit_code),
            "reason": owner.reason,
        },
        "changes_owner": found.changes_owner,
    }


def inbox_draft(made: Draft) -> dict[str, Any]:
    """Return the plan that came of edits, none if nothing did, and the report of each edit."""
    return {
        "plan_id": made.plan.plan_id if made.plan else None,
        "version": made.plan.version if made.plan else None,
        "edits": [{"edit_id": key, **report} for key, report in made.reports.items()],
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
