"""Rows of a file through the batch doors: read, checked, placed, stored, counted.

`WANGGE_ROWS` says how many rows a file has (20,000). The figure to reach is 60,000 rows a second
from the file to the committed row, every check made.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, text

from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine, set_scope
from importers.households import import_households
from importers.incidents import import_incidents
from importers.options import ImportOptions
from importers.report import ImportReport
from tests.benchmarks.county_database import county_urls
from tests.benchmarks.data import points
from tests.benchmarks.harness import Bench

N = int(os.environ.get("WANGGE_ROWS", "20000"))
ROWS_A_S = 60_000
MATTERS = ("0201", "0202", "0203", "0204")

Door = Callable[..., ImportReport]


def benches() -> Iterator[Bench]:
    """Yield what is measured; each prepares its data when its turn comes."""
    engine = make_engine(county_urls()[0])
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
                " SELECT code, 'list-b', code, 24, '[2020-01-01,)'"
                "   FROM unnest(CAST(:codes AS text[])) AS code ON CONFLICT DO NOTHING"
            ),
            {"codes": list(MATTERS)},
        )
    with TemporaryDirectory(prefix="wangge-bench-") as folder:
        for name, door, headings, rows in (
            ("households", import_households, HOUSEHOLD, _households()),
            ("incidents that have ended", import_incidents, INCIDENT, _incidents()),
        ):
            file = Path(folder, f"{door.__name__}.csv")
            _write(file, headings, rows)
            yield Bench(
                f"{N:,} {name}, CSV -> validated, placed, stored, one row",
                partial(_take_in, engine, door, file),
                at_most_s=1 / ROWS_A_S,
                rounds=3,
                repeat=N,
                wall=True,
            )


HOUSEHOLD = ("number", "address", "building", "members", "class", "lon", "lat")
INCIDENT = (
    *("external_id", "matter_code", "summary", "place", "reported_at", "closed_at"),
    *("level", "lon", "lat"),
)


def _households() -> Iterator[tuple[Any, ...]]:
    for k, (lon, lat) in enumerate(points(N).tolist()):
        yield (f"new-{k}", f"幸福路{k % 400}号", k % 30, k % 7, "ordinary", lon, lat)


def _incidents() -> Iterator[tuple[Any, ...]]:
    for k, ((lon, lat), matter) in enumerate(zip(points(N).tolist(), cycle(MATTERS), strict=False)):
        day = f"2025-{k % 12 + 1:02d}-{k % 28 + 1:02d}"
        times = (f"{day} 09:{k % 60:02d}:00", f"{day} 17:{k % 60:02d}:00")
        yield (f"e-{k}", matter, f"路灯不亮 {k}", "村口", *times, "ordinary", lon, lat)


def _write(file: Path, headings: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(headings)
        writer.writerows(rows)


def _take_in(engine: Engine, door: Door, file: Path) -> None:
    """Take the whole file in and roll it back, so that the next round finds it new."""
    with engine.connect() as conn, conn.begin() as transaction:
        set_scope(conn, EVERYWHERE)
        report = door(conn, everyone("operator"), file, ImportOptions(datum="cgcs2000"))
        assert (report.read, report.taken, report.refused) == (N, N, 0), report.as_dict()
        transaction.rollback()
