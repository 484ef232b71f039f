"""How long what holds personal data is kept: a rule for each class, and a run that obeys it.

The trail of what was done (`audit`, `incident_step`) is not of these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from grids import access, assign, audit, schema
from grids.db import statement
from grids.errors import BadValue, NothingPublished
from grids.model import Viewer

CLASSES = ("reporter_contact", "feed_message", "notice", "import_task")
DAYS = range(30, 3651)


@dataclass(frozen=True, slots=True)
class Kept:
    """A class of data, for how many days it is kept, and its last run."""

    name: str
    days: int
    last_at: datetime | None
    last_n: int | None


@dataclass(frozen=True, slots=True)
class Gone:
    """What a run deleted of a class: all that was older than `before`."""

    name: str
    days: int
    before: datetime
    n: int


def list_rules(conn: Connection) -> list[Kept]:
    """Return the rules by class, each with the last run that obeyed it."""
    rows = conn.execute(statement("rules", "retention"))
    return [Kept(row.name, row.days, row.at, row.n) for row in rows]


def set_days(conn: Connection, viewer: Viewer, name: str, days: int) -> None:
    """Keep a class of data for so many days from the next run on.

    Raises
    ------
    BadValue
        If there is no such class, or the days are fewer than 30 or more than 3650.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    if name not in CLASSES:
        raise BadValue(field="class", given=name, reason="one of " + ", ".join(CLASSES))
    if days not in DAYS:
        raise BadValue(field="days", given=days, reason=f"{DAYS[0]} to {DAYS[-1]}")
    rule = schema.retention_rule
    conn.execute(rule.update().where(rule.c["class"] == name).values(days=days))
    record = f"retention {name}"
    audit.record(
        conn, viewer, "retention.set", record, territory=_county(conn), facts={"days": days}
    )


def run(conn: Connection, viewer: Viewer, now: datetime) -> list[Gone]:
    """Delete what is too old by each rule, write down how much, and return it.

    Run again at the same moment it deletes nothing. For the owner role, in every territory.
    """
    done = []
    for kept in list_rules(conn):
        before = now - timedelta(days=kept.days)
        n = conn.execute(statement(kept.name, "retention"), {"before": before}).rowcount
        gone = Gone(kept.name, kept.days, before, n)
        conn.execute(
            schema.retention_run.insert().values(
                **{"class": kept.name}, days=kept.days, before=before, at=now, n=n
            )
        )
        facts = {"days": kept.days, "before": before, "n": n}
        record = f"retention {kept.name}"
        audit.record(conn, viewer, "retention.run", record, territory=_county(conn), facts=facts)
        done.append(gone)
    return done


def _county(conn: Connection) -> str | None:
    try:
        return assign.county_of(conn)
    except NothingPublished:
        return None
