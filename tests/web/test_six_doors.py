"""The same matter at the same place has one owner for one reason, whatever door it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from geo.datum import Datum, from_cgcs2000
from geo.position import Position
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.model import Role
from importers.incidents import import_incidents
from importers.options import ImportOptions
from tests.importers.tables import write
from tests.web.conftest import OWN, Caller
from tests.web.test_feeds import register
from tests.web.test_open311 import send
from tests.web.test_residents import Resident

MATTER = "0306"


@pytest.fixture(scope="module")
def tokens(world) -> dict[str, str]:
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
                " VALUES (:code, 'list', '路灯照明', 24, '[2020-01-01,)') ON CONFLICT DO NOTHING"
            ),
            {"code": MATTER},
        )
    return {code: register(world.engine, code) for code in ("hotline", "open311")}


def given(at: Position, datum: Datum) -> tuple[float, float]:
    """Return how a position is written in another datum."""
    return from_cgcs2000(at, datum)


@pytest.fixture
def doors(app, world, tokens, token_as, tmp_path) -> dict[str, Callable[[Position, str], None]]:
    """Each door of the house: it takes a place and words to know the incident by again."""
    desk, phone = token_as(Role.DISPATCHER), token_as(Role.WORKER)

    def by_api(caller: Caller, source: str, datum: Datum):
        def through(at: Position, words: str) -> None:
            lon, lat = given(at, datum)
            body = {"matter_code": MATTER, "summary": words, "source": source, "datum": datum.value}
            key = {"Idempotency-Key": str(uuid4())}
            answer = caller.post("/api/v1/incidents", body | {"lon": lon, "lat": lat}, headers=key)
            assert answer.status_code == 201, answer.text

        return through

    def feed(at: Position, words: str) -> None:
        lon, lat = given(at, Datum.GCJ02)
        order = {
            "orderNo": str(uuid4()),
            "title": words,
            "location": {"lng": lon, "lat": lat},
            "category": {"name": "市政设施-路灯"},
        }
        answer = Caller(app, tokens["hotline"]).post("/api/v1/feeds/hotline", order)
        assert answer.status_code == 201, answer.text

    def open311(at: Position, words: str) -> None:
        lon, lat = given(at, Datum.WGS84)
        said = {"service_code": MATTER, "lat": lat, "long": lon, "description": words}
        assert send(Caller(app), world, tokens["open311"], **said).status_code == 201

    def resident(at: Position, words: str) -> None:
        lon, lat = given(at, Datum.WGS84)
        one = Resident(app)
        said = {"category": "lighting", "words": words}
        where = one.submit("/report/where", one.get("/report"), **said)
        place = {"lon": lon, "lat": lat, "accuracy": "", "village": "", "landmark": ""}
        who = one.submit("/report/contact", where, **place)
        assert one.submit("/report", who, name="", phone="", join="").status_code == 303

    def batch(datum: Datum):
        def through(at: Position, words: str) -> None:
            lon, lat = given(at, datum)
            headings = ["编号", "事项编码", "简述", "经度", "纬度"]
            row = [str(uuid4()), MATTER, words, f"{lon:.8f}", f"{lat:.8f}"]
            file: Path = write(tmp_path / f"{uuid4().hex}.csv", headings, [row])
            with begin(world.engine, EVERYWHERE) as conn:
                options = ImportOptions(datum=datum.value)
                assert import_incidents(conn, everyone(), file, options).taken == 1

        return through

    return {
        "the desk in GCJ-02": by_api(desk, "desk", Datum.GCJ02),
        "the desk in WGS84": by_api(desk, "desk", Datum.WGS84),
        "a phone": by_api(phone, "phone", Datum.WGS84),
        "a feed in GCJ-02": feed,
        "Open311": open311,
        "a resident": resident,
        "a file in GCJ-02": batch(Datum.GCJ02),
        "a file in WGS84": batch(Datum.WGS84),
    }


@pytest.mark.parametrize("where", ["inside", "beside the border", "in a grid without a worker"])
def test_every_door_gives_the_same_owner_for_the_same_reason(world, doors, where):
    lon, lat = world.own.at
    at = {
        "inside": Position(lon, lat),
        # Two metres from the grid beside.
        "beside the border": Position(lon + 0.0025 + 0.00498, lat),
        "in a grid without a worker": Position(lon, lat - 0.01),
    }[where]
    for name, through in doors.items():
        through(at, f"{where} {name}")
    with world.engine.connect() as conn:
        found = {
            row.summary: (
                row.grid_code,
                row.owner_id,
                row.owner_unit,
                row.owner_rank,
                row.owner_reason["reason"],
                str(row.owner_reason["skipped"]),
                row.placement,
                round(row.border_m, 1),
            )
            for row in conn.execute(
                text("SELECT * FROM incident WHERE summary LIKE :w AND reported_at > :since"),
                {"w": f"{where} %", "since": datetime(2026, 1, 1, tzinfo=UTC)},
            )
        }
    assert set(found) == {f"{where} {name}" for name in doors}
    assert len(set(found.values())) == 1, found
    ((grid, *_),) = set(found.values())
    assert grid.startswith(OWN)
