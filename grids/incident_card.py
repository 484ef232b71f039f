"""The card of an incident: where it came from, why it is whose, how it stands, what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from grids import access, colours, deadlines, incident_view, rules, schema, supervisions, workflow
from grids.access import Action
from grids.db import statement
from grids.errors import NotFound
from grids.incident_view import Incident
from grids.model import Level, Viewer
from grids.supervisions import Supervision

_TRYING = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY)


@dataclass(frozen=True, slots=True)
class Step:
    """A line in what became of an incident."""

    seq: int
    action: str
    from_step: str | None
    to_step: str
    at: datetime
    person: str | None
    note: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule of colour that fires, with the figures it fired on."""

    rule: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunningLimit:
    """The limit of whoever handles an incident; `used` is a share, more than 1 once it is over."""

    hours: float
    clock: str
    used: float | None


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a level has tried in vain, of how many times."""

    level: str
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class FirstReceiver:
    """To whom an incident was given first."""

    name: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownReporter:
    """Who reported; the telephone number is masked."""

    name: str
    phone_mask: str | None
    person_id: UUID | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Residents:
    """How many residents reported an incident: counts, and never who.

    Attributes
    ----------
    n, n_joined
        Reports, and those of them that joined another's: "me too".
    n_rated, stars
        How many said how it was done, and their mean, from one to five; none before the first.
    """

    n: int
    n_joined: int
    n_rated: int
    stars: float | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Another incident that this one repeats, or is a part of."""

    incident_id: UUID
    number: str
    summary: str
    step: str


@dataclass(frozen=True, slots=True)
class GridToday:
    """The grid that the position would have by today's borders."""

    grid_code: str | None
    grid_name: str | None
    differs: bool


@dataclass(frozen=True, slots=True)
class CardPhoto:
    """A photo of an incident: when and by whom, and the step that it belongs to."""

    photo_id: UUID
    at: datetime
    by: str | None
    step_seq: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """An incident with everything that is known of it.

    `allowed` are the actions open to the viewer, `blocked` those that something else has to come
    before, with the code of what is missing.
    """

    incident: Incident
    source: str
    external_id: str
    channel: str
    scale: str
    publication: int | None
    accuracy_m: float | None
    border_m: float | None
    rivals: list[dict[str, Any]]
    reason: str
    skipped: list[dict[str, str]]
    proposal: str | None
    proposal_m: float | None
    given: dict[str, Any] | None
    closed_at: datetime | None
    resolved_at: datetime | None
    accepted_at: datetime | None
    accept_due_at: datetime | None
    steps: list[Step]
    allowed: list[str]
    blocked: dict[str, str]
    colour_rules: list[Fired]
    limit: RunningLimit | None
    attempts: list[Tries]
    first_receiver: FirstReceiver | None
    reporter: KnownReporter | None
    residents: Residents | None
    supervisions: list[Supervision]
    duplicate_of: Relative | None
    merged: list[Relative]
    split_from: Relative | None
    parts: list[Relative]
    grid_today: GridToday | None
    photos: list[CardPhoto]
    phase: dict[str, str]


def get(conn: Connection, viewer: Viewer, incident_id: UUID, now: datetime) -> Card:
    """Return an incident's card.

    Raises
    ------
    NotFound
        If there is no such incident in the viewer's territory.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    asked = colours.load(conn)
    key = schema.incident_key.c
    # The month of the report tells in which part of the table to look.
    at = select(key.reported_at).where(key.incident_id == incident_id).scalar_subquery()
    columns = schema.incident.c
    query = incident_view.rows(viewer, asked, now, why=True)
    row = conn.execute(
        query.where(columns.incident_id == incident_id, columns.reported_at == at)
    ).one_or_none()
    if row is None:
        raise NotFound(what="incident", key=str(incident_id))
    said = {"incident_id": incident_id, "scope": viewer.scope}
    steps = [Step(*step) for step in conn.execute(statement("steps", "incidents"), said)]
    reason: Mapping[str, Any] = row.owner_reason
    given = {"x": row.given_x, "y": row.given_y, "datum": row.given_datum}
    relatives = _relatives(conn, row)
    issued = supervisions.of_incident(conn, incident_id)
    told_of = [incident_id, *(one.incident_id for one in relatives["merged"])]
    return Card(
        incident=incident_view.incident(viewer, row),
        source=row.source,
        external_id=row.external_id,
        channel=row.channel,
        scale=row.scale,
        publication=row.publication,
        accuracy_m=row.accuracy_m,
        border_m=row.border_m,
        rivals=row.rivals,
        reason=reason["reason"],
        skipped=list(reason.get("skipped", [])),
        proposal=reason.get("proposal"),
        proposal_m=reason.get("proposal_m"),
        given=given if row.given_x is not None else None,
        closed_at=row.closed_at,
        resolved_at=row.resolved_at,
        accepted_at=row.accepted_at,
        accept_due_at=row.accept_due_at if row.accepted_at is None else None,
        steps=steps,
        allowed=[one.action for one in incident_view.possible(viewer, row)],
        blocked=incident_view.blocked(viewer, row),
        colour_rules=_fired(asked, row, issued),
        limit=_limit(conn, row, now),
        attempts=_tries(row.attempts, steps),
        first_receiver=_first_receiver(conn, incident_id),
        reporter=_reporter(conn, row),
        residents=_residents(conn, told_of),
        supervisions=issued,
        duplicate_of=_one(relatives["duplicate_of"]),
        merged=relatives["merged"],
        split_from=_one(relatives["split_from"]),
        parts=relatives["parts"],
        grid_today=_grid_today(conn, row),
        photos=[
            CardPhoto(*photo)
            for photo in conn.execute(
                statement("photos", "incidents"), {"incident_id": row.incident_id}
            )
        ],
        phase=workflow.phase(row.step, review=row.review),
    )


def tries(attempts: str, done: Mapping[str, int]) -> list[Tries]:
    """Return how often each level has tried, of how many times by its rule."""
    rule = rules.parse_attempts(attempts)
    return [Tries(one.value, done.get(one.value, 0), getattr(rule, one.value)) for one in _TRYING]


def _tries(attempts: str, steps: Sequence[Step]) -> list[Tries]:
    failed = [
        step.facts["level"]
        for step in steps
        if step.action == "attempt" and step.facts.get("result") == "failed"
    ]
    return tries(attempts, {level: failed.count(level) for level in set(failed)})


def _fired(
    asked: Sequence[colours.ColourRule], row: Row[Any], issued: Sequence[Supervision]
) -> list[Fired]:
    standing = [one.number for one in issued if one.state != "struck_off"]
    facts: dict[str, dict[str, Any]] = {
        "overdue": {"due_at": row.due_at},
        "at_risk": {"due_at": row.due_at, "warn_at": row.warn_at},
        "accept_overdue": {"accept_due_at": row.accept_due_at},
        "unanswered": {"since": row.resolved_at},
        "unanswered_long": {"since": row.resolved_at},
        "supervision_overdue": {"numbers": standing},
        "red_card": {"numbers": standing},
        "yellow_card": {"numbers": standing},
        "suspension_over": {"suspended_until": row.suspended_until},
        "nobody": {"unit_code": row.owner_unit},
    }
    return [
        Fired(rule.code, {"colour": rule.colour, "threshold": rule.threshold} | facts[rule.code])
        for rule in asked
        if rule.in_use and getattr(row, f"fired_{rule.code}")
    ]


def _limit(conn: Connection, row: Row[Any], now: datetime) -> RunningLimit | None:
    if row.limit_hours is None:
        return None
    until = row.closed_at or now
    left = row.limit_left_hours
    if left is None and row.due_at is not None:
        left = deadlines.load(conn).left(row.due_at, until, row.limit_clock)
    used = None if left is None else round(max(0.0, 1 - left / row.limit_hours), 4)
    return RunningLimit(row.limit_hours, row.limit_clock, used)


def _first_receiver(conn: Connection, incident_id: UUID) -> FirstReceiver | None:
    row = conn.execute(
        statement("first_receiver", "incidents"), {"incident_id": incident_id}
    ).one_or_none()
    return FirstReceiver(row.name or row.unit_name, row.at) if row else None


def _reporter(conn: Connection, row: Row[Any]) -> KnownReporter | None:
    if not row.reporter_known:
        return None
    found = conn.execute(
        statement("reporter", "incidents"), {"incident_id": row.incident_id}
    ).one_or_none()
    if found is None:
        return None
    return KnownReporter(found.name, found.phone_mask, found.person_id, row.answered_at)


def _residents(conn: Connection, ids: Sequence[UUID]) -> Residents | None:
    """Return the counts of residents' reports; none where no resident reported."""
    row = conn.execute(statement("residents", "incidents"), {"ids": list(ids)}).one()
    return Residents(row.n, row.n_joined, row.n_rated, row.stars) if row.n else None


def _relatives(conn: Connection, row: Row[Any]) -> dict[str, list[Relative]]:
    found: dict[str, list[Relative]] = {
        kind: [] for kind in ("duplicate_of", "merged", "split_from", "parts")
    }
    asked = {
        "incident_id": row.incident_id,
        "duplicate_of": row.duplicate_of,
        "split_from": row.split_from,
    }
    for one in conn.execute(statement("relatives", "incidents"), asked):
        found[one.kind].append(Relative(one.incident_id, one.number, one.summary, one.step))
    return found


def _one(relatives: Sequence[Relative]) -> Relative | None:
    return relatives[0] if relatives else None


def _grid_today(conn: Connection, row: Row[Any]) -> GridToday | None:
    if row.lon is None:
        return None
    found = conn.execute(
        statement("grid_today", "incidents"), {"lon": row.lon, "lat": row.lat}
    ).one_or_none()
    code = found.grid_code if found else None
    return GridToday(code, found.name if found else None, code != row.grid_code)
