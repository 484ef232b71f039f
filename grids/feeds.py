"""Feeds: neighbour systems that send their own messages, each with a token for its door alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from grids import access, audit, schema
from grids.errors import BadValue, NotFound
from grids.model import Viewer
from grids.people import token_hash
from grids.secrets import KeyRing
from grids.territory import within

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
# A message is sealed for this use alone: it cannot be passed off as a telephone number.
_PURPOSE = b"wangge.feed.1"


@dataclass(frozen=True, slots=True)
class Registered:
    """A feed as it is registered; `mapping` is what its TOML says."""

    code: str
    name: str
    mapping: Mapping[str, Any]
    saved_at: datetime


def save(
    conn: Connection, viewer: Viewer, code: str, mapping: Mapping[str, Any], now: datetime
) -> Registered:
    """Register a feed, or change the one of the same code, and return it.

    Raises
    ------
    BadValue
        If the code is not 2 to 40 small letters, digits and hyphens.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    if not _CODE.fullmatch(code):
        raise BadValue(field="code", given=code, reason="2 to 40 small letters, digits, hyphens")
    row = {"name": str(mapping.get("name", code)), "mapping": dict(mapping), "saved_at": now}
    conn.execute(
        upsert(schema.feed)
        .values(code=code, **row)
        .on_conflict_do_update(index_elements=["code"], set_=row)
    )
    audit.record(conn, viewer, "feed.save", f"feed {code}", territory=viewer.scope)
    return get(conn, code)


def get(conn: Connection, code: str) -> Registered:
    """Return a feed.

    Raises
    ------
    NotFound
        If none is registered under this code.
    """
    row = conn.execute(select(schema.feed).where(schema.feed.c.code == code)).one_or_none()
    if row is None:
        raise NotFound(what="feed", key=code)
    return _feed(row)


def list_all(conn: Connection) -> list[Registered]:
    """Return every feed by code."""
    return [_feed(row) for row in conn.execute(select(schema.feed).order_by(schema.feed.c.code))]


# Tokens ---------------------------------------------------------------------------------------


def add_token(
    conn: Connection, viewer: Viewer, code: str, *, now: datetime, life: timedelta
) -> str:
    """Return a new token of a feed; it is shown this once."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    get(conn, code)
    token = secrets.token_urlsafe(32)
    conn.execute(
        insert(schema.feed_token).values(
            token_hash=token_hash(token), feed_code=code, created_at=now, expires_at=now + life
        )
    )
    audit.record(conn, viewer, "feed.token", f"feed {code}", territory=viewer.scope)
    return token


def end_tokens(conn: Connection, viewer: Viewer, code: str, now: datetime) -> int:
    """End all tokens of a feed, from the next request on, and return how many there were."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    get(conn, code)
    columns = schema.feed_token.c
    done = conn.execute(
        update(schema.feed_token)
        .where(columns.feed_code == code, columns.ended_at.is_(None), columns.expires_at > now)
        .values(ended_at=now)
    )
    audit.record(conn, viewer, "feed.end_tokens", f"feed {code}", territory=viewer.scope)
    return done.rowcount


def by_token(conn: Connection, token: str, now: datetime) -> Registered | None:
    """Return the feed that a token speaks for; None if it ended, ran out or never was."""
    columns = schema.feed_token.c
    row = conn.execute(
        select(schema.feed)
        .join(schema.feed_token, columns.feed_code == schema.feed.c.code)
        .where(
            columns.token_hash == token_hash(token),
            columns.ended_at.is_(None),
            columns.expires_at > now,
        )
    ).one_or_none()
    return _feed(row) if row else None


# What was sent --------------------------------------------------------------------------------


def keep_given(
    conn: Connection,
    code: str,
    incident_id: UUID,
    given: str,
    keys: KeyRing,
    *,
    territory: str,
    now: datetime,
) -> None:
    """Keep a message as it was sent, encrypted, beside the incident that came of it."""
    conn.execute(
        insert(schema.feed_message).values(
            incident_id=incident_id,
            feed_code=code,
            received_at=now,
            given_cipher=keys.encrypt(given, _PURPOSE),
            territory_code=territory,
        )
    )


def reveal_given(
    conn: Connection, viewer: Viewer, incident_id: UUID, keys: KeyRing, reason: str
) -> tuple[str, datetime, str]:
    """Return what a feed sent: its code, when it came, and the text; each look is written down.

    Raises
    ------
    Forbidden
        If the viewer may not manage people: their telephone numbers stand in such messages.
    BadValue
        If no reason is given.
    NotFound
        If no feed sent this incident, or it lies outside the viewer's territory.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="empty")
    columns = schema.feed_message.c
    row = conn.execute(
        select(schema.feed_message).where(
            columns.incident_id == incident_id,
            within(columns.territory_code, viewer.scope),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(what="message", key=str(incident_id))
    audit.record(
        conn,
        viewer,
        "feed.reveal",
        f"incident {incident_id}",
        territory=row.territory_code,
        reason=reason,
    )
    return row.feed_code, row.received_at, keys.decrypt(bytes(row.given_cipher), _PURPOSE)


def _feed(row: Row[Any]) -> Registered:
    return Registered(row.code, row.name, row.mapping, row.saved_at)
