"""Who is still signed in, asked for many at once: streams stay open while requests come and go."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text

from grids.model import Role, Viewer
from grids.people import life_of

_SESSIONS = text(
    """
    SELECT s.token_hash, s.person_id, p.name, g.role, g.unit_code, s.seen_at
      FROM session AS s
      JOIN person AS p ON p.person_id = s.person_id
      JOIN account AS a ON a.person_id = s.person_id
      JOIN access_grant AS g USING (grant_id)
     WHERE s.token_hash = ANY (CAST(:hashes AS bytea[]))
       AND s.ended_at IS NULL AND s.expires_at > :now AND NOT a.must_change
       AND p.active AND a.disabled_at IS NULL AND g.valid @> CAST(:now AS timestamptz)
    """
)

_TOKENS = text(
    """
    SELECT t.token_hash, t.person_id, p.name, g.role, g.unit_code
      FROM api_token AS t
      JOIN person AS p ON p.person_id = t.person_id
      JOIN access_grant AS g USING (grant_id)
      LEFT JOIN account AS a ON a.person_id = t.person_id
     WHERE t.token_hash = ANY (CAST(:hashes AS bytea[]))
       AND t.ended_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now)
       AND p.active AND a.disabled_at IS NULL AND g.valid @> CAST(:now AS timestamptz)
    """
)


def of_sessions(conn: Connection, hashes: Collection[bytes], now: datetime) -> dict[bytes, Viewer]:
    """Return who stands behind sessions, by the hash of their tokens; those that ended are absent.

    Being asked for is no use of a session: one that is only looked at through a stream ends when
    its time without use is over.
    """
    rows = conn.execute(_SESSIONS, {"hashes": list(hashes), "now": now})
    return {
        bytes(row.token_hash): Viewer(row.person_id, row.name, Role(row.role), row.unit_code)
        for row in rows
        if now - row.seen_at <= life_of(Role(row.role))[0]
    }


def of_tokens(conn: Connection, hashes: Collection[bytes], now: datetime) -> dict[bytes, Viewer]:
    """Return who stands behind programs' tokens, by their hash; those that ended are absent."""
    rows = conn.execute(_TOKENS, {"hashes": list(hashes), "now": now})
    return {
        bytes(row.token_hash): Viewer(row.person_id, row.name, Role(row.role), row.unit_code)
        for row in rows
    }
