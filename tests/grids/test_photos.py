"""Photos are kept once, follow their incident, and are shown inside the territory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from grids import incidents, photos
from grids.errors import Forbidden, NotFound
from grids.incidents import IncidentReport, KeyReused
from grids.model import Role
from grids.photos import TooManyPhotos
from tests.factories import COUNTY, VILLAGE

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "5f0c2a4e-photo"


@dataclass(frozen=True)
class Picture:
    jpeg: bytes = b"\xff\xd8 what our own program wrote"
    width: int = 64
    height: int = 48


@pytest.fixture
def county(make):
    make.matter()
    return make.grids(1, 2)


@pytest.fixture
def worker(make, county):
    return make.viewer(Role.WORKER, county[0].code)


def take_in(conn, make, viewer, grid, key="r-1"):
    at = make.centre_of(grid)
    said = IncidentReport("phone", key, "0201", "渠水漫路", x=at.lon, y=at.lat, datum="cgcs2000")
    return incidents.receive(conn, viewer, said, NOW)[0].incident_id


def test_a_photo_sent_again_is_the_same_photo(conn, make, as_web, county, worker):
    incident = take_in(conn, make, worker, county[0])
    as_web(worker.scope)
    assert photos.find(conn, worker, incident, b"given", KEY) is None
    first = photos.save(conn, worker, incident, b"given", Picture(), KEY, NOW)
    again = photos.save(conn, worker, incident, b"given", Picture(), KEY, NOW)
    assert photos.find(conn, worker, incident, b"given", KEY) == first == again
    assert photos.get(conn, worker, first) == Picture.jpeg
    assert conn.execute(text("SELECT count(*) FROM photo")).scalar() == 1


def test_another_file_with_the_same_key_is_refused(conn, make, county, worker):
    incident = take_in(conn, make, worker, county[0])
    photos.save(conn, worker, incident, b"given", Picture(), KEY, NOW)
    with pytest.raises(KeyReused):
        photos.find(conn, worker, incident, b"another", KEY)


def test_a_photo_belongs_to_the_step_it_shows(conn, make, county, worker):
    person = make.person("王师傅", county[0].code)
    conn.execute(text("UPDATE incident SET owner_id = NULL"))
    incident = take_in(conn, make, worker, county[0])
    conn.execute(
        text("UPDATE incident SET owner_id = :p WHERE incident_id = :i"),
        {"p": person, "i": incident},
    )
    owner = type(worker)(person, "王师傅", Role.WORKER, worker.scope)
    card = incidents.get(conn, owner, incident, NOW)
    incidents.step(
        conn, owner, incident, "accept", version=card.incident.version, now=NOW, key="step-key-1"
    )
    photos.save(conn, owner, incident, b"a", Picture(), KEY, NOW, step_key="step-key-1")
    photos.save(conn, owner, incident, b"b", Picture(), KEY + "2", NOW, step_key="step-never-came")
    rows = conn.execute(text("SELECT step_seq, person_id FROM photo ORDER BY idempotency_key"))
    assert [tuple(row) for row in rows] == [(2, person), (None, person)]


def test_an_incident_has_room_for_twelve(conn, make, county, worker):
    incident = take_in(conn, make, worker, county[0])
    for k in range(photos.MOST):
        photos.save(conn, worker, incident, b"%d" % k, Picture(), f"{KEY}-{k}", NOW)
    with pytest.raises(TooManyPhotos):
        photos.save(conn, worker, incident, b"more", Picture(), f"{KEY}-more", NOW)
    # What is there already is answered as before.
    assert photos.save(conn, worker, incident, b"0", Picture(), f"{KEY}-0", NOW)


def test_a_photo_of_another_territory_does_not_exist(conn, make, as_web, county, worker):
    neighbour = make.viewer(Role.WORKER, county[1].code)
    incident = take_in(conn, make, worker, county[0])
    photo = photos.save(conn, worker, incident, b"given", Picture(), KEY, NOW)
    as_web(neighbour.scope)
    assert conn.execute(text("SELECT count(*) FROM photo")).scalar() == 0
    for attempt in (
        lambda: photos.get(conn, neighbour, photo),
        lambda: photos.find(conn, neighbour, incident, b"given", KEY),
        lambda: photos.save(conn, neighbour, incident, b"x", Picture(), KEY + "x", NOW),
        lambda: photos.get(conn, worker, uuid4()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_who_reported_beyond_the_border_may_add_to_the_report(conn, make, as_web, county, worker):
    incident = take_in(conn, make, worker, county[1], key="report-key-of-mine")
    as_web(worker.scope)
    with pytest.raises(NotFound):
        photos.save(conn, worker, incident, b"x", Picture(), KEY, NOW, report_key="of-others")
    photo = photos.save(
        conn, worker, incident, b"x", Picture(), KEY, NOW, report_key="report-key-of-mine"
    )
    with pytest.raises(NotFound):
        photos.get(conn, worker, photo)


def test_a_role_that_may_not_report_adds_nothing(conn, make, county, worker):
    incident = take_in(conn, make, worker, county[0])
    with pytest.raises(Forbidden):
        photos.save(conn, make.viewer(Role.LEADER, COUNTY), incident, b"x", Picture(), KEY, NOW)


def test_photos_follow_their_incident(conn, make, as_web, county, worker):
    incident = take_in(conn, make, worker, county[0])
    photo = photos.save(conn, worker, incident, b"given", Picture(), KEY, NOW)
    conn.execute(
        text("UPDATE incident SET territory_code = :code WHERE incident_id = :i"),
        {"code": county[1].code, "i": incident},
    )
    assert photos.get(conn, make.viewer(Role.WORKER, county[1].code), photo)
    with pytest.raises(NotFound):
        photos.get(conn, worker, photo)


def test_the_web_role_cannot_write_photos_around_the_function(conn, as_web):
    as_web(VILLAGE)
    with pytest.raises(ProgrammingError, match="permission denied"):
        conn.execute(text("DELETE FROM photo"))


def test_a_resident_adds_a_photo_without_an_account(conn, make, county, worker):
    incident = take_in(conn, make, worker, county[0])
    photo = photos.save(conn, None, incident, b"given", Picture(), KEY, NOW)
    assert photos.get(conn, worker, photo) == Picture.jpeg
