"""Balance over HTTP: a proposal, the step that takes it, and the limits that it is checked by."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import OWN
from web.cli.root import cli

VILLAGE = OWN + "001"
RULES = "/api/v1/boundary-rules"


@pytest.fixture(scope="module")
def lived(world):
    """Sixty more households in the village of the own township, most of them in one corner."""
    rng = np.random.default_rng(4)
    lon, lat = world.own.at
    with begin(world.engine, EVERYWHERE) as conn:
        for k in range(60):
            conn.execute(
                text(
                    "INSERT INTO household (number, position, grid_code, placed_by,"
                    " territory_code) VALUES (:number, ST_SetSRID(ST_MakePoint(:x, :y), 4490),"
                    " :grid, 'position', :grid)"
                ),
                {
                    "number": f"bal-{k}",
                    "x": round(lon + rng.uniform(0, 0.006), 7),
                    "y": round(lat + rng.uniform(-0.004, 0.004), 7),
                    "grid": world.own.grid,
                },
            )
    yield world
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM household WHERE number LIKE 'bal-%'"))


@pytest.fixture
def caller(token_as):
    return token_as(Role.GRID_ADMIN)


@pytest.fixture
def plan(caller):
    made = caller.post("/api/v1/plans", {"title": "均衡"}).json
    yield f"/api/v1/plans/{made['plan_id']}"
    caller.post(f"/api/v1/plans/{made['plan_id']}/withdraw")


@pytest.mark.parametrize("mode", ["buildings", "lines"])
def test_the_step_makes_what_the_proposal_showed(lived, caller, plan, mode):
    wish = {"area": VILLAGE, "parts": 3, "mode": mode, "tries": 2, "seed": 5}
    before = caller.get(plan).json
    shown = caller.post(f"{plan}/balance", wish)
    assert shown.status_code == 200, shown.text
    assert caller.get(plan).json == before
    proposal = shown.json
    assert [part["part"] for part in proposal["parts"]] == [1, 2, 3]
    assert proposal["max_mean"] <= 1.06 < proposal["was_max_mean"]
    assert len(proposal["ends"]) == 1
    assert [one["properties"]["part"] for one in proposal["outlines"]["features"]] == [1, 2, 3]
    step = {"tool": "balance", "version": before["version"], **wish}
    made = caller.post(f"{plan}/steps", step)
    assert made.status_code == 200, made.text
    cells = caller.get(f"{plan}/cells?village={VILLAGE}").json["features"]
    counted = {}
    for cell in cells:
        code = cell["properties"]["grid_code"]
        counted[code] = counted.get(code, 0) + cell["properties"]["n_households"]
    assert counted == {part["grid_code"]: part["n_households"] for part in proposal["parts"]}
    assert all(fault["severity"] == "warning" for fault in made.json["faults"])
    assert all(fault["at"] and len(fault["bbox"]) == 4 for fault in made.json["faults"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"area": VILLAGE, "parts": 800}, "partition.too_many"),
        ({"area": OWN, "parts": 2}, "value.bad"),
        ({"area": VILLAGE}, "http.422"),
        ({"area": VILLAGE, "parts": 2, "households": 9}, "http.422"),
        ({"area": VILLAGE, "parts": 2, "mode": "best"}, "http.422"),
        ({"area": VILLAGE, "parts": 2, "barriers": [[[99.6, 24.8]]]}, "http.422"),
        ({"area": [], "parts": 2}, "http.422"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code(lived, caller, plan, body, code):
    answer = caller.post(f"{plan}/balance", body)
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_a_barrier_divides_the_households_on_its_two_banks(lived, caller, plan):
    lon, lat = lived.own.at
    river = [[lon + 0.0025, lat - 0.05], [lon + 0.0025, lat + 0.05]]
    wish = {"area": VILLAGE, "parts": 2, "barriers": [river]}
    proposal = caller.post(f"{plan}/balance", wish).json
    assert proposal["n_across"] == 0
    for one in proposal["outlines"]["features"]:
        xs = np.array(one["geometry"]["coordinates"][0])[:, 0]
        assert (xs <= river[0][0] + 2e-7).all() or (xs >= river[0][0] - 2e-7).all()


def test_limits_are_read_set_written_down_and_given_back(lived, caller):
    shipped = caller.get(RULES).json["rules"]
    assert {one["territory_code"] for one in shipped} == {None}
    body = {
        "territory_code": VILLAGE,
        "rules": [{"kind": "base", "subject": "households", "least": 300, "most": 500}],
        "version": 0,
    }
    answer = caller.send("PUT", RULES, json=body)
    assert answer.status_code == 200, answer.text
    (own,) = [one for one in answer.json["rules"] if one["territory_code"]]
    assert (own["least"], own["most"], own["severity"]) == (300, 500, "warning")
    assert own["updated_by"]
    assert own["territory_name"]
    with begin(lived.engine, EVERYWHERE) as conn:
        row = conn.execute(
            text(
                "SELECT record, territory_code FROM audit WHERE action = 'rules.set'"
                " ORDER BY audit_id DESC LIMIT 1"
            )
        ).one()
    assert tuple(row) == (f"boundary_rule {VILLAGE}", VILLAGE)
    late = caller.send("PUT", RULES, json=body)
    assert (late.status_code, late.json["code"]) == (409, "record.stale")
    versions = {one["territory_code"]: one["version"] for one in answer.json["areas"]}
    assert caller.get(RULES).json["areas"] == answer.json["areas"]
    empty = {"territory_code": VILLAGE, "rules": [], "version": versions[VILLAGE]}
    given_back = caller.send("PUT", RULES, json=empty)
    assert given_back.json["rules"] == shipped
    unversioned = {"territory_code": VILLAGE, "rules": []}
    assert caller.send("PUT", RULES, json=unversioned).status_code == 422


def test_a_township_cannot_set_what_counts_everywhere(lived, caller):
    answer = caller.send("PUT", RULES, json={"territory_code": None, "rules": [], "version": 0})
    assert (answer.status_code, answer.json["code"]) == (422, "rules.county_only")
    unknown = {
        "territory_code": VILLAGE,
        "rules": [{"kind": "urban", "subject": "area"}],
        "version": 0,
    }
    assert caller.send("PUT", RULES, json=unknown).status_code == 422


def test_a_proposal_of_another_territory_and_a_plan_of_nobody_are_alike(lived, caller, plan):
    foreign = lived.foreign.village
    answer = caller.post(f"{plan}/balance", {"area": foreign, "parts": 2})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def run(world, *given):
    """Run a command on the database of these tests; return its exit code and its document."""
    environment = {"DATABASE_URL": world.engine.url.render_as_string(hide_password=False)}
    done = CliRunner(env=environment).invoke(cli, ["--json", *given], catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


def test_the_command_opens_a_draft_plan_and_a_rehearsal_opens_none(lived, caller, tmp_path):
    before = len(caller.get("/api/v1/plans").json["plans"])
    code, shown = run(lived, "balance", VILLAGE, "--households", "20", "--dry-run")
    assert (code, shown["plan"], shown["n_parts"]) == (0, None, 3)
    assert len(caller.get("/api/v1/plans").json["plans"]) == before
    lon, lat = lived.own.at
    river = tmp_path / "river.geojson"
    line = [[lon + 0.0025, lat - 0.05], [lon + 0.0025, lat + 0.05]]
    river.write_text(json.dumps({"type": "LineString", "coordinates": line}))
    code, made = run(lived, "balance", VILLAGE, "--parts", "3", "--barriers", str(river))
    assert code == 0
    assert made["plan"]["state"] == "draft"
    (area,) = made["areas"]
    assert area["n_across"] == 0
    with begin(lived.engine, EVERYWHERE) as conn:
        steps = conn.execute(
            text("SELECT tool FROM plan_step WHERE plan_id = :id"), {"id": made["plan"]["plan_id"]}
        ).scalars()
        assert list(steps) == ["balance"]


def test_the_command_says_why_it_refuses_and_keeps_no_plan(lived, caller):
    before = len(caller.get("/api/v1/plans").json["plans"])
    code, refused = run(lived, "balance", VILLAGE, "--parts", "800")
    assert (code, refused["error"]["code"]) == (1, "partition.too_many")
    assert len(caller.get("/api/v1/plans").json["plans"]) == before


def test_limits_are_set_and_dropped_one_by_one_from_the_command_line(lived):
    limits = ("--least", "20", "--most", "90")
    code, said = run(lived, "rules", "set", "base", "households", "--area", VILLAGE, *limits)
    assert (code, [one["least"] for one in said["rules"]]) == (0, [20])
    _, said = run(lived, "rules", "set", "base", "area", "--area", VILLAGE, "--least", "900")
    assert {one["subject"] for one in said["rules"]} == {"households", "area"}
    for subject in ("households", "area"):
        code, said = run(lived, "rules", "drop", "base", subject, "--area", VILLAGE)
    assert said["rules"] == []
    code, refused = run(lived, "rules", "set", "base", "names", "--area", VILLAGE, "--least", "1")
    assert (code, refused["error"]["code"]) == (1, "value.bad")


def test_what_limits_would_say_is_counted_and_nothing_is_kept(lived, caller):
    before = caller.get(RULES).json
    wish = {
        "territory_code": VILLAGE,
        "rules": [
            {"kind": "base", "subject": "households", "least": 50},
            {"kind": "base", "subject": "primary"},
            {"kind": "base", "subject": "width", "least": 50},
        ],
    }
    answer = caller.post(f"{RULES}/check", wish)
    assert answer.status_code == 200, answer.text
    by_subject = {one["subject"]: one for one in answer.json["counts"]}
    assert by_subject.keys() == {"households", "primary"}
    assert by_subject["primary"]["n_units"] == by_subject["households"]["n_units"] == 4
    assert by_subject["primary"]["n_outside"] == 2
    assert caller.get(RULES).json == before


def test_a_limit_that_makes_no_sense_is_named_by_its_kind_and_subject(lived, caller):
    rule = {"kind": "micro", "subject": "households", "least": 9, "most": 3}
    body = {"territory_code": VILLAGE, "rules": [rule]}
    for answer in (
        caller.post(f"{RULES}/check", body),
        caller.send("PUT", RULES, json=body | {"version": 0}),
    ):
        assert (answer.status_code, answer.json["code"]) == (422, "value.bad")
        assert answer.json["rule_kind"] == "micro"
        assert answer.json["rule_subject"] == "households"
