"""Moving the pin of an incident: where it would belong, who would own it, and then so it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func

from geo.datum import parse_datum
from grids import access, admission, assign, publications, workflow
from grids.access import Action
from grids.errors import BadValue, GridsError
from grids.incident_card import Card, get
from grids.incident_change import hold, put, recount, require_version, tell, write
from grids.incident_owner import NewOwner, assigned
from grids.incident_place import Placed, place_one, units_in_force
from grids.incident_report import IncidentReport
from grids.incident_rows import shares
from grids.model import Assignment, Level, Viewer
from grids.workflow import WrongStep


class Beyond(GridsError):
    """An incident would be moved out of the viewer's own territory."""

    code = "incident.beyond"
    sentence = "That lies outside your territory: ask the level above to move it there."


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is: by degrees in a declared datum, or by the code of a unit."""

    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    accuracy_m: float | None = None
    unit_code: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where an incident would belong and who would own it.

    `changes_owner`: it is another person, or another unit, than the one who has it now.
    """

    placed: Placed
    owner: Assignment
    changes_owner: bool


def preview(
    conn: Connection, viewer: Viewer, incident_id: UUID, spot: Spot, now: datetime
) -> Resolved:
    """Return what moving an incident's pin would come to; nothing is changed.

    Raises
    ------
    Forbidden, NotFound, WrongStep, Beyond
        If the viewer may not assign, there is no such incident, it has ended, or the spot lies
        outside the viewer's territory.
    BadValue, UndeclaredDatum, UnsupportedDatum, BadPosition
        If the spot says no place.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    return _resolve(conn, viewer, hold(conn, viewer, incident_id), spot, now)


def move(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    spot: Spot,
    *,
    version: int,
    reassign: bool,
    now: datetime,
    note: str = "",
) -> Card:
    """Move an incident's pin, or say by hand in which unit it is, and return its card.

    The publication by which it is placed now is kept, that of before in its history; so is the
    position. Whether its owner changes is for the caller to say; its step and its limit stay.

    Raises
    ------
    StaleRecord
        If somebody else changed the incident since.
    Forbidden, NotFound, WrongStep, Beyond, BadValue, UndeclaredDatum, UnsupportedDatum, BadPosition
        As `preview`.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    held = hold(conn, viewer, incident_id)
    require_version(held, version)
    found = _resolve(conn, viewer, held, spot, now)
    facts = {
        "grid": found.placed.grid_code,
        "from_grid": held.grid_code,
        "from": [held.lon, held.lat] if held.lon is not None else None,
        "from_publication": held.publication,
        "from_placement": held.placement,
    }
    columns = _columns(conn, held, spot, found.placed)
    if reassign and found.changes_owner:
        owner = assigned(found.owner, **_proposal(found.placed))
        columns |= owner.columns()
        facts["owner"] = owner.facts(held)
        _tell(conn, viewer, held, owner, now)
    recount(conn, held, -1)
    # Written where it was; the history follows the incident to where it goes.
    write(conn, viewer, held, "position", held.step, note, now, facts=facts)
    put(conn, held, columns)
    recount(conn, held, 1)
    return get(conn, viewer, incident_id, now)


def _resolve(
    conn: Connection, viewer: Viewer, held: Row[Any], spot: Spot, now: datetime
) -> Resolved:
    if held.step in workflow.ENDED:
        raise WrongStep(step=held.step, action="position", possible="reopen")
    placed = _place(conn, viewer, held, spot)
    if not access.in_territory(viewer, placed.territory):
        raise Beyond
    owner = assign.responsible(conn, placed.territory, admission.get(conn, held.matter_code), now)
    person_id = owner.person.person_id if owner.person else None
    changes = (person_id, owner.unit_code) != (held.owner_id, held.owner_unit)
    return Resolved(placed, owner, changes)


def _place(conn: Connection, viewer: Viewer, held: Row[Any], spot: Spot) -> Placed:
    if (spot.lon is None) != (spot.lat is None):
        raise BadValue(field="lon", given=spot.lon, reason="both coordinates or none")
    if spot.lon is None and spot.unit_code is None:
        raise BadValue(field="lon", given=None, reason="empty")
    if spot.unit_code is not None:
        access.require_territory(viewer, spot.unit_code)
        if not units_in_force(conn, [spot.unit_code]):
            raise BadValue(field="unit_code", given=spot.unit_code, reason="no unit in force")
    asked = IncidentReport(
        held.source,
        held.number,
        held.matter_code,
        held.summary,
        x=spot.lon,
        y=spot.lat,
        datum=spot.datum,
        accuracy_m=spot.accuracy_m,
        unit_code=spot.unit_code,
    )
    return place_one(conn, viewer, asked, parse_datum(spot.datum) if spot.lon is not None else None)


def _columns(conn: Connection, held: Row[Any], spot: Spot, placed: Placed) -> dict[str, Any]:
    """Return the columns of a place; by a unit's code alone, the position stays as it was."""
    place = placed.placement
    columns: dict[str, Any] = {
        "placement": placed.kind,
        "border_m": place.border_m if place else None,
        "rivals": shares(placed),
        # Somebody has looked; outside of every grid it still waits for a grid.
        "review": placed.grid_code is None
        and len(placed.territory) < Level.GRID.digits
        and placed.kind != "hand",
        "publication": publications.hold(conn).number,
        "grid_code": placed.grid_code,
        "subgroup_code": placed.subgroup_code,
        "territory_code": placed.territory,
    }
    if placed.position is not None:
        at = func.ST_SetSRID(func.ST_MakePoint(placed.position.lon, placed.position.lat), 4490)
        columns |= {"position": at, "accuracy_m": spot.accuracy_m}
    return columns


def _proposal(placed: Placed) -> dict[str, Any]:
    place = placed.placement
    if place is None or place.proposal is None:
        return {}
    return {"proposal": place.proposal, "proposal_m": place.proposal_m}


def _tell(conn: Connection, viewer: Viewer, held: Row[Any], owner: NewOwner, now: datetime) -> None:
    others = {owner.person_id, held.owner_id} - {viewer.person_id}
    tell(conn, others & {owner.person_id}, "incident.assigned", held, {}, now)
    tell(conn, others - {owner.person_id}, "incident.moved_away", held, {}, now)
