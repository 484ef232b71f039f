"""Unit tiles cold and kept, beside tiles cut from the outlines as they are; the hotspot answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import Connection, text

from grids import staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from grids.secrets import KeyRing
from layers import county_hotspots, tiles
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Bench
from web.app import create_app
from web.clock import now
from web.config import Config

ZOOMS = range(9, 17)
PER_ZOOM = 12

# The same tile as servers make it that know one table of outlines: transform and clip it each time.
ON_THE_FLY = text(
    """
    WITH tile AS (
      SELECT ST_TileEnvelope(:z, :x, :y) AS frame
    ), near AS MATERIALIZED (
      SELECT o.level, o.unit_code::text AS code, u.name, u.kind, tile.frame,
             ST_Transform(o.outline, 3857) AS outline
        FROM tile, unit_outline AS o JOIN unit AS u ON u.code = o.unit_code
       WHERE upper_inf(o.valid) AND o.level = ANY(:levels)
         AND o.outline && ST_Transform(tile.frame, 4490)
    ), drawn AS (
      SELECT level, code, name, kind, ST_AsMVTGeom(outline, frame, 4096, 64, true) AS geom FROM near
      UNION ALL
      SELECT level || '_label', code, name, NULL,
             ST_AsMVTGeom(ST_PointOnSurface(outline), frame, 4096, 0, true)
        FROM near
    )
    SELECT ST_AsMVT(drawn, level) FROM drawn WHERE geom IS NOT NULL GROUP BY level
    """
)


def benches() -> Iterator[Bench]:
    """Yield what is measured; each prepares its data when its turn comes."""
    owner, web = county_urls()
    engine = make_engine(owner)
    with begin(engine, EVERYWHERE) as conn:
        token = _token(conn)
        wanted = _addresses(conn)
    with begin(make_engine(web), COUNTY) as conn:
        yield Bench(
            f"unit tile z9-16, cold, SQL ({len(wanted)} tiles)",
            lambda: [tiles.units_tile(conn, *at) for at in wanted],
            {"ST_AsMVT on the outlines": lambda: [_on_the_fly(conn, *at) for at in wanted]},
            ratio=3,
            rounds=3,
            wall=True,
        )
        yield Bench(
            "one unit tile, cold, SQL, mean",
            lambda: [tiles.units_tile(conn, *at) for at in wanted],
            at_most_s=1 / 200,
            rounds=3,
            repeat=len(wanted),
            wall=True,
        )
        viewer = everyone(scope=COUNTY)
        window = (date(2025, 3, 1), date(2025, 3, 30))
        yield Bench(
            "30 days of 2,110 grids counted, version known",
            lambda: county_hotspots.count(conn, viewer, *window),
            wall=True,
        )
    keys = KeyRing({1: bytes(32)})
    client = create_app(Config(web, b"s" * 32, keys, secure_cookies=False)).test_client()
    headers = {"Authorization": f"Bearer {token}"}
    addresses = [f"/tiles/1/units/{z}/{x}/{y}.mvt" for z, x, y in wanted]
    yield Bench(
        "one unit tile, kept, whole application",
        lambda: [client.get(path, headers=headers) for path in addresses],
        at_most_s=1 / 4000,
        repeat=len(addresses),
        wall=True,
    )


def _token(conn: Connection) -> str:
    root = everyone()
    person = staff.add_person(conn, root, "leader", COUNTY)
    granted = staff.grant(conn, root, person, Role.LEADER, COUNTY)
    moment: datetime = now()
    return staff.add_token(conn, root, person, granted, "bench", now=moment)


def _addresses(conn: Connection) -> list[tuple[int, int, int]]:
    """Return tiles that people look at: those where households are, some of each zoom."""
    found = conn.execute(
        text(
            """
            SELECT DISTINCT z, floor((ST_X(at) / 40075016.685578488 + 0.5) * 2 ^ z)::integer AS x,
                   floor((0.5 - ST_Y(at) / 40075016.685578488) * 2 ^ z)::integer AS y
              FROM (SELECT ST_Transform(position, 3857) AS at FROM household
                     ORDER BY number LIMIT 300) AS home, unnest(CAST(:zooms AS integer[])) AS z
             ORDER BY 1, 2, 3
            """
        ),
        {"zooms": list(ZOOMS)},
    ).all()
    by_zoom = {z: [(z, x, y) for at, x, y in found if at == z][:PER_ZOOM] for z in ZOOMS}
    return [at for z in ZOOMS for at in by_zoom[z]]


def _on_the_fly(conn: Connection, z: int, x: int, y: int) -> None:
    levels = [level for level, first in tiles.FIRST_ZOOM.items() if z >= first]
    conn.execute(ON_THE_FLY, {"z": z, "x": x, "y": y, "levels": levels}).all()
