"""The audit trail: rows that are only ever added, sealed into a chain of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from geo.errors import Refusal
from grids.model import Viewer

# One sealer at a time, across processes.
_SEALER = 7202
_BATCH = 10_000

# Everything a row says, in one text that PostgreSQL makes the same way when sealing and verifying.
_ROW = """
  jsonb_build_array(audit_id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    person_id, role, action, record, territory_code, success, reason, facts, client, request_id
  )::text AS said
"""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look along the chain found.

    `broken_at` is the place in the chain (1, 2, ...) of the first row that is missing, changed or
    out of order; none if the chain is whole. `head` is the hash of its last row: kept in a second
    place it shows later that the tail was cut. `n_open` rows wait for the next seal.
    """

    n_sealed: int
    n_open: int
    head: bytes
    broken_at: int | None

    @property
    def whole(self) -> bool:
        """Return whether every sealed row is as it was sealed."""
        return self.broken_at is None


def record(
    conn: Connection,
    viewer: Viewer | None,
    action: str,
    record: str,
    *,
    territory: str | None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
    success: bool = True,
    client: str | None = None,
    request_id: str | None = None,
) -> None:
    """Add a row: who did what to which record, where and why.

    Parameters
    ----------
    viewer
        None where nobody is signed in.
    record
        Kind and key of what was touched, such as `household 53a0...`; never personal data.
    territory
        Unit code that decides who may read the row; none: readable by the owner role alone.
    facts
        JSON-serialisable details; never personal data.
    """
    # Not through the table object: it would ask for the new key back, and a row outside the
    # writer's own territory may be written but not read.
    conn.execute(
        text(
            "INSERT INTO audit (person_id, role, action, record, territory_code, success, reason,"
            " facts, client, request_id) VALUES (:person_id, :role, :action, :record, :territory,"
            " :success, :reason, CAST(:facts AS jsonb), :client, :request_id)"
        ),
        {
            "person_id": viewer.person_id if viewer else None,
            "role": viewer.role.value if viewer else None,
            "action": action,
            "record": record,
            "territory": territory,
            "success": success,
            "reason": reason,
            "facts": json.dumps(facts or {}, ensure_ascii=False, default=str),
            "client": client,
            "request_id": request_id,
        },
    )


def refused(
    conn: Connection,
    viewer: Viewer | None,
    refusal: Refusal,
    record_: str,
    *,
    client: str | None = None,
    request_id: str | None = None,
) -> None:
    """Add the row of something that was refused.

    The transaction that was refused has been rolled back, so the door calls this in a new one.
    """
    record(
        conn,
        viewer,
        "refused." + refusal.code,
        record_,
        territory=viewer.scope if viewer else None,
        facts=refusal.facts,
        success=False,
        client=client,
        request_id=request_id,
    )


def seal(conn: Connection) -> int:
    """Chain the rows added since the last seal and return how many they were.

    Each row's hash is SHA-256 over the hash before it and what the row says. Rows are chained in
    the order in which they are found, so one that commits late is chained late and never lost.
    Only the owner role can do this.
    """
    conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEALER})
    last = conn.execute(
        text(
            "SELECT sealed_as, chain FROM audit WHERE sealed_as IS NOT NULL"
            " ORDER BY sealed_as DESC LIMIT 1"
        )
    ).one_or_none()
    place, chain = (last.sealed_as, last.chain) if last else (0, b"")
    rows = conn.execute(
        text(f"SELECT audit_id, {_ROW} FROM audit WHERE chain IS NULL ORDER BY audit_id")  # noqa: S608
    ).all()
    sealed = []
    for row in rows:
        place += 1
        chain = _link(chain, row.said)
        sealed.append({"audit_id": row.audit_id, "place": place, "chain": chain})
    if sealed:
        conn.execute(
            text("UPDATE audit SET sealed_as = :place, chain = :chain WHERE audit_id = :audit_id"),
            sealed,
        )
    return len(sealed)


def verify(conn: Connection, known_head: bytes | None = None) -> Verification:
    """Walk along the chain and say whether it is whole.

    Parameters
    ----------
    known_head
        A head that was written down earlier: a chain that no longer contains it was cut, and is
        reported as broken right after its end.
    """
    chain, expected, broken_at = b"", 0, None
    seen = known_head is None
    for place, stored, said in _sealed(conn):
        expected += 1
        chain = _link(chain, said)
        if place != expected or chain != stored:
            broken_at = expected
            break
        seen = seen or chain == known_head
    if broken_at is None and not seen:
        broken_at = expected + 1
    n_sealed, n_open = conn.execute(
        text("SELECT count(chain), count(*) - count(chain) FROM audit")
    ).one()
    return Verification(n_sealed, n_open, chain, broken_at)


def _sealed(conn: Connection) -> Iterator[tuple[int, bytes, str]]:
    rows = conn.execute(
        text(f"SELECT sealed_as, chain, {_ROW} FROM audit WHERE chain IS NOT NULL ORDER BY 1"),  # noqa: S608
        execution_options={"yield_per": _BATCH},
    )
    for row in rows:
        yield row.sealed_as, bytes(row.chain), row.said


def _link(before: bytes, said: str) -> bytes:
    return hashlib.sha256(before + said.encode()).digest()
