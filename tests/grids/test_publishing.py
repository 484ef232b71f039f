"""Publishing takes a plan into force as a whole, tells everybody, or changes nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from geo.coverage import adjacency
from geo.coverage import outlines as coverage_outlines
from geo.errors import GeoError
from grids import plans
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import Forbidden, GridsError, NotFound
from grids.model import Level, NewCell, NewUnit, Role, Viewer
from grids.publications import (
    cells_in_force,
    outlines_in_force,
    prove_in_force,
    require_current,
)
from grids.publishing import Faulty, StalePlan, Torn, Unproven, publish
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    add_parents,
    admin,
    coded,
    found_grids,
    found_small_county,
    new_person,
    scatter_households,
    small_county,
    state,
)
from tests.grids.test_plans import adjacent_grids, line_across, neighbours

LEVELS = [level.value for level in Level]


@pytest.fixture
def county(conn):
    return found_small_county(conn)


def a_plan(conn, **more):
    return plans.create(conn, admin(), "a plan", **more).plan_id


def moved_cell(conn, village=VILLAGES[1], which=0, **more):
    """An open plan that gives one cell to the grid beside it."""
    cell, grid = neighbours(conn, village)[which]
    plan_id = a_plan(conn, **more)
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    return plan_id, cell, grid


def homes_by_position(conn):
    """Households whose home is not the lowest label of the cells that cover them."""
    return conn.execute(
        text(
            """
            SELECT count(*) FROM household AS h
             CROSS JOIN LATERAL (
                   SELECT c.grid_code, c.subgroup_code FROM cell_version AS c
                    WHERE upper_inf(c.valid) AND ST_Covers(c.outline, h.position)
                    ORDER BY c.grid_code, c.subgroup_code NULLS LAST LIMIT 1) AS home
             WHERE (h.grid_code, h.subgroup_code)
                   IS DISTINCT FROM (home.grid_code, home.subgroup_code)
                OR h.territory_code IS DISTINCT FROM
                   coalesce(home.subgroup_code, home.grid_code, h.territory_code)
            """
        )
    ).scalar()


def residue(conn):
    rows = conn.execute(text("SELECT fault FROM coverage_residue(:levels)"), {"levels": LEVELS})
    return list(rows.scalars())


# What comes into force --------------------------------------------------------------------------


def test_founding_gives_every_unplaced_household_its_home(conn):
    cells = coded(small_county())
    add_parents(conn)
    scatter_households(conn, cells, 300)
    found_grids(conn, cells)
    assert homes_by_position(conn) == 0
    n = conn.execute(text("SELECT count(*) FROM household WHERE placed_by = 'position'")).scalar()
    assert n > 280
    grids = outlines_in_force(conn, Level.GRID)
    assert grids.n_households.sum() == n
    assert outlines_in_force(conn, Level.COUNTY).n_households.tolist() == [n]
    kinds = conn.execute(text("SELECT kind, count(*) FROM lineage GROUP BY kind")).all()
    assert kinds == [("create", len(grids))]


def test_a_moved_cell_moves_its_people_and_keeps_all_levels_exact(conn, county):
    scatter_households(conn, county, 300)
    settle(conn)
    plan_id, cell, grid = moved_cell(conn)
    expected = plans.impact(conn, admin(), plan_id)
    former = {p: state_of(conn, p) for p in ("village", "township", "county")}
    publication = publish(conn, admin(), plan_id, "nearer to the road")
    assert publication == require_current(conn)
    assert publication.base == publication.number - 1
    assert homes_by_position(conn) == 0
    assert residue(conn) == []
    after = cells_in_force(conn)
    assert after.grid[after.cell_id == cell] == [grid]
    counts = dict(zip(*column(conn, Level.GRID), strict=True))
    assert counts == {**counts, **{b.grid_code: b.after for b in expected.balance}}
    # Only what was touched has new rows: the village's own border is as it was.
    assert former == {p: state_of(conn, p) for p in former}


def settle(conn):
    """Bring households to the homes of their positions, as an import does."""
    conn.execute(
        text(
            """
            UPDATE household AS h
               SET grid_code = home.grid_code, subgroup_code = home.subgroup_code,
                   placed_by = CASE WHEN home.grid_code IS NULL THEN 'unplaced' ELSE 'position' END,
                   territory_code = coalesce(home.subgroup_code, home.grid_code, home.village_code)
              FROM household AS self
             CROSS JOIN LATERAL (
                   SELECT c.village_code, c.grid_code, c.subgroup_code FROM cell_version AS c
                    WHERE upper_inf(c.valid) AND ST_Covers(c.outline, self.position)
                    ORDER BY c.grid_code, c.subgroup_code NULLS LAST LIMIT 1) AS home
             WHERE self.household_id = h.household_id
            """
        )
    )
    conn.execute(
        text(
            "SELECT recount_households(array_agg(unit_code::text)) FROM unit_outline"
            " WHERE upper_inf(valid)"
        )
    )


def state_of(conn, level):
    return conn.execute(
        text("SELECT unit_code, publication FROM unit_outline WHERE level = :level ORDER BY 1, 2"),
        {"level": level},
    ).all()


def column(conn, level):
    outlines = outlines_in_force(conn, level)
    return outlines.code.tolist(), outlines.n_households.tolist()


def test_a_merge_retires_the_grid_with_its_duties_and_says_so(conn, county):
    village = VILLAGES[1]
    gone, into = adjacent_grids(conn, village)
    person = new_person(conn)
    conn.execute(
        text(
            "INSERT INTO duty (person_id, unit_code, rank, valid)"
            " VALUES (:person, :unit, 'primary', '[2020-01-01,)')"
        ),
        {"person": person, "unit": gone},
    )
    plan_id = a_plan(conn)
    plans.merge_grids(conn, admin(), plan_id, gone, into)
    assert "unit.ends" in {f.code for f in plans.check(conn, admin(), plan_id)}
    publish(conn, admin(), plan_id, "too few people")
    assert residue(conn) == []
    ended = conn.execute(
        text("SELECT code FROM unit WHERE NOT upper_inf(valid) AND level = 'grid'")
    ).scalars()
    assert list(ended) == [gone]
    assert gone not in outlines_in_force(conn, Level.GRID).code
    duty = conn.execute(text("SELECT upper(valid) - local_day(now()) FROM duty")).scalar()
    assert duty == 1
    told = conn.execute(text("SELECT person_id, facts->>'ended' FROM notice")).all()
    assert told == [(person, "true")]
    merged = conn.execute(
        text("SELECT kind FROM lineage WHERE from_code = :a AND to_code = :b"),
        {"a": gone, "b": into},
    ).scalar()
    assert merged == "merge"


def test_a_split_makes_a_grid_and_says_where_its_land_and_people_come_from(conn, county):
    scatter_households(conn, county, 300)
    settle(conn)
    grid = f"{VILLAGES[0]}004"
    before = dict(zip(*column(conn, Level.GRID), strict=True))[grid]
    plan_id = a_plan(conn)
    outcome = plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid))
    (made,) = {g for g in outcome.changed.grid if g} - set(cells_in_force(conn).grid)
    publish(conn, admin(), plan_id, "too many people")
    assert residue(conn) == []
    assert homes_by_position(conn) == 0
    rows = conn.execute(
        text(
            "SELECT to_code, kind, n_households, area_m2 FROM lineage WHERE from_code = :grid"
            " AND publication = 3 ORDER BY kind"
        ),
        {"grid": grid},
    ).all()
    assert [(row.to_code, row.kind) for row in rows] == [(grid, "reshape"), (made, "split")]
    assert sum(row.n_households for row in rows) == before
    outlines = outlines_in_force(conn, Level.GRID)
    areas = dict(zip(outlines.code, outlines.area_m2, strict=True))
    assert rows[0].area_m2 == pytest.approx(areas[grid], rel=1e-6)
    assert rows[1].area_m2 == pytest.approx(areas[made], rel=1e-6)


def test_what_was_in_force_stays_readable_at_its_moment(conn, county):
    then = require_current(conn).at
    before = sorted(cells_in_force(conn).cell_id.tolist())
    plan_id, *_ = moved_cell(conn)
    publish(conn, admin(), plan_id, "")
    at_that_time = conn.execute(
        text("SELECT cell_id FROM cell_version WHERE valid @> CAST(:at AS timestamptz) ORDER BY 1"),
        {"at": then},
    ).scalars()
    assert list(at_that_time) == before


# Preview and result -----------------------------------------------------------------------------


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6))
def test_the_preview_is_the_result_of_any_plan(conn, settled, seed):
    rng = np.random.default_rng(seed)
    with conn.begin_nested() as start:
        plan_id = a_plan(conn)
        for _ in range(int(rng.integers(1, 5))):
            random_step(conn, plan_id, rng)
        if plans.get(conn, admin(), plan_id).n_changed:
            sign_everything(conn, plan_id)
            moves = expected_moves(conn, plan_id)
            preview = plans.impact(conn, admin(), plan_id)
            before = home_of_households(conn)
            publish(conn, admin(), plan_id, "", draw=False)
            after = home_of_households(conn)
            assert {k: v for k, v in after.items() if before[k] != v} == moves
            counts = dict(zip(*column(conn, Level.GRID), strict=True))
            assert {b.grid_code: b.after for b in preview.balance if b.after} == {
                b.grid_code: counts[b.grid_code] for b in preview.balance if counts.get(b.grid_code)
            }
            assert homes_by_position(conn) == 0
        start.rollback()


@pytest.fixture
def settled(conn, county):
    """The county with people at home in it."""
    scatter_households(conn, county, 150)
    settle(conn)


def random_step(conn, plan_id, rng):
    village = VILLAGES[int(rng.integers(3))]
    here = plans.cells(conn, admin(), plan_id, villages=[village])
    every = [g for g in dict.fromkeys(here.grid) if g]
    try:
        match rng.integers(3):
            case 0:
                cell = int(rng.choice(here.cell_id))
                grid = str(rng.choice(every))
                plans.assign_cells(conn, admin(), plan_id, [cell], grid, loose="keep")
            case 1:
                grid = str(rng.choice(every))
                whole = shapely.union_all(here.outline[here.grid == grid])
                west, south, east, north = whole.bounds
                middle = whole.representative_point()
                turn = rng.uniform(0, np.pi)
                reach = np.array([np.cos(turn), np.sin(turn)]) * max(east - west, north - south) * 2
                line = [
                    [middle.x - reach[0], middle.y - reach[1]],
                    [middle.x + reach[0], middle.y + reach[1]],
                ]
                plans.split_grid(conn, admin(), plan_id, grid, line)
            case _:
                one, other = rng.choice(every), rng.choice(every)
                plans.merge_grids(conn, admin(), plan_id, str(one), str(other), loose="keep")
    except GeoError:
        pass  # a line that misses, pieces that do not meet: refused, nothing is left behind


def sign_everything(conn, plan_id):
    for fault in plans.check(conn, admin(), plan_id):
        if fault.code == "unit.pieces":
            plans.sign_parts(conn, admin(), plan_id, fault.units[0], fault.facts["n_parts"])


def expected_moves(conn, plan_id):
    rows = conn.execute(
        text("SELECT id, to_grid, to_subgroup FROM plan_moves(:plan) WHERE kind = 'household'"),
        {"plan": plan_id},
    )
    return {row.id: (row.to_grid, row.to_subgroup) for row in rows}


def home_of_households(conn):
    rows = conn.execute(text("SELECT household_id, grid_code, subgroup_code FROM household"))
    return {row.household_id: (row.grid_code, row.subgroup_code) for row in rows}


# People without a position, by hand or by code --------------------------------------------------


def test_a_home_by_hand_stays_until_its_unit_ends_and_then_follows_the_land(conn, county):
    gone, into = adjacent_grids(conn, VILLAGES[1])
    for number, placed_by in (("by-hand", "hand"), ("by-code", "code")):
        conn.execute(
            text(
                "INSERT INTO household (number, placed_by, grid_code, territory_code)"
                " VALUES (:number, :placed_by, :grid, :grid)"
            ),
            {"number": number, "placed_by": placed_by, "grid": gone},
        )
    plan_id = a_plan(conn)
    plans.merge_grids(conn, admin(), plan_id, gone, into)
    assert plans.impact(conn, admin(), plan_id).households[0].n == 2
    publish(conn, admin(), plan_id, "")
    homes = conn.execute(
        text("SELECT number, grid_code, placed_by, territory_code FROM household ORDER BY number")
    ).all()
    assert homes == [("by-code", into, "code", into), ("by-hand", into, "hand", into)]


# Open incidents ---------------------------------------------------------------------------------


def open_incident(conn, cell, step):
    conn.execute(
        text(
            "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
            " VALUES ('M1', 'test', '井盖', 24, '[2020-01-01,)') ON CONFLICT DO NOTHING"
        )
    )
    conn.execute(
        text(
            """
            INSERT INTO incident (reported_at, occurred_at, number, matter_code, summary, source,
              external_id, position, placement, publication, grid_code, subgroup_code,
              territory_code, step, owner_unit, owner_rank, owner_reason)
            SELECT now(), now(), :step, 'M1', 's', 'test', :step, ST_PointOnSurface(c.outline),
                   'inside', c.publication, c.grid_code, c.subgroup_code,
                   coalesce(c.subgroup_code, c.grid_code), :step, c.village_code, 'desk', '{}'
              FROM cell_version AS c WHERE c.cell_id = :cell AND upper_inf(c.valid)
            """
        ),
        {"step": step, "cell": cell},
    )


@pytest.mark.parametrize(
    ("policy", "moving"),
    [
        ("unaccepted", {"reported"}),
        ("move", {"reported", "accepted"}),
        ("stay", set()),
        ("ask", {"reported"}),
    ],
)
def test_open_incidents_do_what_the_plan_chose(conn, county, policy, moving):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    for step in ("reported", "accepted", "closed"):
        open_incident(conn, cell, step)
    worker = new_person(conn)
    conn.execute(
        text(
            "INSERT INTO duty (person_id, unit_code, rank, valid)"
            " VALUES (:person, :unit, 'primary', '[2020-01-01,)')"
        ),
        {"person": worker, "unit": grid},
    )
    plan_id = a_plan(conn, open_incidents=policy)
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    preview = plans.impact(conn, admin(), plan_id)
    assert preview.incidents_move == len(moving)
    assert preview.incidents_stay == 2 - len(moving)
    publish(conn, admin(), plan_id, "")
    rows = conn.execute(
        text("SELECT step, grid_code, owner_id, owner_rank, review FROM incident")
    ).all()
    for row in rows:
        moves = row.step in moving
        assert (row.grid_code == grid) is moves
        assert (row.owner_id == worker) is moves
        assert (row.owner_rank == "primary") is moves
        assert row.review is (policy == "ask" and row.step == "accepted")
    steps = conn.execute(text("SELECT action, facts->>'to' FROM incident_step")).all()
    assert [action for action, _ in steps] == ["rehome"] * len(moving)


# What is refused --------------------------------------------------------------------------------


def test_a_plan_whose_cells_were_published_by_another_is_stale_and_nothing_changes(conn, county):
    first, cell, _ = moved_cell(conn)
    second, same, _ = moved_cell(conn)
    assert cell == same
    publish(conn, admin(), first, "")
    before = state(conn)
    with pytest.raises(StalePlan) as refusal, conn.begin_nested():
        publish(conn, admin(), second, "")
    assert [fact["cell_id"] for fact in refusal.value.facts["cells"]] == [cell]
    assert refusal.value.facts["cells"][0]["now"] == 3
    assert state(conn) == before


def test_two_plans_on_different_cells_both_come_into_force(conn, county):
    first, *_ = moved_cell(conn, VILLAGES[1])
    second, *_ = moved_cell(conn, VILLAGES[0])
    assert publish(conn, admin(), first, "").number == 3
    assert publish(conn, admin(), second, "").number == 4
    assert residue(conn) == []


def test_land_for_a_grid_that_ended_meanwhile_is_a_conflict(conn, county):
    gone, into = adjacent_grids(conn, VILLAGES[1])
    free = a_plan(conn)
    there = cells_in_force(conn)
    mine = [
        (int(c), g)
        for c, g in neighbours(conn, VILLAGES[1])
        if g == gone and there.grid[there.cell_id == c][0] != into
    ]
    if not mine:
        mine = [(int(c), g) for c, g in neighbours(conn, VILLAGES[1]) if g == gone]
    plans.assign_cells(conn, admin(), free, [mine[0][0]], gone, loose="keep")
    other = a_plan(conn)
    plans.merge_grids(conn, admin(), other, gone, into)
    publish(conn, admin(), other, "")
    with pytest.raises((StalePlan, Faulty)), conn.begin_nested():
        publish(conn, admin(), free, "")


@pytest.mark.parametrize(
    ("harm", "refused"),
    [
        ("UPDATE plan_cell SET outline = ST_Scale(outline, 'POINT(0.5 0.5)'::geometry)", "WG002"),
        (
            "UPDATE plan_cell SET outline ="
            " ST_MakePolygon(ST_RemovePoint(ST_ExteriorRing(outline), 2))",
            "WG002",
        ),
        ("UPDATE plan_cell SET outline = ST_Translate(outline, 3e-8, 0)", "WG002"),
        ("UPDATE plan_cell SET gone = true", "WG002"),
        ("UPDATE plan_cell SET grid_code = '530524101001001'", "23514"),
        ("UPDATE plan_cell SET base_publication = 1", "WG001"),
        ("UPDATE plan SET state = 'withdrawn'", "WG004"),
        ("UPDATE plan SET effective_from = now() + interval '1 day'", "WG004"),
        ("DELETE FROM plan_cell", "WG004"),
        (
            "UPDATE plan SET source = 'import'; UPDATE plan_cell SET base_publication = NULL",
            "WG001",
        ),
    ],
)
def test_the_function_itself_refuses_what_was_written_around_the_tools(conn, county, harm, refused):
    plan_id, *_ = moved_cell(conn)
    for statement in harm.split(";"):
        conn.execute(text(statement))
    before = state(conn)
    with pytest.raises(DBAPIError) as error, conn.begin_nested():
        conn.execute(text("SELECT publish_plan(:plan, NULL, '')"), {"plan": plan_id})
    assert error.value.orig.sqlstate == refused
    assert state(conn) == before


def test_pieces_that_nobody_signed_for_are_refused_by_check_and_function(conn, county):
    there = cells_in_force(conn, VILLAGES[1])
    pairs = adjacency(there.outline)
    linked = {frozenset(pair) for pair in zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)}
    k, grid = next(
        (k, g)
        for k in range(len(there))
        for g in sorted(set(there.grid) - {None, there.grid[k]})
        if not any(frozenset((k, m)) in linked for m in np.flatnonzero(there.grid == g))
        and (there.grid == there.grid[k]).sum() > 1
    )
    plan_id = a_plan(conn)
    plans.assign_cells(conn, admin(), plan_id, [int(there.cell_id[k])], grid, loose="keep")
    with pytest.raises(Faulty) as refusal, conn.begin_nested():
        publish(conn, admin(), plan_id, "")
    assert "unit.pieces" in {fault["code"] for fault in refusal.value.facts["faults"]}
    conn.execute(text("UPDATE plan SET source = 'import' WHERE plan_id = :id"), {"id": plan_id})
    with pytest.raises(Torn), conn.begin_nested():
        publish(conn, admin(), plan_id, "")
    conn.execute(text("UPDATE plan SET source = 'studio' WHERE plan_id = :id"), {"id": plan_id})
    sign_everything(conn, plan_id)
    publish(conn, admin(), plan_id, "an enclave by decision")
    signed = conn.execute(text("SELECT n_parts FROM unit WHERE code = :g"), {"g": grid}).scalar()
    assert signed == 2


@pytest.mark.parametrize("defect", ["hole", "overlap", "shifted"])
def test_a_founding_coverage_that_is_not_exact_is_refused(conn, defect):
    cells = coded(small_county())
    add_parents(conn)
    outlines = coverage_outlines(cells.county.cells, cells.grid)
    edge = cells.county.outline.boundary
    inner = next(g for g, outline in outlines.items() if not outline.intersects(edge))
    if defect == "hole":
        del outlines[inner]
    elif defect == "overlap":
        outlines[inner + "x"] = outlines[inner]
    else:
        outlines[inner] = shapely.transform(outlines[inner], lambda xy: np.round(xy + 1e-7, 7))
    plan = plans.create(conn, everyone(), "grids", source="import")
    codes = {g: f"{g[:12]}{800 + k:03d}" if g.endswith("x") else g for k, g in enumerate(outlines)}
    plans.add_import(
        conn,
        plan.plan_id,
        [NewCell(g[:12], codes[g], None, o) for g, o in outlines.items()],
        [NewUnit(codes[g], "g") for g in outlines],
    )
    before = state(conn)
    with pytest.raises(Unproven), conn.begin_nested():
        publish(conn, everyone(), plan.plan_id, "")
    assert state(conn) == before


# Rights -----------------------------------------------------------------------------------------


def test_the_web_role_publishes_through_the_function_and_in_no_other_way(conn, county, as_web):
    plan_id, *_ = moved_cell(conn)
    as_web(COUNTY)
    for forbidden in (
        "UPDATE cell_version SET grid_code = NULL",
        "DELETE FROM unit_outline",
        "INSERT INTO publication (number, at, in_force_from, n_changed, digest)"
        " VALUES (99, now(), now(), 0, '')",
        "UPDATE unit SET name = 'x'",
        "SELECT apply_plan(gen_random_uuid(), 1, now())",
        "SELECT rebuild_outlines('{}', 1, now())",
        "SELECT refuse('WG001', '', '{}')",
    ):
        with pytest.raises(DBAPIError) as error, conn.begin_nested():
            conn.execute(text(forbidden))
        assert error.value.orig.sqlstate == "42501", forbidden
    publish(conn, admin(), plan_id, "by the web role")
    assert prove_in_force(conn).exact


@pytest.mark.parametrize("scope", [VILLAGES[0], ""])
def test_the_function_hides_plans_outside_the_scope_of_the_web_role(conn, county, as_web, scope):
    plan_id, *_ = moved_cell(conn, VILLAGES[1])
    as_web(scope)
    with pytest.raises(DBAPIError) as error, conn.begin_nested():
        conn.execute(text("SELECT publish_plan(:plan, NULL, '')"), {"plan": plan_id})
    assert error.value.orig.sqlstate == "WG004"
    with pytest.raises(NotFound):
        publish(conn, admin(VILLAGES[0]), plan_id, "")


def test_a_role_without_the_right_may_not_publish(conn, county):
    plan_id, *_ = moved_cell(conn)
    for role in (Role.LEADER, Role.WORKER, Role.DISPATCHER, Role.AUDITOR):
        with pytest.raises(Forbidden):
            publish(conn, Viewer(None, "x", role, COUNTY), plan_id, "")


def test_publishing_is_written_down(conn, county):
    plan_id, *_ = moved_cell(conn)
    publication = publish(conn, admin(), plan_id, "因道路改线")
    row = conn.execute(
        text("SELECT role, reason, facts FROM audit WHERE action = 'plan.publish' AND record = :r"),
        {"r": f"plan {plan_id}"},
    ).one()
    assert (row.role, row.reason) == ("grid_admin", "因道路改线")
    assert row.facts["publication"] == publication.number
    with pytest.raises(GridsError):
        publish(conn, admin(), plan_id, "again")


# Time and people --------------------------------------------------------------------------------


@pytest.fixture
def url_of_its_own(clone):
    url = clone()
    with begin(make_engine(url, pooled=False), EVERYWHERE) as conn:
        found_small_county(conn)
    return url


def publish_at_once(url, plan_ids):
    """Publish plans on as many connections at the same instant; what each came to."""
    gate = threading.Barrier(len(plan_ids))

    def one(plan_id):
        with begin(make_engine(url, pooled=False), COUNTY) as conn:
            conn.execute(text("SELECT 1"))
            gate.wait()
            try:
                return publish(conn, admin(), plan_id, "", draw=False).number
            except GridsError as refusal:
                conn.rollback()
                return refusal.code

    with ThreadPoolExecutor(len(plan_ids)) as pool:
        return sorted(pool.map(one, plan_ids), key=str)


def test_two_plans_published_at_the_same_instant_come_into_force_one_after_the_other(
    url_of_its_own,
):
    """Case 45, also: others are open meanwhile."""
    engine = make_engine(url_of_its_own, pooled=False)
    with begin(engine, COUNTY) as conn:
        apart = [moved_cell(conn, village)[0] for village in VILLAGES[:2]]
        waiting, *_ = moved_cell(conn, VILLAGES[1])
    assert publish_at_once(url_of_its_own, apart) == [3, 4]
    with begin(engine, COUNTY) as conn:
        assert residue(conn) == []
        with pytest.raises(StalePlan), conn.begin_nested():
            publish(conn, admin(), waiting, "")
        same = [moved_cell(conn, VILLAGES[1])[0] for _ in range(2)]
    assert publish_at_once(url_of_its_own, same) == [5, "plan.stale"]
    with begin(engine, COUNTY) as conn:
        assert residue(conn) == []


def test_what_was_in_force_follows_on_each_other_also_when_the_clock_was_set_back(conn, county):
    """Case 46: ranges touch, never overlap, and never begin before the publication before."""
    conn.execute(text("UPDATE publication SET at = at + interval '1 hour' WHERE number = 2"))
    conn.execute(
        text(
            "UPDATE cell_version SET valid = tstzrange(lower(valid) + interval '1 hour', NULL)"
            " WHERE publication = 2 AND upper_inf(valid)"
        )
    )
    for _ in range(2):
        plan_id, *_ = moved_cell(conn)
        publish(conn, admin(), plan_id, "")
    moments = conn.execute(text("SELECT at FROM publication ORDER BY number")).scalars().all()
    assert moments == sorted(set(moments))
    apart = conn.execute(
        text(
            "SELECT count(*) FROM cell_version AS one JOIN cell_version AS next USING (cell_id)"
            " WHERE next.publication = (SELECT min(publication) FROM cell_version AS c"
            " WHERE c.cell_id = one.cell_id AND c.publication > one.publication)"
            " AND upper(one.valid) IS DISTINCT FROM lower(next.valid)"
        )
    ).scalar()
    assert apart == 0
    for at in moments[1:]:
        covered = conn.execute(
            text("SELECT sum(area_m2) FROM cell_version WHERE valid @> CAST(:at AS timestamptz)"),
            {"at": at},
        ).scalar()
        assert covered == pytest.approx(sum(cells_in_force(conn).area_m2), rel=1e-6)


def test_a_cell_has_one_version_at_a_time_and_the_moment_of_change_is_of_the_later(conn, county):
    """Case 46: the later of two ranges that touch has the moment; none may begin before it."""
    plan_id, cell, grid = moved_cell(conn)
    publish(conn, admin(), plan_id, "")
    versions = text(
        "SELECT grid_code FROM cell_version WHERE cell_id = :cell"
        " AND valid @> (SELECT max(at) FROM publication)"
    )
    assert conn.execute(versions, {"cell": cell}).scalars().all() == [grid]
    backdated = text(
        "UPDATE cell_version SET valid = tstzrange(lower(valid) - interval '1 microsecond', NULL)"
        " WHERE cell_id = :cell AND upper_inf(valid)"
    )
    with pytest.raises(IntegrityError), conn.begin_nested():
        conn.execute(backdated, {"cell": cell})
