"""An administrator says who gets notices by webhook and SMS: by role and by person."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from grids import notice_ways, notices, staff
from grids.access import everyone
from grids.errors import BadValue, NotFound
from grids.model import Role, Viewer
from grids.notice_sending import Channel
from tests.factories import COUNTY, TOWNSHIP

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def office(make):
    make.grids(1, 2)
    return make.viewer()


def owed(conn, person_id):
    notices.post(conn, person_id, "incident.assigned", {"number": "1"}, NOW)
    rows = conn.execute(
        text("SELECT channel FROM notice WHERE person_id = :p ORDER BY channel"), {"p": person_id}
    )
    return list(rows.scalars())


def test_everybody_in_a_role_gets_them_whoever_joins_later_too(conn, make, office):
    notice_ways.set_role(conn, office, Role.DISPATCHER, [Channel.SMS])
    desk, worker = make.person("张调度"), make.person("李网格")
    staff.grant(conn, everyone("test"), desk, Role.DISPATCHER, COUNTY)
    staff.grant(conn, everyone("test"), worker, Role.WORKER, COUNTY)
    assert owed(conn, desk) == ["app", "sms"]
    assert owed(conn, worker) == ["app"]
    notice_ways.set_role(conn, office, Role.DISPATCHER, [])
    assert notice_ways.of_roles(conn, office)[Role.DISPATCHER] == ()


def test_a_way_by_role_and_by_person_is_one_message(conn, make, office):
    desk = make.person("张调度")
    for scope in (COUNTY, TOWNSHIP):
        staff.grant(conn, everyone("test"), desk, Role.DISPATCHER, scope)
    notice_ways.set_role(conn, office, Role.DISPATCHER, [Channel.SMS])
    notice_ways.set_person(conn, office, desk, [Channel.SMS, Channel.WEBHOOK])
    assert owed(conn, desk) == ["app", "sms", "webhook"]


def test_people_with_ways_are_listed_without_their_numbers_and_changes_are_written_down(
    conn, make, office
):
    desk = make.person("张调度")
    notice_ways.set_person(conn, office, desk, [Channel.WEBHOOK])
    (one,) = notice_ways.of_people(conn, office)
    assert (one.person_id, one.channels, one.has_phone) == (desk, (Channel.WEBHOOK,), True)
    notice_ways.set_person(conn, office, desk, [])
    assert notice_ways.of_people(conn, office) == []
    n = text("SELECT count(*) FROM audit WHERE action = 'notice.channels'")
    assert conn.execute(n).scalar_one() == 2


def test_a_township_chooses_for_its_own_people_and_for_no_role(conn, make, office):
    township = Viewer(None, "office", Role.GRID_ADMIN, TOWNSHIP)
    with pytest.raises(BadValue):
        notice_ways.set_role(conn, township, Role.WORKER, [Channel.SMS])
    with pytest.raises(NotFound):
        notice_ways.set_person(conn, township, make.person("县里人"), [Channel.SMS])
    with pytest.raises(NotFound):
        notice_ways.set_person(conn, township, uuid4(), [Channel.SMS])
    notice_ways.set_person(conn, township, make.person("镇里人", TOWNSHIP), [Channel.SMS])
