"""A resident's photo: it waits under the key of the page until the report is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from grids import photos, receipts, schema

KEPT = timedelta(days=1)


def keep(conn: Connection, key: str, picture: photos.Picture, now: datetime) -> None:
    """Keep a photo until the report with this key is sent; what is a day old goes."""
    table = schema.resident_photo
    conn.execute(delete(table).where(table.c.at < now - KEPT))
    row = {
        "jpeg": picture.jpeg,
        "width": picture.width,
        "height": picture.height,
        "at": now,
    }
    conn.execute(
        upsert(table)
        .values(report_key=receipts.report_key(key), **row)
        .on_conflict_do_update(index_elements=["report_key"], set_=row)
    )


def waits(conn: Connection, key: str) -> bool:
    """Return whether a photo waits for the report with this key."""
    columns = schema.resident_photo.c
    asked = select(columns.at).where(columns.report_key == receipts.report_key(key))
    return conn.execute(asked).one_or_none() is not None


def attach(conn: Connection, report_key: str, incident_id: UUID, now: datetime) -> None:
    """Give the photo that waits under what is kept of a key to the incident of its report."""
    table = schema.resident_photo
    row = conn.execute(
        delete(table).where(table.c.report_key == report_key).returning(table)
    ).one_or_none()
    if row is None:
        return
    jpeg = bytes(row.jpeg)
    picture = _Kept(jpeg, row.width, row.height)
    try:
        with conn.begin_nested():
            photos.save(conn, None, incident_id, jpeg, picture, report_key, now)
    except photos.TooManyPhotos:
        return


@dataclass(frozen=True, slots=True)
class _Kept:
    jpeg: bytes
    width: int
    height: int
