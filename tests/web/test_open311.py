"""GeoReport v2 as its specification has it: wiki.open311.org/GeoReport_v2."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from sqlalchemy import text

from grids import feeds
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from tests.factories import COUNTY
from tests.web.conftest import KEYS, NOW, Caller
from tests.web.test_feeds import register

DOOR = "/open311/v2"
W3C_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")


@pytest.fixture(scope="module")
def api_key(world) -> str:
    return register(world.engine, "open311")


@pytest.fixture
def client(app) -> Caller:
    return Caller(app)


def send(client, world, key: str | None, form: str = "json", **more: object):
    """Post a request as a client does: a form, WGS84, no cookie."""
    lon, lat = world.own.at
    said = {
        "service_code": "0201",
        "lat": lat,
        "long": lon,
        "description": f"路口护栏倒塌 {uuid4()}",
        "first_name": "小",
        "last_name": "陈",
        "phone": "13712345678",
        **({"api_key": key} if key else {}),
        **more,
    }
    data = {name: value for name, value in said.items() if value is not None}
    return client.client.post(f"{DOOR}/requests.{form}", data=data)


def xml(answer) -> ElementTree.Element:
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    return ElementTree.fromstring(answer.data)


# What may be reported -----------------------------------------------------------------------


def test_discovery_says_where_the_door_is_and_what_it_speaks(client):
    said = client.get(f"{DOOR}/discovery.json").json
    (endpoint,) = said["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"].endswith(DOOR)
    assert endpoint["type"] == "production"
    assert endpoint["formats"] == ["application/json", "text/xml"]
    root = xml(client.get(f"{DOOR}/discovery.xml"))
    assert root.tag == "discovery"
    formats = [one.text for one in root.findall("endpoints/endpoint/formats/format")]
    assert formats == endpoint["formats"]


def test_services_are_the_admission_list_in_both_forms(client):
    listed = client.get(f"{DOOR}/services.json").json
    one = next(service for service in listed if service["service_code"] == "0201")
    assert set(one) == {
        *("service_code", "service_name", "description", "metadata", "type", "keywords", "group")
    }
    assert (one["metadata"], one["type"]) == (False, "realtime")
    root = xml(client.get(f"{DOOR}/services.xml?jurisdiction_id={COUNTY}"))
    assert root.tag == "services"
    assert [service.findtext("service_code") for service in root.findall("service")] == [
        service["service_code"] for service in listed
    ]
    assert root.find("service/metadata").text == "false"


def test_the_definition_of_a_service_asks_for_nothing_more(client):
    assert client.get(f"{DOOR}/services/0201.json").json == {
        "service_code": "0201",
        "attributes": [],
    }
    root = xml(client.get(f"{DOOR}/services/0201.xml"))
    assert (root.tag, root.findtext("service_code")) == ("service_definition", "0201")
    assert root.find("attributes") is not None


# Requests -----------------------------------------------------------------------------------


def test_a_request_becomes_an_incident_of_its_place_with_a_reporter(client, world, api_key):
    answer = send(client, world, api_key)
    assert answer.status_code == 201, answer.text
    ((said),) = answer.json
    assert set(said) == {"service_request_id", "service_notice", "account_id"}
    with begin(world.engine, EVERYWHERE) as conn:
        row = conn.execute(
            text(
                "SELECT i.grid_code, i.channel, i.given_datum, r.name, r.phone_mask"
                "  FROM incident AS i JOIN incident_reporter AS r USING (incident_id)"
                " WHERE incident_id = :i"
            ),
            {"i": said["service_request_id"]},
        ).one()
        assert row == (world.own.grid, "open311", "wgs84", "小 陈", "137****5678")
        key = UUID(said["service_request_id"])
        _, _, given = feeds.reveal_given(conn, everyone(), key, KEYS, "核对来件")
        assert "路口护栏倒塌" in given
        assert api_key not in given


def test_the_same_request_of_a_day_is_one(client, world, api_key):
    first = send(client, world, api_key, description="井盖缺失")
    again = send(client, world, api_key, description="井盖缺失")
    other = send(client, world, api_key, description="井盖破损")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json == again.json != other.json


def test_a_request_may_say_its_place_in_words_or_by_the_code_of_a_unit(client, world, api_key):
    here = {"lat": None, "long": None}
    words = send(client, world, api_key, **here, address_string="幸福路口")
    unit = send(client, world, api_key, **here, address_id=world.own.village)
    assert (words.status_code, unit.status_code) == (201, 201)
    said = client.get(f"{DOOR}/requests/{unit.json[0]['service_request_id']}.json").json[0]
    assert said["status"] == "open"


def test_an_answer_in_xml_has_the_elements_of_the_standard(client, world, api_key):
    root = xml(send(client, world, api_key, "xml"))
    assert root.tag == "service_requests"
    request_id = root.findtext("request/service_request_id")
    shown = xml(client.get(f"{DOOR}/requests/{request_id}.xml"))
    assert (shown.tag, shown.findtext("request/status")) == ("service_requests", "open")
    token = xml(client.get(f"{DOOR}/tokens/{request_id}.xml"))
    assert token.findtext("request/service_request_id") == request_id
    assert token.findtext("request/token") == request_id


def test_anybody_sees_how_far_it_is_and_only_the_client_its_words_and_place(client, world, api_key):
    sent = send(client, world, api_key, description="桥面\x0b塌陷").json[0]["service_request_id"]
    public = client.get(f"{DOOR}/requests/{sent}.json").json[0]
    assert set(public) == {
        *("service_request_id", "status", "status_notes", "service_name", "service_code"),
        *("agency_responsible", "requested_datetime", "updated_datetime", "expected_datetime"),
    }
    for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
        assert W3C_TIME.fullmatch(public[name])
    own = client.get(f"{DOOR}/requests/{sent}.json?api_key={api_key}").json[0]
    lon, lat = world.own.at
    assert (own["long"], own["lat"]) == (pytest.approx(lon), pytest.approx(lat))
    assert own["description"] == "桥面\x0b塌陷"
    # A character that XML cannot carry is left out.
    root = xml(client.get(f"{DOOR}/requests/{sent}.xml?api_key={api_key}"))
    assert root.findtext("request/description") == "桥面塌陷"


def test_requests_are_filtered_by_id_service_time_and_status(client, world, api_key):
    ids = [send(client, world, api_key).json[0]["service_request_id"] for _ in range(3)]

    def listed(**asked: str) -> list[str]:
        answer = client.client.get(f"{DOOR}/requests.json", query_string=asked)
        assert answer.status_code == 200, answer.text
        return [one["service_request_id"] for one in answer.json]

    assert set(listed(service_request_id=",".join(ids[:2]))) == set(ids[:2])
    assert set(ids) <= set(listed(service_code="0201"))
    assert listed(service_code="9999") == []
    assert set(ids) <= set(listed(status="open"))
    assert not set(ids) & set(listed(status="closed"))
    later = (NOW + timedelta(hours=1)).isoformat()
    assert listed(start_date=later, end_date=later) == []
    assert set(ids) <= set(listed(start_date=(NOW - timedelta(days=1)).isoformat()))


def test_nothing_that_came_through_another_door_is_shown(client, world):
    foreign = str(world.own.incident)
    assert client.get(f"{DOOR}/requests/{foreign}.json").status_code == 404
    asked = {"service_request_id": foreign}
    assert client.client.get(f"{DOOR}/requests.json", query_string=asked).json == []
    missing, there = (client.get(f"{DOOR}/requests/{key}.json") for key in (str(uuid4()), foreign))
    assert (missing.status_code, missing.data) == (there.status_code, there.data)


# Errors ---------------------------------------------------------------------------------------


def wrong(answer, status: int) -> str:
    """Return the description of an error in the standard's form."""
    assert answer.status_code == status, answer.text
    if answer.headers["Content-Type"].startswith("text/xml"):
        root = ElementTree.fromstring(answer.data)
        assert root.tag == "errors"
        assert root.findtext("error/code") == str(status)
        return str(root.findtext("error/description"))
    ((error),) = answer.json
    assert error["code"] == status
    return str(error["description"])


@pytest.mark.parametrize("form", ["json", "xml"])
def test_errors_have_the_standards_form_in_both(client, world, api_key, form):
    assert "service_code" in wrong(send(client, world, api_key, form, service_code=None), 400)
    assert "service_code" in wrong(send(client, world, api_key, form, service_code="9999"), 404)
    assert "api_key" in wrong(send(client, world, None, form), 403)
    assert "api_key" in wrong(send(client, world, "nobody's", form), 403)
    assert "jurisdiction" in wrong(send(client, world, api_key, form, jurisdiction_id="1"), 404)
    nowhere = {"lat": None, "long": None}
    assert wrong(send(client, world, api_key, form, **nowhere), 400)
    assert wrong(send(client, world, api_key, form, lat="北边"), 400)
    assert wrong(send(client, world, api_key, form, lat="91"), 400)
    assert wrong(send(client, world, api_key, form, lat=None), 400)
    assert wrong(send(client, world, api_key, form, phone="no number"), 400)
    assert wrong(client.get(f"{DOOR}/requests/none.{form}"), 404)
    assert wrong(client.get(f"{DOOR}/services/none.{form}"), 404)
    assert wrong(client.get(f"{DOOR}/requests.{form}?status=half"), 400)
    assert wrong(client.get(f"{DOOR}/requests.{form}?start_date=soon"), 400)
    assert wrong(client.get(f"{DOOR}/requests.{form}?api_key=x"), 403)


def test_a_key_of_another_feed_is_no_key(client, world):
    other = register(world.engine, "hotline")
    assert "Open311" in wrong(send(client, world, other), 403)


def test_an_address_of_no_form_is_nothing(client):
    assert client.get(f"{DOOR}/services.csv").status_code == 404
    assert client.get(f"{DOOR}/services").status_code == 404


def test_a_cookie_alone_sends_nothing(client, world, staff_of):
    """Nothing of this door hangs on a cookie, so nobody can make a browser use it."""
    assert wrong(send(client, world, None), 403)


def test_a_times_plus_may_have_become_a_blank(client):
    at = datetime.fromisoformat("2026-01-01T00:00:00+08:00").isoformat().replace("+", " ")
    answer = client.client.get(f"{DOOR}/requests.json", query_string={"start_date": at})
    assert answer.status_code == 200
