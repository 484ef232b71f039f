"""A planted hotspot raises one alert, goes on as the same one, and a quiet county raises none."""

import json
import secrets
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from grids import alert_scan, alerts, db
from grids.access import everyone
from grids.errors import BadValue, NotFound
from grids.model import Role, Viewer
from grids.secrets import KeyRing
from importers.demo.build import build
from importers.demo.load import load
from tests.factories import COUNTY

TODAY = date(2026, 6, 30)
YESTERDAY = TODAY - timedelta(1)
NOW = datetime(2026, 6, 29, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo(clone, tmp_path_factory):
    """The small invented county with its planted hotspots, and where they are."""
    folder = tmp_path_factory.mktemp("county")
    files = build(folder, "small", seed=5, n_incidents=6000, today=TODAY)
    engine = db.make_engine(clone(), pooled=False)
    keys = KeyRing({1: secrets.token_bytes(32)})
    with db.begin(engine, db.EVERYWHERE) as conn:
        load(conn, everyone("test"), files, scale="small", seed=5, keys=keys, now=NOW)
    truth = json.loads((folder / "truth.json").read_bytes())
    yield engine, {spot["name"]: set(spot["grids"]) for spot in truth["planted"]}
    engine.dispose()


@pytest.fixture
def county(demo):
    """A transaction on the demo county that is rolled back, and the planted places."""
    engine, planted = demo
    with engine.connect() as conn, conn.begin() as transaction:
        db.set_scope(conn, db.EVERYWHERE)
        yield conn, planted
        transaction.rollback()


def test_the_planted_hotspot_is_one_alert_that_goes_on_the_next_day(county):
    conn, planted = county
    before = alert_scan.run(conn, YESTERDAY - timedelta(1), NOW - timedelta(1))
    night = alert_scan.run(conn, YESTERDAY, NOW)
    listed = alerts.list_alerts(conn, everyone())
    fresh = [one for one in listed if set(one.grid_codes) & planted["new"]]
    assert len(fresh) == 1
    assert fresh[0].observed > 2 * fresh[0].expected
    assert fresh[0].recurrence_days >= alert_scan.THRESHOLD_DAYS
    everywhere = set.union(*planted.values())
    assert all(set(one.grid_codes) & everywhere for one in listed)
    assert fresh[0].alert_id in before.raised
    assert fresh[0].alert_id in night.ongoing
    assert (fresh[0].state, fresh[0].nights) == ("ongoing", 2)


def test_a_night_is_looked_at_once(county):
    conn, _ = county
    assert alert_scan.run(conn, YESTERDAY, NOW) is not None
    assert alert_scan.run(conn, YESTERDAY, NOW) is None
    assert alerts.last_night(conn).day == YESTERDAY


def test_who_answers_for_the_place_is_told_of_a_new_alert_only(county):
    conn, _ = county
    first = alert_scan.run(conn, YESTERDAY - timedelta(1), NOW - timedelta(1))
    told = conn.execute(text("SELECT count(*) FROM notice WHERE kind = 'alert.raised'")).scalar()
    second = alert_scan.run(conn, YESTERDAY, NOW)
    again = conn.execute(text("SELECT count(*) FROM notice WHERE kind = 'alert.raised'")).scalar()
    assert told >= len(first.raised)
    assert (again > told) == bool(second.raised)


def test_a_county_without_a_change_raises_none(county):
    conn, _ = county
    rng = np.random.default_rng(2)
    grids = conn.execute(
        text("SELECT unit_code FROM unit_outline WHERE level = 'grid' AND upper_inf(valid)")
    ).scalars()
    codes = sorted(grids)
    rate = rng.gamma(4, 0.02, len(codes))
    conn.execute(text("DELETE FROM daily_count"))
    rows = [
        {"grid": code, "day": YESTERDAY - timedelta(back), "n": int(n)}
        for back in range(alert_scan.STUDY_DAYS)
        for code, n in zip(codes, rng.poisson(rate), strict=True)
        if n
    ]
    conn.execute(text("INSERT INTO daily_count VALUES (:grid, :day, '0201', 'o', 'd', :n)"), rows)
    night = alert_scan.run(conn, YESTERDAY, NOW)
    assert night.n_tests == 2
    assert (night.raised, night.ongoing) == ((), ())
    assert alerts.list_alerts(conn, everyone()) == []


def test_an_alert_is_acknowledged_with_a_note_and_stays_so(county):
    conn, _ = county
    alert_scan.run(conn, YESTERDAY, NOW)
    first = alerts.list_alerts(conn, everyone())[0]
    who = conn.execute(text("SELECT person_id, name FROM person LIMIT 1")).one()
    leader = Viewer(who.person_id, who.name, Role.LEADER, first.territory_code)
    with pytest.raises(BadValue):
        alerts.acknowledge(conn, leader, first.alert_id, "  ", NOW)
    done = alerts.acknowledge(conn, leader, first.alert_id, "已派人核查", NOW)
    assert (done.acknowledged_by, done.note) == (who.name, "已派人核查")
    stranger = Viewer(None, "else", Role.LEADER, COUNTY + "999")
    assert alerts.list_alerts(conn, stranger) == []
    with pytest.raises(NotFound):
        alerts.acknowledge(conn, stranger, first.alert_id, "看过", NOW)
    audited = conn.execute(
        text("SELECT reason FROM audit WHERE action = 'alert.acknowledge'")
    ).scalars()
    assert list(audited) == ["已派人核查"]


def test_the_web_role_reads_the_alerts_of_its_territory_only(county):
    conn, _ = county
    alert_scan.run(conn, YESTERDAY, NOW)
    territory = alerts.list_alerts(conn, everyone())[0].territory_code
    conn.execute(text("SET LOCAL ROLE wangge_web"))
    for scope, seen in ((territory, True), ("999999", False), ("", False)):
        db.set_scope(conn, scope)
        n = conn.execute(text("SELECT count(*) FROM alert_night")).scalar_one()
        assert (n > 0) == seen


@pytest.mark.parametrize(
    ("codes", "holding"),
    [
        (["530524101001001"], "530524101001001"),
        (["530524101001001", "530524101001002"], "530524101001"),
        (["530524101001001", "530524101002001"], "530524101"),
        (["530524101001001", "530524102001001"], "530524"),
    ],
)
def test_the_level_that_answers_is_the_smallest_that_holds_all(codes, holding):
    assert alert_scan.smallest_holding(codes) == holding
