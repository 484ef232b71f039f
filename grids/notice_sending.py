"""Notices by other ways than the screens: who wants them, and what becomes of each message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from grids.db import statement

# Waits after the first, second, ... attempt that failed; after the last one the message is dead.
WAITS = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1800, 7200))
# A sender that is killed lets go of what it held after this long.
LEASE = timedelta(minutes=5)


class Channel(StrEnum):
    """A way to a person besides the screens, which everybody has."""

    WEBHOOK = "webhook"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Owed:
    """A message that a sender has claimed.

    `about` numbers the notice that it repeats and stays the same over all attempts; `attempts`
    counts this one. `phone_cipher` is the person's telephone number, encrypted.
    """

    notice_id: int
    about: int
    person_id: UUID
    channel: Channel
    kind: str
    facts: dict[str, Any]
    at: datetime
    attempts: int
    phone_cipher: bytes | None
    active: bool


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that was given up, and why."""

    notice_id: int
    person_id: UUID
    channel: Channel
    kind: str
    at: datetime
    attempts: int
    error: str


def channels(conn: Connection, person_id: UUID) -> frozenset[Channel]:
    """Return by which ways a person gets notices besides the screens."""
    rows = conn.execute(
        text("SELECT channel FROM notice_channel WHERE person_id = :person_id"),
        {"person_id": person_id},
    )
    return frozenset(Channel(row.channel) for row in rows)


def set_channels(conn: Connection, person_id: UUID, wanted: Collection[Channel]) -> None:
    """Let a person get notices by these ways from now on, and by no others."""
    names = sorted(channel.value for channel in wanted)
    conn.execute(
        text(
            "DELETE FROM notice_channel"
            " WHERE person_id = :person_id AND channel <> ALL (CAST(:wanted AS text[]))"
        ),
        {"person_id": person_id, "wanted": names},
    )
    conn.execute(
        text(
            "INSERT INTO notice_channel (person_id, channel)"
            " SELECT :person_id, unnest(CAST(:wanted AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"person_id": person_id, "wanted": names},
    )


def claim(
    conn: Connection, ways: Collection[Channel], now: datetime, limit: int = 20
) -> list[Owed]:
    """Claim messages that are due by these ways; no other sender gets them meanwhile.

    Commit before sending: a claim that was rolled back is no claim.
    """
    rows = conn.execute(
        statement("claim", "notices"),
        {"channels": sorted(ways), "now": now, "lease": LEASE, "limit": limit},
    )
    found = [
        Owed(
            row.notice_id,
            row.about,
            row.person_id,
            Channel(row.channel),
            row.kind,
            row.facts,
            row.at,
            row.attempts,
            row.phone_cipher,
            row.active,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.notice_id)


def sent(conn: Connection, owed: Owed, now: datetime) -> None:
    """Write down that a message was taken by its gateway."""
    conn.execute(statement("sent", "notices"), {"notice_id": owed.notice_id, "now": now})


def not_sent(
    conn: Connection, owed: Owed, error: str, now: datetime, *, for_good: bool = False
) -> bool:
    """Write down why a message was not taken, and return whether it will be tried again.

    Parameters
    ----------
    error
        A code; never an address, a number or what a gateway said.
    for_good
        Another attempt would end the same way.
    """
    again = not for_good and owed.attempts <= len(WAITS)
    retry_at = now + WAITS[owed.attempts - 1] if again else None
    conn.execute(
        statement("not_sent", "notices"),
        {"notice_id": owed.notice_id, "error": error, "retry_at": retry_at},
    )
    return again


def dead(conn: Connection, limit: int = 100) -> list[Dead]:
    """Return messages that were given up, the latest first."""
    rows = conn.execute(statement("dead", "notices"), {"limit": limit})
    return [
        Dead(r.notice_id, r.person_id, Channel(r.channel), r.kind, r.at, r.attempts, r.error or "")
        for r in rows
    ]


def revive(conn: Connection, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Owe messages that were given up once more, all or some, and return how many."""
    wanted = None if ids is None else list(ids)
    return conn.execute(statement("revive", "notices"), {"ids": wanted, "now": now}).rowcount
