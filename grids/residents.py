"""Residents: they report without an account, follow by a code, and say how it was done.

A report's code comes of a key that the resident's page drew, of which nothing but hashes is kept:
the same page sent again is answered the same, and nobody who reads the tables can follow it. What
is looked up is the hash of code and telephone tail together, so a wrong code, a wrong tail and a
missing report are one and the same look.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.datum import parse_datum, to_cgcs2000
from geo.errors import Refusal
from grids import (
    access,
    admission,
    assign,
    audit,
    incident_links,
    incidents,
    photos,
    progress,
    reporters,
    schema,
)
from grids.db import statement
from grids.errors import BadValue
from grids.incident_report import KeyReused
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.locate import locate
from grids.progress import Progress
from grids.secrets import KeyRing

SOURCE = "resident"
TAIL_DIGITS = 4
LONGEST_WORDS = 1000
LONGEST_PLACE = 200
LONGEST_NOTE = 500
SHORTEST_LANDMARK = 2
MOST_ALIKE = 3
# What a browser knows only this badly says nothing about a village.
WORST_ACCURACY_M = 5_000.0

# Letters and digits that nobody takes for one another.
_SIGNS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ABCDEFGHJKMNPQRSTVWXYZ0123456789")
_HEARD_AS = str.maketrans("OIL", "011")
_CODE_SIGNS = 12
_KEY_DIGITS = range(16, 81)
_PHOTO_KEPT = timedelta(days=1)


class OutsideCounty(Refusal):
    """A place that lies outside the county: somebody else is responsible there."""

    code = "resident.outside"
    sentence = "This place is outside our county."


class NothingThere(Refusal):
    """No report has this code and telephone tail."""

    code = "resident.no_report"
    sentence = "No report fits this code and these last digits."


class NotDoneYet(Refusal):
    """What is not finished cannot be rated."""

    code = "resident.not_done"
    sentence = "This matter is not finished yet. Please rate it when it is."


@dataclass(frozen=True, slots=True)
class Category:
    """What a resident may choose, and the item of the admission list it stands for."""

    name: str
    matter_code: str
    matter_name: str


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An open matter that may be the same; `distance_m` is none where only landmarks agree."""

    incident_id: UUID
    reported_at: datetime
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is: a village with a landmark, a position in a datum, or both."""

    village_code: str | None = None
    landmark: str = ""
    x: float | None = None
    y: float | None = None
    datum: str | None = None
    accuracy_m: float | None = None


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


# What and where -------------------------------------------------------------------------------


@cache
def _offered() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("resident_categories.toml").read_text("utf-8"))


def categories(conn: Connection, on: date) -> list[Category]:
    """Return what a resident may choose from on a day, in its order."""
    listed = admission.list_in_force(conn, on)
    found = []
    for name, said in _offered().items():
        meant = next((m for word in said["names"] for m in listed if word in m.name), None)
        if meant:
            found.append(Category(name, meant.code, meant.name))
    return found


def villages(conn: Connection) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the villages in force as (code, name) under the name of their township, by code."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(statement("villages", "residents")):
        found.setdefault(row.township, []).append((row.code, row.name))
    return list(found.items())


def require_inside(conn: Connection, place: Place) -> None:
    """Let pass a place of the county, or one that says no position.

    Raises
    ------
    OutsideCounty
        If the position is in no village.
    BadValue
        If there is neither a position nor a village, or the words are too long.
    """
    if len(place.landmark) > LONGEST_PLACE:
        reason = f"longer than {LONGEST_PLACE} characters"
        raise BadValue(field="landmark", given=place.landmark[:20], reason=reason)
    if place.x is None or place.y is None:
        if not place.village_code:
            raise BadValue(field="village", given="", reason="empty")
        return
    at = to_cgcs2000(place.x, place.y, parse_datum(place.datum))
    if locate(conn, at, place.accuracy_m).village_code is None:
        raise OutsideCounty


def look_alikes(conn: Connection, category: str, place: Place, now: datetime) -> list[LookAlike]:
    """Return open matters of the same kind that were reported nearby in the last three days.

    Nearby is within 50 m of a position, else in the same village with a landmark of which one
    holds the other. Quarrels and hardship are nobody else's: they are never offered.
    """
    meant = {one.name: one.matter_code for one in categories(conn, local_day(now))}.get(category)
    if meant is None or not _offered()[category].get("shared"):
        return []
    distances: dict[UUID, float | None] = {}
    if place.x is not None and place.y is not None:
        at = to_cgcs2000(place.x, place.y, parse_datum(place.datum))
        viewer = access.everyone(SOURCE, assign.county_of(conn))
        near = incident_links.similar(conn, viewer, at, now, now, matter=meant)
        distances |= {one.incident.incident_id: one.distance_m for one in near if one.same_matter}
    elif place.village_code and len(place.landmark.strip()) >= SHORTEST_LANDMARK:
        asked = {
            "village": place.village_code,
            "matter": meant,
            "landmark": place.landmark.strip(),
            "since": now - incident_links.WITHIN,
            "most": MOST_ALIKE,
        }
        found = conn.execute(statement("same_landmark", "residents"), asked)
        distances |= dict.fromkeys(found.scalars())
    rows = conn.execute(statement("joinable", "residents"), {"ids": list(distances)})
    alike = [
        LookAlike(row.incident_id, row.reported_at, distances[row.incident_id]) for row in rows
    ]
    return sorted(alike, key=lambda one: (one.distance_m or 0.0, one.reported_at))[:MOST_ALIKE]


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
        reason = f"longer than {LONGEST_WORDS} characters"
        raise BadValue(field="words", given=words[:20], reason=reason)
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
    key, body = _report_key(said.key), _body_hash(said)
    code, tail = code_of(said.key), tail_of(said.phone)
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
            receipt_hash=_receipt_hash(code, tail),
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
    _attach_photo(conn, key, incident_id, now)
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
    return Given(shown(code), bool(tail), found)


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
            schema.resident_report.c.receipt_hash == _receipt_hash(plain(code), tail.strip())
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
        raise BadValue(field="note", given="", reason=f"longer than {LONGEST_NOTE} characters")
    if not followed.progress.ended:
        raise NotDoneYet
    conn.execute(
        update(schema.resident_report)
        .where(schema.resident_report.c.receipt_hash == _receipt_hash(plain(code), tail.strip()))
        .values(stars=stars, stars_note=note.strip(), rated_at=now)
    )
    record = f"incident {followed.progress.incident_id}"
    audit.record(conn, None, "report.rate", record, territory=None, facts={"stars": stars})
    return find(conn, code, tail)


def shown(code: str) -> str:
    """Return a code in groups of four, as it is printed."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def plain(code: str) -> str:
    """Return what somebody typed as the code they meant: O is 0, I and L are 1."""
    return "".join(sign for sign in code.upper() if sign.isalnum()).translate(_HEARD_AS)


def code_of(key: str) -> str:
    """Return the code of the report that a page with this key makes: 60 bits of its hash."""
    digest = hashlib.sha256(f"wangge receipt {key}".encode()).digest()
    return base64.b32encode(digest).decode().translate(_SIGNS)[:_CODE_SIGNS]


def tail_of(phone: str) -> str:
    """Return the last four digits of a telephone number; fewer if it has fewer."""
    return "".join(sign for sign in phone if sign.isdigit())[-TAIL_DIGITS:]


def _report_key(key: str) -> str:
    """Return what is kept of a page's key.

    Raises
    ------
    BadValue
        If the key is none that a page draws.
    """
    if len(key) not in _KEY_DIGITS or not key.isascii():
        raise BadValue(field="key", given="", reason="not drawn by a page")
    return hashlib.sha256(f"wangge report {key}".encode()).hexdigest()[:40]


def _receipt_hash(code: str, tail: str) -> bytes:
    return hashlib.sha256(f"{code}:{tail}".encode()).digest()


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


# Photos ---------------------------------------------------------------------------------------


def keep_photo(conn: Connection, key: str, picture: photos.Picture, now: datetime) -> None:
    """Keep a photo until the report with this key is sent; what is a day old goes."""
    table = schema.resident_photo
    conn.execute(delete(table).where(table.c.at < now - _PHOTO_KEPT))
    row = {
        "jpeg": picture.jpeg,
        "width": picture.width,
        "height": picture.height,
        "at": now,
    }
    conn.execute(
        upsert(table)
        .values(report_key=_report_key(key), **row)
        .on_conflict_do_update(index_elements=["report_key"], set_=row)
    )


def has_photo(conn: Connection, key: str) -> bool:
    """Return whether a photo waits for the report with this key."""
    columns = schema.resident_photo.c
    asked = select(columns.at).where(columns.report_key == _report_key(key))
    return conn.execute(asked).one_or_none() is not None


def _attach_photo(conn: Connection, key: str, incident_id: UUID, now: datetime) -> None:
    table = schema.resident_photo
    row = conn.execute(
        delete(table).where(table.c.report_key == key).returning(table)
    ).one_or_none()
    if row is None:
        return
    jpeg = bytes(row.jpeg)
    picture = _Kept(jpeg, row.width, row.height)
    try:
        with conn.begin_nested():
            photos.save(conn, None, incident_id, jpeg, picture, key, now)
    except photos.TooManyPhotos:
        return


@dataclass(frozen=True, slots=True)
class _Kept:
    jpeg: bytes
    width: int
    height: int
