"""Personal data goes when its time is over, and how much went is written down."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from grids import feeds, incidents, notices, retention
from grids.access import everyone
from grids.errors import BadValue
from grids.incident_report import Reporter
from grids.incidents import IncidentReport
from grids.secrets import KeyRing

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = KeyRing({1: bytes(32)})
ROOT = everyone("test")


@pytest.fixture
def came(conn, make):
    """Incidents by a reporter from outside, by the days since they ended; none: still open."""
    grid, _ = make.grids(1, 2)
    make.matter()
    at = make.centre_of(grid)
    feeds.save(conn, ROOT, "hotline", {"name": "12345"}, NOW)

    def come(ended_days: int | None):
        who = Reporter("王某", KEYS.encrypt("13800001234"), "138****1234")
        said = IncidentReport(
            "feed",
            uuid4().hex,
            "0201",
            "渠水漫路",
            x=at.lon,
            y=at.lat,
            datum="cgcs2000",
            reporter=who,
        )
        began = NOW - 400 * DAY
        receipt, _ = incidents.receive(conn, make.viewer(), said, began)
        feeds.keep_given(
            conn,
            "hotline",
            receipt.incident_id,
            "王某 13800001234",
            KEYS,
            territory=receipt.territory_code,
            now=began,
        )
        if ended_days is not None:
            conn.execute(
                text(
                    "UPDATE incident SET step = 'closed', closed_at = :at, answered_at = :at"
                    " WHERE incident_id = :id"
                ),
                {"at": NOW - ended_days * DAY, "id": receipt.incident_id},
            )
        return receipt.incident_id

    return come


def left(conn, table):
    rows = conn.execute(text(f"SELECT incident_id FROM {table}"))
    return set(rows.scalars())


def test_contacts_and_messages_go_so_many_days_after_the_incident_has_ended(conn, came):
    old, recent, still_open = came(181), came(179), came(None)
    done = {one.name: one.n for one in retention.run(conn, ROOT, NOW)}
    assert (done["reporter_contact"], done["feed_message"]) == (1, 1)
    for table in ("incident_reporter", "feed_message"):
        assert left(conn, table) == {recent, still_open}
    assert old in left(conn, "incident")
    card = incidents.get(conn, everyone("test"), old, NOW)
    assert card.reporter is None
    # Once more at the same moment: nothing is left to go.
    assert {one.n for one in retention.run(conn, ROOT, NOW)} == {0}


def test_a_worker_who_reported_is_no_contact_of_a_resident(conn, make, came):
    kept = came(300)
    conn.execute(
        text("UPDATE incident_reporter SET person_id = :p WHERE incident_id = :id"),
        {"p": make.person(), "id": kept},
    )
    retention.run(conn, ROOT, NOW)
    assert left(conn, "incident_reporter") == {kept}


def test_old_notices_go_with_the_messages_that_repeat_them(conn, make):
    person = make.person()
    conn.execute(
        text("INSERT INTO notice_channel (person_id, channel) VALUES (:p, 'sms')"), {"p": person}
    )
    for days in (10, 200):
        notices.post(conn, person, "incident.assigned", {"number": str(days)}, NOW - days * DAY)
    gone = {one.name: one.n for one in retention.run(conn, ROOT, NOW)}
    assert gone["notice"] == 2
    rows = conn.execute(text("SELECT DISTINCT facts ->> 'number' FROM notice"))
    assert list(rows.scalars()) == ["10"]


def test_a_rule_is_data_and_each_run_is_written_down_with_what_it_obeyed(conn, came):
    ended = came(40)
    retention.set_days(conn, ROOT, "reporter_contact", 30)
    retention.run(conn, ROOT, NOW)
    assert ended not in left(conn, "incident_reporter")
    assert ended in left(conn, "feed_message")
    rules = {one.name: one for one in retention.list_rules(conn)}
    assert set(rules) == set(retention.CLASSES)
    assert (rules["reporter_contact"].days, rules["reporter_contact"].last_n) == (30, 1)
    assert rules["reporter_contact"].last_at == NOW
    said = conn.execute(
        text(
            "SELECT facts FROM audit WHERE action = 'retention.run'"
            " AND record = 'retention reporter_contact'"
        )
    ).scalar_one()
    assert (said["days"], said["n"]) == (30, 1)


@pytest.mark.parametrize(("name", "days"), [("audit", 200), ("notice", 29), ("notice", 3651)])
def test_a_rule_that_does_not_fit_is_refused(conn, name, days):
    with pytest.raises(BadValue):
        retention.set_days(conn, ROOT, name, days)
