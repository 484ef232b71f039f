"""The county as it was: what was in force on a day, what a publication changed, a unit's life."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from grids import access, publications
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, GridsError, NotFound
from grids.local_time import CHINA, local_day
from grids.model import Level, Viewer
from grids.publications import CellsInForce, OutlinesInForce, Publication

# A day means its end in China, a moment itself, a number the publication of that number.
AsAt = date | datetime | int

# A unit whose land went back and forth for decades has relatives without end.
MAX_RELATIVES = 200


class BeforeFirst(GridsError):
    """What was asked for lies before the first publication."""

    code = "history.before_first"
    sentence = "Nothing was in force on {on} yet: the first boundaries came on {first}."


class NotYet(GridsError):
    """What was asked for lies in the future."""

    code = "history.not_yet"
    sentence = "{on} is still to come."


@dataclass(frozen=True, slots=True)
class Past:
    """A state of the county that somebody asked for.

    `moment` lies in the time during which `publication` was in force; names and duties are those
    of this moment.
    """

    publication: Publication
    moment: datetime


@dataclass(frozen=True, slots=True)
class Node:
    """A unit in a life: `begun` and `ended` bound the time in which it was in force."""

    code: str
    name: str
    level: str
    begun: datetime
    ended: datetime | None
    publication: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the node as the API has it."""
        return {
            "code": self.code,
            "name": self.name,
            "level": self.level,
            "from": self.begun,
            "to": self.ended,
            "publication": self.publication,
        }


@dataclass(frozen=True, slots=True)
class Link:
    """Land and households that went from one unit to another in a publication.

    No `source` is land that belonged to no unit, no `target` land that went to none; a unit that
    is both was given another border and kept this much.
    """

    source: str | None
    target: str | None
    kind: str
    area_m2: float
    n_households: int
    publication: int
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return the link as the API has it."""
        return {
            "from": self.source,
            "to": self.target,
            "kind": self.kind,
            "area_m2": self.area_m2,
            "n_households": self.n_households,
            "publication": self.publication,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Life:
    """Where a unit came from and what became of it; nodes by their beginning, links by time.

    `is_whole` is false where relatives beyond the first 200 were left out.
    """

    unit: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    is_whole: bool = field(default=True)


def parse_on(said: str) -> AsAt:
    """Return what a text asks for: a day, a moment (China's clock unless it says) or a number.

    Raises
    ------
    BadValue
        If it is none of them.

    Examples
    --------
    >>> parse_on("2026-11-22")
    datetime.date(2026, 11, 22)
    >>> parse_on("7")
    7
    """
    said = said.strip()
    if said.isascii() and said.isdigit() and len(said) < 8:
        return int(said)
    try:
        if len(said) == len("2026-11-22"):
            return date.fromisoformat(said)
        moment = datetime.fromisoformat(said)
    except ValueError:
        reason = "a day (2026-11-22), a moment (2026-11-22T08:30) or the number of a publication"
        raise BadValue(field="on", given=said, reason=reason) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def find(conn: Connection, on: AsAt, now: datetime) -> Past:
    """Return the publication that was in force, and the moment that is meant.

    Parameters
    ----------
    on
        A day is meant to its end in China, the present day up to `now`.

    Raises
    ------
    BeforeFirst
        If nothing was in force yet.
    NotYet
        For the future.
    NothingPublished
        Before the first boundaries.
    NotFound
        For a number that no publication has.
    """
    if isinstance(on, int):
        numbered = publications.get(conn, on)
        return Past(numbered, numbered.in_force_from)
    moment = _last_moment(on, now)
    row = conn.execute(statement("in_force_at", "history"), {"at": moment}).one_or_none()
    if row is None:
        publications.require_current(conn)
        began = local_day(publications.get(conn, 1).in_force_from)
        raise BeforeFirst(on=_said(on), first=began.isoformat())
    return Past(publications.as_publication(row), moment)


def _last_moment(on: date | datetime, now: datetime) -> datetime:
    if isinstance(on, datetime):
        if on > now:
            raise NotYet(on=_said(on))
        return on
    if datetime.combine(on, time(), CHINA) > now:
        raise NotYet(on=_said(on))
    # What comes into force on the stroke of midnight belongs to the day that begins.
    end = datetime.combine(on + timedelta(days=1), time(), CHINA) - timedelta(microseconds=1)
    return min(end, now)


def _said(on: date | datetime) -> str:
    return on.isoformat(timespec="minutes") if isinstance(on, datetime) else on.isoformat()


def cells(conn: Connection, past: Past) -> CellsInForce:
    """Return the cells that were in force."""
    rows = conn.execute(statement("cells_at", "history"), {"at": past.moment}).all()
    return publications.as_cells(rows)


def outlines(conn: Connection, past: Past, level: Level) -> OutlinesInForce:
    """Return the outlines of a level that were in force."""
    given = {"at": past.moment, "level": level.value}
    return publications.as_outlines(conn.execute(statement("outlines_at", "history"), given).all())


def names(conn: Connection, past: Past, codes: Iterable[str]) -> dict[str, str]:
    """Return what units were called, by code."""
    given = {"codes": sorted(codes), "at": past.moment}
    return {row.code: row.name for row in conn.execute(statement("names_at", "history"), given)}


def changes(
    conn: Connection, viewer: Viewer, before: int | None, after: int | None
) -> list[dict[str, Any]]:
    """Return the grids that differ between two publications, as GeoJSON features.

    A grid is there with its outline in the one (`side` is "before") and in the other ("after"),
    with its name, area and households of that time; `change` says whether it is new, gone or
    reshaped. Borders are no secret inside the county: nothing is cut to a territory.

    Parameters
    ----------
    before, after
        Numbers; none stands for the time before the first publication, and for today.

    Raises
    ------
    NotFound
        If there is no such publication.
    """
    access.require(viewer, Action.UNIT_SEE)
    for number in (before, after):
        if number is not None:
            publications.get(conn, number)
    rows = conn.execute(statement("changes", "history"), {"before": before, "after": after})
    return [
        {
            "type": "Feature",
            "id": f"{row.side}-{row.code}",
            "properties": {
                "side": row.side,
                "code": row.code,
                "name": row.name,
                "change": row.change,
                "area_m2": row.area_m2,
                "n_households": row.n_households,
                "bbox": [row.west, row.south, row.east, row.north],
            },
            "geometry": json.loads(row.geometry),
        }
        for row in rows
    ]


def life(conn: Connection, viewer: Viewer, code: str) -> Life:
    """Return a unit's lineage, through splits, merges and transfers over all publications.

    Who gave land to the unit or took some stands beside it. Beyond such a neighbour the search
    goes on only where the unit's land was founded on it: back from a unit to those that it began
    with, on from a unit to those that it ended in. Otherwise two transfers would make the whole
    county its family.

    Raises
    ------
    NotFound
        If there is no such unit in the viewer's territory.
    """
    access.require(viewer, Action.UNIT_SEE)
    access.require_territory(viewer, code)
    known = _nodes(conn, [code])
    if code not in known:
        raise NotFound(what="unit", key=code)
    links: set[Link] = set()
    asked: set[tuple[str, str]] = set()
    # The unit both ways; its ancestors up to when it left them, its heirs from when they got it.
    wanted: dict[tuple[str, str], datetime | None] = {(code, "back"): None, (code, "on"): None}
    while wanted and len(known) < MAX_RELATIVES:
        asked |= wanted.keys()
        found = [link for link in _links(conn, {unit for unit, _ in wanted}) if _told(link, wanted)]
        links.update(found)
        ends = {end for link in found for end in (link.source, link.target) if end}
        known |= _nodes(conn, sorted(ends - known.keys()))
        further: dict[tuple[str, str], datetime | None] = {}
        for link in found:
            if link.source is None or link.target is None or link.source == link.target:
                continue
            if (link.target, "back") in wanted and known[link.target].begun == link.at:
                further[link.source, "back"] = link.at
            if (link.source, "on") in wanted and known[link.source].ended == link.at:
                further[link.target, "on"] = link.at
        wanted = {way: bound for way, bound in further.items() if way not in asked}
    return Life(
        code,
        tuple(sorted(known.values(), key=lambda node: (node.begun, node.code))),
        tuple(
            sorted(links, key=lambda link: (link.publication, link.source or "", link.target or ""))
        ),
        not wanted,
    )


def _told(link: Link, wanted: dict[tuple[str, str], datetime | None]) -> bool:
    """Return whether a link belongs to the part of a unit's time that is followed."""
    for unit, way in ((link.target, "back"), (link.source, "on")):
        if unit is not None and (unit, way) in wanted:
            bound = wanted[unit, way]
            if bound is None or (link.at < bound if way == "back" else link.at > bound):
                return True
    return False


def _nodes(conn: Connection, codes: list[str]) -> dict[str, Node]:
    rows = conn.execute(statement("nodes", "history"), {"codes": codes})
    return {
        row.code: Node(row.code, row.name, row.level, row.begun, row.ended, row.publication)
        for row in rows
    }


def _links(conn: Connection, codes: Iterable[str]) -> list[Link]:
    rows = conn.execute(statement("links", "history"), {"codes": sorted(codes)})
    return [
        Link(
            row.from_code,
            row.to_code,
            row.kind,
            row.area_m2,
            row.n_households,
            row.publication,
            row.at,
        )
        for row in rows
    ]
