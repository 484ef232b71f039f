"""Hotspot answers over HTTP on the full county, by any filter, at one and ten million incidents."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import text

from grids import counts_held
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Bench, Spread
from tests.web.conftest import Caller, Staff, config_of
from web.app import create_app

DAYS, FIRST = 730, datetime(2024, 11, 23, tzinfo=UTC).date()
LAST = FIRST + timedelta(DAYS - 1)
MATTERS = [f"02{k:02d}" for k in range(1, 13)]
LEVELS, SOURCES = ("ordinary", "large"), ("desk", "worker", "resident")
MILLION = 1_000_000
SHARES = (1, 10)
METHODS = ("count", "excess", "gi", "change", "emerging", "scan")


@cache
def leader_of(millions: int) -> Caller:
    """Fill the counts of two years; return a leader who asks the application about them."""
    owner = make_engine(county_urls()[0], pooled=False)
    with begin(owner, EVERYWHERE) as conn:
        conn.execute(text("TRUNCATE daily_count"))
        conn.execute(
            text(
                "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
                " SELECT code, 'x', code, 24, daterange('2020-01-01', NULL)"
                " FROM unnest(CAST(:codes AS text[])) AS code"
                " ON CONFLICT DO NOTHING"
            ),
            {"codes": MATTERS},
        )
        grids = conn.execute(
            text("SELECT unit_code FROM unit_outline WHERE level = 'grid' ORDER BY 1")
        ).scalars()
        _fill(conn, list(grids), millions * MILLION)
        conn.execute(text("ANALYZE daily_count"))
    return Caller(create_app(config_of(owner)), _token())


@cache
def _token() -> str:
    """Return the leader's token: the account is opened once, whatever is counted."""
    owner = make_engine(county_urls()[0], pooled=False)
    return Staff(owner).account(Role.LEADER, COUNTY).token


def _fill(conn: Any, grids: list[str], incidents: int) -> None:
    """Draw incidents by grid, day and kind, and copy their counts."""
    draw = np.random.default_rng(7)
    kinds = list(itertools.product(MATTERS, LEVELS, SOURCES))
    weight = draw.gamma(0.8, 1.0, len(grids))
    shares = draw.dirichlet(np.ones(len(kinds)))
    unit = draw.choice(len(grids), incidents, p=weight / weight.sum())
    day, kind = draw.integers(0, DAYS, incidents), draw.choice(len(kinds), incidents, p=shares)
    cell, n = np.unique((unit * DAYS + day) * len(kinds) + kind, return_counts=True)
    unit, rest = np.divmod(cell, DAYS * len(kinds))
    day, kind = np.divmod(rest, len(kinds))
    dates = [str(FIRST + timedelta(int(d))) for d in range(DAYS)]
    ends = ["\t".join(("", *one)) + "\t" for one in kinds]
    driver = conn.connection.driver_connection
    command = "COPY daily_count (grid_code, day, matter_code, level, source, n) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for part in np.array_split(np.arange(cell.size), max(cell.size // 50_000, 1)):
            rows = zip(
                unit[part].tolist(),
                day[part].tolist(),
                kind[part].tolist(),
                n[part].tolist(),
                strict=True,
            )
            copy.write("".join(f"{grids[u]}\t{dates[d]}{ends[k]}{c}\n" for u, d, k, c in rows))


def questions() -> Iterator[str]:
    """Yield questions that differ in every filter, so that none is answered from what is kept."""
    draw = np.random.default_rng(11)
    for turn in itertools.count():
        method = METHODS[turn % len(METHODS)]
        days = int(draw.choice([7, 30, 90, 365])) if method != "scan" else 7
        until = LAST - timedelta(int(draw.integers(0, 40)))
        asked = [f"method={method}", f"since={until - timedelta(days - 1)}", f"until={until}"]
        if draw.random() < 0.5:
            asked.append(f"matter={draw.choice(MATTERS)}")
        if draw.random() < 0.3:
            asked.append(f"source={draw.choice(SOURCES)}")
        if draw.random() < 0.3:
            asked.append(f"level={draw.choice(LEVELS)}")
        if draw.random() < 0.3:
            asked.append("by=village")
        if draw.random() < 0.5:
            asked.append(f"compare={draw.choice(['prev', 'mom', 'yoy'])}")
        yield "/api/v1/hotspots?" + "&".join(asked)


def asked(millions: int, n: int = 60) -> tuple[Sequence[float], str]:
    """Return how long each of `n` different questions took, once warm."""
    leader = leader_of(millions)
    asking = questions()
    for _ in METHODS:
        leader.get(next(asking))
    seconds = []
    for _ in range(n):
        question = next(asking)
        start = time.perf_counter()
        answer = leader.get(question)
        seconds.append(time.perf_counter() - start)
        assert answer.status_code == 200, answer.text
    return seconds, f"median {statistics.median(seconds) * 1000:.0f} ms"


def held(millions: int) -> Callable[[], object]:
    """Return what reads all counts of the database into a process."""

    def read() -> object:
        engine = make_engine(county_urls()[0], pooled=False)
        with begin(engine, EVERYWHERE) as conn:
            return counts_held.read(conn)

    leader_of(millions)
    return read


def benches() -> Iterator[Bench | Spread]:
    """Yield answers to any filter, warm; and how long a process takes to warm up."""
    for millions, most in zip(SHARES, (0.3, 1.0), strict=True):
        yield Spread(
            f"hotspot answers, any filter, {millions} M incidents",
            lambda m=millions: asked(m),
            at_most_s=(most / 2, most),
            quoted=f"p95 <= {most * 1000:.0f} ms",
        )
        yield Bench(
            f"counts of {millions} M incidents into memory",
            lambda m=millions: held(m)(),
            rounds=1,
            wall=True,
        )
