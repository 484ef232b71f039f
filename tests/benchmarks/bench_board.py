"""The board of a county with a million incidents of two years, over HTTP and in the database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import uuid4

import numpy as np
from sqlalchemy import Connection, Engine, text

from grids import board, tally_held
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role, Viewer
from grids.window import Window
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Bench, Limit, Spread

DAYS, LAST, INCIDENTS = 730, date(2026, 11, 22), 1_000_000
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
LEADER = Viewer(uuid4(), "leader", Role.LEADER, COUNTY)
YEAR = Window(LAST - timedelta(364), LAST)

# One row an incident, most of them closed, at the level and after the time that chance gives.
FILL = """
INSERT INTO incident_tally (incident_id, reported_at, day, territory_code, matter_code, step,
       closed_digits, came_closed, response_s, closing_s)
SELECT gen_random_uuid(), day, day, code, matter, step,
       CASE WHEN step = 'closed' THEN digits END, step = 'closed' AND chance < 0.05,
       CASE WHEN step NOT IN ('reported', 'duplicate') THEN (-ln(1 - random()) * 7200)::integer END,
       CASE WHEN step = 'closed' THEN (-ln(1 - random()) * 259200)::integer END
  FROM (SELECT g.codes[1 + floor(random() * cardinality(g.codes))::integer] AS code,
               CAST(:last AS date) - floor(random() * :days)::integer AS day,
               '02' || lpad((1 + floor(12 * random())::integer)::text, 2, '0') AS matter,
               CASE WHEN random() < 0.8 THEN 'closed'
                    ELSE (ARRAY['rejected', 'duplicate', 'reported', 'accepted'])
                         [1 + floor(4 * random())::integer] END AS step,
               (ARRAY[15, 12, 9, 6])[1 + floor(4 * random())::integer] AS digits,
               random() AS chance
          FROM generate_series(1, :n),
               (SELECT array_agg(unit_code) AS codes FROM unit_outline WHERE level = 'grid') AS g
       ) AS drawn
"""


@cache
def engine_of_the_web() -> Engine:
    """Return connections of the web role to a county whose tally is filled."""
    owner = make_engine(county_urls()[0], pooled=False)
    with begin(owner, EVERYWHERE) as conn:
        conn.execute(text("SELECT setseed(0.5)"))
        conn.execute(text(FILL), {"n": INCIDENTS, "days": DAYS, "last": LAST})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE incident_tally"))
    engine = make_engine(county_urls()[1])
    with begin(engine, COUNTY) as conn:
        tally_held.read(conn, [YEAR])
    return engine


def ask(conn: Connection, window: Window, **more: str) -> object:
    """Read one board, compared with the year before."""
    return board.read(conn, LEADER, window, NOW, **more)


def boards(n: int = 40) -> tuple[Sequence[float], str]:
    """Return how long boards of different periods and areas take, the county's year among them."""
    draw, engine, seconds = np.random.default_rng(5), engine_of_the_web(), []
    for turn in range(n):
        until = LAST - timedelta(int(draw.integers(0, 60)))
        days = int(draw.choice([7, 30, 90, 365]))
        more = {"area": f"{COUNTY}{101 + int(draw.integers(0, 13)):03d}"} if turn % 3 == 2 else {}
        start = time.perf_counter()
        with begin(engine, COUNTY) as conn:
            ask(conn, Window(until - timedelta(days - 1), until), **more)
        seconds.append(time.perf_counter() - start)
    return seconds, f"{n} periods and areas"


def database_s() -> float:
    """Return the processor seconds that the database spends on a year of the whole county."""
    with begin(engine_of_the_web(), COUNTY) as conn:
        process = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()

        def spent() -> float:
            with open(f"/proc/{process}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

        before = spent()
        for _ in range(10):
            ask(conn, YEAR)
        return (spent() - before) / 10


def first_reading() -> object:
    """Read the whole tally as a process does once."""
    engine_of_the_web()
    with begin(make_engine(county_urls()[1], pooled=False), COUNTY) as conn:
        return tally_held.read(conn, [YEAR])


def after_a_write() -> object:
    """Read a board when incidents of one day were written since the last one."""
    with begin(make_engine(county_urls()[0], pooled=False), EVERYWHERE) as conn:
        conn.execute(text("UPDATE incident_tally SET step = step WHERE day = :day"), {"day": LAST})
    with begin(engine_of_the_web(), COUNTY) as conn:
        return ask(conn, YEAR)


def benches() -> Iterator[Bench | Limit | Spread]:
    """Yield boards of any period, the database's share of the longest, and what keeps it up."""
    yield Limit(
        "board of a county's year, 1 M incidents: processor of the database",
        database_s,
        0.5,
        "s",
    )
    yield Spread("boards of any period, 1 M incidents", boards, (0.15, 0.3), "p95 <= 300 ms")
    yield Bench(
        "the same after a day was written", after_a_write, at_most_s=0.5, rounds=3, wall=True
    )
    yield Bench("the tally of 1 M incidents into memory", first_reading, rounds=1, wall=True)
