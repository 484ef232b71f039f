"""The past over HTTP and on the command line: tiles, places, lives, what came in from QGIS."""

from __future__ import annotations

import gzip
import math
from datetime import timedelta

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import OWN
from web.cli import main
from web.clock import today


def where(caller, world, **more):
    lon, lat = world.own.at
    query = {"lon": lon, "lat": lat, "datum": "cgcs2000"} | more
    return caller.client.get("/api/v1/where", query_string=query, headers=caller.headers)


def test_where_answers_for_a_day(token_as, world):
    caller = token_as(Role.DISPATCHER)
    answer = where(caller, world, on=today().isoformat())
    assert answer.status_code == 200
    assert answer.json["grid"] == world.own.grid
    assert answer.json["on"] is not None
    assert where(caller, world).json["on"] is None


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("1999-12-31", "history.before_first"),
        ((today() + timedelta(days=2)).isoformat(), "history.not_yet"),
        ("last week", "value.bad"),
        ("99", "not_found"),
    ],
)
def test_a_time_without_borders_is_refused_with_a_code(token_as, world, on, code):
    caller = token_as(Role.DISPATCHER)
    assert where(caller, world, on=on).json["code"] == code
    assert caller.get(f"/api/v1/past?on={on}").json["code"] == code


def test_a_day_says_its_publication(token_as, world):
    answer = token_as(Role.LEADER).get(f"/api/v1/past?on={today()}").json
    assert answer["publication"] == 1
    assert answer["at"] <= answer["moment"]


def test_a_unit_without_changes_has_a_life_of_one(token_as, world):
    life = token_as(Role.WORKER).get(f"/api/v1/units/{world.own.grid}/life").json
    assert [node["code"] for node in life["nodes"]] == [world.own.grid]
    assert life["nodes"][0]["to"] is None
    assert (life["links"], life["is_whole"]) == ([], True)


def test_changes_are_a_feature_collection(token_as, world):
    caller = token_as(Role.LEADER)
    first = caller.get("/api/v1/publications/1/changes").json
    assert {one["properties"]["change"] for one in first["features"]} == {"new"}
    assert caller.get("/api/v1/publications/1/changes?until=0").json["features"] == []
    assert caller.get("/api/v1/publications/7/changes").status_code == 404


def tile_of(world, z=14, *, territory=None):
    lon, lat = (territory or world.own).at
    n = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return f"{z}/{int((lon + 180) / 360 * n)}/{int(y)}.mvt"


def test_tiles_of_a_past_publication_are_immutable_and_never_mixed(token_as, world):
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO publication (number, base, at, in_force_from, n_changed, digest)"
                " SELECT 2, 1, now(), now(), 0, ''"
            )
        )
    try:
        caller = token_as(Role.WORKER)
        past = caller.get(f"/tiles/1/units/{tile_of(world)}")
        present = caller.get(f"/tiles/2/units/{tile_of(world)}")
        future = caller.get(f"/tiles/9/units/{tile_of(world)}")
        assert "immutable" in past.headers["Cache-Control"]
        assert past.headers["ETag"].startswith('"1-')
        assert present.headers["ETag"].startswith('"2-')
        assert future.headers["Cache-Control"] == "no-store"
        assert world.own.grid.encode() in gzip.decompress(past.data)
    finally:
        with begin(world.engine, EVERYWHERE) as conn:
            conn.execute(text("DELETE FROM publication WHERE number = 2"))


def test_a_retired_unit_is_found_by_its_whole_code(token_as, world):
    code = world.own.village + "099"
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO unit (code, level, name, parent_code, valid) VALUES (:code, 'grid',"
                " '旧网格', :village, tstzrange('2020-01-01', '2021-01-01'))"
            ),
            {"code": code, "village": world.own.village},
        )
    try:
        caller = token_as(Role.LEADER)
        (hit,) = caller.get(f"/api/v1/search?q={code}").json["results"]
        assert (hit["key"], hit["title"]) == (code, "旧网格")
        assert hit["retired_at"].startswith("2021-01-01")
        assert caller.get("/api/v1/search?q=旧网格").json["results"] == []
        assert caller.get(f"/api/v1/units/{code}/life").json["nodes"][0]["to"] is not None
    finally:
        with begin(world.engine, EVERYWHERE) as conn:
            conn.execute(text("DELETE FROM unit WHERE code = :code"), {"code": code})


def test_the_inbox_is_cut_to_the_territory(token_as, world):
    listed = token_as(Role.GRID_ADMIN).get("/api/v1/inbox").json["edits"]
    assert {edit["edit_id"] for edit in listed} == {str(world.own.edit)}


def test_an_edit_is_shown_with_its_outline_as_it_came(token_as, world):
    edit = token_as(Role.GRID_ADMIN).get(f"/api/v1/inbox/{world.own.edit}").json
    assert edit["state"] == "waiting"
    assert edit["outline"]["type"] in ("Polygon", "MultiPolygon")
    assert edit["n_vertices"] > 3


def test_an_edit_that_asks_for_nothing_makes_no_plan(token_as, world):
    answer = token_as(Role.GRID_ADMIN).post(
        "/api/v1/inbox/take", {"edits": [str(world.own.edit)], "title": "QGIS"}
    )
    assert answer.status_code == 200
    assert answer.json["plan_id"] is None
    assert answer.json["edits"][0]["faults"] == []


# The command line -----------------------------------------------------------------------------


@pytest.fixture
def wangge(world, monkeypatch, tmp_path):
    """`wangge("locate", ...)` runs a command on the served county: (exit code, document)."""
    url = world.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path / "home"))

    def run(*arguments):
        result = CliRunner().invoke(main, ["--json", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, orjson.loads(result.stdout)

    return run


def test_locate_on_a_day_and_in_a_publication(wangge, world):
    for on in (today().isoformat(), "1"):
        code, found = wangge("locate", *world.own.at, "--datum", "cgcs2000", "--on", on)
        assert (code, found["grid"], found["publication"]) == (0, world.own.grid, 1)


def test_locate_before_the_first_publication_is_refused(wangge, world):
    code, answer = wangge("locate", *world.own.at, "--datum", "cgcs2000", "--on", "1999-12-31")
    assert (code, answer["error"]["code"]) == (1, "history.before_first")


def test_a_file_is_placed_as_at_a_day(wangge, world, tmp_path):
    rows, placed = tmp_path / "rows.csv", tmp_path / "placed.csv"
    lon, lat = world.own.at
    rows.write_text(f"lon,lat\n{lon},{lat}\n", "utf-8")
    given = ("--file", rows, "--out", placed, "--datum", "cgcs2000")
    assert wangge("locate", *given, "--on", today())[1]["inside"] == 1
    assert world.own.grid in placed.read_text("utf-8")
    assert wangge("locate", *given, "--on", "1999-12-31")[1]["error"]["code"] == (
        "history.before_first"
    )


def test_an_export_as_at_a_day(wangge, world, tmp_path):
    code, answer = wangge("export", "grids", tmp_path / "g.geojson", "--on", "1", "--area", OWN)
    assert (code, answer["rows"]) == (0, 4)
    code, answer = wangge("export", "households", tmp_path / "h.csv", "--on", "1")
    assert (code, answer["error"]["code"]) == (1, "export.no_past")


def test_a_time_that_is_none_is_wrong_usage(wangge, world):
    runner = CliRunner()
    given = ["locate", *map(str, world.own.at), "--datum", "cgcs2000", "--on", "soon"]
    assert runner.invoke(main, given).exit_code == 2


def test_the_inbox_on_the_command_line(wangge, world):
    code, answer = wangge("inbox", "list")
    assert code == 0
    assert {str(world.own.edit), str(world.foreign.edit)} <= {e["edit_id"] for e in answer["edits"]}
    assert wangge("inbox", "show", world.own.edit)[1]["state"] == "waiting"
    assert wangge("inbox", "refuse", world.own.edit, " ")[1]["error"]["code"] == "value.bad"
    assert wangge("inbox", "take", world.own.edit)[1]["plan_id"] is None
