"""By which ways roles and people get notices besides the screens, as an administrator sets it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select

from grids import access, audit, notice_sending, schema, staff
from grids.errors import BadValue
from grids.model import Level, Role, Viewer
from grids.notice_sending import Channel
from grids.territory import within

MOST = 200


@dataclass(frozen=True, slots=True)
class PersonWays:
    """A person and their own ways; whether a telephone number is known, and never which."""

    person_id: UUID
    name: str
    unit_name: str
    channels: tuple[Channel, ...]
    has_phone: bool


def of_roles(conn: Connection, viewer: Viewer) -> dict[Role, tuple[Channel, ...]]:
    """Return the ways of every role; those without have none."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    table = schema.role_channel
    found: dict[Role, tuple[Channel, ...]] = dict.fromkeys(Role, ())
    for row in conn.execute(select(table).order_by(table.c.channel)):
        found[Role(row.role)] += (Channel(row.channel),)
    return found


def of_people(conn: Connection, viewer: Viewer) -> list[PersonWays]:
    """Return up to 200 people of the territory who have ways of their own, by name."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    person, unit, way = schema.person.c, schema.unit.c, schema.notice_channel.c
    rows = conn.execute(
        select(
            person.person_id,
            person.name,
            unit.name.label("unit_name"),
            func.array_agg(way.channel).label("channels"),
            person.phone_mask.is_not(None).label("has_phone"),
        )
        .join(schema.notice_channel, way.person_id == person.person_id)
        .join(schema.unit, unit.code == person.unit_code)
        .where(person.active, within(person.unit_code, viewer.scope))
        .group_by(person.person_id, person.name, unit.name, person.phone_mask)
        .order_by(person.name, person.person_id)
        .limit(MOST)
    )
    return [
        PersonWays(
            row.person_id,
            row.name,
            row.unit_name,
            tuple(sorted(Channel(name) for name in row.channels)),
            row.has_phone,
        )
        for row in rows
    ]


def set_role(conn: Connection, viewer: Viewer, role: Role, wanted: Collection[Channel]) -> None:
    """Let everybody in a role get notices by these ways from now on.

    Raises
    ------
    BadValue
        If the viewer's territory is not the whole county, as a role is.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    if len(viewer.scope) > Level.COUNTY.digits:
        raise BadValue(field="role", given=role.value, reason="for the whole county only")
    table = schema.role_channel
    conn.execute(delete(table).where(table.c.role == role))
    if wanted:
        rows = [{"role": role.value, "channel": one.value} for one in sorted(set(wanted))]
        conn.execute(insert(table), rows)
    _write_down(conn, viewer, f"role {role.value}", wanted)


def set_person(
    conn: Connection, viewer: Viewer, person_id: UUID, wanted: Collection[Channel]
) -> None:
    """Let a person get notices by these ways from now on, besides those of their roles.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    staff.require_person(conn, viewer, person_id, active=True)
    notice_sending.set_channels(conn, person_id, wanted)
    _write_down(conn, viewer, f"person {person_id}", wanted)


def _write_down(conn: Connection, viewer: Viewer, record: str, wanted: Collection[Channel]) -> None:
    facts = {"channels": sorted(wanted)}
    audit.record(conn, viewer, "notice.channels", record, territory=viewer.scope, facts=facts)
