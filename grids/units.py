"""Units as screens read them: the tree, the card of one, and the search over everything."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Connection

from grids import access, roster
from grids.access import Action
from grids.db import statement
from grids.errors import NotFound
from grids.initials import initials
from grids.model import Level, Viewer

Box = tuple[float, float, float, float]

# What a search looks through, in this order, and what the viewer has to be allowed to see.
_KINDS = {
    "unit": Action.UNIT_SEE,
    "person": Action.WORKER_SEE,
    "household": Action.HOUSEHOLD_SEE,
    "incident": Action.INCIDENT_SEE,
    "camera": Action.CAMERA_SEE,
}
_TABLES = {
    "unit": "search_units",
    "person": "search_people",
    "household": "search_households",
    "incident": "search_incidents",
    "camera": "search_cameras",
}
_HITS_EACH = 8

# Lines of townships and the county are long, and everybody knows their neighbours.
_WITH_NEIGHBOURS = {Level.VILLAGE, Level.GRID, Level.SUBGROUP}


class Extent(TypedDict):
    """A unit with its bounding box (west, south, east, north), none before it has an outline."""

    code: str
    name: str
    bbox: Box | None


@dataclass(frozen=True, slots=True)
class Child:
    """A line of the tree of units."""

    code: str
    level: str
    kind: str
    name: str
    n_households: int
    n_children: int
    area_m2: float | None
    bbox: Box | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A unit beyond the border, and who answers for it."""

    code: str
    name: str
    worker: str | None
    phone_mask: str | None


@dataclass(frozen=True, slots=True)
class UnitCard:
    """All that a screen says about a unit, retired ones included.

    `n_households` have a grid, as in the tree and on the map; `n_unplaced` wait for one.
    `duties` are those of now, `history` says where its land came from and went, the newest first.
    """

    code: str
    level: str
    kind: str
    name: str
    source_code: str | None
    path: list[dict[str, str]]
    area_m2: float | None
    bbox: Box | None
    centre: tuple[float, float] | None
    n_children: int
    n_households: int
    n_unplaced: int
    n_cameras: int
    n_open_incidents: int
    duties: list[dict[str, Any]]
    neighbours: list[Neighbour]
    history: list[dict[str, Any]]
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is, what opens it, what to write, where it is (or was)."""

    kind: str
    key: str
    title: str
    subtitle: str
    level: str | None = None
    bbox: Box | None = None
    at: tuple[float, float] | None = None
    retired_at: datetime | None = None


def extent(conn: Connection, code: str | None) -> Extent | None:
    """Return name and box of a unit, of the county for None; None if there is no such unit."""
    row = conn.execute(statement("extent", "units"), {"code": code}).one_or_none()
    return Extent(code=row.code, name=row.name, bbox=_box(row)) if row else None


def children(conn: Connection, viewer: Viewer, parent: str | None = None) -> list[Child]:
    """Return the units in force under a parent, by code; without one, the viewer's own territory.

    Raises
    ------
    NotFound
        For a parent outside the viewer's territory.
    """
    access.require(viewer, Action.UNIT_SEE)
    if parent is not None:
        access.require_territory(viewer, parent)
    rows = conn.execute(statement("children", "units"), {"parent": parent, "scope": viewer.scope})
    return [
        Child(
            row.code,
            row.level,
            row.kind,
            row.name,
            row.n_households,
            row.n_children,
            row.area_m2,
            _box(row),
        )
        for row in rows
    ]


def card(conn: Connection, viewer: Viewer, code: str, now: datetime) -> UnitCard:
    """Return a unit's card.

    Raises
    ------
    NotFound
        If there is no such unit in the viewer's territory.
    """
    access.require(viewer, Action.UNIT_SEE)
    access.require_territory(viewer, code)
    row = conn.execute(statement("card", "units"), {"code": code}).one_or_none()
    if row is None:
        raise NotFound(what="unit", key=code)
    above = [code[: level.digits] for level in Level if level.digits <= len(code)]
    path = conn.execute(statement("path", "units"), {"codes": above})
    history = conn.execute(statement("history", "units"), {"code": code})
    may_see_workers = Action.WORKER_SEE in access.allowed(viewer.role)
    return UnitCard(
        code=row.code,
        level=row.level,
        kind=row.kind,
        name=row.name,
        source_code=row.source_code,
        path=[{"code": p.code, "name": p.name, "level": p.level} for p in path],
        area_m2=row.area_m2,
        bbox=_box(row),
        centre=None if row.lon is None else (row.lon, row.lat),
        n_children=row.n_children,
        n_households=row.n_households,
        n_unplaced=row.n_unplaced,
        n_cameras=row.n_cameras,
        n_open_incidents=row.n_open_incidents,
        duties=_duties(conn, code, now) if may_see_workers else [],
        neighbours=(
            neighbours(conn, viewer, [code], now) if Level(row.level) in _WITH_NEIGHBOURS else []
        ),
        history=[
            {
                "publication": line.publication,
                "at": line.at,
                "kind": line.kind,
                "from": line.from_code,
                "to": line.to_code,
                "n_households": line.n_households,
            }
            for line in history
        ],
        retired_at=row.retired_at,
    )


def neighbours(
    conn: Connection, viewer: Viewer, codes: Sequence[str], now: datetime
) -> list[Neighbour]:
    """Return the units that share a border line with these, by code, each with its worker.

    They may lie outside the viewer's territory: who answers beyond the border is what a worker
    at the border has to know.
    """
    rows = conn.execute(statement("neighbours", "units"), {"codes": list(codes), "at": now}).all()
    if Action.WORKER_SEE not in access.allowed(viewer.role):
        return [Neighbour(row.code, row.name, None, None) for row in rows]
    return [Neighbour(row.code, row.name, row.worker, row.phone_mask) for row in rows]


def features(conn: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return outlines in force as GeoJSON features with code, level and name.

    Borders are no secret inside the county, so they are not cut to a territory.
    """
    rows = conn.execute(statement("outlines", "units"), {"codes": list(codes)})
    return [
        {
            "type": "Feature",
            "id": row.code,
            "properties": {"code": row.code, "level": row.level, "name": row.name},
            "geometry": json.loads(row.geometry),
        }
        for row in rows
    ]


def outline(conn: Connection, viewer: Viewer, code: str) -> dict[str, Any]:
    """Return the outline in force of a unit in the viewer's territory as a GeoJSON feature.

    Raises
    ------
    NotFound
        If there is none.
    """
    access.require(viewer, Action.UNIT_SEE)
    access.require_territory(viewer, code)
    found = features(conn, [code])
    if not found:
        raise NotFound(what="unit", key=code)
    return found[0]


def search(conn: Connection, viewer: Viewer, said: str, *, limit: int = _HITS_EACH) -> list[Hit]:
    """Return what the viewer may see of what was looked for: at most `limit` of each kind.

    Units are found by code, publisher's code, name or pinyin initials, retired ones by their whole
    code; people on duty by name;
    households by number or address; incidents by number; cameras by device id or name.
    """
    said = said.strip()
    if not said:
        return []
    literal = re.sub(r"([\\%_])", r"\\\1", said)
    asked = {
        "said": said,
        "prefix": literal + "%",
        "within": f"%{literal}%",
        # Letters may be initials; what has other signs is none.
        "initials": f"%{initials(said)}%" if said.isascii() and said.isalnum() else None,
        "scope": viewer.scope,
        "limit": limit,
    }
    hits: list[Hit] = []
    for kind, action in _KINDS.items():
        if action in access.allowed(viewer.role):
            hits += _hits(conn, kind, asked)
    return hits


def _hits(conn: Connection, kind: str, asked: dict[str, Any]) -> list[Hit]:
    query = statement(_TABLES[kind], "units")
    wanted = {name: asked[name] for name in query.compile().params}
    found = []
    for row in conn.execute(query, wanted):
        fields = row._mapping
        at = (fields["lon"], fields["lat"]) if fields.get("lon") is not None else None
        bbox = _box(row) if "west" in fields else None
        subtitle = fields["subtitle"] or ""
        level, retired_at = fields.get("level"), fields.get("retired_at")
        found.append(Hit(kind, str(row.key), row.title, subtitle, level, bbox, at, retired_at))
    return found


def _duties(conn: Connection, code: str, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "person_id": duty.person_id,
            "name": duty.name,
            "phone_mask": duty.phone_mask,
            "rank": duty.rank,
            "on_leave": duty.on_leave,
        }
        for duty in roster.on_duty(conn, [code], now)
    ]


def _box(row: Any) -> Box | None:
    return None if row.west is None else (row.west, row.south, row.east, row.north)
