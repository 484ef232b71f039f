"""A neighbour system sends in its own words under its own token, and each item counts once."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import importers
from geo.datum import Datum, from_cgcs2000
from geo.position import Position
from grids import feeds
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.errors import NotFound
from tests.web.conftest import KEYS, NOW, Caller

SHIPPED = Path(importers.__file__).parent / "feeds"
HOTLINE, CITY = "hotline", "city-management"


def register(engine, code: str) -> str:
    """Register one of the shipped feeds and return a token for it."""
    mapping = tomllib.loads((SHIPPED / f"{code}.toml").read_text("utf-8"))
    with begin(engine, EVERYWHERE) as conn:
        feeds.save(conn, everyone(), code, mapping, NOW)
        return feeds.add_token(conn, everyone(), code, now=NOW, life=timedelta(days=1))


@pytest.fixture(scope="module")
def tokens(world) -> dict[str, str]:
    with begin(world.engine, EVERYWHERE) as conn:
        for code in ("0301", "0302"):
            conn.execute(
                text(
                    "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
                    " VALUES (:code, 'list-b', 'matter ' || :code, 24, '[2020-01-01,)')"
                ),
                {"code": code},
            )
    return {code: register(world.engine, code) for code in (HOTLINE, CITY)}


@pytest.fixture
def hotline(app, tokens) -> Caller:
    return Caller(app, tokens[HOTLINE])


def order(world, number: str, **more: object) -> dict[str, object]:
    """A work order about the middle of the own territory's first grid, as the hotline sends it."""
    lon, lat = from_cgcs2000(Position(*world.own.at), Datum.GCJ02)
    return {
        "orderNo": number,
        "title": "垃圾未清运",
        "content": "村口垃圾桶满溢三天",
        "address": "幸福路1号",
        "location": {"lng": f"{lon:.7f}", "lat": f"{lat:.7f}"},
        "category": {"name": "市容环境"},
        "urgency": "紧急",
        "acceptTime": datetime.now(UTC).strftime("%Y-%m-%d 00:00:00"),
        "caller": {"name": "来电人", "phone": "13912345678"},
        **more,
    }


def stored(world, number: str, source: str = "hotline-12345"):
    with world.engine.connect() as conn:
        return conn.execute(
            text("SELECT i.* FROM incident AS i WHERE source = :s AND external_id = :n"),
            {"s": source, "n": number},
        ).one_or_none()


def test_a_work_order_becomes_an_incident_where_it_lies_in_the_words_of_the_list(hotline, world):
    answer = hotline.post("/api/v1/feeds/hotline", order(world, "A-1"))
    assert answer.status_code == 201, answer.text
    receipt = answer.json["receipt"]
    assert (receipt["grid_code"], receipt["matter_code"]) == (world.own.grid, "0301")
    row = stored(world, "A-1")
    assert row.summary == "垃圾未清运\n村口垃圾桶满溢三天"
    assert (row.level, row.channel, row.given_datum) == ("large", "hotline", "gcj02")
    # Midnight as its clock has it is four in the afternoon before, in UTC.
    assert row.reported_at.astimezone(UTC).hour == 16


def test_the_same_order_again_is_answered_the_same_and_another_body_is_refused(hotline, world):
    first = hotline.post("/api/v1/feeds/hotline", order(world, "A-2"))
    again = hotline.post("/api/v1/feeds/hotline", order(world, "A-2", pushedTimes=2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["receipt"] == first.json["receipt"]
    other = hotline.post("/api/v1/feeds/hotline", order(world, "A-2", content="另一件事"))
    assert (other.status_code, other.json["code"]) == (409, "incident.key_reused")


def test_a_list_is_answered_item_by_item_and_what_is_refused_leaves_nothing(hotline, world):
    unknown = order(world, "L-2", category={"name": "没有这一类"})
    nowhere = order(world, "L-3", location={"lng": "东边", "lat": "1"})
    body = [order(world, "L-1"), unknown, nowhere, "no object", order(world, "L-1")]
    answer = hotline.post("/api/v1/feeds/hotline", body)
    assert answer.status_code == 200
    said = answer.json
    assert [said[name] for name in ("read", "taken", "unchanged", "refused")] == [5, 1, 1, 3]
    assert [one["status"] for one in said["results"]] == [201, 422, 422, 422, 200]
    assert said["results"][1]["error"]["code"] == "matter.not_admitted"
    assert said["results"][2]["error"]["field"] == "lon"
    assert said["results"][3]["error"]["code"] == "feed.message"
    assert said["results"][4]["receipt"] == said["results"][0]["receipt"]
    assert [stored(world, n) is not None for n in ("L-1", "L-2", "L-3")] == [True, False, False]


def test_an_item_may_say_its_datum_itself_and_without_one_it_is_refused(app, tokens, world):
    city = Caller(app, tokens[CITY])
    places = {
        "1": world.own.at,
        "2": from_cgcs2000(Position(*world.own.at), Datum.GCJ02),
        "3": from_cgcs2000(Position(*world.own.at), Datum.BD09),
        "": world.own.at,
    }
    cases = [
        {
            "caseId": f"C-{kind}",
            "desc": "占道经营",
            "typeCode": "010203",
            "discoverTime": int(NOW.timestamp() * 1000),
            "position": {"coordType": kind, "point": list(at), "radius": 10},
        }
        for kind, at in places.items()
    ]
    said = city.post("/api/v1/feeds/city-management", {"data": {"cases": cases}}).json
    assert [one["status"] for one in said["results"]] == [201, 201, 201, 422]
    assert said["results"][3]["error"]["code"] == "datum.undeclared"
    grids = {one["receipt"]["grid_code"] for one in said["results"][:3]}
    assert grids == {world.own.grid}
    at = {tuple(round(v, 6) for v in at_of(world, f"C-{kind}")) for kind in "123"}
    assert len(at) == 1


def at_of(world, number: str) -> tuple[float, float]:
    with world.engine.connect() as conn:
        return conn.execute(
            text("SELECT ST_X(position), ST_Y(position) FROM incident WHERE external_id = :n"),
            {"n": number},
        ).one()


def test_what_was_sent_is_kept_sealed_and_shown_to_who_says_why(hotline, world):
    incident = hotline.post("/api/v1/feeds/hotline", order(world, "K-1")).json["receipt"]
    key = incident["incident_id"]
    with begin(world.engine, EVERYWHERE) as conn:
        cipher = conn.execute(
            text("SELECT given_cipher FROM feed_message WHERE incident_id = :i"), {"i": key}
        ).scalar_one()
        assert b"13912345678" not in bytes(cipher)
        code, _, given = feeds.reveal_given(conn, everyone(), key, KEYS, "来电人投诉转办有误")
        assert code == HOTLINE
        assert "13912345678" in given
        with pytest.raises(NotFound):
            feeds.reveal_given(conn, everyone(scope="999999"), key, KEYS, "外县")
        reporter = conn.execute(
            text("SELECT name, phone_mask FROM incident_reporter WHERE incident_id = :i"),
            {"i": key},
        ).one()
        assert reporter == ("来电人", "139****5678")
        looks = "SELECT reason FROM audit WHERE action = 'feed.reveal' AND record LIKE :r"
        assert conn.execute(text(looks), {"r": f"%{key}"}).scalars().all() == ["来电人投诉转办有误"]


def test_a_token_opens_its_own_feed_and_no_other_door(app, tokens, world, hotline):
    other = Caller(app, tokens[CITY]).post("/api/v1/feeds/hotline", order(world, "T-1"))
    assert (other.status_code, other.json["code"]) == (404, "not_found")
    for path in ("/api/v1/incidents", "/api/v1/units", "/api/v1/me"):
        assert hotline.get(path).status_code == 401
    with begin(world.engine, EVERYWHERE) as conn:
        spare = feeds.add_token(conn, everyone(), HOTLINE, now=NOW, life=timedelta(days=1))
        gone = feeds.add_token(
            conn, everyone(), HOTLINE, now=NOW - timedelta(days=9), life=timedelta(days=1)
        )
    assert Caller(app, gone).post("/api/v1/feeds/hotline", {}).status_code == 401
    assert Caller(app, spare).post("/api/v1/feeds/hotline", order(world, "T-2")).status_code == 201


def test_tokens_of_a_feed_end_at_once(app, world):
    token = register(world.engine, "sensors")
    caller = Caller(app, token)
    assert caller.post("/api/v1/feeds/sensors", {}).status_code == 422
    with begin(world.engine, EVERYWHERE) as conn:
        assert feeds.end_tokens(conn, everyone(), "sensors", datetime.now(UTC)) == 1
    assert caller.post("/api/v1/feeds/sensors", {}).status_code == 401


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ('{"orderNo": NaN}', 400),
        ('{"orderNo": 1e999}', 400),
        (nested(40), 422),
        (nested(5000), 400),
        ("[" + ",".join(["{}"] * 201) + "]", 422),
        ('"words"', 422),
        ('{"orderNo": "Z-1\\u0000", "title": "x", "category": {"name": "0301"}}', 422),
        ('{"orderNo": {"a": 1}, "title": "x"}', 422),
        ('{"title": "' + "x" * (1 << 20) + '"}', 413),
    ],
)
def test_hostile_messages_are_refused_and_nothing_of_them_is_kept(hotline, world, body, status):
    with world.engine.connect() as conn:
        before = conn.execute(text("SELECT count(*) FROM incident")).scalar()
    answer = hotline.send(
        "POST", "/api/v1/feeds/hotline", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text[:300]
    with world.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM incident")).scalar() == before


def test_a_feed_that_wrote_half_of_a_list_wrote_nothing(hotline, world, monkeypatch):
    numbers = iter(range(9))

    def keep(*arguments: object, **named: object) -> None:
        if next(numbers) == 1:
            raise RuntimeError("the process ends here")
        real(*arguments, **named)

    real = feeds.keep_given
    monkeypatch.setattr(feeds, "keep_given", keep)
    with pytest.raises(RuntimeError):
        hotline.post("/api/v1/feeds/hotline", [order(world, f"H-{n}") for n in range(3)])
    assert [stored(world, f"H-{n}") for n in range(3)] == [None, None, None]
