"""Staff: persons, accounts, grants and tokens as an administrator manages them.

Nobody can hand out more than they are trusted with, and nobody can take over the account of
somebody who may do more: a person is managed only by those who could have granted all they hold.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from grids import access, audit, passwords, people, schema
from grids.errors import BadValue, Forbidden, GridsError, NotFound
from grids.model import Role, Viewer
from grids.secrets import KeyRing, mask_phone
from grids.territory import within

MAY_GRANT: dict[Role, frozenset[Role]] = {
    Role.SYSADMIN: frozenset(Role),
    Role.GRID_ADMIN: frozenset({Role.GRID_ADMIN, Role.LEADER, Role.DISPATCHER, Role.WORKER}),
}


class LoginTaken(GridsError):
    """Another account has this login name."""

    code = "account.login_taken"
    sentence = "The login name {login} is taken."


# Persons and accounts -------------------------------------------------------------------------


def add_person(
    conn: Connection,
    viewer: Viewer,
    name: str,
    unit_code: str,
    *,
    phone: str | None = None,
    keys: KeyRing | None = None,
    source_key: str | None = None,
) -> UUID:
    """Add a person who belongs to a unit and return the new key.

    A phone number is kept encrypted, so it needs `keys`.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    access.require_territory(viewer, unit_code)
    if phone is not None and keys is None:
        raise ValueError("a phone number is kept encrypted: pass the key ring")
    person_id: UUID = conn.execute(
        insert(schema.person)
        .values(
            name=name,
            unit_code=unit_code,
            phone_cipher=keys.encrypt(phone) if phone and keys else None,
            phone_mask=mask_phone(phone) if phone else None,
            source_key=source_key,
        )
        .returning(schema.person.c.person_id)
    ).scalar_one()
    audit.record(conn, viewer, "person.add", f"person {person_id}", territory=unit_code)
    return person_id


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as a list of choices shows one."""

    person_id: UUID
    name: str
    phone_mask: str | None
    unit_code: str
    unit_name: str


def find_people(
    conn: Connection, viewer: Viewer, sought: str, *, limit: int = 20
) -> list[PersonRow]:
    """Return active people of the viewer's territory by a part of their name or staff number.

    Those whose name begins so come first.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    person, unit = schema.person, schema.unit
    folded = sought.strip()
    found = (
        select(
            person.c.person_id,
            person.c.name,
            person.c.phone_mask,
            person.c.unit_code,
            unit.c.name.label("unit_name"),
        )
        .join(unit, unit.c.code == person.c.unit_code)
        .where(
            person.c.active,
            within(person.c.unit_code, viewer.scope),
            person.c.name.contains(folded, autoescape=True)
            | person.c.source_key.startswith(folded, autoescape=True),
        )
        .order_by(
            person.c.name.startswith(folded, autoescape=True).desc(),
            person.c.name,
            person.c.person_id,
        )
        .limit(limit)
    )
    return [PersonRow(*row) for row in conn.execute(found)]


def open_account(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    login: str,
    password: str,
    *,
    must_change: bool = True,
) -> None:
    """Give a person a login name and a first password.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    LoginTaken, WeakPassword
        If the name or the password cannot be used.
    """
    unit_code = _unit_of(conn, viewer, person_id)
    login = people.folded(login)
    if not login:
        raise BadValue(field="login", given=login, reason="empty")
    passwords.check(password, login)
    taken = select(schema.account.c.person_id).where(schema.account.c.login == login)
    if conn.execute(taken).one_or_none() is not None:
        raise LoginTaken(login=login)
    conn.execute(
        insert(schema.account).values(
            person_id=person_id,
            login=login,
            password_hash=passwords.digest(password),
            must_change=must_change,
        )
    )
    audit.record(conn, viewer, "account.open", f"person {person_id}", territory=unit_code)


def person_of(conn: Connection, viewer: Viewer, login_or_id: str) -> UUID:
    """Return the key of a person known by login name, or by the key itself.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    found: UUID | None = conn.execute(
        select(schema.account.c.person_id).where(
            schema.account.c.login == people.folded(login_or_id)
        )
    ).scalar()
    if found is None:
        try:
            found = UUID(login_or_id)
        except ValueError:
            raise NotFound(what="person", key=login_or_id) from None
    _unit_of(conn, viewer, found)
    return found


def reset_password(conn: Connection, viewer: Viewer, person_id: UUID) -> str:
    """Give a person a random first password to be changed at sign-in; their sessions end."""
    unit_code = _unit_of(conn, viewer, person_id)
    password = secrets.token_urlsafe(9)
    done = conn.execute(
        update(schema.account)
        .where(schema.account.c.person_id == person_id)
        .values(password_hash=passwords.digest(password), must_change=True)
    )
    if done.rowcount == 0:
        raise NotFound(what="account", key=str(person_id))
    people.end_sessions(conn, person_id)
    audit.record(conn, viewer, "account.reset", f"person {person_id}", territory=unit_code)
    return password


def close_account(conn: Connection, viewer: Viewer, person_id: UUID, now: datetime) -> None:
    """Disable a person's account; sessions and tokens are refused from the next request on."""
    unit_code = _unit_of(conn, viewer, person_id)
    conn.execute(
        update(schema.account)
        .where(schema.account.c.person_id == person_id)
        .values(disabled_at=now)
    )
    people.end_sessions(conn, person_id)
    audit.record(conn, viewer, "account.close", f"person {person_id}", territory=unit_code)


# Grants ---------------------------------------------------------------------------------------


def grant(conn: Connection, viewer: Viewer, person_id: UUID, role: Role, unit_code: str) -> int:
    """Let a person act in a role over a territory from now on; return the grant's key."""
    _unit_of(conn, viewer, person_id)
    _require_to_grant(viewer, role, unit_code)
    grant_id: int = conn.execute(
        insert(schema.access_grant)
        .values(person_id=person_id, role=role.value, unit_code=unit_code)
        .returning(schema.access_grant.c.grant_id)
    ).scalar_one()
    facts = {"role": role.value, "unit_code": unit_code}
    audit.record(conn, viewer, "grant.add", f"person {person_id}", territory=unit_code, facts=facts)
    return grant_id


def end_grant(conn: Connection, viewer: Viewer, grant_id: int, now: datetime) -> None:
    """End a grant; sessions and tokens that stand on it are refused from the next request on."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    row = conn.execute(
        text(
            "UPDATE access_grant SET valid = tstzrange(lower(valid), greatest(:now, lower(valid)))"
            " WHERE grant_id = :grant_id AND upper_inf(valid) RETURNING person_id, unit_code"
        ),
        {"grant_id": grant_id, "now": now},
    ).one_or_none()
    if row is None or not access.in_territory(viewer, row.unit_code):
        raise NotFound(what="grant", key=grant_id)
    audit.record(conn, viewer, "grant.end", f"person {row.person_id}", territory=row.unit_code)


def add_token(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    grant_id: int,
    name: str,
    *,
    now: datetime,
    life: timedelta | None = None,
) -> str:
    """Return a new token for a program that acts under a person's grant; it is shown this once."""
    unit_code = _unit_of(conn, viewer, person_id)
    if grant_id not in {g.grant_id for g in people.grants(conn, person_id, now)}:
        raise NotFound(what="grant", key=grant_id)
    token = secrets.token_urlsafe(32)
    conn.execute(
        insert(schema.api_token).values(
            token_hash=people.token_hash(token),
            name=name,
            person_id=person_id,
            grant_id=grant_id,
            created_at=now,
            expires_at=now + life if life else None,
        )
    )
    audit.record(conn, viewer, "token.add", f"person {person_id}", territory=unit_code)
    return token


def end_token(conn: Connection, viewer: Viewer, token_hash: bytes, now: datetime) -> None:
    """End a program's token by its hash."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    conn.execute(
        update(schema.api_token)
        .where(schema.api_token.c.token_hash == token_hash)
        .values(ended_at=now)
    )
    audit.record(conn, viewer, "token.end", f"token {token_hash.hex()}", territory=viewer.scope)


def require_person(
    conn: Connection, viewer: Viewer, person_id: UUID, *, active: bool = False
) -> str:
    """Return the unit of a person of the viewer's territory, if so asked of one who is still there.

    Raises
    ------
    NotFound
        If there is none.
    """
    person = schema.person.c
    asked = select(person.unit_code).where(person.person_id == person_id)
    unit_code = conn.execute(asked.where(person.active) if active else asked).scalar()
    if unit_code is None:
        raise NotFound(what="person", key=str(person_id))
    access.require_territory(viewer, unit_code, "person")
    return str(unit_code)


def _unit_of(conn: Connection, viewer: Viewer, person_id: UUID) -> str:
    """Return the unit of a person whom the viewer may manage."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    unit_code = require_person(conn, viewer, person_id)
    held = conn.execute(
        select(schema.access_grant.c.role, schema.access_grant.c.unit_code).where(
            schema.access_grant.c.person_id == person_id,
            func.upper_inf(schema.access_grant.c.valid),
        )
    )
    for role, territory in held:
        _require_to_grant(viewer, Role(role), territory)
    return unit_code


def _require_to_grant(viewer: Viewer, role: Role, unit_code: str) -> None:
    access.require_territory(viewer, unit_code, "grant")
    if role not in MAY_GRANT.get(viewer.role, ()):
        who_can = [r.value for r, roles in MAY_GRANT.items() if role in roles]
        raise Forbidden(
            role=viewer.role.value, action=f"grant {role.value}", who_can=", ".join(who_can)
        )
