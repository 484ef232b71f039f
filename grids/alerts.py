"""Alerts as leaders read and acknowledge them; `alert_scan` raises them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids import access, audit
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Viewer
from grids.territory import code_range

# How long alerts that have ended stay in the list of all.
KEPT_DAYS = 366
_NAMED = 2


@dataclass(frozen=True, slots=True)
class LastNight:
    """The night that was looked at last, and how seldom each of its tests errs."""

    day: date
    n_tests: int
    n_cases: int
    threshold_days: float


@dataclass(frozen=True, slots=True)
class Alert:
    """A cluster as its last night found it.

    Attributes
    ----------
    matter_group, group_name, also
        First two digits of its matters (empty: all together) and what these are; groups whose own
        scan found the same place.
    state
        `new` in the night that found it first, `ongoing` as long as each night finds it, `past`.
    since, last_on
        The days that were too many; `first_on` is the last day of the data that first showed it.
    """

    alert_id: UUID
    matter_group: str
    group_name: str
    also: tuple[str, ...]
    territory_code: str
    place: str
    centre_name: str
    first_on: date
    last_on: date
    state: str
    nights: int
    grid_codes: tuple[str, ...]
    radius_m: float
    since: date
    observed: int
    expected: float
    relative_risk: float | None
    p: float
    recurrence_days: float
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str


def last_night(conn: Connection) -> LastNight | None:
    """Return the night that was looked at last; None if none was."""
    row = conn.execute(statement("last_scan", "alerts")).one_or_none()
    if row is None:
        return None
    return LastNight(row.day, row.n_tests, row.n_cases, float(row.settings["threshold_days"]))


def list_alerts(
    conn: Connection, viewer: Viewer, *, everything: bool = False, on: date | None = None
) -> list[Alert]:
    """Return the alerts of the viewer's territory, those of the last night or all of a year.

    `on` looks back at the night of that day's data: alerts that went on then, as they are known
    today.
    """
    access.require(viewer, Action.HOTSPOT_SEE)
    night = last_night(conn)
    if night is None:
        return []
    latest = on or night.day
    since = latest - timedelta(KEPT_DAYS) if everything else latest
    alerts = _listed(conn, viewer, since, night.day)
    return [one for one in alerts if on is None or one.first_on <= on]


def acknowledge(
    conn: Connection, viewer: Viewer, alert_id: UUID, note: str, now: datetime
) -> Alert:
    """Write down that somebody has looked into an alert and what was decided; return the alert.

    A later note takes the place of an earlier one; the audit trail has both.

    Raises
    ------
    NotFound
        If there is no such alert in the viewer's territory.
    BadValue
        If nothing is said.
    """
    access.require(viewer, Action.HOTSPOT_SEE)
    if not note.strip():
        raise BadValue(field="note", given=note, reason="empty")
    done = conn.execute(
        text(
            "UPDATE alert SET acknowledged_at = :now, acknowledged_by = :who, note = :note"
            " WHERE alert_id = :id AND territory_code >= :low AND territory_code < :high"
            " RETURNING territory_code"
        ),
        {
            "now": now,
            "who": viewer.person_id,
            "note": note.strip(),
            "id": alert_id,
            **code_range(viewer.scope),
        },
    ).one_or_none()
    night = last_night(conn)
    if done is None or night is None:
        raise NotFound(what="alert", key=str(alert_id))
    audit.record(
        conn,
        viewer,
        "alert.acknowledge",
        f"alert {alert_id}",
        territory=done.territory_code,
        reason=note.strip(),
    )
    (found,) = _listed(conn, viewer, date.min, night.day, alert_id)
    return found


def _listed(
    conn: Connection, viewer: Viewer, since: date, night: date, alert_id: UUID | None = None
) -> list[Alert]:
    rows = conn.execute(
        statement("listed", "alerts"),
        {
            **code_range(viewer.scope),
            "since": since,
            "alert_id": alert_id,
        },
    ).all()
    names = _group_names(conn) if rows else {}
    return [_alert(row, names, night) for row in rows]


def _group_names(conn: Connection) -> dict[str, str]:
    """Return what the groups of matters are: the first of their matters."""
    found: dict[str, list[str]] = {}
    for code, name in conn.execute(text("SELECT code, name FROM matter ORDER BY code")):
        found.setdefault(code[:2], []).append(name)
    return {group: _called(names) for group, names in found.items()}


def _called(names: Sequence[str]) -> str:
    return "、".join(names[:_NAMED]) + ("…" if len(names) > _NAMED else "")


def _alert(row: Row[Any], names: Mapping[str, str], night: date) -> Alert:
    state = "past" if row.last_on < night else "new" if row.first_on == night else "ongoing"
    return Alert(
        alert_id=row.alert_id,
        matter_group=row.matter_group,
        group_name=names.get(row.matter_group, row.matter_group),
        also=tuple(names.get(group, group) for group in row.groups),
        territory_code=row.territory_code,
        place=row.place,
        centre_name=row.centre_name,
        first_on=row.first_on,
        last_on=row.last_on,
        state=state,
        nights=row.nights,
        grid_codes=tuple(row.grid_codes),
        radius_m=row.radius_m,
        since=row.since,
        observed=row.observed,
        expected=row.expected,
        relative_risk=row.relative_risk,
        p=row.p,
        recurrence_days=row.recurrence_days,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        note=row.note,
    )
