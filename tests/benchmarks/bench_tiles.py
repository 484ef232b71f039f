"""Unit tiles cold and kept, beside tiles cut from the outlines as they are; the hotspot answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, text

from grids import staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from layers import county_hotspots, tiles
from tests.benchmarks.bench_stream import served
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Bench
from web.clock import now

ZOOMS = range(9, 17)
PER_ZOOM = 12
N_READERS = 8
PASSES = 5
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

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
    addresses = [f"/tiles/1/units/{z}/{x}/{y}.mvt" for z, x, y in wanted]
    with TemporaryDirectory(prefix="wangge-bench-") as home, served(Path(home)) as port:
        for work, etag in (("sent", False), ("unchanged (304)", True)):
            with Readers(port, token, addresses, etags=etag) as readers:
                yield Bench(
                    f"one unit tile, kept, {work}, {N_READERS} connections to two workers",
                    readers.read_all,
                    at_most_s=1 / 4000,
                    repeat=N_READERS * PASSES * len(addresses),
                    wall=True,
                )


class Readers:
    """Kept-alive connections that ask for tiles one after the other, each in a thread.

    They share the machine with the server: their own time is in the figure.
    """

    def __init__(self, port: int, token: str, addresses: list[str], *, etags: bool) -> None:
        self._questions = [(path, token, _etag(path) if etags else "") for path in addresses]
        self._wanted = b"304" if etags else b"200"
        self._lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(N_READERS)]
        self._threads = ThreadPoolExecutor(N_READERS)

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        for line in self._lines:
            line.close()

    def read_all(self) -> None:
        """Ask for every tile on every connection."""
        for done in [self._threads.submit(self._read, line) for line in self._lines]:
            done.result()

    def _read(self, line: socket.socket) -> None:
        for _ in range(PASSES):
            for path, token, etag in self._questions:
                line.sendall(_question(path, token, etag))
                head, _, body = line.recv(1 << 16).partition(b"\r\n\r\n")
                assert head[9:12] == self._wanted, head
                length = _LENGTH.search(head)
                rest = int(length[1]) - len(body) if length and not etag else 0
                while rest > 0:
                    rest -= len(line.recv(rest))


def _question(path: str, token: str, etag: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    lines += [f"If-None-Match: {etag}"] if etag else []
    return "\r\n".join([*lines, "", ""]).encode()


def _etag(path: str) -> str:
    publication, _, z, x, y = path.removeprefix("/tiles/").removesuffix(".mvt").split("/")
    return f'"{publication}-{z}-{x}-{y}"'


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
