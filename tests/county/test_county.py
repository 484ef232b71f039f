"""What must be true of a whole county: its counts, its proof, where points lie, what moves."""

from __future__ import annotations

from datetime import date

import geopandas
import numpy as np
import shapely
from sqlalchemy import text

from geo.errors import Refusal
from grids import locate, plans, publications, publishing
from grids.access import everyone
from grids.model import Level
from layers import county_hotspots
from tests.county.conftest import County

N_POINTS = 100_000


def test_the_counts_are_those_of_the_model_county(county: County, whole):
    assert publications.counts_by_level(whole) == {
        Level.COUNTY: 1,
        Level.TOWNSHIP: 13,
        Level.VILLAGE: 124,
        Level.GRID: 2_110,
        Level.SUBGROUP: 10_386,
    }
    rows = whole.execute(text("SELECT class, count(*) FROM household GROUP BY class"))
    assert {row[0]: row[1] for row in rows} == {"ordinary": 95_945, "care": 613, "key_care": 33}


def test_the_exported_county_is_an_exact_coverage(wangge, tmp_path):
    for kind, n in (("subgroups", 10_386), ("grids", 2_110), ("county", 1)):
        code, answer = wangge("export", kind, str(tmp_path / f"{kind}.gpkg"))
        assert (code, answer["rows"]) == (0, n)
    for kind in ("subgroups", "grids"):
        code, report = wangge(
            "coverage", "check", str(tmp_path / f"{kind}.gpkg"), "--id", "code",
            "--within", str(tmp_path / "county.gpkg"),
        )  # fmt: skip
        assert report["exact"] is True
        assert report["faults"] == []
        assert code == 0


def test_every_point_inside_has_exactly_one_grid_as_shapely_finds_it(wangge, whole, tmp_path):
    file = tmp_path / "grids.gpkg"
    wangge("export", "grids", str(file))
    grids = geopandas.read_file(file)
    county = shapely.coverage_union_all(grids.geometry.values)
    west, south, east, north = county.bounds
    rng = np.random.default_rng(7)
    xy = rng.uniform((west, south), (east, north), (4 * N_POINTS, 2))
    shapely.prepare(county)
    xy = xy[shapely.contains_xy(county, xy[:, 0], xy[:, 1])][:N_POINTS]
    assert len(xy) == N_POINTS
    point, grid = shapely.STRtree(grids.geometry.values).query(
        shapely.points(xy), predicate="intersects"
    )
    assert len(point) == N_POINTS
    assert np.array_equal(np.unique(point), np.arange(N_POINTS))
    theirs = np.empty(N_POINTS, dtype=object)
    theirs[point] = grids["code"].to_numpy()[grid]
    ours = locate.homes_of(whole, xy)
    assert list(ours.grid_codes) == list(theirs)
    assert all(sub.startswith(code) for sub, code in zip(ours.subgroup_codes, theirs, strict=True))


def test_the_proof_in_sql_agrees(whole):
    levels = [level.value for level in Level]
    left = whole.execute(
        text("SELECT count(*) FROM coverage_residue(:levels)"), {"levels": levels}
    ).scalar()
    assert left == 0
    assert publications.prove_in_force(whole).exact


def test_an_edit_moves_exactly_what_its_preview_names(whole):
    viewer = everyone("test")
    plan = plans.create(whole, viewer, "一个小组换网格")
    village = whole.execute(
        text(
            "SELECT village_code FROM cell_version WHERE upper_inf(valid)"
            " GROUP BY 1 HAVING count(DISTINCT grid_code) > 5 ORDER BY 1 LIMIT 1"
        )
    ).scalar_one()
    here = plans.cells(whole, viewer, plan.plan_id, villages=[village])
    before = _homes(whole)
    moved = None
    for k in np.argsort(-here.n_households):
        touching = shapely.touches(here.outline, here.outline[k])
        shared = shapely.length(shapely.intersection(here.outline, here.outline[k]))
        beside = np.flatnonzero(touching & (shared > 0) & (here.grid != here.grid[k]))
        for j in beside:
            try:
                with whole.begin_nested():
                    moved = plans.assign_cells(
                        whole, viewer, plan.plan_id, [int(here.cell_id[k])], here.grid[j]
                    )
                break
            except Refusal:
                continue
        if moved:
            break
    assert moved is not None
    foreseen = plans.impact(whole, viewer, plan.plan_id)
    n = sum(move.n for move in foreseen.households)
    assert n > 0
    publishing.publish(whole, viewer, plan.plan_id, "试验")
    after = _homes(whole)
    changed = {number for number in before if before[number] != after[number]}
    assert len(changed) == n
    assert publications.prove_in_force(whole).exact


def _homes(conn) -> dict[str, tuple[str | None, str | None]]:
    rows = conn.execute(text("SELECT number, grid_code, subgroup_code FROM household"))
    return {row[0]: (row[1], row[2]) for row in rows}


def test_a_lasting_hotspot_is_found_where_it_was_planted(county: County, whole):
    spot = next(one for one in county.truth["planted"] if one["name"] == "persistent")
    found = county_hotspots.read(
        whole,
        everyone("test"),
        date.fromisoformat(spot["since"]),
        date.fromisoformat(spot["until"]),
        matter=spot["matter"],
    )
    hot = {row.code for row in found.rows if row.outline}
    assert hot & set(spot["grids"])
