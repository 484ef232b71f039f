"""Kiosks: walls that show the board with nobody signed in, each from one address, to read only."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlalchemy import Connection, insert, select, text, update

from grids import access, audit, people, schema
from grids.access import Action
from grids.errors import BadValue, GridsError, NotFound
from grids.model import Role, Viewer
from grids.territory import within

_K = schema.kiosk.c
# A wall asks every minute; that it was seen is written down this coarsely.
_SEEN_EVERY = timedelta(minutes=10)


class KioskEnded(GridsError):
    """A key of no kiosk, of one that has ended, or from an address that is not its own."""

    code = "kiosk.none"
    sentence = "This screen's key is not valid here. The administrator can renew it."


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A wall: its name, the address it asks from, what it shows, until when."""

    name: str
    address: str
    unit_code: str
    expires_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None

    @property
    def viewer(self) -> Viewer:
        """Return who looks at this wall: nobody, with a leader's rights to read."""
        return Viewer(None, self.name, Role.LEADER, self.unit_code)


def add(
    conn: Connection,
    viewer: Viewer,
    name: str,
    unit_code: str,
    address: str,
    *,
    now: datetime,
    life: timedelta,
) -> str:
    """Let a wall show a territory and return its key; it is shown this once.

    Raises
    ------
    Forbidden, NotFound
        If the viewer manages no people, or the unit lies outside the territory.
    BadValue
        If the address is none, or the name is taken.
    """
    access.require(viewer, Action.PEOPLE_MANAGE)
    access.require_territory(viewer, unit_code)
    if not conn.execute(select(schema.unit.c.code).where(schema.unit.c.code == unit_code)).scalar():
        raise NotFound(what="unit", key=unit_code)
    try:
        asked_from = str(ip_address(address))
    except ValueError:
        raise BadValue(field="address", given=address, reason="give one IP address") from None
    if conn.execute(select(_K.name).where(_K.name == name)).scalar():
        raise BadValue(field="name", given=name, reason="taken")
    key = secrets.token_urlsafe(32)
    conn.execute(
        insert(schema.kiosk).values(
            name=name,
            token_hash=people.token_hash(key),
            address=asked_from,
            unit_code=unit_code,
            made_at=now,
            expires_at=now + life,
        )
    )
    facts = {"address": asked_from, "until": now + life}
    audit.record(conn, viewer, "kiosk.add", f"kiosk {name}", territory=unit_code, facts=facts)
    return key


def renew(conn: Connection, viewer: Viewer, name: str, *, now: datetime, life: timedelta) -> Kiosk:
    """Let a wall go on under its key, from now for so long, also if it had run out.

    Raises
    ------
    NotFound
        If there is no such wall in the viewer's territory, or it was ended.
    """
    return _change(conn, viewer, name, "kiosk.renew", {"expires_at": now + life})


def end(conn: Connection, viewer: Viewer, name: str, *, now: datetime) -> Kiosk:
    """End a wall's key at once and for good; refusals as `renew`."""
    return _change(conn, viewer, name, "kiosk.end", {"ended_at": now})


def list_kiosks(conn: Connection, viewer: Viewer) -> list[Kiosk]:
    """Return the walls of the viewer's territory by name, ended ones included."""
    access.require(viewer, Action.PEOPLE_MANAGE)
    rows = conn.execute(
        select(*_COLUMNS).where(within(_K.unit_code, viewer.scope)).order_by(_K.name)
    )
    return [Kiosk(*row) for row in rows]


def find(conn: Connection, key: str, address: str | None, now: datetime) -> Kiosk:
    """Return the wall behind a key that is asked with from an address.

    Raises
    ------
    KioskEnded
        If there is none, it has ended, or the address is another; nobody learns which.
    """
    row = conn.execute(
        select(*_COLUMNS).where(_K.token_hash == people.token_hash(key))
    ).one_or_none()
    kiosk = Kiosk(*row) if row else None
    if kiosk is None or kiosk.ended_at or kiosk.expires_at <= now or kiosk.address != address:
        raise KioskEnded
    if kiosk.seen_at is None or now - kiosk.seen_at > _SEEN_EVERY:
        conn.execute(update(schema.kiosk).where(_K.name == kiosk.name).values(seen_at=now))
    return kiosk


# PostgreSQL says an address with the length of its network, which of one address is nothing.
_COLUMNS = (
    _K.name,
    text("host(address) AS address"),
    _K.unit_code,
    _K.expires_at,
    _K.seen_at,
    _K.ended_at,
)


def _change(
    conn: Connection, viewer: Viewer, name: str, deed: str, values: dict[str, datetime]
) -> Kiosk:
    access.require(viewer, Action.PEOPLE_MANAGE)
    row = conn.execute(
        update(schema.kiosk)
        .where(
            _K.name == name,
            _K.ended_at.is_(None),
            within(_K.unit_code, viewer.scope),
        )
        .values(values)
        .returning(*_COLUMNS)
    ).one_or_none()
    if row is None:
        raise NotFound(what="kiosk", key=name)
    kiosk = Kiosk(*row)
    audit.record(conn, viewer, deed, f"kiosk {name}", territory=kiosk.unit_code, facts=values)
    return kiosk
