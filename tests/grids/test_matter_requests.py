"""How an item comes on the admission list."""

from datetime import UTC, date, datetime, timedelta

import pytest

from grids import admission, matter_requests
from grids.admission import Matter
from grids.errors import BadValue, NotFound
from grids.matter_requests import (
    CountyDecides,
    NotYours,
    OwnRequest,
    RequestDecided,
    RequestWaiting,
)
from grids.model import Role
from tests.factories import COUNTY, TOWNSHIP

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


def item(**more):
    said = {
        "code": "0901",
        "scheme": "county",
        "name": "防溺水巡查",
        "department": "应急办",
        "level": "ordinary",
        "first_rank": "primary",
        "limit_hours": 24,
        "attempts": "3-2-1",
        "temporary": False,
        "since": date(2026, 6, 1),
        "until": None,
    }
    return Matter(**{**said, **more})


@pytest.fixture
def department(make):
    make.grids(1, 1)
    return make.viewer(Role.DISPATCHER)


def test_an_item_is_on_the_list_once_the_office_approves(conn, make, department):
    asked = matter_requests.ask(conn, department, item(), "汛期需要", NOW)
    assert admission.by_code(conn, ["0901"]) == {}
    done = matter_requests.decide(
        conn, make.viewer(), asked.request_id, approve=True, note="", now=NOW
    )
    assert (done.state, done.item) == ("approved", item())
    assert admission.by_code(conn, ["0901"]) == {"0901": item()}


def test_a_refusal_says_why_and_changes_nothing(conn, make, department):
    office = make.viewer()
    asked = matter_requests.ask(conn, department, item(), "汛期需要", NOW)
    with pytest.raises(BadValue):
        matter_requests.decide(conn, office, asked.request_id, approve=False, note=" ", now=NOW)
    done = matter_requests.decide(
        conn, office, asked.request_id, approve=False, note="不属网格职责", now=NOW
    )
    assert (done.state, done.note) == ("refused", "不属网格职责")
    assert admission.by_code(conn, ["0901"]) == {}
    with pytest.raises(RequestDecided):
        matter_requests.decide(conn, office, asked.request_id, approve=True, note="", now=NOW)


def test_nobody_decides_about_an_own_request(conn, make, department):
    office = make.viewer()
    asked = matter_requests.ask(conn, office, item(), "汛期需要", NOW)
    with pytest.raises(OwnRequest):
        matter_requests.decide(conn, office, asked.request_id, approve=True, note="", now=NOW)


def test_only_the_county_decides(conn, make, department):
    part = make.viewer(Role.GRID_ADMIN, TOWNSHIP)
    inside = make.viewer(Role.DISPATCHER, TOWNSHIP)
    asked = matter_requests.ask(conn, inside, item(), "汛期需要", NOW)
    with pytest.raises(CountyDecides):
        matter_requests.decide(conn, part, asked.request_id, approve=True, note="", now=NOW)
    elsewhere = make.viewer(Role.GRID_ADMIN, COUNTY + "999")
    with pytest.raises(NotFound):
        matter_requests.decide(conn, elsewhere, asked.request_id, approve=True, note="", now=NOW)


def test_who_asked_may_withdraw_while_it_waits(conn, make, department):
    asked = matter_requests.ask(conn, department, item(), "汛期需要", NOW)
    with pytest.raises(NotYours):
        matter_requests.withdraw(conn, make.viewer(), asked.request_id, NOW)
    assert matter_requests.withdraw(conn, department, asked.request_id, NOW).state == "withdrawn"
    with pytest.raises(RequestDecided):
        matter_requests.withdraw(conn, department, asked.request_id, NOW)


def test_one_request_for_an_item_at_a_time(conn, make, department):
    matter_requests.ask(conn, department, item(), "汛期需要", NOW)
    with pytest.raises(RequestWaiting):
        matter_requests.ask(conn, department, item(name="另名"), "汛期需要", NOW)
    assert [one.state for one in matter_requests.list_requests(conn, department, "asked")] == [
        "asked"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temporary": True},
        {"temporary": True, "until": date(2026, 5, 1)},
        {"attempts": "3-x"},
        {"name": ""},
        {"department": " "},
        {"since": None},
    ],
)
def test_an_item_that_does_not_fit_is_refused(conn, department, wrong):
    with pytest.raises(BadValue):
        matter_requests.ask(conn, department, item(**wrong), "汛期需要", NOW)


def test_an_urgent_item_with_an_end_is_taken_off_by_itself(conn, make, department):
    until = date(2026, 6, 11)
    urgent = item(temporary=True, until=until)
    asked = matter_requests.ask(conn, department, urgent, "应急", NOW)
    matter_requests.decide(conn, make.viewer(), asked.request_id, approve=True, note="", now=NOW)
    assert admission.list_in_force(conn, until - timedelta(days=1)) == [urgent]
    assert admission.list_in_force(conn, until) == []
