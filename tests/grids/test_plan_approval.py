"""A second person approves, a changed plan loses that, and a day to come is kept."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from grids import drafts, incident_choices, plan_approval, plans, scheduling
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import BadValue, Forbidden, NotFound
from grids.model import Role, Viewer
from grids.publications import require_current
from grids.publishing import publish
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    admin,
    found_small_county,
    new_person,
    scatter_households,
)
from tests.grids.test_plans import neighbours
from tests.grids.test_publishing import open_incident

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
SOON = NOW + timedelta(days=3)


@pytest.fixture
def county(conn):
    return found_small_county(conn)


def person(conn, name, scope=COUNTY):
    """A grid administrator with a name."""
    person_id = new_person(conn, name)
    conn.execute(
        text(
            "INSERT INTO access_grant (person_id, role, unit_code, valid)"
            " VALUES (:id, 'grid_admin', :unit, '[2020-01-01,)')"
        ),
        {"id": person_id, "unit": scope},
    )
    return Viewer(person_id, name, Role.GRID_ADMIN, scope)


@pytest.fixture
def owner(conn, county):
    return person(conn, "owner")


@pytest.fixture
def second(conn, county):
    return person(conn, "second")


def a_plan(conn, viewer, which=0, **more):
    cell, grid = neighbours(conn, VILLAGES[1])[which]
    plan = plans.create(conn, viewer, "a plan", **more)
    return plans.assign_cells(conn, viewer, plan.plan_id, [cell], grid).plan


def asked_for(conn, territory=COUNTY):
    plan_approval.ask(conn, everyone(), territory, True, NOW)


def told(conn, kind):
    rows = conn.execute(
        text(
            "SELECT person.name FROM notice JOIN person USING (person_id)"
            " WHERE kind = :kind ORDER BY person.name"
        ),
        {"kind": kind},
    )
    return list(rows.scalars())


def test_where_nobody_asks_a_plan_needs_no_second_person(conn, owner):
    plan = a_plan(conn, owner)
    assert not plan_approval.approval(conn, plan).needed
    assert publish(conn, owner, plan.plan_id, "").number == 3


@pytest.mark.parametrize("territory", [COUNTY, COUNTY + "101", VILLAGES[1]])
def test_where_it_is_asked_for_only_an_approved_plan_comes_into_force(
    conn, owner, second, territory
):
    asked_for(conn, territory)
    plan = a_plan(conn, owner)
    with pytest.raises(plan_approval.NotApproved), conn.begin_nested():
        publish(conn, owner, plan.plan_id, "")
    plan_approval.submit(conn, owner, plan.plan_id, "please look", NOW)
    assert told(conn, "plan.submitted") == ["second"]
    approved = plan_approval.approve(conn, second, plan.plan_id, "", NOW)
    assert (approved.state, approved.approver_name) == ("approved", "second")
    assert told(conn, "plan.approved") == ["owner"]
    assert publish(conn, owner, plan.plan_id, "").number == 3


def test_another_village_that_asks_does_not_matter(conn, owner):
    asked_for(conn, VILLAGES[2])
    plan = a_plan(conn, owner)
    assert publish(conn, owner, plan.plan_id, "").number == 3


def test_the_database_itself_refuses_an_unapproved_plan(conn, owner, as_web):
    asked_for(conn)
    plan = a_plan(conn, owner)
    as_web(COUNTY)
    for by in (owner.person_id, None):
        values = {"plan": plan.plan_id, "by": by}
        with pytest.raises(DBAPIError) as refusal, conn.begin_nested():
            conn.execute(text("SELECT publish_plan(:plan, :by, '')"), values)
        assert refusal.value.orig.sqlstate == "WG005"


def test_neither_owner_nor_author_of_a_step_can_approve(conn, owner, second):
    asked_for(conn)
    plan = a_plan(conn, owner)
    with pytest.raises(plan_approval.OwnApproval):
        plan_approval.approve(conn, owner, plan.plan_id, "", NOW)
    cell, grid = next(n for n in neighbours(conn, VILLAGES[0]))
    plans.assign_cells(conn, second, plan.plan_id, [cell], grid)
    with pytest.raises(plan_approval.OwnApproval):
        plan_approval.approve(conn, second, plan.plan_id, "", NOW)
    plans.undo(conn, second, plan.plan_id)
    plan_approval.approve(conn, second, plan.plan_id, "", NOW)
    # Around the rule: the database looks again.
    plans.redo(conn, second, plan.plan_id)
    conn.execute(text("UPDATE plan SET approved_version = version, source = 'import'"))
    with pytest.raises(plan_approval.NotApproved), conn.begin_nested():
        publish(conn, owner, plan.plan_id, "")


def test_a_changed_plan_has_lost_its_approval(conn, owner, second):
    asked_for(conn)
    plan = a_plan(conn, owner)
    plan_approval.approve(conn, second, plan.plan_id, "", NOW)
    plans.undo(conn, owner, plan.plan_id)
    changed = plans.redo(conn, owner, plan.plan_id).plan
    assert changed.state == "draft"
    assert plan_approval.approval(conn, changed).by is None
    with pytest.raises(plan_approval.NotApproved), conn.begin_nested():
        publish(conn, owner, plan.plan_id, "")


def test_a_plan_is_sent_back_with_what_has_to_be_mended(conn, owner, second):
    plan = a_plan(conn, owner)
    plan_approval.submit(conn, owner, plan.plan_id, "", NOW)
    with pytest.raises(BadValue):
        plan_approval.send_back(conn, second, plan.plan_id, " ", NOW)
    back = plan_approval.send_back(conn, second, plan.plan_id, "along the river, please", NOW)
    assert (back.state, back.note) == ("draft", "along the river, please")
    assert told(conn, "plan.sent_back") == ["owner"]


def test_only_who_is_in_charge_of_all_of_it_may_approve(conn, owner):
    plan = a_plan(conn, owner)
    narrow = person(conn, "narrow", VILLAGES[0])
    with pytest.raises(NotFound):
        plan_approval.approve(conn, narrow, plan.plan_id, "", NOW)
    leader = Viewer(new_person(conn), "leader", Role.LEADER, COUNTY)
    with pytest.raises(Forbidden):
        plan_approval.approve(conn, leader, plan.plan_id, "", NOW)


def test_a_township_cannot_waive_what_the_county_asks_for(conn, owner):
    asked_for(conn)
    township = person(conn, "township", COUNTY + "101")
    with pytest.raises(NotFound):
        plan_approval.ask(conn, township, COUNTY, False, NOW)
    plan_approval.ask(conn, township, COUNTY + "101", False, NOW)
    assert plan_approval.approval(conn, a_plan(conn, owner)).territory == COUNTY
    assert [area.territory_code for area in plan_approval.areas(conn, township)] == [COUNTY]


# A day to come ----------------------------------------------------------------------------------


@pytest.fixture
def engine_of_its_own(clone):
    engine = make_engine(clone(), pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn)
    yield engine
    engine.dispose()


def test_a_plan_waits_for_its_day_and_then_comes_into_force(engine_of_its_own):
    engine = engine_of_its_own
    with begin(engine, EVERYWHERE) as conn:
        owner, second = person(conn, "owner"), person(conn, "second")
        asked_for(conn)
        plan = a_plan(conn, owner)
        with pytest.raises(plan_approval.NotApproved), conn.begin_nested():
            scheduling.schedule(conn, owner, plan.plan_id, "", SOON, NOW)
        plan_approval.approve(conn, second, plan.plan_id, "", NOW)
        with pytest.raises(BadValue):
            scheduling.schedule(conn, owner, plan.plan_id, "", NOW, NOW)
        waiting = scheduling.schedule(conn, owner, plan.plan_id, "from spring on", SOON, NOW)
        assert (waiting.state, waiting.effective_from) == ("scheduled", SOON)
    assert scheduling.publish_due(engine, SOON - timedelta(seconds=1)) == []
    with begin(engine, EVERYWHERE) as conn:  # the moment comes: the database has its own clock
        conn.execute(text("UPDATE plan SET effective_from = now() - interval '1 s'"))
    (attempt,) = scheduling.publish_due(engine, SOON)
    assert (attempt.publication, attempt.refused) == (3, None)
    assert scheduling.publish_due(engine, SOON) == []
    with begin(engine, EVERYWHERE) as conn:
        made = require_current(conn)
        assert (made.by_person, made.memo) == (owner.person_id, "from spring on")


def test_a_plan_that_met_a_conflict_stays_unpublished_and_people_are_told(engine_of_its_own):
    engine = engine_of_its_own
    with begin(engine, EVERYWHERE) as conn:
        owner, second = person(conn, "owner"), person(conn, "second")
        cell, _ = neighbours(conn, VILLAGES[1])[0]
        plan = a_plan(conn, owner)
        plan_approval.approve(conn, second, plan.plan_id, "", NOW)
        scheduling.schedule(conn, owner, plan.plan_id, "", SOON, NOW)
        other = plans.create(conn, admin(), "quicker").plan_id
        plans.assign_cells(conn, admin(), other, [cell], None, loose="keep")
        for fault in plans.check(conn, admin(), other):
            if fault.code == "unit.pieces":
                plans.sign_parts(conn, admin(), other, fault.units[0], fault.facts["n_parts"])
        publish(conn, admin(), other, "")
        conn.execute(text("UPDATE plan SET effective_from = now() WHERE state = 'scheduled'"))
    (attempt,) = scheduling.publish_due(engine, SOON)
    assert (attempt.publication, attempt.refused) == (None, "plan.stale")
    with begin(engine, EVERYWHERE) as conn:
        assert require_current(conn).number == 3
        assert told(conn, "plan.not_published") == ["owner", "second"]
        assert drafts.get(conn, admin(), plan.plan_id).state == "approved"


def test_whoever_changes_a_waiting_plan_takes_it_off_the_list(conn, owner):
    plan = a_plan(conn, owner)
    scheduling.schedule(conn, owner, plan.plan_id, "", SOON, NOW)
    assert plans.undo(conn, owner, plan.plan_id).plan.state == "draft"
    due = conn.execute(text("SELECT count(*) FROM plan WHERE state = 'scheduled'")).scalar()
    assert due == 0


# Open incidents, each by itself -----------------------------------------------------------------


def test_each_open_incident_does_what_was_chosen_for_it(conn, owner):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    for step in ("reported", "accepted", "in_progress", "closed"):
        open_incident(conn, cell, step)
    plan = a_plan(conn, owner, open_incidents="ask")
    listed = {one.number: one for one in plans.impact(conn, owner, plan.plan_id).asked}
    assert {number: one.moves for number, one in listed.items()} == {
        "reported": True,
        "accepted": False,
        "in_progress": False,
    }
    assert listed["reported"].to_code == grid
    choices = {listed["reported"].incident_id: False, listed["accepted"].incident_id: True}
    chosen = incident_choices.choose(conn, owner, plan.plan_id, choices, NOW)
    assert chosen.version == plan.version + 1
    foreseen = plans.impact(conn, owner, plan.plan_id)
    assert (foreseen.incidents_move, foreseen.incidents_stay) == (1, 2)
    assert {one.number: one.chosen for one in foreseen.asked} == {
        "reported": True,
        "accepted": True,
        "in_progress": False,
    }
    publish(conn, owner, plan.plan_id, "")
    rows = conn.execute(text("SELECT step, grid_code, review FROM incident")).all()
    assert {row.step for row in rows if row.grid_code == grid} == {"accepted"}
    looked_at = {row.step for row in rows if row.review}
    assert "in_progress" in looked_at  # nobody chose: the desk looks at it
    assert "reported" not in looked_at


def test_a_choice_needs_a_plan_that_asks_and_an_incident_that_would_move(conn, owner):
    cell, _ = neighbours(conn, VILLAGES[1])[0]
    open_incident(conn, cell, "reported")
    incident = conn.execute(text("SELECT incident_id FROM incident")).scalar()
    silent = a_plan(conn, owner)
    with pytest.raises(BadValue):
        incident_choices.choose(conn, owner, silent.plan_id, {incident: True}, NOW)
    asking = plans.create(conn, owner, "nothing yet", open_incidents="ask")
    with pytest.raises(NotFound):
        incident_choices.choose(conn, owner, asking.plan_id, {incident: True}, NOW)


def test_the_preview_of_the_web_role_lists_what_the_owner_role_moves(conn, county, owner, as_web):
    scatter_households(conn, county, 50)
    cell, _ = neighbours(conn, VILLAGES[1])[0]
    open_incident(conn, cell, "reported")
    plan = a_plan(conn, owner, open_incidents="ask")
    before = plans.impact(conn, owner, plan.plan_id)
    as_web(COUNTY)
    assert plans.impact(conn, owner, plan.plan_id) == before
