"""Many rows at once into the registers: copied in, merged by one statement, counted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from grids import audit
from grids.db import statement
from grids.model import Viewer
from grids.secrets import KeyRing

HOUSEHOLD_COLUMNS = (
    "number",
    "address",
    "building",
    "building_unit",
    "room",
    "members",
    "class",
    "phone_cipher",
    "phone_mask",
    "phone_kept",
    "lon",
    "lat",
    "given_x",
    "given_y",
    "given_datum",
    "grid_code",
    "subgroup_code",
    "placed_by",
    "territory_code",
)
CAMERA_COLUMNS = (
    "registry",
    "device_id",
    "name",
    "owner",
    "place_class",
    "status",
    "lon",
    "lat",
    "given_x",
    "given_y",
    "given_datum",
    "direction_deg",
    "grid_code",
    "subgroup_code",
    "territory_code",
)
PERSON_COLUMNS = (
    "source_key",
    "name",
    "phone_cipher",
    "phone_mask",
    "phone_kept",
    "unit_code",
)


def copy_rows(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Copy rows into a table by the server's COPY, in this transaction."""
    driver = conn.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _stage(
    conn: Connection,
    statement_name: str,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Copy the rows of one import into a table of their own, keyed by its first columns."""
    conn.execute(statement(statement_name, "intake"))
    copy_rows(conn, table, columns, rows)
    conn.execute(text(f"ANALYZE {table}"))


def _keep_absent(
    conn: Connection, table: str, incoming: str, key: Sequence[str], absent: Collection[str]
) -> None:
    """Give incoming rows the values that we have where their file has no column for them."""
    if not absent:
        return
    sets = ", ".join(f"{column} = h.{column}" for column in sorted(absent))
    same = " AND ".join(f"h.{column} = i.{column}" for column in key)
    conn.execute(text(f"UPDATE {incoming} AS i SET {sets} FROM {table} AS h WHERE {same}"))  # noqa: S608 - names of ours


def _mark_kept_phones(
    conn: Connection,
    table: str,
    key: str,
    query: str,
    phones: Mapping[str, str] | None,
    keys: KeyRing | None,
) -> None:
    """Mark incoming rows whose telephone number is the one we have.

    Ciphertexts of the same number differ each time, so the numbers themselves are compared.
    Without `phones` the file has none, and what we have is kept.
    """
    rows = conn.execute(statement(query, "intake")).all()
    kept = [row[0] for row in rows if phones is None or _number(row, keys) == phones[row[0]]]
    conn.execute(
        text(f"UPDATE {table} SET phone_kept = true WHERE {key} = ANY(:kept)"),  # noqa: S608 - names of ours
        {"kept": kept},
    )


def _number(row: Any, keys: KeyRing | None) -> str:
    if row.phone_cipher is None:
        return ""
    assert keys is not None, "whoever compares telephone numbers holds the keys"
    return keys.decrypt(row.phone_cipher)


class Saved(NamedTuple):
    """How many rows of an import changed something, and how many have no grid."""

    taken: int
    unplaced: int


def save_households(
    conn: Connection,
    rows: Iterable[Sequence[Any]],
    *,
    absent: Collection[str] = (),
    phones: Mapping[str, str] | None,
    keys: KeyRing | None,
    publication: int,
    batch_id: UUID,
) -> Saved:
    """Merge households and say what became of them.

    Parameters
    ----------
    rows
        Values of `HOUSEHOLD_COLUMNS`, one row a number.
    absent
        Columns that the file does not have: households that exist keep what they have there.
        With `position` among them they keep their whole place. What a person placed by hand stays
        there until its file gives other coordinates.
    phones
        Plain telephone number by household number, which the rows hold encrypted; none when the
        file has no telephone numbers.
    """
    _stage(conn, "households_incoming", "household_incoming", HOUSEHOLD_COLUMNS, rows)
    plain = set(absent) - {"position"}
    if phones is None:
        plain |= {"phone_cipher", "phone_mask"}
    _keep_absent(conn, "household", "household_incoming", ("number",), plain)
    conn.execute(statement("households_keep_place", "intake"), {"all": "position" in absent})
    _mark_kept_phones(conn, "household_incoming", "number", "household_phones", phones, keys)
    changed = conn.execute(
        statement("households_merge", "intake"),
        {"publication": publication, "batch_id": batch_id},
    )
    taken: int = changed.scalar_one()
    unplaced: int = conn.execute(
        text("SELECT count(*) FROM household_incoming WHERE grid_code IS NULL")
    ).scalar_one()
    conn.execute(text("DROP TABLE household_incoming"))
    conn.execute(text("ANALYZE household"))
    recount_households(conn)
    return Saved(taken, unplaced)


def recount_households(conn: Connection) -> None:
    """Bring the household counts of the outlines in force up to date."""
    conn.execute(statement("households_recount", "intake"))


def save_cameras(
    conn: Connection,
    rows: Iterable[Sequence[Any]],
    *,
    absent: Collection[str] = (),
    publication: int,
    batch_id: UUID,
) -> Saved:
    """Merge cameras (rows of `CAMERA_COLUMNS`) and say what became of them; see households."""
    _stage(conn, "cameras_incoming", "camera_incoming", CAMERA_COLUMNS, rows)
    key = ("registry", "device_id")
    _keep_absent(conn, "camera", "camera_incoming", key, set(absent) - {"position"})
    if "position" in absent:
        conn.execute(statement("cameras_keep_place", "intake"))
    changed = conn.execute(
        statement("cameras_merge", "intake"), {"publication": publication, "batch_id": batch_id}
    )
    taken: int = changed.scalar_one()
    unplaced: int = conn.execute(
        text("SELECT count(*) FROM camera_incoming WHERE grid_code IS NULL")
    ).scalar_one()
    conn.execute(text("DROP TABLE camera_incoming"))
    conn.execute(text("ANALYZE camera"))
    return Saved(taken, unplaced)


def save_people(
    conn: Connection,
    rows: Iterable[Sequence[Any]],
    *,
    phones: Mapping[str, str] | None,
    keys: KeyRing | None,
) -> int:
    """Merge people (rows of `PERSON_COLUMNS`) and return how many changed; see households."""
    _stage(conn, "people_incoming", "person_incoming", PERSON_COLUMNS, rows)
    if phones is None:
        _keep_absent(
            conn, "person", "person_incoming", ("source_key",), {"phone_cipher", "phone_mask"}
        )
    _mark_kept_phones(conn, "person_incoming", "source_key", "person_phones", phones, keys)
    n: int = conn.execute(statement("people_merge", "intake")).scalar_one()
    conn.execute(text("DROP TABLE person_incoming"))
    conn.execute(text("ANALYZE person"))
    return n


def outside(
    conn: Connection,
    register: Literal["household", "camera", "person"],
    keys: Iterable[str],
    scope: str,
) -> set[str]:
    """Return which keys are taken by rows of a register that lie outside a territory.

    The key of a camera is its registry, a blank and its device id.
    """
    if not scope:
        return set()
    rows = conn.execute(
        statement(f"{register}_keys_outside", "intake"), {"keys": list(keys), "scope": scope}
    )
    return set(rows.scalars())


def open_batch(
    conn: Connection,
    viewer: Viewer,
    *,
    kind: str,
    file_name: str,
    sha256: bytes,
    datum: str | None,
) -> UUID:
    """Begin the account of an import (its file's hash, the declared datum) and return its key."""
    batch_id = uuid4()
    conn.execute(
        statement("batch_open", "intake"),
        {
            "batch_id": batch_id,
            "kind": kind,
            "file_name": file_name,
            "sha256": sha256,
            "datum": datum,
            "by_person": viewer.person_id,
        },
    )
    facts = {"kind": kind, "file": file_name}
    record = f"import_batch {batch_id}"
    audit.record(conn, viewer, "import.run", record, territory=viewer.scope, facts=facts)
    return batch_id


def close_batch(conn: Connection, batch_id: UUID, report: Mapping[str, Any]) -> None:
    """Write down what became of the rows of an import."""
    text_of = json.dumps(report, ensure_ascii=False, default=str)
    conn.execute(statement("batch_close", "intake"), {"batch_id": batch_id, "report": text_of})
