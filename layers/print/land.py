"""What is read for a map: a unit's cells as they were in force, its names, who answers there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from geo.errors import Refusal
from geo.lattice import Geometries
from grids import access, roster
from grids.access import Action
from grids.db import statement
from grids.errors import NotFound, NothingPublished
from grids.model import Duty, Level, Viewer, level_of
from grids.publications import Codes, codes, shapes

_FOLDER = Path(__file__).parent


class WrongLevel(Refusal):
    """A kind of map was asked for a unit that it is not made for."""

    code = "print.level"
    sentence = "This map is not made for {unit}."


@dataclass(frozen=True, slots=True)
class Edition:
    """The publication that a map shows; `invented`: the county is the invented one of the demo."""

    number: int
    since: datetime
    latest: bool
    invented: bool


@dataclass(frozen=True, slots=True)
class PrintedUnit:
    """A unit by name and size; the area in geodesic square metres."""

    code: str
    level: Level
    name: str
    area_m2: float
    n_households: int


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Units of one level that a frame shows beside the mapped one, with outlines in degrees."""

    units: Sequence[PrintedUnit]
    outlines: Geometries


@dataclass(frozen=True, eq=False)
class Land:
    """A unit as a map shows it: its cells in degrees, and every unit in it and above it by code.

    `outlines` has those of the levels that were asked for, in degrees.
    """

    code: str
    edition: Edition
    units: dict[str, PrintedUnit]
    village: Codes
    grid: Codes
    subgroup: Codes
    cells: Geometries
    outlines: dict[str, Any]

    def below(self, level: Level, parent: str = "") -> list[PrintedUnit]:
        """Return the units of a level inside a parent, by code."""
        within = parent or self.code
        return [unit for unit in self._by_level[level] if unit.code.startswith(within)]

    @cached_property
    def _by_level(self) -> dict[Level, list[PrintedUnit]]:
        found: dict[Level, list[PrintedUnit]] = {level: [] for level in Level}
        for unit in self.units.values():
            found[unit.level].append(unit)
        return found

    def part(self, code: str) -> Land:
        """Return the land of a unit inside this one."""
        finest = [
            s or g or v for v, g, s in zip(self.village, self.grid, self.subgroup, strict=True)
        ]
        mask = np.fromiter((found.startswith(code) for found in finest), np.bool_, len(finest))
        return Land(
            code,
            self.edition,
            {key: unit for key, unit in self.units.items() if _related(key, code)},
            self.village[mask],
            self.grid[mask],
            self.subgroup[mask],
            self.cells[mask],
            {key: shape for key, shape in self.outlines.items() if _related(key, code)},
        )


def edition(conn: Connection, number: int | None = None) -> Edition:
    """Return a publication as an edition of the map; none: the one in force.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    NotFound
        If there is no publication of that number.
    """
    row = conn.execute(_statement("edition"), {"number": number}).one_or_none()
    if row is None and number is None:
        raise NothingPublished()
    if row is None:
        raise NotFound(what="publication", key=str(number))
    return Edition(row.number, row.in_force_from, row.latest, row.invented)


def read(
    conn: Connection,
    viewer: Viewer,
    code: str,
    levels: Sequence[Level],
    *,
    drawn: Sequence[Level],
    on: int | None = None,
) -> Land:
    """Return the land of a unit in the viewer's territory, as a publication had it.

    Parameters
    ----------
    levels
        What the map may be asked for.
    drawn
        Of which levels outlines are needed.
    on
        Number of a publication; none: the one in force.

    Raises
    ------
    NotFound
        If there is no such unit in the viewer's territory, or it had no land then.
    WrongLevel
        If it is of another level.
    NothingPublished
        Before the first boundaries.
    """
    access.require(viewer, Action.UNIT_SEE)
    access.require_territory(viewer, code)
    shown = edition(conn, on)
    above = [code[: level.digits] for level in Level if level.digits < len(code)]
    given = {"at": shown.since, "low": code}
    found = conn.execute(
        _statement("units"), given | {"above": above, "drawn": [level.value for level in drawn]}
    ).all()
    units = {row.code: _unit(row) for row in found}
    if code not in units:
        raise NotFound(what="unit", key=code)
    if level_of(code) not in levels:
        raise WrongLevel(unit=units[code].name, wanted=", ".join(levels))
    with_outline = [row for row in found if row.outline is not None]
    drawings = shapes(row.outline for row in with_outline)
    rows = conn.execute(_statement("cells"), given).all()
    return Land(
        code=code,
        edition=shown,
        units=units,
        village=codes(row.village_code for row in rows),
        grid=codes(row.grid_code for row in rows),
        subgroup=codes(row.subgroup_code for row in rows),
        cells=shapes(row.outline for row in rows),
        outlines={row.code: shape for row, shape in zip(with_outline, drawings, strict=True)},
    )


def around(
    conn: Connection, land: Land, level: Level, box: tuple[float, float, float, float]
) -> Surroundings:
    """Return the units of a level that a frame (west, south, east, north) shows beside the land."""
    west, south, east, north = box
    rows = conn.execute(
        _statement("around"),
        {
            "at": land.edition.since,
            "level": level.value,
            "low": land.code,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
        },
    ).all()
    return Surroundings([_unit(row) for row in rows], shapes(row.outline for row in rows))


def people(
    conn: Connection, viewer: Viewer, shown: Edition, wanted: Sequence[str], now: datetime
) -> dict[str, list[Duty]]:
    """Return who is on duty for each unit: primary first, then deputies, informants, desks.

    A past edition shows who was on duty when it came into force. Empty for viewers who may not
    see workers.
    """
    if Action.WORKER_SEE not in access.allowed(viewer.role):
        return {}
    order = ("primary", "deputy", "informant", "desk")
    found: dict[str, list[Duty]] = {}
    for duty in roster.on_duty(conn, wanted, now if shown.latest else shown.since):
        found.setdefault(duty.unit_code, []).append(duty)
    for duties in found.values():
        duties.sort(key=lambda duty: order.index(duty.rank))
    return found


def _statement(name: str) -> Any:
    return statement(name, "print", _FOLDER)


def _unit(row: Row[Any]) -> PrintedUnit:
    return PrintedUnit(row.code, Level(row.level), row.name, row.area_m2, row.n_households)


def _related(key: str, code: str) -> bool:
    return key.startswith(code) or code.startswith(key)
