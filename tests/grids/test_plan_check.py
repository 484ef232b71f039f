"""Checks of a plan: each fault at its place, by the limits of the area, old faults only noted."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.lattice import snap
from grids import boundary_rules, plans
from grids.boundary_rules import Rule
from grids.plan_balance import balance
from grids.plan_balance_area import Wish
from grids.plan_check import check
from grids.publications import cells_in_force
from tests.grids.coverage_factory import VILLAGES, admin, found_small_county
from tests.grids.test_plan_balance import settle
from tests.grids.test_plans import line_across, neighbours

VILLAGE = VILLAGES[0]
GRID = VILLAGE + "004"


@pytest.fixture
def county(conn):
    made = found_small_county(conn)
    settle(conn, made)
    return made


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "check").plan_id


def rules(conn, *given):
    """Let these be the only rules, everywhere."""
    boundary_rules.replace(conn, admin(), None, [Rule(None, *rule) for rule in given])


def faults(conn, plan_id):
    return {fault.code: fault for fault in check(conn, admin(), plan_id)}


def assign_somewhere(conn, plan_id, village=VILLAGES[1]):
    cell, grid = neighbours(conn, village)[0]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    return cell, grid


def test_every_fault_has_a_place_inside_its_box_inside_the_county(conn, plan_id, county):
    rules(
        conn,
        ("base", "households", 10_000, None),
        ("base", "area", 1e9, None),
        ("base", "width", 1e6, None),
        ("base", "primary"),
        ("subgroup", "area", 1e9, None),
        ("subgroup", "width", 1e6, None),
    )
    plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID))
    found = check(conn, admin(), plan_id)
    assert {f.code for f in found} >= {
        "grid.few",
        "grid.small",
        "grid.narrow",
        "cell.small",
        "cell.narrow",
        "duty.vacant",
    }
    for fault in found:
        west, south, east, north = fault.bbox
        assert west <= fault.at[0] <= east
        assert south <= fault.at[1] <= north
        assert county.county.outline.covers(shapely.Point(fault.at))
        assert fault.message
        assert fault.as_dict()["bbox"] == list(fault.bbox)


def test_what_no_rule_says_is_not_checked(conn, plan_id):
    rules(conn)
    plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID))
    assert check(conn, admin(), plan_id) == []


@pytest.mark.parametrize("severity", ["error", "warning", "off"])
def test_a_rule_is_as_severe_as_it_says(conn, plan_id, severity):
    rules(conn, ("base", "households", 10_000, None, severity))
    plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID))
    new = [f for f in check(conn, admin(), plan_id) if not f.legacy]
    assert {f.severity for f in new} == ({severity} if severity != "off" else set())


def test_the_rule_of_the_village_counts_before_that_of_the_county(conn, plan_id):
    rules(conn, ("base", "households", 10_000, None))
    boundary_rules.replace(
        conn, admin(), VILLAGES[1], [Rule(VILLAGES[1], "base", "households", 0, None)]
    )
    assign_somewhere(conn, plan_id, VILLAGES[1])
    assert check(conn, admin(), plan_id) == []


def test_a_grid_outside_its_limits_before_the_plan_blocks_nobody_unless_it_gets_worse(
    conn, plan_id
):
    here = cells_in_force(conn, VILLAGES[1])
    counted = text("SELECT grid_code::text, count(*) AS n FROM household GROUP BY grid_code")
    count = {row.grid_code: row.n for row in conn.execute(counted)}
    cell, gains = neighbours(conn, VILLAGES[1])[0]
    loses = here.grid[here.cell_id == cell][0]
    rules(conn, ("base", "households", 100_000, None, "error"))
    plans.assign_cells(conn, admin(), plan_id, [cell], gains)
    found = {f.units[0]: f for f in check(conn, admin(), plan_id)}
    moved = count.get(gains, 0) != found[gains].facts["n"]
    assert found[gains].legacy
    assert found[gains].severity == "warning"
    assert found[loses].legacy == (not moved)
    assert found[loses].severity == ("error" if moved else "warning")


def test_a_new_grid_without_a_worker_is_a_fault_and_an_old_vacancy_is_only_noted(conn, plan_id):
    rules(conn, ("base", "primary", None, None, "error"))
    outcome = plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID))
    new = {g for g in outcome.changed.grid if g} - set(cells_in_force(conn).grid)
    found = {f.units[0]: f for f in check(conn, admin(), plan_id)}
    (made,) = new
    assert (found[made].severity, found[made].legacy) == ("error", False)
    assert (found[GRID].severity, found[GRID].legacy) == ("warning", True)


def test_two_grids_of_one_name_are_told_once_and_an_old_pair_is_only_noted(conn, plan_id):
    rules(conn, ("base", "names", None, None, "error"))
    here = cells_in_force(conn, VILLAGE)
    other = next(g for g in sorted({g for g in here.grid if g}) if g != GRID)
    name = conn.execute(text("SELECT name FROM unit WHERE code = :c"), {"c": other}).scalar()
    plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID), name)
    (fault,) = [f for f in check(conn, admin(), plan_id) if f.code == "unit.same_name"]
    assert (fault.facts["name"], fault.severity) == (name, "error")
    plans.undo(conn, admin(), plan_id)
    conn.execute(text("UPDATE unit SET name = :n WHERE code = :c"), {"n": name, "c": GRID})
    plans.split_grid(conn, admin(), plan_id, GRID, line_across(conn, GRID), "另一个")
    (fault,) = [f for f in check(conn, admin(), plan_id) if f.code == "unit.same_name"]
    assert (fault.severity, fault.legacy) == ("warning", True)


def test_more_pieces_than_usual_are_said_even_when_they_are_signed_for(conn, plan_id):
    there = cells_in_force(conn, VILLAGES[1])
    rules(conn, ("base", "parts", None, 1))
    far = next(
        (int(there.cell_id[k]), g)
        for k in range(len(there))
        for g in sorted({g for g in there.grid if g} - {there.grid[k]})
        if not shapely.intersects(there.outline[k], there.outline[there.grid == g]).any()
    )
    plans.assign_cells(conn, admin(), plan_id, [far[0]], far[1], loose="keep")
    torn = [f for f in check(conn, admin(), plan_id) if f.code == "unit.pieces"]
    for fault in torn:
        plans.sign_parts(conn, admin(), plan_id, fault.units[0], fault.facts["n_parts"])
    found = faults(conn, plan_id)
    assert "unit.pieces" not in found
    assert found["unit.parts"].severity == "warning"
    assert found["unit.parts"].facts["most"] == 1


def shift_border(conn, plan_id, metres):
    """Let a plan move a border between two villages, as no tool of a county should."""
    here = cells_in_force(conn)
    for i in range(len(here)):
        for j in range(len(here)):
            if here.village[i] < here.village[j]:
                line = shapely.intersection(here.outline[i], here.outline[j])
                if shapely.length(line) > 0.002:
                    strip = shapely.buffer(line, metres * 1e-5)
                    taken = shapely.intersection(here.outline[j], strip)
                    grown = snap([shapely.union(here.outline[i], taken)])[0]
                    rest = snap([shapely.difference(here.outline[j], strip)])[0]
                    if grown.geom_type == rest.geom_type == "Polygon":
                        return here, i, j, grown, rest
    raise AssertionError("no two villages meet")


def test_land_that_would_go_to_another_village_is_an_error_with_its_size(conn, plan_id):
    here, i, j, grown, rest = shift_border(conn, plan_id, 20)
    for k, outline in ((i, grown), (j, rest)):
        conn.execute(
            text(
                "INSERT INTO plan_cell (plan_id, cell_id, base_publication, village_code,"
                " grid_code, subgroup_code, outline, area_m2) SELECT :plan, cell_id, publication,"
                " village_code, grid_code, subgroup_code,"
                " ST_SetSRID(CAST(:outline AS geometry), 4490), 1 FROM cell_version"
                " WHERE cell_id = :cell AND upper_inf(valid)"
            ),
            {"plan": plan_id, "cell": int(here.cell_id[k]), "outline": outline.wkb_hex},
        )
    found = [f for f in check(conn, admin(), plan_id) if f.code == "village.moved"]
    assert {f.units[0] for f in found} == {here.village[j]}
    assert all(f.severity == "error" for f in found)
    assert sum(f.facts["area_m2"] for f in found) > 1000


def test_a_new_node_on_the_border_of_a_village_moves_no_land(conn, plan_id):
    for grid in sorted({g for g in cells_in_force(conn, VILLAGE).grid if g}):
        plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid))
    assert "village.moved" not in faults(conn, plan_id)


def test_only_what_the_plan_touches_is_looked_at(conn, plan_id):
    rules(conn, ("base", "area", 1e9, None))
    cell, grid = assign_somewhere(conn, plan_id)
    here = cells_in_force(conn)
    touched = {grid, here.grid[here.cell_id == cell][0]}
    assert {f.units[0] for f in check(conn, admin(), plan_id)} == touched


def test_a_balanced_village_has_no_fault_but_vacancies_by_the_shipped_rules(conn, plan_id):
    conn.execute(text("DELETE FROM duty"))
    balance(conn, admin(), plan_id, Wish(VILLAGE, households=30, mode="lines"))
    found = check(conn, admin(), plan_id)
    assert {f.severity for f in found} <= {"warning"}
    assert {f.code for f in found} <= {"duty.vacant", "unit.ends", "unit.same_name"}
    assert np.isfinite([f.at for f in found]).all()
