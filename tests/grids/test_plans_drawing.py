"""Borders that are drawn: both neighbours and their sub-groups follow, or nothing is changed."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import prove
from geo.errors import GeoError
from geo.patch import Multipart
from geo.patch_move import NotABorder
from grids import plan_arcs, plans
from grids.errors import BadValue, NotFound
from grids.model import Level
from grids.plan_sign import NotOfThisPlan
from grids.publications import cells_in_force, outlines_in_force, prove_in_force
from grids.publishing import publish
from tests.grids.coverage_factory import (
    VILLAGES,
    admin,
    found_small_county,
    scatter_households,
)
from tests.grids.plan_drawing import (
    a_move,
    bent,
    borders,
    bulge,
    faultless,
    free_land,
    inside_free_land,
    ring_around,
)
from tests.grids.test_plans import content


@pytest.fixture
def county(conn):
    return found_small_county(conn)


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "draw borders").plan_id


def proven(conn, plan_id, county):
    here = plans.cells(conn, admin(), plan_id, villages=list(VILLAGES))
    return prove(here.outline, county.county.outline).exact


def test_a_bent_border_moves_both_neighbours_and_nothing_else(conn, plan_id, county):
    border = next(a for a in borders(conn, plan_id) if len(a.line.coords) > 4)
    before, after = bent(border.line)
    outcome = plans.move_border(conn, admin(), plan_id, [{"before": before, "after": after}])
    assert set(outcome.changed.cell_id.tolist()) >= {border.left, border.right}
    assert proven(conn, plan_id, county)
    at = np.round(np.array(after[len(after) // 2]) * 1e7)
    holders = [
        cell
        for cell, outline in zip(outcome.changed.cell_id, outcome.changed.outline, strict=True)
        if (np.abs(shapely.get_coordinates(outline) * 1e7 - at).max(axis=1) < 0.5).any()
    ]
    assert set(map(int, holders)) == {border.left, border.right}


def test_a_vertex_moves_in_every_ring_that_has_it(conn, plan_id, county):
    border = next(a for a in borders(conn, plan_id) if len(a.line.coords) > 4)
    node = border.line.coords[0]
    to = [node[0] + 2e-5, node[1] + 1e-5]
    beside = sum(
        shapely.dwithin(cells_in_force(conn).outline, shapely.Point(node), 1e-9).astype(int)
    )
    outcome = plans.move_vertex(conn, admin(), plan_id, node, to)
    assert len(outcome.changed) == beside >= 3
    assert proven(conn, plan_id, county)


def test_a_reshaped_border_runs_along_the_line(conn, plan_id, county):
    made = 0
    for border in borders(conn, plan_id):
        line = bulge(border.line)
        try:
            outcome = plans.reshape_border(
                conn, admin(), plan_id, border.left_grid, border.right_grid, line
            )
        except GeoError:
            continue
        made += 1
        edge = shapely.union_all(shapely.boundary(outcome.changed.outline))
        middle = shapely.LineString(line).interpolate(0.5, normalized=True)
        assert shapely.distance(edge, middle) < 1e-6
        assert proven(conn, plan_id, county)
    assert made >= 3


def test_painted_land_goes_to_the_grid_and_its_rest_stays(conn, plan_id, county):
    border = next(a for a in borders(conn, plan_id) if len(a.line.coords) > 4)
    at = border.line.interpolate(0.5, normalized=True)
    ring = ring_around((at.x, at.y))
    plans.nibble_land(conn, admin(), plan_id, border.left_grid, ring, loose="keep")
    here = plans.cells(conn, admin(), plan_id, villages=[border.left_grid[:12]])
    (cell,) = np.flatnonzero(shapely.covers(here.outline, shapely.Point(at.x, at.y)))[:1]
    assert here.grid[cell] == border.left_grid
    assert proven(conn, plan_id, county)


def test_a_grid_drawn_on_free_land_comes_into_force_with_its_people(conn, plan_id, county):
    scatter_households(conn, county, 300)
    number, before = free_land(conn)
    outcome = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "河滩网格")
    (code,) = {g for g in outcome.changed.grid if g is not None}
    assert outcome.changed.names[code].name == "河滩网格"
    assert code not in set(cells_in_force(conn).grid)
    assert faultless(conn, plan_id)
    foreseen = plans.impact(conn, admin(), plan_id)
    publish(conn, admin(), plan_id, "settled by the river")
    there = cells_in_force(conn, code)
    assert shapely.covers(before, there.outline[0])
    assert prove_in_force(conn).exact
    assert code in set(outlines_in_force(conn, Level.GRID).code)
    lived = conn.execute(
        text("SELECT count(*) FROM household WHERE grid_code = :code"), {"code": code}
    ).scalar()
    balance = {grid.grid_code: grid.after for grid in foreseen.balance}
    assert balance[code] == lived
    rest = cells_in_force(conn)
    assert rest.grid[rest.cell_id == number] == [None]
    kinds = conn.execute(
        text("SELECT kind FROM lineage WHERE to_code = :code"), {"code": code}
    ).scalars()
    assert set(kinds) == {"create"}


def test_the_whole_free_land_becomes_a_grid_and_is_published(conn, plan_id):
    number, _ = free_land(conn)
    outcome = plans.found_grid(conn, admin(), plan_id, [number], "公园", kind="exclusive")
    (code,) = outcome.changed.grid
    assert code[12:] == "901"
    assert faultless(conn, plan_id)
    publish(conn, admin(), plan_id, "a park")
    assert cells_in_force(conn, code).cell_id.tolist() == [number]
    assert prove_in_force(conn).exact


def test_a_grid_given_up_becomes_free_land_and_ends(conn, plan_id):
    there = cells_in_force(conn)
    grid = f"{VILLAGES[0]}001"
    ids = there.cell_id[there.grid == grid].tolist()
    outcome = plans.assign_cells(conn, admin(), plan_id, ids, None)
    assert set(outcome.changed.grid) == {None}
    publish(conn, admin(), plan_id, "nobody lives here")
    assert len(cells_in_force(conn, grid)) == 0
    assert prove_in_force(conn).exact


def test_pieces_that_would_be_cut_off_are_offered_with_their_neighbours(conn, plan_id, county):
    offered = None
    for border in borders(conn, plan_id):
        at = border.line.interpolate(0.5, normalized=True)
        inner = shapely.Point(at.x, at.y)
        ring = ring_around((inner.x, inner.y), 20)
        others = {
            arc.left_grid
            for arc in borders(conn, plan_id)
            if arc.left_grid[:12] == border.left_grid[:12]
        } - {border.left_grid, border.right_grid}
        for taker in sorted(others):
            try:
                plans.nibble_land(conn, admin(), plan_id, taker, ring)
            except Multipart as refusal:
                offered = (taker, ring, refusal)
                break
        if offered:
            break
    taker, ring, refusal = offered
    pieces = refusal.facts["pieces"]
    assert [p["area_m2"] for p in pieces] == sorted((p["area_m2"] for p in pieces), reverse=True)
    (loose,) = [p for p in pieces if p["loose"]]
    assert loose["neighbours"][0]["border_m"] > 0
    assert content(conn, plan_id) == []
    kept = plans.nibble_land(conn, admin(), plan_id, taker, ring, loose="keep")
    assert taker in set(kept.changed.grid)
    assert proven(conn, plan_id, county)


def test_a_step_that_is_tried_leaves_no_trace(conn, plan_id):
    tables = ("plan_cell", "plan_step", "plan_unit", "plan_sketch")
    before = [conn.execute(text(f"SELECT count(*) FROM {t}")).scalar() for t in tables]
    plan = plans.get(conn, admin(), plan_id)
    with plans.tried(conn):
        tried = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "试画")
    assert [conn.execute(text(f"SELECT count(*) FROM {t}")).scalar() for t in tables] == before
    assert plans.get(conn, admin(), plan_id) == plan
    made = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "试画")
    assert set(made.changed.grid) == set(tried.changed.grid)
    assert shapely.equals_exact(
        shapely.union_all(made.changed.outline), shapely.union_all(tried.changed.outline)
    )


def test_a_unit_that_the_plan_makes_is_renamed_and_its_name_is_published(conn, plan_id):
    outcome = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "一号")
    (code,) = {g for g in outcome.changed.grid if g is not None}
    plans.rename_unit(conn, admin(), plan_id, code, "滨河网格")
    plans.rename_unit(conn, admin(), plan_id, code, "河滨网格")
    plans.undo(conn, admin(), plan_id)
    here = plans.cells(conn, admin(), plan_id, grid=code)
    assert here.names[code].name == "滨河网格"
    plans.redo(conn, admin(), plan_id)
    with pytest.raises(NotOfThisPlan):
        plans.rename_unit(conn, admin(), plan_id, f"{VILLAGES[0]}001", "别人的")
    with pytest.raises(BadValue):
        plans.rename_unit(conn, admin(), plan_id, code, "  ")
    publish(conn, admin(), plan_id, "named")
    name = conn.execute(text("SELECT name FROM unit WHERE code = :c"), {"c": code}).scalar()
    assert name == "河滨网格"


def test_the_border_of_a_territory_is_locked_and_what_lies_beyond_is_not_told(conn, plan_id):
    own = admin(VILLAGES[0])
    mine = plans.create(conn, own, "my village").plan_id
    seen = plan_arcs.arcs(conn, own, mine, villages=[VILLAGES[0]])
    ids = set(cells_in_force(conn, VILLAGES[0]).cell_id.tolist())
    assert {arc.left for arc in seen} | {arc.right for arc in seen} == ids | {None}
    edge = next(a for a in seen if a.locked and len(a.line.coords) > 2)
    before, after = bent(edge.line)
    with pytest.raises(GeoError):
        plans.move_border(conn, own, mine, [{"before": before, "after": after}])
    with pytest.raises(NotFound):
        plan_arcs.arcs(conn, own, mine, villages=[VILLAGES[1]])


def test_arcs_say_what_they_divide_and_keep_their_names(conn, plan_id):
    found = plan_arcs.arcs(conn, admin(), plan_id, villages=VILLAGES)
    there = cells_in_force(conn)
    grid = dict(zip(there.cell_id.tolist(), there.grid, strict=True))
    village = dict(zip(there.cell_id.tolist(), there.village, strict=True))
    assert len({arc.arc_id for arc in found}) == len(found)
    assert {arc.kind for arc in found} == {"subgroup", "grid", "village", "county"}
    for arc in found:
        assert arc.left_grid == grid[arc.left]
        if arc.right is not None:
            one_village = village[arc.left] == village[arc.right]
            one_grid = grid[arc.left] == grid[arc.right]
            expected = "village" if not one_village else "subgroup" if one_grid else "grid"
            assert arc.kind == expected
    length = sum(arc.line.length * (1 if arc.right is None else 2) for arc in found)
    assert length == pytest.approx(shapely.length(there.outline).sum())
    assert length > 0
    west, south, east, north = found[0].line.buffer(1e-4).bounds
    near = plan_arcs.arcs(conn, admin(), plan_id, box=(west, south, east, north))
    assert found[0] in near
    assert {a.arc_id for a in near} <= {a.arc_id for a in found}


@pytest.mark.parametrize(
    "box", [(112.0, 30.0, 112.0, 30.1), (112.1, 30.0, 112.0, 30.1), (112.0, 30.0, 113.0, 30.1)]
)
def test_a_box_that_is_none_or_too_wide_is_refused(conn, plan_id, box):
    with pytest.raises(BadValue) as refusal:
        plan_arcs.arcs(conn, admin(), plan_id, box=box)
    assert refusal.value.facts["field"] == "bbox"


def test_drawings_of_no_places_are_refused_by_the_name_of_their_field(conn, plan_id):
    for call, field in [
        (lambda: plans.split_grid(conn, admin(), plan_id, f"{VILLAGES[0]}001", [[1, 2]]), "line"),
        (lambda: plans.draw_grid(conn, admin(), plan_id, [[1, 2], [1, 2], [1, 2]], "n"), "ring"),
        (
            lambda: plans.move_border(
                conn, admin(), plan_id, [{"before": [[1, 2]], "after": [[1, 2], [3, 4]]}]
            ),
            "before",
        ),
    ]:
        with pytest.raises(BadValue) as refusal:
            call()
        assert refusal.value.facts["field"] == field


def test_a_line_anywhere_else_is_refused(conn, plan_id):
    with pytest.raises(NotFound):
        plans.move_vertex(conn, admin(), plan_id, [0.0, 0.0], [0.1, 0.1])
    arcs = a_move(conn, plan_id)
    arcs[0]["before"] = [[x + 1e-5, y] for x, y in arcs[0]["before"]]
    with pytest.raises(NotABorder):
        plans.move_border(conn, admin(), plan_id, arcs)
