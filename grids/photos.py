"""Photos of incidents: kept in the database, once for each key, cut to the territory."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Row, exists, or_, select, text

from grids import access, audit, schema
from grids.errors import GridsError, NotFound
from grids.incident_report import KeyReused
from grids.model import Viewer
from grids.territory import within

MOST = 12
"""Photos that an incident can have."""


class TooManyPhotos(GridsError):
    """The incident has as many photos as it may."""

    code = "photo.too_many"
    sentence = "This event has {most} photos already."


class Picture(Protocol):
    """A picture that is fit to be kept: JPEG that a program of ours encoded, and its size."""

    @property
    def jpeg(self) -> bytes:
        """The encoded picture."""

    @property
    def width(self) -> int:
        """Pixels from left to right."""

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""


def find(
    conn: Connection,
    viewer: Viewer | None,
    incident_id: UUID,
    given: bytes,
    key: str,
    *,
    report_key: str | None = None,
) -> UUID | None:
    """Return the photo that was kept of this file, so that it need not be read again.

    Arguments and refusals are those of `save`.
    """
    _require_incident(conn, viewer, incident_id, report_key)
    return _keep(conn, incident_id, given, key).photo  # type: ignore[no-any-return]


def save(
    conn: Connection,
    viewer: Viewer | None,
    incident_id: UUID,
    given: bytes,
    picture: Picture,
    key: str,
    now: datetime,
    *,
    step_key: str | None = None,
    report_key: str | None = None,
) -> UUID:
    """Keep a photo of an incident and return its id, the same each time it is sent.

    Parameters
    ----------
    viewer
        None for a resident, whose door has made sure that the incident is theirs.
    given
        The file as it was sent; only its digest is kept.
    picture
        What a program of ours made of the file.
    key
        The sender's key of this photo inside the incident: sent again it changes nothing.
    step_key
        The sender's key of the step that the photo shows; the step may be unknown.
    report_key
        The key with which the sender reported the incident. Whoever knows it may add to their
        report also where it came to lie outside their territory.

    Raises
    ------
    Forbidden
        If the viewer may not report.
    NotFound
        If there is no such incident in the viewer's territory, nor a report of theirs.
    KeyReused
        If another file came with the same key.
    TooManyPhotos
        If the incident has twelve.
    """
    _require_incident(conn, viewer, incident_id, report_key)
    kept = _keep(
        conn,
        incident_id,
        given,
        key,
        step_key=step_key,
        person=viewer.person_id if viewer else None,
        at=now,
        jpeg=picture.jpeg,
        sha256=hashlib.sha256(picture.jpeg).digest(),
        width=picture.width,
        height=picture.height,
    )
    if kept.outcome == "full":
        raise TooManyPhotos(most=MOST)
    if kept.outcome == "new":
        audit.record(
            conn,
            viewer,
            "photo.add",
            f"incident {incident_id}",
            territory=kept.territory,
            facts={"photo_id": kept.photo},
        )
    return kept.photo  # type: ignore[no-any-return]


def get(conn: Connection, viewer: Viewer, photo_id: UUID) -> bytes:
    """Return a photo as JPEG.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    access.require(viewer, access.Action.INCIDENT_SEE)
    photo = schema.photo.c
    jpeg: bytes | None = conn.execute(
        select(photo.jpeg).where(
            photo.photo_id == photo_id,
            within(photo.territory_code, viewer.scope),
        )
    ).scalar()
    if jpeg is None:
        raise NotFound(what="photo", key=str(photo_id))
    return bytes(jpeg)


_NOTHING = dict.fromkeys(("step_key", "person", "at", "jpeg", "sha256", "width", "height"))
_KEEP = text(
    "SELECT photo, territory, outcome FROM keep_photo(:incident, :key, :step_key, :person, :at,"
    " :given, :jpeg, :sha256, :width, :height, :most)"
)


def _keep(
    conn: Connection, incident_id: UUID, given: bytes, key: str, **picture: object
) -> Row[Any]:
    """Ask what is known of a key and, with a picture, keep it if nothing is."""
    sent = {"incident": incident_id, "key": key, "given": hashlib.sha256(given).digest()}
    kept = conn.execute(_KEEP, {**_NOTHING, **sent, **picture, "most": MOST}).one()
    if kept.outcome == "reused":
        raise KeyReused(source="photo", external_id=key)
    return kept


def _require_incident(
    conn: Connection, viewer: Viewer | None, incident_id: UUID, report_key: str | None
) -> None:
    if viewer is None:
        return
    access.require(viewer, access.Action.INCIDENT_REPORT)
    incident, reported = schema.incident.c, schema.incident_key.c
    seen = exists().where(
        incident.incident_id == incident_id,
        within(incident.territory_code, viewer.scope),
    )
    own = exists().where(reported.incident_id == incident_id, reported.external_id == report_key)
    if not conn.execute(select(or_(seen, own))).scalar_one():
        raise NotFound(what="incident", key=str(incident_id))
