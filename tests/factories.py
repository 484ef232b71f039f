"""Rows with sensible defaults, so that a test shows only what matters to it.

The county of `make.grids` is a chessboard: squares of a hundredth of a degree, numbered from west
to east and north to south, each cut into sub-groups as upright strips.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
import shapely
from sqlalchemy import Connection, text

from geo.crs import area_m2
from geo.position import Position
from grids.model import Level, Role, Unit, Viewer

COUNTY = "530524"
TOWNSHIP = COUNTY + "101"
VILLAGE = TOWNSHIP + "001"

# Lattice units (1e-7 degree): the west and north of the first grid, and the side of a square.
WEST, NORTH, SIDE = 996_000_000, 248_400_000, 100_000


@dataclass(frozen=True)
class Square:
    """Where a grid of the chessboard lies, in lattice units."""

    west: int
    south: int

    def at(self, x: float, y: float) -> Position:
        """Return the position at shares `x`, `y` of the square, from its south-west corner."""
        return Position(
            round(self.west + x * SIDE) / 1e7,
            round(self.south + y * SIDE) / 1e7,
        )

    def strip(self, k: int, n: int) -> shapely.Polygon:
        """Return strip k of n as a polygon whose vertices meet those of the squares around."""
        xs = [(self.west + SIDE * i // n) / 1e7 for i in (k, k + 1)]
        south, north = self.south / 1e7, (self.south + SIDE) / 1e7
        return shapely.box(xs[0], south, xs[1], north)


class Make:
    """Writes rows as the owner role."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.squares: dict[str, Square] = {}

    # Units and cells --------------------------------------------------------------------------

    def unit(self, code: str, level: Level, name: str | None = None, **more: Any) -> Unit:
        parent = level.parent and code[: level.parent.digits]
        row = {"name": name or f"{level.value} {code[-3:]}", "initials": "", "source_code": None}
        row |= more
        self.conn.execute(
            text(
                "INSERT INTO unit (code, level, name, parent_code, initials, source_code)"
                " VALUES (:code, :level, :name, :parent, :initials, :source_code)"
                " ON CONFLICT DO NOTHING"
            ),
            {"code": code, "level": level.value, "parent": parent} | row,
        )
        return Unit(code, level, "base", row["name"], parent, row["source_code"])

    def grids(
        self,
        rows: int,
        cols: int,
        *,
        village: str = VILLAGE,
        subgroups: int = 0,
        free: tuple[int, ...] = (),
        east_by: int = 0,
    ) -> list[Unit]:
        """Put a chessboard in force and return its grids; `free` lists squares left as free land.

        A second call adds a village to the same publication; `east_by` moves it by squares.
        """
        for level in (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE):
            self.unit(village[: level.digits], level)
        number = self.publication()
        made: list[Unit] = []
        for square in range(rows * cols):
            row, col = divmod(square, cols)
            place = Square(WEST + (col + east_by) * SIDE, NORTH - (row + 1) * SIDE)
            if square in free:
                self.cell(number, village, None, None, place.strip(0, 1))
                continue
            code = f"{village}{len(made) + 1:03d}"
            made.append(self.unit(code, Level.GRID))
            self.squares[code] = place
            for k in range(max(subgroups, 1)):
                subgroup = f"{code}{k + 1:02d}" if subgroups else None
                if subgroup:
                    self.unit(subgroup, Level.SUBGROUP)
                strip = place.strip(k, max(subgroups, 1))
                self.cell(number, village, code, subgroup, strip)
        self.outlines(number)
        return made

    def publication(self) -> int:
        """Return the number in force, making the first one; its digest changes on each call."""
        self.conn.execute(
            text(
                "INSERT INTO publication (number, at, in_force_from, n_changed, digest)"
                " VALUES (1, now(), now(), 0, :digest)"
                " ON CONFLICT (number) DO UPDATE SET digest = excluded.digest"
            ),
            {"digest": uuid.uuid4().bytes},
        )
        return 1

    def cell(
        self,
        publication: int,
        village: str,
        grid: str | None,
        subgroup: str | None,
        outline: shapely.Polygon,
    ) -> int:
        cell_id: int = self.conn.execute(
            text("INSERT INTO cell (created_in) VALUES (:p) RETURNING cell_id"), {"p": publication}
        ).scalar_one()
        self.conn.execute(
            text(
                "INSERT INTO cell_version (cell_id, publication, village_code, grid_code,"
                " subgroup_code, outline, area_m2, valid) VALUES (:cell_id, :publication, :village,"
                " :grid, :subgroup, ST_SetSRID(CAST(:outline AS geometry), 4490), :area_m2,"
                " tstzrange(now(), NULL))"
            ),
            {
                "cell_id": cell_id,
                "publication": publication,
                "village": village,
                "grid": grid,
                "subgroup": subgroup,
                "outline": outline.wkb_hex,
                "area_m2": float(area_m2([outline])[0]),
            },
        )
        return cell_id

    def outlines(self, publication: int) -> None:
        """Derive the outlines of all units from the cells in force."""
        self.conn.execute(text("DELETE FROM unit_outline"))
        self.conn.execute(
            text(
                """
                INSERT INTO unit_outline (unit_code, publication, level, outline, area_m2, valid)
                SELECT u.code, :publication, u.level, ST_Multi(ST_Union(c.outline)),
                       sum(c.area_m2), tstzrange(now(), NULL)
                  FROM unit AS u
                  JOIN cell_version AS c ON upper_inf(c.valid) AND
                       starts_with(coalesce(c.subgroup_code, c.grid_code, c.village_code), u.code)
                 GROUP BY u.code, u.level
                """
            ),
            {"publication": publication},
        )

    def centre_of(self, grid: Unit) -> Position:
        """Return the middle of a grid, well inside its middle strip (or on its border)."""
        return self.squares[grid.code].at(0.5, 0.5)

    def corner_of(self, grid: Unit) -> Position:
        """Return a grid's south-east corner, shared with the three grids beside it."""
        return self.squares[grid.code].at(1, 0)

    def at(self, grid: Unit, x: float, y: float) -> Position:
        """Return a position at shares of a grid's width and height from its south-west corner."""
        return self.squares[grid.code].at(x, y)

    def edit(self, grid: Unit, outline: shapely.Polygon | None = None) -> UUID:
        """Put an outline for a grid into the inbox: its own, which asks for nothing."""
        shape = outline or self.squares[grid.code].strip(0, 1)
        edit_id: UUID = self.conn.execute(
            text(
                "INSERT INTO inbox_edit (source, unit_code, outline) VALUES ('qgis', :code,"
                " ST_SetSRID(CAST(:shape AS geometry), 4490)) RETURNING edit_id"
            ),
            {"code": grid.code, "shape": shape.wkb_hex},
        ).scalar_one()
        return edit_id

    # People -----------------------------------------------------------------------------------

    def person(self, name: str = "李网格", unit_code: str = COUNTY) -> UUID:
        person_id: UUID = self.conn.execute(
            text(
                "INSERT INTO person (name, unit_code, phone_mask)"
                " VALUES (:name, :unit, '138****5678') RETURNING person_id"
            ),
            {"name": name, "unit": unit_code},
        ).scalar_one()
        return person_id

    def duty(
        self,
        unit_code: str,
        rank: str = "primary",
        *,
        person_id: UUID | None = None,
        name: str | None = None,
        since: date = date(2020, 1, 1),
        until: date | None = None,
    ) -> UUID:
        """Put a person on duty and return who it is; `until` is the first day no longer served."""
        person_id = person_id or self.person(name or f"{rank} of {unit_code}", unit_code)
        self.conn.execute(
            text(
                "INSERT INTO duty (person_id, unit_code, rank, valid)"
                " VALUES (:person_id, :unit, :rank, daterange(:since, :until))"
            ),
            {
                "person_id": person_id,
                "unit": unit_code,
                "rank": rank,
                "since": since,
                "until": until,
            },
        )
        return person_id

    def leave(self, person_id: UUID, since: datetime, until: datetime) -> None:
        self.conn.execute(
            text("INSERT INTO leave (person_id, during) VALUES (:p, tstzrange(:since, :until))"),
            {"p": person_id, "since": since, "until": until},
        )

    def viewer(self, role: Role = Role.GRID_ADMIN, scope: str = COUNTY) -> Viewer:
        return Viewer(self.person(f"{role} {scope}", scope), f"{role} {scope}", role, scope)

    # Registers --------------------------------------------------------------------------------

    def matter(self, code: str = "0201", **more: Any) -> str:
        row = {"first_rank": "primary", "limit_hours": 24, "level": "ordinary"} | more
        self.conn.execute(
            text(
                "INSERT INTO matter (code, scheme, name, first_rank, limit_hours, level, valid)"
                " VALUES (:code, 'list-b', :code, :first_rank, :limit_hours, :level,"
                " '[2020-01-01,)') ON CONFLICT DO NOTHING"
            ),
            row | {"code": code},
        )
        return code

    def household(
        self,
        number: str,
        *,
        grid: Unit | None = None,
        at: Position | None = None,
        address: str = "",
        phone: bytes | None = None,
    ) -> UUID:
        """Add a household, placed in `grid` by code if one is given, else unplaced."""
        household_id: UUID = self.conn.execute(
            text(
                "INSERT INTO household (number, address, position, grid_code, placed_by,"
                " territory_code, phone_cipher, phone_mask) VALUES (:number, :address,"
                " ST_SetSRID(ST_MakePoint(:lon, :lat), 4490), :grid, :placed_by, :territory,"
                " CAST(:phone AS bytea), CASE WHEN :has_phone THEN '138****5678' END)"
                " RETURNING household_id"
            ),
            {
                "number": number,
                "address": address,
                "lon": at.lon if at else None,
                "lat": at.lat if at else None,
                "grid": grid.code if grid else None,
                "placed_by": "code" if grid else "unplaced",
                "territory": grid.code if grid else COUNTY,
                "phone": phone,
                "has_phone": phone is not None,
            },
        ).scalar_one()
        return household_id

    def camera(self, device_id: str, grid: Unit, at: Position | None = None) -> UUID:
        at = at or self.centre_of(grid)
        camera_id: UUID = self.conn.execute(
            text(
                "INSERT INTO camera (registry, device_id, position, grid_code, territory_code)"
                " VALUES ('police', :device_id, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490),"
                " :grid, :grid) RETURNING camera_id"
            ),
            {"device_id": device_id, "lon": at.lon, "lat": at.lat, "grid": grid.code},
        ).scalar_one()
        return camera_id


@pytest.fixture
def make(conn: Connection) -> Make:
    """A factory on the test's own transaction."""
    return Make(conn)
