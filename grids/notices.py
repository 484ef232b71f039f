"""Messages owed to people: posted in the transaction of their cause, listed without a loss.

Whoever writes a notice wakes the hub and owes the person's other channels: triggers do both, for
functions of the database too.

A cursor is a transaction snapshot, and a row is new to it when the transaction that wrote the row
was not finished then. Transactions commit out of order, so neither a number nor a time can say
what somebody has already read; a bound by the oldest open transaction could, but one import that
runs for a minute would hold everybody's notices back for a minute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids.db import statement
from grids.errors import BadValue

PAGE = 50
# Beyond this many nobody counts; screens say "more than".
MOST_UNSEEN = 1000
# snapshot [~ the end of a listing that needs several pages ~ the last row of this page]
_CURSOR = re.compile(
    r"(\d{1,19}:\d{1,19}:[\d,]{0,4000})(?:~(\d{1,19}:\d{1,19}:[\d,]{0,4000})~(\d{1,18}))?"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to a person: a kind with facts; the reader's language is the screen's business."""

    notice_id: int
    person_id: UUID
    kind: str
    facts: dict[str, Any]
    at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Notices of one person.

    Attributes
    ----------
    notices
        With a cursor given: what is new since then, the oldest first. Else the latest, the newest
        first.
    cursor
        What to ask with next. It is the given one while nothing is new.
    unseen
        How many the person has not seen, at most `MOST_UNSEEN`.
    more
        Ask again at once: there is more than a page of new ones.
    fresh
        The cursor is of another database, as after a restore: these are the latest instead.
    """

    notices: tuple[Notice, ...]
    cursor: str
    unseen: int
    more: bool = False
    fresh: bool = False


def post(
    conn: Connection, person_id: UUID, kind: str, facts: Mapping[str, Any], at: datetime
) -> None:
    """Owe a person a message; `facts` are JSON-serialisable and never personal data.

    Readers who listen are told when the transaction commits, and the person's other channels are
    owed the same message.
    """
    conn.execute(
        text(
            "INSERT INTO notice (person_id, kind, facts, at)"
            " VALUES (:person_id, :kind, CAST(:facts AS jsonb), :at)"
        ),
        {
            "person_id": person_id,
            "kind": kind,
            "facts": json.dumps(dict(facts), ensure_ascii=False, default=str),
            "at": at,
        },
    )


def latest(conn: Connection, person_id: UUID, before: int | None = None) -> Page:
    """Return a person's latest notices, or those before a notice, the newest first."""
    rows = conn.execute(
        statement("latest", "notices"),
        {"person_id": person_id, "before": before, "limit": PAGE, "most": MOST_UNSEEN},
    ).all()
    return Page(_notices(rows), rows[0].snapshot, rows[0].unseen)


def since(conn: Connection, person_id: UUID, cursor: str) -> Page:
    """Return what is new to a cursor, each notice exactly once over any number of calls.

    Raises
    ------
    BadValue
        If the cursor is none of ours.
    """
    begin, until, last = read_cursor(cursor)
    rows = conn.execute(
        statement("since", "notices"),
        {
            "person_id": person_id,
            "since": begin,
            "until": until,
            "last": last,
            "limit": PAGE + 1,
            "most": MOST_UNSEEN,
        },
    ).all()
    head = rows[0]
    if head.foreign:
        found = latest(conn, person_id)
        return Page(found.notices, found.cursor, found.unseen, fresh=True)
    new = _notices(rows)
    end = until or head.snapshot
    if len(new) > PAGE:
        new = new[:PAGE]
        return Page(new, f"{begin}~{end}~{new[-1].notice_id}", head.unseen, more=True)
    return Page(new, end if new or until else cursor, head.unseen)


def read_cursor(cursor: str) -> tuple[str, str | None, int]:
    """Return a cursor's snapshot, the end of its listing (none: open), and the last row listed.

    Raises
    ------
    BadValue
        If it is none of ours.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None or not all(map(_is_snapshot, found.groups()[:2])):
        raise BadValue(field="after", given=cursor[:80], reason="no cursor of this list")
    return found[1], found[2], int(found[3] or 0)


def mark_seen(
    conn: Connection,
    person_id: UUID,
    now: datetime,
    *,
    ids: Sequence[int] = (),
    up_to: int | None = None,
) -> int:
    """Mark notices of a person as seen, by number or all up to a number; return what is unseen."""
    conn.execute(
        statement("mark_seen", "notices"),
        {"person_id": person_id, "ids": list(ids), "up_to": up_to, "now": now},
    )
    unseen: int = conn.execute(
        statement("unseen", "notices"), {"person_id": person_id, "most": MOST_UNSEEN}
    ).scalar_one()
    return unseen


def adopt_positions(conn: Connection) -> int:
    """Make notices that came from another database old, and return how many there were.

    A restored row keeps the transaction number of its origin. Where that lies ahead of this
    server's own count it would be announced as new when the count gets there.
    """
    return conn.execute(statement("adopt_positions", "notices")).rowcount


def notice_of(row: Row[Any]) -> Notice:
    """Return the notice in a row of the table."""
    return Notice(row.notice_id, row.person_id, row.kind, row.facts, row.at, row.seen_at)


def _notices(rows: Sequence[Row[Any]]) -> tuple[Notice, ...]:
    return tuple(notice_of(row) for row in rows if row.notice_id is not None)


def _is_snapshot(given: str | None) -> bool:
    """Tell what the database would read as a snapshot: ascending, inside its ends."""
    if given is None:
        return True
    low, high, listed = given.split(":")
    inside = [int(one) for one in listed.split(",")] if listed else []
    return 0 < int(low) <= int(high) < 2**63 and all(
        int(low) <= one < int(high) and (i == 0 or inside[i - 1] < one)
        for i, one in enumerate(inside)
    )
