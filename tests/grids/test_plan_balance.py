"""An area divided into grids of equal households: first to look at, then as one step of a plan."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import prove
from geo.partition import NobodyThere, TooManyParts
from geo.patch import pieces
from grids import plans
from grids.db import statement
from grids.errors import BadValue, Forbidden, NotFound
from grids.model import Role, Viewer
from grids.plan_balance import balance, propose
from grids.plan_balance_area import Wish, by_village
from grids.publications import cells_in_force
from grids.publishing import publish
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county, state

VILLAGE = VILLAGES[0]


@pytest.fixture
def county(conn):
    made = found_small_county(conn)
    settle(conn, made)
    return made


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "balance").plan_id


def settle(conn, cells, n=400, seed=3):
    """Households in the sub-groups, very unequally, placed where they lie."""
    rng = np.random.default_rng(seed)
    weight = rng.gamma(0.6, 1, len(cells.subgroup))
    rows = []
    for k in rng.choice(len(weight), n, p=weight / weight.sum()).tolist():
        west, south, east, north = cells.county.cells[k].bounds
        while True:
            at = np.round(rng.uniform((west, south), (east, north)), 7)
            if shapely.contains_xy(cells.county.cells[k], *at):
                break
        rows.append({"lon": at[0], "lat": at[1], "grid": cells.grid[k], "number": f"b{len(rows)}"})
    free = {g for g in cells.grid if g not in set(cells_in_force(conn).grid)}
    conn.execute(
        text(
            "INSERT INTO household (number, position, placed_by, grid_code, territory_code) VALUES"
            " (:number, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490), 'position', :grid, :grid)"
        ),
        [row for row in rows if row["grid"] not in free],
    )
    conn.execute(statement("recount", "rehome"))


def households(conn, plan_id, village=VILLAGE):
    here = plans.cells(conn, admin(), plan_id, villages=[village])
    return {
        grid: int(here.n_households[here.grid == grid].sum())
        for grid in sorted({g for g in here.grid if g})
    }


@pytest.mark.parametrize("mode", ["cells", "buildings", "lines"])
def test_the_step_makes_exactly_what_was_proposed(conn, plan_id, county, mode):
    before = households(conn, plan_id)
    wish = Wish(VILLAGE, parts=4, mode=mode)
    untouched = state(conn)
    shown = propose(conn, admin(), plan_id, wish)
    assert state(conn) == untouched
    outcome = balance(conn, admin(), plan_id, wish)
    assert households(conn, plan_id) == {p.grid_code: p.n_households for p in shown.parts}
    assert sum(before.values()) == sum(p.n_households for p in shown.parts)
    here = plans.cells(conn, admin(), plan_id, villages=list(VILLAGES))
    assert prove(here.outline, county.county.outline).exact
    for part in shown.parts:
        own = [cell for cell in here.cells() if cell.grid == part.grid_code]
        assert len(pieces(own)) == 1
        land = shapely.coverage_union_all([cell.outline for cell in own])
        assert shapely.equals(land, part.outline)
        assert here.names[part.grid_code].name == part.name
    assert outcome.plan.n_changed > 0
    assert shown.n_split_buildings == 0 or mode == "lines"
    (step,) = plans.steps(conn, admin(), plan_id)
    assert (step.tool, step.params["parts"], step.params["mode"]) == ("balance", 4, mode)
    if mode != "cells":
        assert shown.max_mean <= 1.05
        assert shown.max_mean < shown.was_max_mean


def test_one_undo_brings_every_cell_back(conn, plan_id):
    before = cells_in_force(conn, VILLAGE)
    balance(conn, admin(), plan_id, Wish(VILLAGE, parts=5))
    assert plans.get(conn, admin(), plan_id).n_changed > 0
    outcome = plans.undo(conn, admin(), plan_id)
    assert outcome.plan.n_changed == 0
    here = plans.cells(conn, admin(), plan_id, villages=[VILLAGE])
    assert here.grid.tolist() == before.grid.tolist()
    assert (here.outline == before.outline).all()
    plans.redo(conn, admin(), plan_id)
    assert len(households(conn, plan_id)) == 5


def test_codes_go_on_where_most_households_stay_and_the_others_are_new_or_end(conn, plan_id):
    counts = households(conn, plan_id)
    former = sorted(counts)
    more = propose(conn, admin(), plan_id, Wish(VILLAGE, parts=len(former) + 2))
    kept = {p.grid_code for p in more.parts if not p.is_new}
    assert kept | set(more.ends) == set(former)
    assert all(counts[code] < sum(counts.values()) / len(counts) for code in more.ends)
    new = [p for p in more.parts if p.is_new]
    assert len(new) == 2 + len(more.ends)
    assert not {p.grid_code for p in new} & set(cells_in_force(conn).grid)
    names = {p.name for p in more.parts}
    assert len(names) == len(more.parts)
    fewer = propose(conn, admin(), plan_id, Wish(VILLAGE, parts=len(former) - 2))
    assert not any(p.is_new for p in fewer.parts)
    assert len(fewer.ends) == 2
    assert {p.grid_code for p in fewer.parts} | set(fewer.ends) == set(former)
    same = propose(conn, admin(), plan_id, Wish(former[0], parts=1))
    assert [p.grid_code for p in same.parts] == [former[0]]


def test_a_village_that_was_balanced_can_be_published(conn, plan_id):
    wish = Wish(VILLAGE, households=30, mode="lines")
    shown = propose(conn, admin(), plan_id, wish)
    balance(conn, admin(), plan_id, wish)
    errors = [f for f in plans.check(conn, admin(), plan_id) if f.severity == "error"]
    assert errors == []
    publish(conn, admin(), plan_id, "balanced")
    placed = conn.execute(
        text(
            "SELECT grid_code::text, count(*) AS n FROM household WHERE grid_code LIKE :village"
            " GROUP BY grid_code"
        ),
        {"village": VILLAGE + "%"},
    )
    assert {row.grid_code: row.n for row in placed} == {
        p.grid_code: p.n_households for p in shown.parts
    }
    ended = conn.execute(
        text("SELECT count(*) FROM unit WHERE code = ANY(:codes) AND upper_inf(valid)"),
        {"codes": list(shown.ends)},
    ).scalar()
    assert ended == 0


def test_some_grids_of_a_village_are_balanced_among_themselves(conn, plan_id):
    before = households(conn, plan_id)
    here = cells_in_force(conn, VILLAGE)
    crowded = sorted(before, key=before.get)[-1]
    pair = next(
        [crowded, other]
        for other in sorted(before)
        if other != crowded
        and shapely.union_all(here.outline[np.isin(here.grid, [crowded, other])]).geom_type
        == "Polygon"
    )
    balance(conn, admin(), plan_id, Wish(pair, parts=2))
    after = households(conn, plan_id)
    assert {g: n for g, n in after.items() if g not in pair} == {
        g: n for g, n in before.items() if g not in pair
    }
    assert abs(after[pair[0]] - after[pair[1]]) <= 0.04 * sum(after[g] for g in pair)


def test_free_land_and_grids_of_their_own_premises_stay_as_they_are(conn, plan_id, county):
    last = VILLAGES[2]
    conn.execute(
        text("UPDATE unit SET kind = 'exclusive' WHERE code = :code"),
        {"code": min(g for g in cells_in_force(conn, last).grid if g)},
    )
    before = cells_in_force(conn, last)
    kept = {
        int(k)
        for k, g in zip(before.cell_id, before.grid, strict=True)
        if g is None or g == min(c for c in before.grid if c)
    }
    assert kept
    balance(conn, admin(), plan_id, Wish(last, parts=2))
    after = plans.cells(conn, admin(), plan_id, villages=[last])
    for k in kept:
        assert after.grid[after.cell_id == k].tolist() == before.grid[before.cell_id == k].tolist()


def test_a_second_proposal_starts_from_what_the_plan_has(conn, plan_id):
    balance(conn, admin(), plan_id, Wish(VILLAGE, parts=3))
    again = propose(conn, admin(), plan_id, Wish(VILLAGE, parts=3))
    assert again.was_max_mean <= 1.05
    assert not any(p.is_new for p in again.parts)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(VILLAGE), "parts"),
        (Wish(VILLAGE, parts=2, households=9), "parts"),
        (Wish(VILLAGE, parts=0), "parts"),
        (Wish(VILLAGE, parts=2, mode="best"), "mode"),
        (Wish(VILLAGE, parts=2, tries=1000), "tries"),
        (Wish(COUNTY, parts=2), "area"),
        (Wish([VILLAGE + "001", VILLAGES[1] + "001"], parts=2), "area"),
        (Wish(VILLAGE, parts=2, barriers=[[[99.6, 24.8]]]), "barriers"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_by_its_field(conn, plan_id, wish, field):
    with pytest.raises(BadValue) as refusal:
        propose(conn, admin(), plan_id, wish)
    assert refusal.value.facts["field"] == field


def test_too_many_parts_and_nobody_there_are_refused(conn, plan_id):
    with pytest.raises(TooManyParts):
        propose(conn, admin(), plan_id, Wish(VILLAGE, parts=900))
    conn.execute(text("DELETE FROM household"))
    with pytest.raises(NobodyThere):
        propose(conn, admin(), plan_id, Wish(VILLAGE, parts=2))


def test_another_territory_does_not_exist_and_a_leader_may_not_balance(conn, county, plan_id):
    own = plans.create(conn, admin(VILLAGES[1]), "mine").plan_id
    with pytest.raises(NotFound):
        propose(conn, admin(VILLAGES[1]), own, Wish(VILLAGE, parts=2))
    leader = Viewer(None, "leader", Role.LEADER, COUNTY)
    for act in (propose, balance):
        with pytest.raises(Forbidden):
            act(conn, leader, plan_id, Wish(VILLAGE, parts=2))


def test_an_older_version_of_the_plan_is_a_conflict(conn, plan_id):
    balance(conn, admin(), plan_id, Wish(VILLAGE, parts=3), version=0)
    with pytest.raises(plans.PlanConflict):
        balance(conn, admin(), plan_id, Wish(VILLAGE, parts=2), version=0)


def test_a_township_is_divided_village_by_village_the_crowded_ones_into_more(conn, plan_id):
    lived = {code: sum(households(conn, plan_id, code).values()) for code in VILLAGES[:2]}
    wishes = by_village(conn, admin(), Wish(COUNTY + "101", parts=9, seed=3))
    assert {w.area for w in wishes} == set(lived)
    assert sum(w.parts for w in wishes) == 9
    most = max(lived, key=lived.get)
    assert max(wishes, key=lambda w: w.parts).area == most
    assert all(w.seed == 3 for w in wishes)
    each = by_village(conn, admin(), Wish(COUNTY, households=40))
    assert [(w.area, w.households) for w in each] == [(code, 40) for code in VILLAGES]
    with pytest.raises(BadValue):
        by_village(conn, admin(), Wish(COUNTY, parts=2))
    with pytest.raises(NotFound):
        by_village(conn, admin(VILLAGES[0][:9]), Wish(COUNTY + "102", parts=2))
