"""The import wizard on files of the full county: recognised, and checked as the worker does.

A file of 96,000 rows is to be recognised within 2 s and checked within 30 s, one of 2,110 grids
checked within 60 s, each with the start of the processes that do it.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from grids import import_tasks, staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role, Viewer
from importers.recognise import recognise
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.data import points
from tests.benchmarks.harness import Bench
from web import import_files, import_work
from web.clock import now

N = 96_000
HEADINGS = ("户号", "地址", "楼栋", "人口", "家庭类别", "经度", "纬度")


def benches() -> Iterator[Bench]:
    """Yield what is measured; the files lie in a data folder of their own."""
    engine = make_engine(county_urls()[0])
    with TemporaryDirectory(prefix="wangge-bench-") as home:
        os.environ["WANGGE_HOME"] = home
        with begin(engine, EVERYWHERE) as conn:
            person = staff.add_person(conn, everyone(), "sender", COUNTY)
        sender = Viewer(person, "sender", Role.GRID_ADMIN, COUNTY)
        homes, grids = Path(home, "户籍.csv"), Path(home, "网格.geojson")
        _write_homes(homes)
        n = _write_grids(engine, grids)
        yield Bench(
            f"{N:,} rows of a CSV in GB18030 -> encoding, columns, first 50 rows",
            partial(recognise, homes, "households"),
            at_most_s=2,
            rounds=3,
            wall=True,
        )
        yield Bench(
            f"{N:,} households checked as a job, nothing kept",
            partial(_check, engine, sender, "households", homes),
            at_most_s=30,
            rounds=3,
            wall=True,
        )
        yield Bench(
            f"{n:,} grids checked as a job: repaired, proven, compared, drawn",
            partial(_check, engine, sender, "grids", grids),
            at_most_s=60,
            rounds=1,
            wall=True,
        )


def _write_homes(file: Path) -> None:
    with file.open("w", encoding="gb18030", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        for k, (lon, lat) in enumerate(points(N).tolist()):
            row = (f"new-{k}", f"幸福路{k % 400}号", k % 30, k % 7, "一般家庭", lon, lat)
            writer.writerow(row)


def _write_grids(engine: Engine, file: Path) -> int:
    with begin(engine, EVERYWHERE) as conn:
        rows = conn.execute(
            text(
                "SELECT u.code, u.name, ST_AsGeoJSON(o.outline, 7) AS shape FROM unit AS u"
                " JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)"
                " WHERE u.level = 'grid'"
            )
        ).all()
    features = [
        {
            "type": "Feature",
            "properties": {"编码": row.code, "名称": row.name},
            "geometry": json.loads(row.shape),
        }
        for row in rows
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return len(rows)


def _check(engine: Engine, sender: Viewer, kind: str, file: Path) -> None:
    """Check a file as the worker does, in a process of its own."""
    task_id = uuid4()
    with file.open("rb") as body:
        came = import_files.receive(body, task_id, file.name)
    with begin(engine, EVERYWHERE) as conn:
        import_tasks.create(
            conn,
            sender,
            task_id=task_id,
            kind=kind,
            file_name=file.name,
            sha256=came.sha256,
            n_bytes=came.n_bytes,
            options={"datum": "cgcs2000"},
            recognised={},
            now=now(),
        )
        import_tasks.ask(conn, sender, task_id, "check", now(), partial=False)
    asyncio.run(import_work.next_import(engine))
    _require_checked(engine, sender, task_id)


def _require_checked(engine: Engine, sender: Viewer, task_id: UUID) -> None:
    with begin(engine, EVERYWHERE) as conn:
        task = import_tasks.get(conn, sender, task_id)
    assert task.state == "checked", task.refusal
    assert task.account is not None
    assert task.account["counts"]["refused"] == 0, task.account["refusals"][:3]
