"""A worker who leaves hands over duties and open work."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from grids import assign, handover, incidents, roster
from grids.access import everyone
from grids.errors import BadValue, NotFound
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.model import Role
from tests.factories import COUNTY, VILLAGE

NOW = datetime.now(UTC)
TODAY = local_day(NOW)
DAY = timedelta(days=1)


@pytest.fixture
def leaving(make, conn):
    """A grid with a worker who owns two incidents, and a village desk."""
    (make.grid,) = make.grids(1, 1)
    make.matter()
    person = make.duty(make.grid.code, "primary", name="leaving")
    make.desk = make.duty(VILLAGE, "desk", name="desk")
    make.numbers = []
    for k in range(2):
        report = IncidentReport("t", f"k{k}", "0201", "路灯不亮", unit_code=make.grid.code)
        receipt, _ = incidents.receive(conn, everyone(), report, NOW)
        make.numbers.append(receipt.number)
    return person


def owners(conn):
    rows = conn.execute(text("SELECT owner_id FROM incident ORDER BY number"))
    return list(rows.scalars())


def test_the_list_says_what_would_go_to_whom(conn, make, leaving):
    posts, work = handover.preview(conn, make.viewer(), leaving, NOW)
    assert [(post.unit_code, post.rank) for post in posts] == [(make.grid.code, "primary")]
    assert [one.number for one in work] == make.numbers
    assert {(one.goes_to, one.unit_code, one.rank) for one in work} == {("desk", VILLAGE, "desk")}
    assert owners(conn) == [leaving] * 2


def test_a_successor_takes_the_duty_and_the_open_work(conn, make, leaving):
    heir = make.person("heir", make.grid.code)
    done = handover.hand_over(
        conn,
        make.viewer(),
        leaving,
        last_day=TODAY - DAY,
        reason="调离",
        now=NOW,
        successors={make.grid.code: heir},
    )
    assert owners(conn) == [heir] * 2
    assert [one["number"] for one in done.moved] == make.numbers
    assert assign.responsible(conn, make.grid.code, None, NOW).person.person_id == heir
    steps = conn.execute(
        text("SELECT action, note FROM incident_step WHERE action = 'hand_over'")
    ).all()
    assert steps == [("hand_over", "调离")] * 2
    told = text("SELECT kind, facts FROM notice WHERE person_id = :p")
    assert conn.execute(told, {"p": heir}).all() == [("incident.handed_over", {"n": 2})]


def test_until_the_last_day_is_over_nothing_moves(conn, make, leaving):
    asked = handover.hand_over(
        conn, make.viewer(), leaving, last_day=TODAY + DAY, reason="退休", now=NOW
    )
    assert (asked.done_at, asked.moved) == (None, [])
    assert handover.complete_due(conn, NOW + DAY) == 0
    assert owners(conn) == [leaving] * 2
    assert handover.complete_due(conn, NOW + 2 * DAY) == 1
    assert handover.complete_due(conn, NOW + 2 * DAY) == 0
    assert owners(conn) == [make.desk] * 2
    (listed,) = handover.list_handovers(conn, make.viewer())
    assert [one["to"] for one in listed.moved] == ["desk", "desk"]


def test_a_handover_that_waits_is_not_asked_for_twice(conn, make, leaving):
    office = make.viewer()
    handover.hand_over(conn, office, leaving, last_day=TODAY + DAY, reason="退休", now=NOW)
    with pytest.raises(handover.HandoverOpen):
        handover.hand_over(conn, office, leaving, last_day=TODAY, reason="退休", now=NOW)


def test_a_successor_is_named_only_for_what_the_person_holds(conn, make, leaving):
    heir = make.person("heir", make.grid.code)
    with pytest.raises(BadValue):
        handover.hand_over(
            conn,
            make.viewer(),
            leaving,
            last_day=TODAY,
            reason="调离",
            now=NOW,
            successors={VILLAGE: heir},
        )


def test_people_of_elsewhere_are_said_not_to_exist(conn, make, leaving):
    elsewhere = make.viewer(Role.GRID_ADMIN, COUNTY + "999")
    with pytest.raises(NotFound):
        handover.preview(conn, elsewhere, leaving, NOW)


def test_the_vacancy_list_names_who_was_last_there(conn, make, leaving):
    handover.hand_over(conn, make.viewer(), leaving, last_day=TODAY - DAY, reason="调离", now=NOW)
    rows = {one.unit_code: one for one in roster.list_vacancies(conn, make.viewer(), NOW)}
    vacant = rows[make.grid.code]
    assert (vacant.rank, vacant.last_name, vacant.vacant_since) == ("primary", "leaving", TODAY)


def test_a_kind_of_grid_that_needs_no_worker_is_no_vacancy(conn, make, leaving):
    office = make.viewer()
    handover.hand_over(conn, office, leaving, last_day=TODAY - DAY, reason="调离", now=NOW)
    conn.execute(text("UPDATE unit SET kind = 'micro' WHERE level = 'grid'"))
    conn.execute(
        text(
            "UPDATE boundary_rule SET severity = 'off' WHERE (kind, subject) = ('micro', 'primary')"
        )
    )
    codes = [one.unit_code for one in roster.list_vacancies(conn, office, NOW)]
    assert make.grid.code not in codes


def test_the_roster_lists_who_serves_and_who_is_away(conn, make, leaving):
    make.leave(leaving, NOW - DAY, NOW + DAY)
    coming = make.duty(make.grid.code, "deputy", since=date(2099, 1, 1))
    rows = roster.list_services(conn, make.viewer(), NOW, area=make.grid.code)
    assert [(one.rank, one.person_id, one.on_leave) for one in rows] == [
        ("deputy", coming, False),
        ("primary", leaving, True),
    ]
    assert [one.open_incidents for one in rows] == [0, 2]


def test_a_duty_ends_with_its_last_day(conn, make, leaving):
    office = make.viewer()
    (row, *_) = roster.list_services(conn, office, NOW, area=make.grid.code)
    roster.end_duty(conn, office, row.duty_id, TODAY)
    assert assign.responsible(conn, make.grid.code, None, NOW).person.person_id == leaving
    later = assign.responsible(conn, make.grid.code, None, NOW + DAY)
    assert later.person.person_id == make.desk


def test_a_duty_that_stands_already_is_refused_by_name(conn, make, leaving):
    office = make.viewer()
    with pytest.raises(roster.DutyOverlaps, match="leaving"):
        roster.appoint(conn, office, leaving, make.grid.code, "primary", since=date(2019, 1, 1))
    roster.appoint(conn, office, leaving, make.grid.code, "deputy", since=TODAY)
    with pytest.raises(roster.DutyOverlaps):
        roster.appoint(conn, office, leaving, make.grid.code, "deputy", since=TODAY + DAY)


def test_leave_that_overlaps_another_is_refused(conn, make, leaving):
    office = make.viewer()
    roster.take_leave(conn, office, leaving, NOW, NOW + DAY)
    with pytest.raises(roster.LeaveOverlaps):
        roster.take_leave(conn, office, leaving, NOW + DAY / 2, NOW + 2 * DAY)
    roster.take_leave(conn, office, leaving, NOW + DAY, NOW + 2 * DAY)


def test_nobody_is_appointed_to_a_unit_that_is_none(conn, make, leaving):
    with pytest.raises(NotFound):
        roster.appoint(conn, make.viewer(), leaving, VILLAGE + "999", "primary", since=TODAY)
