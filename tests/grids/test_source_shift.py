"""A neighbour's system that sends GCJ-02 as WGS84 is noticed; those that say it right are not."""

import secrets
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from geo.datum import Datum, from_cgcs2000_array
from grids import db, incidents, source_shift, staff
from grids.access import everyone
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.model import Role
from grids.secrets import KeyRing
from importers.demo.build import build
from importers.demo.load import load
from tests.factories import COUNTY

NOW = datetime.now(UTC)
HOMES = text(
    "SELECT ST_X(position), ST_Y(position) FROM household WHERE position IS NOT NULL"
    " ORDER BY number"
)
TOLD = text(
    "SELECT n.facts, p.name FROM notice AS n JOIN person AS p USING (person_id)"
    " WHERE n.kind = 'source.shifted' ORDER BY n.notice_id"
)


@pytest.fixture(scope="module")
def demo(clone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("county")
    files = build(folder, "small", seed=5, n_incidents=12_000, today=local_day(NOW))
    engine = db.make_engine(clone(), pooled=False)
    keys = KeyRing({1: secrets.token_bytes(32)})
    with db.begin(engine, db.EVERYWHERE) as conn:
        load(conn, everyone("test"), files, scale="small", seed=5, keys=keys, now=NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def county(demo):
    with demo.connect() as conn, conn.begin() as transaction:
        db.set_scope(conn, db.EVERYWHERE)
        yield conn
        transaction.rollback()


def send(conn, source: str, meant: Datum, said: Datum, n: int = 300) -> None:
    """Take in reports from beside homes, written in one datum and declared in another."""
    rng = np.random.default_rng(3)
    homes = np.array([tuple(row) for row in conn.execute(HOMES)])
    at = homes[rng.integers(len(homes), size=n)] + rng.normal(0, 1e-4, (n, 2))
    matter = conn.execute(text("SELECT min(code) FROM matter")).scalar_one()
    reports = [
        IncidentReport(source, str(i), matter, "渠水漫路", x=float(x), y=float(y), datum=said.value)
        for i, (x, y) in enumerate(from_cgcs2000_array(at, meant))
    ]
    assert incidents.receive_many(conn, everyone("test"), reports, NOW).taken == n


def test_sources_that_declare_their_datum_are_not_shifted(county):
    send(county, "neighbour", Datum.GCJ02, Datum.GCJ02)
    assert source_shift.find(county, NOW) == []


@pytest.mark.parametrize(
    ("meant", "said"),
    [(Datum.GCJ02, Datum.WGS84), (Datum.WGS84, Datum.GCJ02), (Datum.BD09, Datum.GCJ02)],
)
def test_a_wrong_datum_is_found_and_named(county, meant, said):
    send(county, "neighbour", meant, said)
    (found,) = source_shift.find(county, NOW)
    assert (found.source, found.datum, found.cause) == ("neighbour", said.value, meant)
    assert found.shift.n == 300


def test_administrators_of_the_county_are_told_once_a_month(county):
    viewer = everyone("test")
    person = staff.add_person(county, viewer, "镇管理员", COUNTY + "101")
    staff.grant(county, viewer, person, Role.GRID_ADMIN, COUNTY + "101")
    send(county, "neighbour", Datum.GCJ02, Datum.WGS84)
    now = datetime.now(UTC)
    assert len(source_shift.watch(county, now)) == 1
    told = county.execute(TOLD).all()
    assert len(told) == 2
    facts = told[0].facts
    assert (facts["source"], facts["datum"], facts["cause"]) == ("neighbour", "wgs84", "gcj02")
    assert 300 <= facts["metres"] <= 400
    assert facts["wind"] in {"s", "se"}
    assert facts["near_percent"] < 60 < 85 < facts["moved_percent"]
    assert "镇管理员" not in {row.name for row in told}
    assert source_shift.watch(county, now + timedelta(days=1)) == []


def test_a_county_without_homes_has_nothing_to_hold_positions_against(conn):
    assert source_shift.watch(conn, NOW) == []
