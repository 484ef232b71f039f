"""A database that holds the invented county at full scale, for as long as the process lives."""

from __future__ import annotations

import atexit
import os
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import Connection, make_url, text

from geo.county import NestedCounty
from geo.coverage import outlines
from geo.crs import area_m2
from geo.locator import Locator
from grids import display
from grids.db import EVERYWHERE, begin, make_engine
from grids.migrations import migrate
from grids.plan_import import copy_rows
from tests.benchmarks.data import county, points
from web.cluster import Cluster

COUNTY = "530524"
PROJECT = Path(__file__).parents[2]
N_HOUSEHOLDS = 95_945
FIRST_DAY = date(2025, 1, 1)
DIGITS = {6: "county", 9: "township", 12: "village", 15: "grid", 17: "subgroup"}


def _url(name: str, role: str | None = None) -> str:
    given = os.environ.get("WANGGE_TEST_DATABASE_URL")
    if given is None:
        cluster = Cluster.at(PROJECT / ".wangge" / "test", unsafe=True)
        cluster.up()
        given = cluster.url()
    url = make_url(given).set(database=name)
    if role is not None:
        url = url.set(username=role)
    return url.render_as_string(hide_password=False)


@cache
def county_urls() -> tuple[str, str]:
    """Return the URLs of the owner and of the web role; the database goes with the process."""
    name = f"wangge_bench_{uuid.uuid4().hex[:8]}"
    admin = make_engine(_url("postgres"), pooled=False)
    admin = admin.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))

    def drop() -> None:
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    atexit.register(drop)
    engine = make_engine(_url(name), pooled=False)
    migrate(engine)
    with begin(engine, EVERYWHERE) as conn:
        _fill(conn, county())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))
    return _url(name), _url(name, "wangge_web")


def _fill(conn: Connection, made: NestedCounty) -> None:
    conn.execute(
        text(
            "INSERT INTO publication (number, at, in_force_from, n_changed, digest)"
            " VALUES (1, now(), now(), :n, '')"
        ),
        {"n": len(made.cells)},
    )
    subgroup = codes(made)
    levels = {digits: [code[:digits] for code in subgroup] for digits in DIGITS}
    whole = {digits: outlines(made.cells, labels) for digits, labels in levels.items()}
    # The moment is not this transaction's: a unit has to be older than what refers to it.
    copy_rows(
        conn,
        "unit",
        ("code", "level", "name", "parent_code"),
        (
            (code, level, f"{level} {code[-3:]}", code[: max(d for d in DIGITS if d < digits)])
            if digits > 6
            else (code, level, "county", None)
            for digits, level in DIGITS.items()
            for code in whole[digits]
        ),
    )
    conn.execute(
        text("INSERT INTO cell (cell_id, created_in) SELECT n, 1 FROM generate_series(1, :n) AS n"),
        {"n": len(made.cells)},
    )
    conn.execute(
        text("SELECT setval(pg_get_serial_sequence('cell', 'cell_id'), :n)"),
        {"n": len(made.cells)},
    )
    valid = f"[{conn.execute(text('SELECT now()')).scalar()},)"
    areas = area_m2(made.cells)
    copy_rows(
        conn,
        "cell_version",
        (
            *("cell_id", "publication", "village_code", "grid_code", "subgroup_code"),
            *("outline", "area_m2", "valid"),
        ),
        (
            (k + 1, 1, code[:12], code[:15], code, _wkb(cell), area, valid)
            for k, (code, cell, area) in enumerate(zip(subgroup, made.cells, areas, strict=True))
        ),
    )
    homes = Locator(made.cells).locate(points(N_HOUSEHOLDS))
    homes = homes[homes >= 0]
    lived = {
        digits: dict(zip(*np.unique(np.array(labels)[homes], return_counts=True), strict=True))
        for digits, labels in levels.items()
    }
    copy_rows(
        conn,
        "unit_outline",
        ("unit_code", "publication", "level", "outline", "area_m2", "n_households", "valid"),
        (
            (
                code,
                1,
                DIGITS[digits],
                _wkb(_multi(shape)),
                1.0,
                int(lived[digits].get(code, 0)),
                valid,
            )
            for digits, by_code in whole.items()
            for code, shape in by_code.items()
        ),
    )
    _add_households(conn, subgroup, homes)
    _add_reports(conn, lived[15])
    display.rebuild(conn)


def codes(made: NestedCounty) -> list[str]:
    """Return the code of each cell: sub-groups numbered in grids, grids in villages, and so on."""
    found: list[str] = []
    numbers: dict[str, dict[int, int]] = {}

    def number(parent: str, unit: int) -> int:
        inside = numbers.setdefault(parent, {})
        return inside.setdefault(unit, len(inside) + 1)

    for k, (t, v, g) in enumerate(
        zip(made.township_of, made.village_of, made.grid_of, strict=True)
    ):
        township = f"{COUNTY}{100 + number(COUNTY, t):03d}"
        village = f"{township}{number(township, v):03d}"
        grid = f"{village}{number(village, g):03d}"
        found.append(f"{grid}{number(grid, k):02d}")
    return found


def _add_households(conn: Connection, subgroup: list[str], homes: np.ndarray) -> None:
    xy = points(N_HOUSEHOLDS)[Locator(county().cells).locate(points(N_HOUSEHOLDS)) >= 0]
    copy_rows(
        conn,
        "household",
        ("number", "position", "grid_code", "subgroup_code", "placed_by", "territory_code"),
        (
            (f"h{k}", _wkb(shapely.Point(at)), code[:15], code, "position", code)
            for k, (at, code) in enumerate(zip(xy, (subgroup[c] for c in homes), strict=True))
        ),
    )


def _add_reports(conn: Connection, households: dict[str, int]) -> None:
    columns = ("grid_code", "day", "matter_code", "level", "source", "n")
    copy_rows(conn, "daily_count", columns, _reports(households))


def _reports(households: dict[str, int]) -> Iterator[tuple[str, date, str, str, str, int]]:
    """Yield reports of a year: Poisson by households, with rates that differ between grids."""
    rng = np.random.default_rng(3)
    grids = [str(code) for code in households]
    rate = np.array(list(households.values())) * rng.gamma(4, 1 / 4, len(grids)) * 0.002
    for day in range(365):
        for matter in ("0201", "0202", "0203", "0204"):
            drawn = rng.poisson(rate / 4)
            for i in np.flatnonzero(drawn):
                at = FIRST_DAY + timedelta(days=day)
                yield grids[i], at, matter, "ordinary", "desk", int(drawn[i])


def _multi(shape: shapely.Polygon | shapely.MultiPolygon) -> shapely.MultiPolygon:
    return shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])


def _wkb(shape: shapely.Geometry) -> str:
    return str(shapely.to_wkb(shapely.set_srid(shape, 4490), hex=True, include_srid=True))
