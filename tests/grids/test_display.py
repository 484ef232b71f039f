"""What is drawn is a coverage at every zoom, and all levels agree on it."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import outlines, prove, residue
from grids import display, plans
from grids.errors import NothingPublished
from grids.model import Level
from grids.publications import shapes
from grids.publishing import publish
from tests.grids.coverage_factory import VILLAGES, admin, found_small_county
from tests.grids.test_plans import adjacent_grids, line_across, neighbours


def drawn(conn, zoom, level):
    rows = conn.execute(
        text(
            "SELECT unit_code::text AS code, ST_AsBinary(outline) AS outline FROM unit_display"
            " WHERE zoom = :zoom AND level = :level ORDER BY unit_code"
        ),
        {"zoom": zoom, "level": level.value},
    ).all()
    flat = display.from_mercator(shapes(row.outline for row in rows))
    return dict(zip((row.code for row in rows), flat, strict=True))


def everything(conn):
    return {
        (row.level, row.zoom, row.unit_code): bytes(row.outline)
        for row in conn.execute(
            text("SELECT level, zoom, unit_code, ST_AsBinary(outline) AS outline FROM unit_display")
        )
    }


@pytest.fixture
def county(conn):
    return found_small_county(conn, free=0)


def test_there_is_nothing_to_draw_before_the_first_boundaries(conn):
    with pytest.raises(NothingPublished):
        display.rebuild(conn)


@pytest.mark.parametrize("zoom", display.ZOOMS)
def test_levels_agree_at_every_zoom(conn, county, zoom):
    units = {level: drawn(conn, zoom, level) for level in Level}
    assert len(units[Level.COUNTY]) == 1
    (whole,) = units[Level.COUNTY].values()
    for level in (Level.TOWNSHIP, Level.VILLAGE, Level.GRID):
        assert prove(list(units[level].values()), whole).exact
    for level in (Level.TOWNSHIP, Level.VILLAGE):
        grids = units[Level.GRID]
        united = outlines(list(grids.values()), [code[: level.digits] for code in grids])
        for code, outline in united.items():
            assert residue([outline]) == residue([units[level][code]])
    assert bool(units[Level.SUBGROUP]) is (zoom >= display.FIRST_SUBGROUP_ZOOM)


def test_the_last_zoom_shows_borders_as_they_are(conn, county):
    outline = drawn(conn, display.ZOOMS[-1], Level.COUNTY)
    (whole,) = outline.values()
    assert residue([whole]) == residue([county.county.outline])


def test_mercator_and_back_is_the_same_place():
    points = shapely.points(np.array([[99.6123457, 24.8123457], [-179.9999999, -60.0000001]]))
    there = display.from_mercator(display.to_mercator(points))
    assert shapely.equals_exact(there, points).all()


def a_change(conn, kind):
    plan_id = plans.create(conn, admin(), kind).plan_id
    if kind == "assign":
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    elif kind == "split":
        grid = f"{VILLAGES[0]}004"
        plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid))
    else:
        plans.merge_grids(conn, admin(), plan_id, *adjacent_grids(conn, VILLAGES[1]))
    return plan_id


@pytest.mark.parametrize("kind", ["assign", "split", "merge"])
def test_drawing_the_touched_villages_anew_equals_drawing_the_county_anew(conn, county, kind):
    before = everything(conn)
    publish(conn, admin(), a_change(conn, kind), "")
    partly = everything(conn)
    assert partly != before
    display.rebuild(conn)
    wholly = everything(conn)
    assert partly.keys() == wholly.keys()
    for key, outline in wholly.items():
        one, other = shapely.from_wkb(partly[key]), shapely.from_wkb(outline)
        # Ring starts are free, places are not.
        assert shapely.equals_exact(one.normalize(), other.normalize(), 1e-6), key
