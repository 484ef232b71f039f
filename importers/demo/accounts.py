"""People to try the invented county with: one for each role, with passwords drawn at random."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, text

from grids import staff
from grids.model import Level, Role, Viewer
from importers.demo.words import person_names, units

# Read aloud and typed on a phone: no 0 and o, no 1, l and i.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# As many open incidents as fit on a worker's first screen.
A_DAYS_WORK = 8


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account as it is printed."""

    login: str
    password: str
    name: str
    role: str
    unit_code: str
    unit_name: str


def open_accounts(conn: Connection, viewer: Viewer, seed: int) -> list[DemoAccount]:
    """Open an account for each role over the county, a township's administrator and a worker.

    The worker is the primary one of a grid with open incidents.
    """
    county = units()[0].code
    township = next(unit.code for unit in units() if unit.level == Level.TOWNSHIP)
    posts = (
        ("admin", Role.GRID_ADMIN, county),
        ("leader", Role.LEADER, county),
        ("dispatcher", Role.DISPATCHER, county),
        ("auditor", Role.AUDITOR, county),
        ("sysadmin", Role.SYSADMIN, county),
        ("township", Role.GRID_ADMIN, township),
    )
    names = person_names(len(posts), np.random.default_rng([seed, 51]))
    opened = []
    for (login, role, unit_code), name in zip(posts, names, strict=True):
        person_id = staff.add_person(conn, viewer, name, unit_code, source_key=f"demo-{login}")
        opened.append(_open(conn, viewer, person_id, login, name, role, unit_code))
    person_id, name, unit_code = _busy_worker(conn)
    opened.append(_open(conn, viewer, person_id, "worker", name, Role.WORKER, unit_code))
    return opened


def _open(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    login: str,
    name: str,
    role: Role,
    unit_code: str,
) -> DemoAccount:
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
    staff.open_account(conn, viewer, person_id, login, password, must_change=False)
    staff.grant(conn, viewer, person_id, role, unit_code)
    unit_name: str = conn.execute(
        text("SELECT name FROM unit WHERE code = :code"), {"code": unit_code}
    ).scalar_one()
    return DemoAccount(login, password, name, role.value, unit_code, unit_name)


def _busy_worker(conn: Connection) -> tuple[UUID, str, str]:
    """Return key, name and grid of a primary worker on duty with a few open incidents."""
    row = conn.execute(
        text(
            """
            SELECT d.person_id, p.name, d.unit_code
              FROM duty AS d
              JOIN person AS p USING (person_id)
              LEFT JOIN incident AS i ON i.owner_id = d.person_id AND i.step = 'reported'
             WHERE d.rank = 'primary' AND upper_inf(d.valid)
               AND NOT EXISTS (SELECT FROM leave AS l
                                WHERE l.person_id = d.person_id AND upper(l.during) > now())
             GROUP BY d.person_id, p.name, d.unit_code
             ORDER BY abs(count(i.incident_id) - :wanted), d.unit_code
             LIMIT 1
            """
        ),
        {"wanted": A_DAYS_WORK},
    ).one()
    return row.person_id, row.name, row.unit_code
