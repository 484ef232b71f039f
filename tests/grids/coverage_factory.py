"""A small invented county taken into force through the real door: plan, import, publish."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from sqlalchemy import Connection, text

from geo.county import NestedCounty, invented_outline, make_county
from geo.coverage import outlines
from grids import plans
from grids.access import everyone
from grids.model import NewCell, NewUnit, Role, Viewer
from grids.publications import Publication
from grids.publishing import publish

COUNTY = "530524"
VILLAGES = ("530524101001", "530524101002", "530524102001")


@cache
def small_county(seed: int = 7) -> NestedCounty:
    """Three villages in two townships, 12 grids, 44 sub-groups; about 20 km2."""
    return make_county(invented_outline(radius_km=2.5, seed=seed), [2, 1], 12, 44, seed)


@dataclass(frozen=True)
class Coded:
    """The cells of a county with their codes, in the order of `county.cells`."""

    county: NestedCounty
    village: list[str]
    grid: list[str]
    subgroup: list[str]


def coded(county: NestedCounty, villages: tuple[str, ...] = VILLAGES) -> Coded:
    """Number grids inside villages and sub-groups inside grids, in the order of the cells."""
    village = [villages[v] for v in county.village_of]
    first = {v: int(county.grid_of[county.village_of == v].min()) for v in set(county.village_of)}
    grid = [
        f"{code}{g - first[v] + 1:03d}"
        for code, g, v in zip(village, county.grid_of, county.village_of, strict=True)
    ]
    seen: dict[str, int] = {}
    subgroup = []
    for code in grid:
        seen[code] = seen.get(code, 0) + 1
        subgroup.append(f"{code}{seen[code]:02d}")
    return Coded(county, village, grid, subgroup)


def admin(scope: str = COUNTY) -> Viewer:
    return Viewer(None, "grid administrator", Role.GRID_ADMIN, scope)


def add_parents(conn: Connection, villages: tuple[str, ...] = VILLAGES) -> None:
    rows = {}
    for code in villages:
        rows[code[:6]] = ("county", None)
        rows[code[:9]] = ("township", code[:6])
        rows[code] = ("village", code[:9])
    conn.execute(
        text(
            "INSERT INTO unit (code, level, name, parent_code)"
            " VALUES (:code, :level, :name, :parent)"
        ),
        [
            {"code": code, "level": level, "name": f"{level} {code}", "parent": parent}
            for code, (level, parent) in rows.items()
        ],
    )


def found_grids(
    conn: Connection, cells: Coded, *, free: tuple[str, ...] = (), check: bool = True
) -> Publication:
    """Put the grids in force, undivided; those in `free` become free land."""
    whole = outlines(cells.county.cells, cells.grid)
    plan = plans.create(conn, everyone(), "grids of the county", source="import")
    plans.add_import(
        conn,
        plan.plan_id,
        [
            NewCell(str(code)[:12], None if code in free else str(code), None, outline)
            for code, outline in whole.items()
        ],
        [NewUnit(str(code), f"grid {str(code)[-3:]}") for code in whole if code not in free],
    )
    return publish(conn, everyone(), plan.plan_id, "founding")


def divide(conn: Connection, cells: Coded, *, keep: tuple[str, ...] = ()) -> Publication:
    """Divide the grids in force, but for those to keep, into their sub-groups."""
    rows = [
        (village, grid, subgroup, outline)
        for village, grid, subgroup, outline in zip(
            cells.village, cells.grid, cells.subgroup, cells.county.cells, strict=True
        )
        if grid not in keep
    ]
    plan = plans.create(conn, everyone(), "sub-groups of the county", source="import")
    plans.add_import(
        conn,
        plan.plan_id,
        [NewCell(*row) for row in rows],
        [NewUnit(subgroup, f"group {subgroup[-2:]}") for _, _, subgroup, _ in rows],
    )
    return publish(conn, everyone(), plan.plan_id, "sub-groups")


def found_small_county(conn: Connection, *, keep: int = 3, free: int = 1, seed: int = 7) -> Coded:
    """Put the small county in force: its last `free` grids free land, `keep` grids undivided."""
    cells = coded(small_county(seed))
    add_parents(conn)
    every = sorted(set(cells.grid))
    land = tuple(every[len(every) - free :])
    found_grids(conn, cells, free=land)
    divide(conn, cells, keep=tuple(every[:keep]) + land)
    return cells


def scatter_households(conn: Connection, cells: Coded, n: int, seed: int = 0) -> None:
    """Add unplaced households at seeded places: inside, on borders and on corners of cells.

    Half-way along an edge a float may lie a hair beside it; none lies outside the county.
    """
    rng = np.random.default_rng(seed)
    places = []
    for outline in rng.choice(cells.county.cells, n):
        xy = shapely.get_coordinates(outline)
        pick = int(rng.integers(len(xy) - 1))
        inside = outline.representative_point()
        kind = rng.integers(4)
        if kind == 0:
            places.append(xy[pick])
        elif kind == 1:
            places.append((xy[pick] + xy[pick + 1]) / 2)
        else:
            places.append((np.array([inside.x, inside.y]) * 2 + xy[pick]) / 3)
    places = [xy for xy in places if cells.county.outline.covers(shapely.Point(xy))]
    conn.execute(
        text(
            "INSERT INTO household (number, position, placed_by, territory_code)"
            " VALUES (:number, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490), 'unplaced', :county)"
        ),
        [
            {"number": f"h{k:05d}", "lon": lon, "lat": lat, "county": COUNTY}
            for k, (lon, lat) in enumerate(places)
        ],
    )


def state(conn: Connection) -> tuple[object, ...]:
    """Return everything that publishing may change, to compare before and after."""
    tables: dict[str, str] = {
        "unit": "code, valid",
        "publication": "number, digest",
        "cell": "cell_id, created_in, retired_in",
        "cell_version": "cell_id, publication, grid_code, subgroup_code, outline, valid",
        "unit_outline": "unit_code, publication, outline, n_households, valid",
        "household": "household_id, grid_code, subgroup_code, territory_code, placed_by",
        "camera": "camera_id, grid_code, subgroup_code",
        "incident": "incident_id, grid_code, owner_id, version",
        "lineage": "publication, from_code, to_code, kind",
        "plan": "plan_id, state, version",
        "unit_display": "level, zoom, unit_code, outline",
        "notice": "notice_id",
    }
    return tuple(
        conn.execute(
            text(
                f"SELECT count(*), md5(string_agg(row::text, '|' ORDER BY row::text))"
                f" FROM (SELECT {columns} FROM {table}) AS row"
            )
        ).one()
        for table, columns in tables.items()
    )


def new_person(conn: Connection, name: str = "王工") -> uuid.UUID:
    person_id: uuid.UUID = conn.execute(
        text("INSERT INTO person (name, unit_code) VALUES (:name, :unit) RETURNING person_id"),
        {"name": name, "unit": COUNTY},
    ).scalar_one()
    return person_id


Found = Callable[[], Coded]
