"""People: who works here, how they sign in, what they may do where.

A session or token is a random 256-bit reference of which only the SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, text, update

from grids import audit, brake, passwords, schema
from grids.errors import GridsError, NotFound
from grids.model import Role, Viewer

# Idle and absolute life of a session. A worker's phone is asked for its lock code, not for ours.
_DESKTOP = (timedelta(minutes=30), timedelta(hours=12))
_PHONE = (timedelta(days=7), timedelta(days=30))
# A session's last use is written down this coarsely: most requests write nothing.
_SEEN_EVERY = timedelta(minutes=1)


class SignInRefused(GridsError):
    """The name or the password is wrong, or the account is closed; nobody learns which."""

    code = "session.refused"
    sentence = "The account or the password is wrong."


class SignInLocked(SignInRefused):
    """Too many wrong passwords for this name."""

    code = "session.locked"
    sentence = "Too many wrong passwords. Try again in {retry_after_s} seconds."


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over a territory that a person may sign in with."""

    grant_id: int
    role: Role
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session that was opened; `must_change` asks for a new password before anything else."""

    viewer: Viewer
    grant_id: int
    must_change: bool
    expires_at: datetime


def grants(conn: Connection, person_id: UUID, now: datetime) -> list[Grant]:
    """Return what a person may sign in as, the widest territory first."""
    rows = conn.execute(
        text(
            "SELECT grant_id, role, unit_code, coalesce(u.name, unit_code) AS unit_name"
            "  FROM access_grant AS g LEFT JOIN unit AS u ON u.code = g.unit_code"
            " WHERE person_id = :person_id AND g.valid @> CAST(:now AS timestamptz)"
            " ORDER BY length(unit_code), unit_code, grant_id"
        ),
        {"person_id": person_id, "now": now},
    )
    return [Grant(r.grant_id, Role(r.role), r.unit_code, r.unit_name) for r in rows]


def change_password(
    conn: Connection, viewer: Viewer, old: str, new: str, *, keep_token: str | None = None
) -> None:
    """Change the viewer's own password and end the person's other sessions.

    Raises
    ------
    SignInRefused
        If `old` is not the present password.
    WeakPassword
        If the new one cannot be used.
    """
    person_id = viewer.person_id
    account = conn.execute(
        select(schema.account.c.login, schema.account.c.password_hash).where(
            schema.account.c.person_id == person_id
        )
    ).one_or_none()
    if account is None or not passwords.matches(account.password_hash, old):
        raise SignInRefused
    if new == old:
        raise passwords.WeakPassword(reason="unchanged")
    passwords.check(new, account.login)
    conn.execute(
        update(schema.account)
        .where(schema.account.c.person_id == person_id)
        .values(password_hash=passwords.digest(new), must_change=False)
    )
    end_sessions(conn, person_id, but=keep_token)
    audit.record(conn, viewer, "account.password", f"person {person_id}", territory=viewer.scope)


# Sessions -------------------------------------------------------------------------------------


def sign_in(
    conn: Connection, login: str, password: str, client: str, now: datetime
) -> tuple[str, SessionInfo] | SignInRefused:
    """Open a session and return its token, or return (not raise) why not.

    A refusal comes back as a value because the transaction has to be committed with it: the
    failure it counts would otherwise be rolled back and guessing would be free.

    Parameters
    ----------
    login
        Upper and lower case are the same.
    client
        The sender's address, then anything that tells devices apart; failures are counted by
        the address, the first word.
    """
    login, address = folded(login)[:64], (client.split() or ["?"])[0]
    wait = brake.count(conn, login, address, now)
    if wait is not None:
        return SignInLocked(retry_after_s=max(1, round(wait)))
    account = conn.execute(
        text(
            "SELECT a.person_id, p.name, p.unit_code, a.must_change, a.password_hash,"
            "       a.disabled_at IS NULL AND p.active AS open"
            "  FROM account AS a JOIN person AS p USING (person_id) WHERE login = :login"
        ),
        {"login": login},
    ).one_or_none()
    right = passwords.matches(account.password_hash if account else None, password)
    if account is None:
        audit.record(conn, None, "session.refused", "login unknown", territory=None, success=False)
        return SignInRefused()
    may = grants(conn, account.person_id, now)
    if not (right and account.open and may):
        audit.record(
            conn,
            None,
            "session.refused",
            f"person {account.person_id}",
            territory=account.unit_code,
            success=False,
            client=client,
        )
        return SignInRefused()
    brake.forgive(conn, login, address, now)
    viewer = Viewer(account.person_id, account.name, may[0].role, may[0].unit_code)
    token, expires_at = secrets.token_urlsafe(32), now + life_of(viewer.role)[1]
    conn.execute(
        insert(schema.session).values(
            token_hash=token_hash(token),
            person_id=viewer.person_id,
            grant_id=may[0].grant_id,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
            client=client,
        )
    )
    record = f"person {viewer.person_id}"
    audit.record(conn, viewer, "session.open", record, territory=viewer.scope, client=client)
    return token, SessionInfo(viewer, may[0].grant_id, account.must_change, expires_at)


_SESSION = text(
    """
    SELECT s.person_id, p.name, g.role, g.unit_code, g.grant_id, s.seen_at, s.expires_at,
           a.must_change
      FROM session AS s
      JOIN person AS p ON p.person_id = s.person_id
      JOIN account AS a ON a.person_id = s.person_id
      JOIN access_grant AS g USING (grant_id)
     WHERE s.token_hash = :hash AND s.ended_at IS NULL AND s.expires_at > :now
       AND p.active AND a.disabled_at IS NULL AND g.valid @> CAST(:now AS timestamptz)
    """
)


def find_session(
    conn: Connection, token: str, now: datetime, *, in_use: bool = True
) -> SessionInfo | None:
    """Return the session behind a token; None if it ended, ran out, or its right was taken back.

    `in_use` prolongs its life: not so where a page asks by itself while nobody is there.
    """
    row = conn.execute(_SESSION, {"hash": token_hash(token), "now": now}).one_or_none()
    if row is None or now - row.seen_at > life_of(Role(row.role))[0]:
        return None
    if in_use and now - row.seen_at > _SEEN_EVERY:
        conn.execute(
            update(schema.session)
            .where(schema.session.c.token_hash == token_hash(token))
            .values(seen_at=now)
        )
    return SessionInfo(_viewer(row), row.grant_id, row.must_change, row.expires_at)


def session_viewer(conn: Connection, token: str, now: datetime) -> Viewer | None:
    """Return who stands behind a session's token; None as in `find_session`."""
    session = find_session(conn, token, now)
    return session.viewer if session else None


def switch_grant(conn: Connection, token: str, grant_id: int, now: datetime) -> Viewer:
    """Let a session go on under another of the person's grants.

    Raises
    ------
    NotFound
        If the session has ended or the grant is not this person's.
    """
    session = find_session(conn, token, now)
    if session is None or session.viewer.person_id is None:
        raise NotFound(what="session", key="")
    for may in grants(conn, session.viewer.person_id, now):
        if may.grant_id == grant_id:
            conn.execute(
                update(schema.session)
                .where(schema.session.c.token_hash == token_hash(token))
                .values(grant_id=grant_id, expires_at=now + life_of(may.role)[1])
            )
            viewer = Viewer(session.viewer.person_id, session.viewer.name, may.role, may.unit_code)
            audit.record(
                conn, viewer, "session.switch", f"grant {grant_id}", territory=may.unit_code
            )
            return viewer
    raise NotFound(what="grant", key=grant_id)


def end_session(conn: Connection, token: str, now: datetime) -> None:
    """End a session; nothing happens if it has ended."""
    conn.execute(
        update(schema.session)
        .where(
            schema.session.c.token_hash == token_hash(token), schema.session.c.ended_at.is_(None)
        )
        .values(ended_at=now)
    )


# Tokens of programs ---------------------------------------------------------------------------


def token_viewer(conn: Connection, token: str, now: datetime) -> Viewer | None:
    """Return who stands behind a program's token; None if it ended or its right was taken back."""
    row = conn.execute(
        text(
            "SELECT t.person_id, p.name, g.role, g.unit_code FROM api_token AS t"
            "  JOIN person AS p ON p.person_id = t.person_id"
            "  JOIN access_grant AS g USING (grant_id)"
            "  LEFT JOIN account AS a ON a.person_id = t.person_id"
            " WHERE t.token_hash = :hash AND t.ended_at IS NULL"
            "   AND (t.expires_at IS NULL OR t.expires_at > :now)"
            "   AND p.active AND a.disabled_at IS NULL AND g.valid @> CAST(:now AS timestamptz)"
        ),
        {"hash": token_hash(token), "now": now},
    ).one_or_none()
    return _viewer(row) if row else None


def _viewer(row: Row[Any]) -> Viewer:
    return Viewer(row.person_id, row.name, Role(row.role), row.unit_code)


def end_sessions(conn: Connection, person_id: UUID | None, but: str | None = None) -> None:
    """End all sessions of a person, except the one of the token `but`."""
    conn.execute(
        update(schema.session)
        .where(
            schema.session.c.person_id == person_id,
            schema.session.c.ended_at.is_(None),
            schema.session.c.token_hash != (token_hash(but) if but else b""),
        )
        .values(ended_at=func.now())
    )


def life_of(role: Role) -> tuple[timedelta, timedelta]:
    """Return how long a session lives without use, and at most."""
    return _PHONE if role is Role.WORKER else _DESKTOP


def folded(login: str) -> str:
    """Return a login name as it is stored."""
    return login.strip().lower()


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
