"""What a resident may choose from: kinds of matters, villages, and open matters that look alike."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from geo.datum import parse_datum, to_cgcs2000
from geo.errors import Refusal
from grids import access, admission, assign, incident_links
from grids.db import statement
from grids.errors import BadValue, TooLong
from grids.local_time import local_day
from grids.locate import locate

SOURCE = "resident"
LONGEST_PLACE = 200
SHORTEST_LANDMARK = 2
MOST_ALIKE = 3
# What a browser knows only this badly says nothing about a village.
WORST_ACCURACY_M = 5_000.0


class OutsideCounty(Refusal):
    """A place that lies outside the county: somebody else is responsible there."""

    code = "resident.outside"
    sentence = "This place is outside our county."


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
        raise TooLong(field="landmark", given=place.landmark, most=LONGEST_PLACE)
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
