"""Boundary work over HTTP: every tool, what it answers, and how it is refused."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import orjson
import pytest
import shapely
from click.testing import CliRunner
from shapely.geometry import shape
from sqlalchemy import text

from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.grids.coverage_factory import COUNTY, VILLAGES, found_small_county, scatter_households
from tests.grids.plan_drawing import bent, bulge, inside_free_land, ring_around
from tests.web.conftest import Caller, Staff, config_of
from web.app import create_app
from web.cli.root import cli


@pytest.fixture(scope="module")
def engine(clone):
    """The small county, committed, with households."""
    engine = make_engine(clone())
    with begin(engine, EVERYWHERE) as conn:
        cells = found_small_county(conn)
        scatter_households(conn, cells, 200)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def caller(engine):
    account = Staff(engine).account(Role.GRID_ADMIN, COUNTY)
    return Caller(create_app(config_of(engine)), account.token)


@pytest.fixture
def desk(caller):
    return Desk(caller)


class Desk:
    """Somebody with a plan of their own who sends steps one after the other."""

    def __init__(self, caller):
        self.caller = caller
        self.plan = caller.post("/api/v1/plans", {"title": "改边界"}).json
        self.path = f"/api/v1/plans/{self.plan['plan_id']}"

    def post(self, what, **body):
        answer = self.caller.post(f"{self.path}/{what}", {"version": self.plan["version"], **body})
        if answer.status_code == 200 and "plan" in answer.json:
            self.plan = answer.json["plan"]
        return answer

    def step(self, tool, **body):
        return self.post("steps", tool=tool, **body)

    def get(self, what, **query):
        return self.caller.get(f"{self.path}/{what}", query_string=query)

    def cells(self):
        return self.get("cells", village=list(VILLAGES)).json["features"]

    def borders(self, kind="grid"):
        found = self.get("arcs", village=list(VILLAGES)).json["features"]
        found = [a for a in found if a["properties"]["kind"] == kind]
        found = [a for a in found if None not in sides(a) and len(lines_of(a)) > 4]
        return sorted(found, key=lambda a: -shape(a["geometry"]).length)


def sides(arc):
    return arc["properties"]["left_grid"], arc["properties"]["right_grid"]


def lines_of(arc):
    return arc["geometry"]["coordinates"]


def rows(engine, plan):
    """Everything that a plan holds, in rows."""
    with begin(engine, EVERYWHERE) as conn:
        return [
            conn.execute(
                text(
                    f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                    f" FROM {table} AS t WHERE plan_id = :id"
                ),
                {"id": plan["plan_id"]},
            ).scalar()
            for table in ("plan", "plan_cell", "plan_step", "plan_unit", "plan_sketch")
        ]


def a_step_of_every_tool(desk, engine):
    """Bodies that the small county takes, one for each tool."""
    border = desk.borders()[0]
    a, b = sides(border)
    line = shape(border["geometry"])
    before, after = bent(line, 0.05)
    at = line.interpolate(0.5, normalized=True)
    with begin(engine, EVERYWHERE) as conn:
        ring = inside_free_land(conn)
    free = next(c["id"] for c in desk.cells() if c["properties"]["grid_code"] is None)
    undivided = f"{VILLAGES[0]}001"
    land = next(
        shape(c["geometry"]) for c in desk.cells() if c["properties"]["grid_code"] == undivided
    )
    west, _, east, _ = land.bounds
    y = land.representative_point().y
    return {
        "assign": {"cell_ids": [border["properties"]["left"]], "grid_code": b, "loose": "keep"},
        "found": {"cell_ids": [free], "name": "新网格", "kind": "micro"},
        "merge": {"from": a, "into": b},
        "split": {"grid_code": undivided, "line": [[west - 0.01, y], [east + 0.01, y]]},
        "reshape": {"grid_a": a, "grid_b": b, "line": bulge(line, 0.1), "loose": "keep"},
        "move": {"arcs": [{"before": before, "after": after}], "loose": "keep"},
        "nibble": {"grid_code": a, "ring": ring_around((at.x, at.y), 30), "loose": "keep"},
        "draw": {"ring": ring, "name": "河滩网格"},
        "sign": {"unit_code": a, "n_parts": 2},
    }


def land_of(answer):
    """What the cells of an answer are, without their numbers."""
    return sorted(
        (
            cell["properties"]["grid_code"] or "",
            cell["properties"]["n_households"],
            str(cell["geometry"]),
        )
        for cell in answer.json["changed"]["features"]
    )


TOOLS = ("assign", "found", "merge", "split", "reshape", "move", "nibble", "draw", "sign")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_step_is_foreseen_made_and_taken_back(desk, engine, tool):
    body = a_step_of_every_tool(desk, engine)[tool]
    start = desk.cells()
    before = rows(engine, desk.plan)
    foreseen = desk.post("preview", tool=tool, **body)
    assert foreseen.status_code == 200, foreseen.json
    assert set(foreseen.json) == {"changed", "gone", "faults"}
    assert rows(engine, desk.plan) == before
    made = desk.step(tool, **body)
    assert made.status_code == 200, made.json
    assert made.json["plan"]["version"] == 1
    assert made.json["plan"]["steps"][0]["can_undo"]
    # Only the numbers of new cells differ between what is foreseen and what is made.
    assert len(foreseen.json["gone"]) == len(made.json["gone"])
    assert land_of(foreseen) == land_of(made)
    undone = desk.post("undo")
    assert undone.status_code == 200
    assert undone.json["plan"]["can_redo"]
    assert desk.cells() == start
    assert desk.post("redo").json["changed"] == made.json["changed"] or tool == "sign"
    assert desk.post("steps/1/undo").status_code == 200
    assert desk.cells() == start


def test_a_step_sent_again_under_its_key_changes_nothing_and_is_answered_the_same(desk, engine):
    body = {"tool": "split", "version": 0, **a_step_of_every_tool(desk, engine)["split"]}
    key = {"Idempotency-Key": "a drawing of this morning"}
    made = desk.caller.post(desk.path + "/steps", body, headers=key)
    assert made.status_code == 200, made.json
    state = rows(engine, desk.plan)
    again = desk.caller.post(desk.path + "/steps", body, headers=key)
    assert (again.status_code, again.data) == (200, made.data)
    assert rows(engine, desk.plan) == state
    other = desk.caller.post(desk.path + "/steps", {**body, "version": 1}, headers=key)
    assert (other.status_code, other.json["code"]) == (409, "plan.key_reused")
    undo = {"version": 1}
    for _ in range(2):
        undone = desk.caller.post(desk.path + "/undo", undo, headers={"Idempotency-Key": "undo"})
        assert undone.status_code == 200
        assert undone.json["plan"]["version"] == 2


def test_a_unit_that_the_plan_makes_is_renamed(desk, engine):
    made = desk.step("draw", **a_step_of_every_tool(desk, engine)["draw"]).json
    code = next(
        c["properties"]["grid_code"]
        for c in made["changed"]["features"]
        if c["properties"]["grid_name"] == "河滩网格"
    )
    assert desk.step("rename", unit_code=code, name="滨河").status_code == 200
    names = {c["properties"]["grid_code"]: c["properties"]["grid_name"] for c in desk.cells()}
    assert names[code] == "滨河"
    refused = desk.step("rename", unit_code=f"{VILLAGES[0]}001", name="不行")
    assert (refused.status_code, refused.json["code"]) == (422, "plan.not_its_unit")


# How it is refused --------------------------------------------------------------------------------

GRID = f"{VILLAGES[0]}001"

WRONG = {
    "tool": [
        {"tool": "melt"},
        {"tool": None},
        {"tool": ["assign"]},
        {},
    ],
    "version": [{"tool": "merge", "from": GRID, "into": GRID, "version": "one"}],
    "cell_ids": [
        {"tool": "assign", "grid_code": GRID},
        {"tool": "assign", "grid_code": GRID, "cell_ids": []},
        {"tool": "assign", "grid_code": GRID, "cell_ids": ["1"]},
        {"tool": "found", "name": "n", "cell_ids": 3},
    ],
    "grid_code": [
        {"tool": "assign", "cell_ids": [1]},
        {"tool": "assign", "cell_ids": [1], "grid_code": "530524"},
        {"tool": "split", "line": [[1, 2], [3, 4]], "grid_code": None},
    ],
    "line": [
        {"tool": "split", "grid_code": GRID},
        {"tool": "split", "grid_code": GRID, "line": [[1, 2]]},
        {"tool": "reshape", "grid_a": GRID, "grid_b": GRID, "line": [[1, 2, 3], [4, 5]]},
        {"tool": "reshape", "grid_a": GRID, "grid_b": GRID, "line": [["x", 2], [4, 5]]},
        {"tool": "split", "grid_code": GRID, "line": [[1, 2]] * 5001},
    ],
    "ring": [
        {"tool": "draw", "name": "n"},
        {"tool": "nibble", "grid_code": GRID, "ring": [[1, 2], [3, 4]]},
    ],
    "arcs": [
        {"tool": "move"},
        {"tool": "move", "arcs": []},
        {"tool": "move", "arcs": [{"before": [[1, 2], [3, 4]]}]},
    ],
    "loose": [{"tool": "merge", "from": GRID, "into": GRID, "loose": "drop"}],
    "kind": [{"tool": "found", "cell_ids": [1], "name": "n", "kind": "odd"}],
    "n_parts": [{"tool": "sign", "unit_code": GRID, "n_parts": 0}],
    "name": [
        {"tool": "rename", "unit_code": GRID, "name": ""},
        {"tool": "draw", "ring": [[1, 2], [3, 4], [5, 6]], "name": "x" * 61},
    ],
    "from": [{"tool": "merge", "into": GRID}],
    "parts": [{"tool": "balance", "area": GRID}],
    "area": [{"tool": "balance", "parts": 3}, {"tool": "balance", "parts": 3, "area": [1]}],
    "colour": [{"tool": "merge", "from": GRID, "into": GRID, "colour": "red"}],
}


@pytest.mark.parametrize("door", ["steps", "preview"])
def test_a_body_that_does_not_fit_is_refused_by_the_name_of_the_field(desk, door):
    for field, bodies in WRONG.items():
        for body in bodies:
            answer = desk.post(door, **body)
            assert answer.status_code == 422, (body, answer.json)
            assert field in answer.json["fields"], (body, answer.json)
    for said in ("[1]", '"text"', "3"):
        answer = desk.caller.send(
            "POST", f"{desk.path}/{door}", data=said, content_type="application/json"
        )
        assert answer.status_code == 422, said
    assert desk.get("sketches").json == {"sketches": []}


def test_a_drawing_that_cannot_be_is_kept_and_goes_when_it_has_become_a_step(desk, engine):
    body = {"grid_code": GRID, "line": [[99.0, 24.0], [99.1, 24.1]]}
    refused = desk.step("split", **body)
    assert (refused.status_code, refused.json["code"]) == (422, "split.misses")
    (sketch,) = desk.get("sketches").json["sketches"]
    assert sketch["sketch_id"] == refused.json["sketch_id"]
    assert (sketch["tool"], sketch["params"]) == ("split", body)
    assert sketch["message"] == refused.json["detail"]
    assert desk.step("split", **body).json["sketch_id"] == sketch["sketch_id"]
    # What another step made impossible is possible again after undo.
    good = a_step_of_every_tool(desk, engine)["split"]
    stale = desk.caller.post(desk.path + "/steps", {"tool": "split", "version": 99, **good})
    assert (stale.status_code, stale.json["code"]) == (409, "plan.conflict")
    assert len(desk.get("sketches").json["sketches"]) == 2
    assert desk.step("split", **good).status_code == 200
    assert [s["params"] for s in desk.get("sketches").json["sketches"]] == [body]
    gone = desk.caller.send("DELETE", f"{desk.path}/sketches/{sketch['sketch_id']}")
    assert gone.status_code == 204
    assert desk.caller.send("DELETE", f"{desk.path}/sketches/{uuid4()}").status_code == 204
    assert desk.get("sketches").json == {"sketches": []}


def test_pieces_that_would_be_cut_off_are_offered(desk):
    border = desk.borders()[0]
    a, b = sides(border)
    at = shape(border["geometry"]).interpolate(0.5, normalized=True)
    village = [c["properties"] for c in desk.cells() if c["properties"]["village_code"] == a[:12]]
    for taker in sorted({c["grid_code"] for c in village} - {a, b, None}):
        body = {"grid_code": taker, "ring": ring_around((at.x, at.y), 20)}
        refused = desk.step("nibble", **body)
        if refused.status_code == 409:
            break
    assert refused.json["code"] == "patch.multipart"
    loose = [piece for piece in refused.json["pieces"] if piece["loose"]]
    assert {"area_m2", "at", "cell_ids", "neighbours"} <= set(loose[0])
    assert desk.step("nibble", **body, loose="keep").status_code == 200
    assert desk.get("sketches").json == {"sketches": []}


def test_steps_in_the_way_are_named_and_listed_ones_say_what_can_be_undone(desk):
    border = desk.borders()[0]
    ids = {"cell_ids": [border["properties"]["left"]], "loose": "keep"}
    for grid in (None, sides(border)[1], None):
        assert desk.step("assign", **ids, grid_code=grid).status_code == 200
    assert [step["can_undo"] for step in desk.plan["steps"]] == [False, False, True]
    refused = desk.post("steps/1/undo")
    assert (refused.status_code, refused.json["code"]) == (409, "plan.undo_blocked")
    assert [step["seq"] for step in refused.json["steps"]] == [2, 3]
    assert desk.post("steps/77/undo").status_code == 422


def test_arcs_of_a_neighbourhood_fit_together(desk):
    found = desk.get("arcs", village=[VILLAGES[1]]).json["features"]
    facts = {
        *("arc_id", "start", "end", "left", "right", "left_grid", "right_grid", "kind", "locked")
    }
    for arc in found:
        assert set(arc["properties"]) == facts
        ends = [arc["properties"][k] for k in ("start", "end")]
        places = [",".join(str(round(x * 1e7)) for x in lines_of(arc)[k]) for k in (0, -1)]
        assert ends == places
    west, south, east, north = shape(found[0]["geometry"]).buffer(1e-4).bounds
    near = desk.get("arcs", bbox=f"{west},{south},{east},{north}").json["features"]
    assert found[0]["id"] in {arc["id"] for arc in near}
    assert desk.get("arcs").status_code == 422
    assert desk.get("arcs", bbox="1,2,3").status_code == 422
    assert desk.get("arcs", bbox="1,2,9,9").json["field"] == "bbox"


# On the command line ------------------------------------------------------------------------------


@pytest.fixture
def wangge(engine, monkeypatch):
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)

    def run(*given):
        answer = CliRunner().invoke(cli, ["--json", "plan", *map(str, given)])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer
        return answer.exit_code, orjson.loads(answer.stdout or "null")

    return run


def pairs(places):
    return [f"{lon!r},{lat!r}" for lon, lat in np.asarray(places).tolist()]


def test_every_tool_has_a_command(desk, engine, wangge):
    plan = desk.plan["plan_id"]
    bodies = a_step_of_every_tool(desk, engine)
    arc = bodies["move"]["arcs"][0]
    keep = ["--loose", "keep"]
    said = {tool: list(body.values()) for tool, body in bodies.items()}
    commands = {
        "assign": ["assign", plan, said["assign"][1], "--cell", *said["assign"][0], *keep],
        "found": ["found", plan, "--name", "新", "--cell", *said["found"][0]],
        "merge": ["merge", plan, *said["merge"]],
        "split": ["split", plan, said["split"][0], *pairs(said["split"][1])],
        "reshape": ["reshape", plan, *said["reshape"][:2], *pairs(said["reshape"][2]), *keep],
        "move": ["move", plan, "--from", " ".join(pairs(arc["before"])), *keep],
        "nibble": ["nibble", plan, said["nibble"][0], *pairs(said["nibble"][1]), *keep],
        "draw": ["draw", plan, "--name", "河滩", *pairs(said["draw"][0])],
        "sign": ["sign", plan, *said["sign"]],
    }
    commands["move"] += ["--to", " ".join(pairs(arc["after"]))]
    assert set(commands) == set(TOOLS)
    for tool, command in commands.items():
        before = rows(engine, desk.plan)[1:]
        code, tried = wangge(*command, "--dry-run")
        assert code == 0, (tool, tried)
        assert rows(engine, desk.plan)[1:] == before
        code, made = wangge(*command)
        assert (code, made["plan"]["steps"][-1]["tool"]) == (0, tool)
        code, _ = wangge("undo", plan, "--step", made["plan"]["steps"][-1]["seq"])
        assert code == 0
    code, made = wangge("redo", plan)
    assert made["plan"]["steps"][-1]["undone"] is False
    vertex = arc["before"][len(arc["before"]) // 2]
    code, _ = wangge(
        "move", plan, "--from", *pairs([vertex]), "--to", *pairs([np.add(vertex, 1e-6)])
    )
    assert code == 0
    code, refused = wangge("split", plan, bodies["split"]["grid_code"], "99.0,24.0", "99.1,24.1")
    assert (code, refused["error"]["code"]) == (1, "split.misses")
    code, _ = wangge("split", plan, bodies["split"]["grid_code"], "99.0;24.0", "99.1,24.1")
    assert code == 2


def test_a_grid_on_free_land_is_drawn_checked_and_published(desk, engine):
    """Last, because it comes into force."""
    made = desk.step("draw", **a_step_of_every_tool(desk, engine)["draw"])
    assert made.status_code == 200
    code = next(
        c["properties"]["grid_code"]
        for c in made.json["changed"]["features"]
        if c["properties"]["grid_name"] == "河滩网格"
    )
    assert desk.get("check").json["ok"]
    published = desk.post("publish", memo="新增网格")
    assert published.status_code == 200, published.json
    card = desk.caller.get(f"/api/v1/units/{code}")
    assert card.status_code == 200
    assert shapely.from_geojson(desk.caller.get(f"/api/v1/units/{code}/outline").text).area > 0
