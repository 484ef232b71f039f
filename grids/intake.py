"""Many rows at once into the registers: copied in, merged by one statement, counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

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


def _mark_kept_phones(
    conn: Connection, table: str, key: str, query: str, phones: Mapping[str, str], keys: KeyRing
) -> None:
    """Mark incoming rows whose telephone number is the one we have.

    Ciphertexts of the same number differ each time, so the numbers themselves are compared.
    """
    kept = [
        row[0]
        for row in conn.execute(statement(query, "intake"))
        if (keys.decrypt(row.phone_cipher) if row.phone_cipher else "") == phones.get(row[0], "")
    ]
    conn.execute(
        text(f"UPDATE {table} SET phone_kept = true WHERE {key} = ANY(:kept)"),  # noqa: S608
        {"kept": kept},
    )


def save_households(
    conn: Connection,
    rows: Iterable[Sequence[Any]],
    *,
    phones: Mapping[str, str],
    keys: KeyRing,
    publication: int | None,
    batch_id: UUID,
) -> int:
    """Merge households (rows of `HOUSEHOLD_COLUMNS`, one a number) and return how many changed.

    `phones` maps household number to the plain telephone number that the rows hold encrypted.
    """
    conn.execute(statement("households_incoming", "intake"))
    copy_rows(conn, "household_incoming", HOUSEHOLD_COLUMNS, rows)
    conn.execute(text("CREATE UNIQUE INDEX ON household_incoming (number)"))
    conn.execute(text("ANALYZE household_incoming"))
    _mark_kept_phones(conn, "household_incoming", "number", "household_phones", phones, keys)
    n: int = conn.execute(
        statement("households_merge", "intake"),
        {"publication": publication, "batch_id": batch_id},
    ).scalar_one()
    conn.execute(text("DROP TABLE household_incoming"))
    conn.execute(text("ANALYZE household"))
    recount_households(conn)
    return n


def recount_households(conn: Connection) -> None:
    """Bring the household counts of the outlines in force up to date."""
    conn.execute(statement("households_recount", "intake"))


def save_cameras(
    conn: Connection, rows: Iterable[Sequence[Any]], *, publication: int | None, batch_id: UUID
) -> int:
    """Merge cameras (rows of `CAMERA_COLUMNS`) and return how many changed."""
    conn.execute(statement("cameras_incoming", "intake"))
    copy_rows(conn, "camera_incoming", CAMERA_COLUMNS, rows)
    n: int = conn.execute(
        statement("cameras_merge", "intake"), {"publication": publication, "batch_id": batch_id}
    ).scalar_one()
    conn.execute(text("DROP TABLE camera_incoming"))
    conn.execute(text("ANALYZE camera"))
    return n


def save_people(
    conn: Connection, rows: Iterable[Sequence[Any]], *, phones: Mapping[str, str], keys: KeyRing
) -> int:
    """Merge people (rows of `PERSON_COLUMNS`) and return how many changed."""
    conn.execute(statement("people_incoming", "intake"))
    copy_rows(conn, "person_incoming", PERSON_COLUMNS, rows)
    conn.execute(text("CREATE UNIQUE INDEX ON person_incoming (source_key)"))
    _mark_kept_phones(conn, "person_incoming", "source_key", "person_phones", phones, keys)
    n: int = conn.execute(statement("people_merge", "intake")).scalar_one()
    conn.execute(text("DROP TABLE person_incoming"))
    return n


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
    return batch_id


def close_batch(conn: Connection, batch_id: UUID, report: Mapping[str, Any]) -> None:
    """Write down what became of the rows of an import."""
    text_of = json.dumps(report, ensure_ascii=False, default=str)
    conn.execute(statement("batch_close", "intake"), {"batch_id": batch_id, "report": text_of})
