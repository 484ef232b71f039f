"""Residents: they report without an account, follow by a code, and say how it was done."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.errors import Refusal
from grids import audit, incidents, progress, receipts, reporters, resident_photos, schema
from grids.db import statement
from grids.errors import BadValue, TooLong
from grids.incident_report import KeyReused
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.progress import Progress
from grids.resident_choices import SOURCE, Place, categories, look_alikes, require_inside
from grids.secrets import KeyRing

LONGEST_WORDS = 1000
LONGEST_NOTE = 500


class NothingThere(Refusal):
    """No report has this code and telephone tail."""

    code = "resident.no_report"
    sentence = "No report fits this code and these last digits."


class NotDoneYet(Refusal):
    """What is not finished cannot be rated."""

    code = "resident.not_done"
    sentence = "This matter is not finished yet. Please rate it when it is."


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident reports; the page drew `key`, and `join` is an incident that is the same."""

    key: str
    category: str
    words: str
    place: Place
    name: str = ""
    phone: str = ""
    join: UUID | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a resident gets: the code to follow it by, and how far the matter is."""

    code: str
    needs_tail: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class Followed:
    """A report as its sender sees it; `stars` is none until it was rated."""

    progress: Progress
    joined: bool
    sent_at: datetime
    stars: int | None


def words_of(said: str) -> str:
    """Return a description without the blanks around it.

    Raises
    ------
    BadValue
        If nothing is left, or more than 1,000 characters.
    """
    words = said.strip()
    if not words:
        raise BadValue(field="words", given="", reason="empty")
    if len(words) > LONGEST_WORDS:
        raise TooLong(field="words", given=words, most=LONGEST_WORDS)
    return words


# Reports --------------------------------------------------------------------------------------


def receive(conn: Connection, said: Said, keys: KeyRing, now: datetime) -> Given:
    """Take in a report, or let it join the one that says the same; answer again the same.

    A photo that was kept under its key goes with it.

    Raises
    ------
    OutsideCounty, BadValue
        As `require_inside`, `words_of` and `reporters.sealed`; also for a category that is not
        offered, and for a report to join that is not open.
    KeyReused
        If the page sent something else before.
    """
    key, body = receipts.report_key(said.key), _body_hash(said)
    code, tail = receipts.code_of(said.key), receipts.tail_of(said.phone)
    known = _known(conn, key, body)
    if known is not None:
        return _given(conn, code, tail, known)
    require_inside(conn, said.place)
    if said.join is None:
        incident_id, territory = _new_incident(conn, said, key, keys, now)
    else:
        reporters.sealed(said.name, said.phone, keys)
        incident_id, territory = _joined(conn, said, now)
    new = conn.execute(
        upsert(schema.resident_report)
        .values(
            report_key=key,
            incident_id=incident_id,
            joined=said.join is not None,
            receipt_hash=receipts.receipt_hash(code, tail),
            body_hash=body,
            at=now,
            territory_code=territory,
        )
        .on_conflict_do_nothing()
    )
    if new.rowcount == 0:  # the same page was sent twice at once
        return _given(conn, code, tail, _known(conn, key, body) or incident_id)
    if said.join is not None:
        audit.record(conn, None, "report.join", f"incident {incident_id}", territory=territory)
    resident_photos.attach(conn, key, incident_id, now)
    return _given(conn, code, tail, incident_id)


def _new_incident(
    conn: Connection, said: Said, key: str, keys: KeyRing, now: datetime
) -> tuple[UUID, str]:
    offered = categories(conn, local_day(now))
    meant = {one.name: one.matter_code for one in offered}.get(said.category)
    if meant is None:
        raise BadValue(field="category", given=said.category[:20], reason="not offered")
    place = said.place
    report = IncidentReport(
        source=SOURCE,
        external_id=key,
        matter_code=meant,
        summary=words_of(said.words),
        place=place.landmark.strip(),
        x=place.x,
        y=place.y,
        datum=place.datum,
        accuracy_m=place.accuracy_m,
        unit_code=place.village_code or None,
        channel=SOURCE,
        reporter=reporters.sealed(said.name, said.phone, keys),
    )
    receipt, _ = incidents.receive(conn, None, report, now)
    return receipt.incident_id, receipt.territory_code


def _joined(conn: Connection, said: Said, now: datetime) -> tuple[UUID, str]:
    """Return an incident that was offered to be joined, and its territory.

    Raises
    ------
    BadValue
        If it was not, or is no longer open.
    """
    offered = {one.incident_id for one in look_alikes(conn, said.category, said.place, now)}
    if said.join not in offered:
        raise BadValue(field="join", given="", reason="not offered")
    (row,) = conn.execute(statement("joinable", "residents"), {"ids": [said.join]}).all()
    return said.join, row.territory_code


def _given(conn: Connection, code: str, tail: str, incident_id: UUID) -> Given:
    (found,) = progress.find(conn, [incident_id])
    return Given(receipts.shown(code), bool(tail), found)


# Following ------------------------------------------------------------------------------------


def find(conn: Connection, code: str, tail: str) -> Followed:
    """Return the report of a code and the last four digits of its sender's telephone number.

    Parameters
    ----------
    tail
        Empty for a report without a number.

    Raises
    ------
    NothingThere
        Whatever it is that does not fit: one look decides all of it.
    """
    row = conn.execute(
        select(schema.resident_report).where(
            schema.resident_report.c.receipt_hash == receipts.receipt_hash(code, tail)
        )
    ).one_or_none()
    found = progress.find(conn, [row.incident_id]) if row else []
    if row is None or not found:
        raise NothingThere
    return Followed(found[0], row.joined, row.at, row.stars)


def rate(conn: Connection, code: str, tail: str, stars: int, note: str, now: datetime) -> Followed:
    """Say how it was done, from one star to five, and return the report; the last word counts.

    Raises
    ------
    NothingThere
        As `find`.
    NotDoneYet
        Before it has ended.
    BadValue
        If there are fewer stars than one or more than five, or too many words.
    """
    followed = find(conn, code, tail)
    if stars not in range(1, 6):
        raise BadValue(field="stars", given=stars, reason="1 to 5")
    if len(note) > LONGEST_NOTE:
        raise TooLong(field="note", given="", most=LONGEST_NOTE)
    if not followed.progress.ended:
        raise NotDoneYet
    conn.execute(
        update(schema.resident_report)
        .where(schema.resident_report.c.receipt_hash == receipts.receipt_hash(code, tail))
        .values(stars=stars, stars_note=note.strip(), rated_at=now)
    )
    record = f"incident {followed.progress.incident_id}"
    audit.record(conn, None, "report.rate", record, territory=None, facts={"stars": stars})
    return find(conn, code, tail)


def _body_hash(said: Said) -> bytes:
    return hashlib.sha256(orjson.dumps(said)).digest()


def _known(conn: Connection, key: str, body: bytes) -> UUID | None:
    """Return the incident of a report that was sent before; none if it was not.

    Raises
    ------
    KeyReused
        If the page sent something else.
    """
    columns = schema.resident_report.c
    row = conn.execute(
        select(columns.incident_id, columns.body_hash).where(columns.report_key == key)
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.body_hash) != body:
        raise KeyReused(source=SOURCE, external_id=key)
    found: UUID = row.incident_id
    return found
