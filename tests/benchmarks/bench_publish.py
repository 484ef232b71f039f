"""Publishing on the full county, its parts, and the proof in SQL beside an overlap join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, text

from geo.coverage import adjacency
from geo.errors import GeoError
from grids import plans
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.publications import cells_in_force, prove_in_force
from grids.publishing import publish, put_in_force
from tests.benchmarks.county_database import county_urls
from tests.benchmarks.harness import Bench, Count

N_CELLS = 100
N_VILLAGES = 10

# What a database without the proof has to ask for: pairs of cells whose insides meet, and cells
# that are not valid. It says nothing about gaps.
OVERLAPS = text(
    """
    SELECT (SELECT count(*) FROM cell_version WHERE upper_inf(valid) AND NOT ST_IsValid(outline))
         + (SELECT count(*)
              FROM cell_version AS a
              JOIN cell_version AS b ON a.cell_id < b.cell_id AND a.outline && b.outline
             WHERE upper_inf(a.valid) AND upper_inf(b.valid)
               AND ST_Relate(a.outline, b.outline, 'T********'))
    """
)
RESIDUE = text("SELECT count(*) FROM coverage_residue()")
# The other common question, which sees gaps as holes of the whole but no overlap.
UNION = text(
    "SELECT ST_NumInteriorRings(ST_GeometryN(ST_Union(outline), 1))"
    " FROM cell_version WHERE upper_inf(valid)"
)


def benches() -> Iterator[Bench | Count]:
    """Yield what is measured; each prepares its data when its turn comes."""
    owner, _ = county_urls()
    with begin(make_engine(owner), EVERYWHERE) as conn:
        plan_id = _a_plan(conn)
        n = plans.get(conn, everyone(), plan_id).n_changed
        yield Bench(
            f"put {n} changed cells of {N_VILLAGES} villages in force, with the full proof",
            lambda: _undone(conn, lambda: put_in_force(conn, everyone(), plan_id, "")),
            at_most_s=0.481,
            wall=True,
        )
        yield Bench(
            "the same with every check before",
            lambda: _undone(conn, lambda: publish(conn, everyone(), plan_id, "", draw=False)),
            wall=True,
        )
        yield Bench(
            "its preview: who moves",
            lambda: plans.impact(conn, everyone(), plan_id),
            wall=True,
        )
        yield Bench(
            "full proof of 10,386 cells in Python, read from the database",
            lambda: prove_in_force(conn),
            at_most_s=0.365,
            wall=True,
        )
        yield Bench(
            "full proof of 10,386 cells in SQL",
            lambda: conn.execute(RESIDUE).scalar(),
            {
                "ST_IsValid and pairwise overlap join": lambda: conn.execute(OVERLAPS).scalar(),
                "ST_Union and its holes": lambda: conn.execute(UNION).scalar(),
            },
            rounds=3,
            wall=True,
        )
        yield Bench(
            "full proof of 10,386 cells in SQL, seconds",
            lambda: conn.execute(RESIDUE).scalar(),
            at_most_s=2.0,
            rounds=3,
            wall=True,
        )
        yield Count("faults of the county's coverage", lambda: conn.execute(RESIDUE).scalar_one())


def _undone(conn: Connection, deed: Callable[[], object]) -> None:
    """Do something and take everything back, so that it can be done again."""
    with conn.begin_nested() as before:
        deed()
        before.rollback()


def _a_plan(conn: Connection) -> UUID:
    """Return a plan that gives cells to the grids beside them, in a few villages."""
    there = cells_in_force(conn)
    pairs = adjacency(there.outline)
    size = Counter(there.grid.tolist())
    rng = np.random.default_rng(5)
    villages = rng.choice(np.unique(there.village.astype(str)), N_VILLAGES, replace=False)
    plan = plans.create(conn, everyone(), "a hundred cells")
    done: Counter[str] = Counter()
    moved: set[int] = set()
    for k in rng.permutation(len(pairs.i)):
        i, j = int(pairs.i[k]), int(pairs.j[k])
        village, grid = str(there.village[i]), there.grid[j]
        fits = village in villages and village == there.village[j] and there.grid[i] != grid
        if not fits or i in moved or done[village] >= N_CELLS // N_VILLAGES:
            continue
        if size[there.grid[i]] < 2:
            continue
        try:
            with conn.begin_nested():
                cells = [int(there.cell_id[i])]
                plans.assign_cells(conn, everyone(), plan.plan_id, cells, grid)
        except GeoError:
            continue
        size[there.grid[i]] -= 1
        moved.add(i)
        done[village] += 1
    return plan.plan_id
