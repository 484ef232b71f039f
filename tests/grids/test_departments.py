"""Departments that have to see to incidents besides their owners."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from grids import departments, incidents
from grids.access import everyone
from grids.errors import BadValue, Forbidden, NotFound
from grids.incidents import Filter, IncidentReport
from grids.model import Role, Viewer
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def county(conn, make):
    make.first, _ = make.grids(1, 2)
    make.duty(make.first.code, "primary")
    for code, department in (("0201", "水利局"), ("0202", "应急办")):
        make.matter(code)
        conn.execute(
            text("UPDATE matter SET department = :d WHERE code = :code"),
            {"d": department, "code": code},
        )
    return make.viewer()


def report(make, matter, key=None):
    at = make.centre_of(make.first)
    return IncidentReport(
        "test", key or uuid4().hex, matter, "渠水漫路", x=at.lon, y=at.lat, datum="cgcs2000"
    )


def told(conn, person_id):
    rows = conn.execute(
        text("SELECT kind, facts FROM notice WHERE person_id = :p ORDER BY notice_id"),
        {"p": person_id},
    )
    return [tuple(row) for row in rows]


def test_the_desk_of_a_department_is_told_and_finds_the_incident_in_its_queue(conn, make, county):
    officer = make.person("刘水利")
    departments.seat(conn, county, "水利局", officer, NOW)
    water, _ = incidents.receive(conn, county, report(make, "0201"), NOW)
    incidents.receive(conn, county, report(make, "0202"), NOW)
    said = {
        "department": "水利局",
        "number": water.number,
        "incident_id": str(water.incident_id),
    }
    assert told(conn, officer) == [("incident.for_department", said)]
    desk = Viewer(officer, "刘水利", Role.DISPATCHER, COUNTY)
    queue, _ = incidents.list_page(conn, desk, Filter(step="open", my_department=True), NOW)
    assert [one.incident_id for one in queue] == [water.incident_id]
    # The worker of the grid is its owner all the same.
    assert queue[0].owner.person_id not in (None, officer)
    nobody, _ = incidents.list_page(conn, county, Filter(my_department=True), NOW)
    assert nobody == []


def test_a_batch_tells_a_desk_once_and_what_is_over_tells_nobody(conn, make, county):
    officer = make.person("刘水利")
    departments.seat(conn, county, "水利局", officer, NOW)
    came = [report(make, "0201") for _ in range(3)] + [report(make, "0202")]
    incidents.receive_many(conn, county, came, NOW)
    incidents.receive_many(conn, county, came, NOW)
    assert told(conn, officer) == [
        ("incident.for_department_many", {"department": "水利局", "n": 3})
    ]


def test_the_office_of_a_township_is_told_of_its_own_ground_only(conn, make, county):
    inside = make.person("镇水利", TOWNSHIP)
    township = Viewer(None, "office", Role.GRID_ADMIN, TOWNSHIP)
    departments.seat(conn, township, "水利局", inside, NOW)
    facts = {"number": "n"}
    departments.tell(conn, "水利局", VILLAGE, facts, NOW)
    departments.tell(conn, "水利局", "530524999001", facts, NOW)
    departments.tell(conn, "水利局", COUNTY, facts, NOW)
    assert len(told(conn, inside)) == 1


def test_who_sits_where_is_listed_changed_and_written_down(conn, make, county):
    officer = make.person("刘水利")
    for _ in range(2):
        departments.seat(conn, county, "水利局", officer, NOW)
    listed = {one.name: one for one in departments.list_departments(conn, county)}
    assert [seat.name for seat in listed["水利局"].seats] == ["刘水利"]
    assert listed["水利局"].n_matters == 1
    assert listed["应急办"].seats == ()
    for _ in range(2):
        departments.unseat(conn, county, "水利局", officer)
    listed = {one.name: one for one in departments.list_departments(conn, county)}
    assert listed["水利局"].seats == ()
    n = text("SELECT count(*) FROM audit WHERE action = 'department.unseat'")
    assert conn.execute(n).scalar_one() == 1


def test_a_seat_needs_a_person_of_the_territory_and_a_department_of_the_list(conn, make, county):
    officer = make.person("刘水利")
    with pytest.raises(BadValue):
        departments.seat(conn, county, "气象局", officer, NOW)
    with pytest.raises(NotFound):
        departments.seat(conn, county, "水利局", uuid4(), NOW)
    township = Viewer(None, "office", Role.GRID_ADMIN, TOWNSHIP)
    with pytest.raises(NotFound):
        departments.seat(conn, township, "水利局", officer, NOW)
    worker = Viewer(officer, "worker", Role.WORKER, VILLAGE)
    with pytest.raises(Forbidden):
        departments.seat(conn, worker, "水利局", officer, NOW)
    assert departments.list_departments(conn, everyone("test"))
