"""The board over HTTP: counts that open, alerts, kiosks without a sign-in, reports as files."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids import display, kiosks
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.errors import BadValue, NotFound
from grids.model import Role
from tests.layers.mvt import read
from tests.web.conftest import FOREIGN, OWN, Caller, World
from tests.web.test_history_api import tile_of
from web.cli.root import cli

NOW = datetime.now(UTC)
PERIOD = f"since={(NOW - timedelta(days=6)).date()}&until={(NOW + timedelta(days=1)).date()}"
HERE, ELSEWHERE = "127.0.0.1", "10.9.8.7"


@pytest.fixture
def leader(token_as):
    return token_as(Role.LEADER)


def test_a_number_of_the_board_opens_into_its_rows(leader, world: World):
    board = leader.get(f"/api/v1/counts?{PERIOD}").json
    assert board["area"] == OWN
    assert [unit["line"]["key"] for unit in board["units"]] == [world.own.village]
    for measure, n in board["total"]["counts"].items():
        rows = leader.get(f"/api/v1/counts/rows?measure={measure}&{PERIOD}").json
        assert (len(rows["rows"]), rows["n"]) == (n, n), measure
    assert board["total"]["counts"]["collected"] == 1
    (row,) = leader.get(f"/api/v1/counts/rows?measure=collected&{PERIOD}").json["rows"]
    assert row["incident_id"] == str(world.own.incident)


def test_a_unit_where_nothing_happened_counts_naught(leader):
    quiet = leader.get("/api/v1/counts?since=2020-01-01&until=2020-01-31")
    assert quiet.status_code == 200
    (unit,) = quiet.json["units"]
    assert set(unit["line"]["counts"].values()) == {0}


def test_what_has_not_changed_is_not_sent_again(leader):
    first = leader.get(f"/api/v1/counts?{PERIOD}")
    again = leader.get(f"/api/v1/counts?{PERIOD}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-06-02&until=2026-06-01",
        "since=2020-01-01&until=2026-06-01",
        f"{PERIOD}&compare=never",
        "until=2026-06-01",
    ],
)
def test_a_period_that_cannot_be_counted_is_refused(leader, query):
    assert leader.get(f"/api/v1/counts?{query}").status_code == 422


def test_an_alert_is_listed_and_acknowledged_by_name(leader, world: World):
    found = leader.get("/api/v1/alerts").json
    assert found["night"]["threshold_days"] == 365
    (alert,) = found["alerts"]
    assert (alert["alert_id"], alert["state"]) == (str(world.own.alert), "new")
    path = f"/api/v1/alerts/{world.own.alert}/acknowledge"
    assert leader.post(path, {"note": " "}).status_code == 422
    done = leader.post(path, {"note": "已派人核查"}).json
    assert (done["acknowledged_by"], done["note"]) == (f"leader {OWN}", "已派人核查")


@pytest.fixture
def kiosk(world: World):
    """A key for a wall at this address."""
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM kiosk"))
        return kiosks.add(conn, everyone(), "hall", OWN, HERE, now=NOW, life=timedelta(days=30))


def test_a_wall_shows_its_territory_with_nobody_signed_in(app, kiosk):
    wall = Caller(app)
    opened = wall.get(f"/wall?key={kiosk}")
    assert (opened.status_code, opened.location) == (302, "/wall")
    cookie = opened.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict"))
    assert wall.get("/wall").status_code == 200
    data = wall.get("/wall/data").json
    assert data["board"]["area"] == OWN
    assert data["alerts"][0]["acknowledged_by"] is None
    assert wall.get(f"/wall/data?area={FOREIGN}").status_code == 404
    for path in ("/api/v1/counts?" + PERIOD, "/api/v1/incidents", "/board"):
        assert wall.get(path).status_code in (302, 401), path


def test_a_wall_says_nothing_of_persons(app, kiosk, world: World):
    wall = Caller(app)
    wall.get(f"/wall?key={kiosk}")
    said = wall.get("/wall/data").text
    with begin(world.engine, EVERYWHERE) as conn:
        names = list(conn.execute(text("SELECT name FROM person WHERE name <> 'hall'")).scalars())
    assert names
    assert [name for name in names if name in said] == []
    assert "路灯不亮" not in said


def test_a_key_counts_from_its_own_address_until_it_ends_and_never_asks_to_sign_in(
    app, kiosk, world: World
):
    def asked(address=HERE, key=kiosk):
        return Caller(app).get(
            f"/wall?key={key}",
            environ_base={"REMOTE_ADDR": address},
            headers={"Accept": "text/html"},
        )

    assert asked().status_code == 302
    for refused in (asked(ELSEWHERE), asked(key="x" * 43)):
        assert refused.status_code == 410
        assert "sign-in" not in refused.headers.get("Location", "")
    with begin(world.engine, EVERYWHERE) as conn:
        kiosks.renew(conn, everyone(), "hall", now=NOW - timedelta(days=2), life=timedelta(days=1))
    assert asked().status_code == 410
    with begin(world.engine, EVERYWHERE) as conn:
        kiosks.renew(conn, everyone(), "hall", now=NOW, life=timedelta(days=1))
    assert asked().status_code == 302
    with begin(world.engine, EVERYWHERE) as conn:
        kiosks.end(conn, everyone(), "hall", now=NOW)
        with pytest.raises(NotFound):
            kiosks.renew(conn, everyone(), "hall", now=NOW, life=timedelta(days=1))
        assert [one.ended_at is None for one in kiosks.list_kiosks(conn, everyone())] == [False]
    assert asked().status_code == 410


@pytest.fixture
def wall(app, kiosk):
    """A wall that was opened with its key."""
    caller = Caller(app)
    caller.get(f"/wall?key={kiosk}")
    return caller


def test_a_key_draws_the_units_of_its_territory_and_of_no_other(wall, world: World):
    with begin(world.engine, EVERYWHERE) as conn:
        display.rebuild(conn)
    for territory, seen in ((world.own, True), (world.foreign, False)):
        answer = wall.get(f"/wall/tiles/1/units/{tile_of(world, territory=territory)}")
        assert answer.status_code == 200
        assert "no-cache" in answer.headers["Cache-Control"]
        drawn = read(gzip.decompress(answer.data))
        told = [feature.properties for layer in drawn.values() for feature in layer]
        assert {key for one in told for key in one} <= {"level", "code", "name", "kind"}
        codes = {one["code"] for one in told}
        assert (territory.grid in codes) is seen
        assert all(code.startswith(OWN) or OWN.startswith(code) for code in codes)
        etag = answer.headers["ETag"]
        again = wall.get(
            f"/wall/tiles/1/units/{tile_of(world, territory=territory)}",
            headers={"If-None-Match": etag},
        )
        assert again.status_code == 304


def test_a_key_opens_the_hotspot_maps_of_its_territory(wall):
    for method in ("excess", "change", "scan", "count"):
        answer = wall.get(f"/wall/hotspots?method={method}")
        assert answer.status_code in (200, 422), answer.text  # too few households for a test
        codes = [row["code"] for row in answer.json.get("rows", [])]
        assert all(code.startswith(OWN) for code in codes)
    assert wall.get("/wall/hotspots?method=count").json["rows"]
    assert wall.get(f"/wall/hotspots?method=count&area={FOREIGN}").status_code == 404
    assert wall.get("/wall/hotspots?method=count&since=2020-01-01").status_code == 422


def test_a_key_opens_nothing_else(wall, world: World):
    tile = tile_of(world)
    for path in (
        *(f"/tiles/1/{layer}/{tile}" for layer in ("units", "households", "cameras", "incidents")),
        f"/api/v1/hotspots?{PERIOD}",
        f"/api/v1/units/{world.own.grid}",
    ):
        assert wall.get(path).status_code == 401, path
    for layer in ("households", "cameras", "incidents"):
        assert wall.get(f"/wall/tiles/1/{layer}/{tile}").status_code == 404


def test_a_key_that_was_ended_draws_no_map_from_then_on(wall, world: World):
    paths = (f"/wall/tiles/1/units/{tile_of(world)}", "/wall/hotspots?method=count")
    etags = [wall.get(path).headers["ETag"] for path in paths]
    with begin(world.engine, EVERYWHERE) as conn:
        kiosks.end(conn, everyone(), "hall", now=NOW)
    for path, etag in zip(paths, etags, strict=True):
        assert wall.get(path).status_code == 410
        assert wall.get(path, headers={"If-None-Match": etag}).status_code == 410


def test_a_wall_needs_no_key_from_whoever_is_signed_in_and_may_see_hotspots(leader, token_as):
    assert leader.get("/wall").status_code == 200
    assert leader.get("/wall/data").json["board"]["area"] == OWN
    assert leader.get("/wall/hotspots?method=count").status_code == 200
    assert token_as(Role.WORKER).get("/wall").status_code == 403


def test_a_kiosk_is_bound_to_one_real_address(world: World):
    with begin(world.engine, EVERYWHERE) as conn, pytest.raises(BadValue):
        kiosks.add(conn, everyone(), "x", OWN, "10.0.0.0/8", now=NOW, life=timedelta(days=1))


def test_a_report_is_taken_with_a_serial_number_that_the_trail_knows(leader, world: World):
    day = (NOW - timedelta(days=3)).date()
    for form, begins in (("pdf", b"%PDF"), ("docx", b"PK"), ("xlsx", b"PK"), ("html", b"<!doc")):
        first, again = (leader.get(f"/reports/weekly.{form}?on={day}") for _ in range(2))
        assert first.data.startswith(begins)
        assert first.data == again.data, form
        assert f"weekly-{OWN}-{day}.{form}" in first.headers["Content-Disposition"]
    with begin(world.engine, EVERYWHERE) as conn:
        rows = conn.execute(
            text("SELECT facts ->> 'serial' FROM audit WHERE action = 'report.export'")
        )
        serials = set(rows.scalars())
    assert len(serials) == 1
    assert serials.pop() in leader.get(f"/reports/weekly.html?on={day}").text
    listed = leader.get("/api/v1/reports").json["reports"]
    assert ("weekly", str(day)) in [(one["kind"], one["on"]) for one in listed]
    figures = leader.get(f"/api/v1/reports/weekly?on={day}").json
    assert figures["digest"] == listed[0]["digest"]
    assert (
        leader.get(f"/reports/daily.pdf?on={(NOW + timedelta(days=3)).date()}").status_code == 422
    )


def test_the_command_line_writes_the_same_report(world: World, tmp_path, monkeypatch):
    url = world.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    day = str((NOW - timedelta(days=4)).date())

    def run(*arguments):
        return CliRunner().invoke(cli, ["--json", "report", "daily", "--on", day, *arguments])

    files = [tmp_path / f"{n}.docx" for n in "ab"]
    for file in files:
        result = run("--out", str(file))
        assert result.exit_code == 0, result.output
    assert files[0].read_bytes() == files[1].read_bytes()
    refused = run("--out", str(tmp_path / "report.doc"))
    assert (refused.exit_code, "report.format" in refused.output) == (1, True)
