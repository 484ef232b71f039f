import gzip
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids import display
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.factories import Make
from tests.layers.mvt import read
from tests.layers.test_tiles import address
from tests.web.conftest import FOREIGN, OWN, Caller, Staff, config_of
from web.app import create_app
from web.cli.root import cli

PERIOD = "since=2025-03-01&until=2025-03-30"
API, SHEET = f"/api/v1/hotspots?{PERIOD}", f"/hotspots/sheet?{PERIOD}"


@pytest.fixture(scope="module")
def county(clone):
    """Two townships of 36 grids with reports, published and drawn, and the application on them."""
    engine = make_engine(clone())
    with begin(engine, EVERYWHERE) as conn:
        make = Make(conn)
        for code, east_by in ((OWN, 0), (FOREIGN, 6)):
            make.grids(6, 6, village=code + "001", east_by=east_by)
        make.matter()
        conn.execute(text("UPDATE unit_outline SET n_households = 40"))
        conn.execute(
            text(
                "INSERT INTO daily_count SELECT code, date '2025-03-05', '0201', 'ordinary', 'd',"
                " 2 + (right(code, 1) = '8')::int * 9 FROM unit WHERE level = 'grid'"
            )
        )
        display.rebuild(conn)
    yield create_app(config_of(engine)), Staff(engine), engine
    engine.dispose()


@pytest.fixture
def leader(county):
    return caller(county, Role.LEADER)


def caller(county, role, scope=OWN):
    app, staff, _ = county
    return Caller(app, staff.account(role, scope).token)


def audited(county, action):
    with begin(county[2], EVERYWHERE) as conn:
        return conn.execute(
            text("SELECT territory_code, facts FROM audit WHERE action = :a"), {"a": action}
        ).all()


def test_the_map_has_both_tests_in_every_row_of_the_territory(leader):
    answer = leader.get(API)
    assert answer.status_code == 200
    rows = answer.json["rows"]
    assert len(rows) == 36
    assert all(row["code"].startswith(OWN) for row in rows)
    assert all(row["gi_bin"] is not None and row["around"]["q"] is not None for row in rows)
    assert answer.json["window"]["days"] == 30


def test_without_a_period_it_is_the_last_days_that_have_data(leader):
    answer = leader.get("/api/v1/hotspots?method=count")
    assert answer.json["window"] == {"since": "2025-02-04", "until": "2025-03-05", "days": 30}
    assert answer.json["observed"] > 0
    assert leader.get("/api/v1/hotspots?since=2025-03-01").status_code == 422


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
@pytest.mark.parametrize("compare", ["prev", "mom", "yoy", "yoy&calendar=lunar"])
def test_the_first_and_the_last_day_that_are_known_have_a_past(leader, day, compare):
    answer = leader.get(f"/api/v1/hotspots?since={day}&until={day}&compare={compare}")
    assert answer.status_code == 200
    assert answer.json["compare"]["since"] < day


def test_what_has_not_changed_is_not_sent_again(county, leader):
    first = leader.get(API)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = leader.get(API, headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    with begin(county[2], EVERYWHERE) as conn:
        one = {"grid": OWN + "001001"}
        conn.execute(text("UPDATE daily_count SET n = n + 1 WHERE grid_code = :grid"), one)
    changed = leader.get(API, headers=tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_two_territories_never_share_an_answer(county, leader):
    other = caller(county, Role.LEADER, FOREIGN)
    tag = {"If-None-Match": leader.get(API).headers["ETag"]}
    answer = other.get(API, headers=tag)
    assert answer.status_code == 200
    assert all(row["code"].startswith(FOREIGN) for row in answer.json["rows"])


@pytest.mark.parametrize("path", [API, SHEET])
@pytest.mark.parametrize(
    ("more", "status"),
    [
        (f"&area={FOREIGN}", 404),
        ("&matter=9999", 404),
        ("&until=2025-02-01", 422),
        ("&method=guess", 422),
        ("&area=1%27--", 422),
        ("&colour=red", 422),
    ],
)
def test_what_cannot_be_answered_is_refused(leader, path, more, status):
    name = more[1:].split("=")[0]
    path = path.replace("&until=2025-03-30", "") if name == "until" else path
    assert leader.get(path + more).status_code == status


def test_workers_and_strangers_read_no_hotspots(county, anonymous_here):
    worker = caller(county, Role.WORKER)
    for path in (API, SHEET):
        assert worker.get(path).status_code == 403
        assert anonymous_here.get(path).status_code == 401


@pytest.fixture
def anonymous_here(county):
    return Caller(county[0])


def test_the_sheet_is_a_file_that_runs_alone_and_is_written_down(county, leader):
    before = len(audited(county, "hotspot.export"))
    answer = leader.get(f"{SHEET}&matter=0201&area={OWN}001&method=gi")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "attachment; filename=hotspots-2025-03-01-2025-03-30.html"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "connect-src" not in policy
    assert OWN + "001001" in answer.text
    rows = audited(county, "hotspot.export")
    assert len(rows) == before + 1
    assert rows[-1].territory_code == OWN + "001"
    assert rows[-1].facts["since"] == "2025-03-01"


# Tiles over HTTP ------------------------------------------------------------------------------


@pytest.fixture
def tile(county):
    at = (99.605, 24.835)
    x, y = address(*at, 14)
    return f"/tiles/1/units/14/{x}/{y}.mvt"


def test_a_tile_is_packed_kept_for_ever_and_not_sent_twice(leader, tile):
    answer = leader.get(tile)
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]
    assert "grid" in read(gzip.decompress(answer.data))
    again = leader.get(tile, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert leader.get(tile).data == answer.data


def test_another_publication_answers_with_what_is_in_force_and_is_not_kept(leader, tile):
    current = leader.get(tile)
    answer = leader.get(tile.replace("/tiles/1/", "/tiles/7/"))
    assert gzip.decompress(answer.data) == gzip.decompress(current.data)
    assert answer.headers["ETag"] == current.headers["ETag"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["19/0/0", "3/8/0", "3/0/8"])
def test_a_tile_that_is_none_is_not_found(leader, path):
    assert leader.get(f"/tiles/1/units/{path}.mvt").status_code == 404


def test_strangers_get_no_tile(anonymous_here, tile):
    assert anonymous_here.get(tile).status_code == 401


# The command line -----------------------------------------------------------------------------


def run(*given, **environment):
    return CliRunner(env=environment).invoke(cli, ["hotspots", *given], catch_exceptions=False)


DAYS = ("--since", "2025-03-01", "--until", "2025-03-30")


@pytest.fixture
def by_command(county):
    url = county[2].url.render_as_string(hide_password=False)
    return lambda *given: run(*DAYS, *given, DATABASE_URL=url)


def test_the_command_answers_in_one_document(by_command):
    answer = json.loads(by_command("--area", OWN, "--json").stdout)
    assert len(answer["rows"]) == 36
    assert answer["method"] == "excess"
    assert "reports" in by_command().stdout


@pytest.mark.parametrize("name", ["hot.html", "hot.geojson", "hot.csv"])
def test_the_command_writes_a_sheet_or_the_rows(by_command, tmp_path, name):
    file = tmp_path / name
    assert by_command("--method", "gi", "--out", str(file)).exit_code == 0
    written = file.read_text("utf-8")
    assert OWN + "001001" in written
    assert [one.name for one in tmp_path.iterdir()] == [name]
    if name.endswith("geojson"):
        assert len(json.loads(written)["features"]) == 72


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("--method", "guess"), "hotspots.method"),
        (("--out", "map.tiff"), "export.format"),
        (("--area", "999999"), "not_found"),
    ],
)
def test_the_command_says_what_it_cannot_do(by_command, given, code):
    answer = by_command(*given, "--json")
    assert answer.exit_code == 1
    error = json.loads(answer.stdout)["error"]
    assert error["code"] == code
    if code == "export.format":
        assert ".html" in error["message"]


def test_plain_files_need_no_database(tmp_path):
    rows = ["lon,lat,time"]
    features = []
    for k in range(25):
        x, y = 99.5 + 0.01 * (k % 5), 24.5 + 0.01 * (k // 5)
        n = 30 if k == 12 else 2 + k % 3
        rows += [f"{x + 0.005},{y + 0.005},2025-03-0{1 + i % 9}" for i in range(n)]
        ring = [[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]
        features.append(
            {
                "type": "Feature",
                "properties": {"id": f"g{k:02d}", "homes": 50},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    rows += ["99.505,24.505,2024-01-01", "10,10,2025-03-02", ",,2025-03-02", "99.505,24.505,soon"]
    grids, events, out = (tmp_path / name for name in ("g.geojson", "e.csv", "hot.html"))
    grids.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    events.write_text("\n".join(rows))
    files = ("--grids", str(grids), "--events", str(events), "--id", "id", "--households", "homes")
    answer = run(*DAYS, *files, "--datum", "cgcs2000", "--out", str(out), "--json")
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    account = document["events"]
    assert account.pop("read") == sum(account.values()) == len(rows) - 1
    del account["counted"]
    assert set(account.values()) == {1}
    # Each grid is judged with its neighbours: the busy one raises the nine around it and its own.
    units = sorted(document["units"], key=lambda unit: unit["ratio"], reverse=True)
    raised = {"g06", "g07", "g08", "g11", "g12", "g13", "g16", "g17", "g18"}
    assert {unit["id"] for unit in units[:9]} == raised
    assert document["window"].startswith("2025-03-01")
    assert "g12" in out.read_text("utf-8")
    assert run(*DAYS, *files, "--json").exit_code == 1  # no datum, no coordinates
    assert run(*DAYS, *files, "--matter", "0201").exit_code == 2


# Every method, weeks and files -----------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        "method=count",
        "method=gi&by=village",
        "method=change&compare=yoy&calendar=lunar",
        "method=scan&replicates=99&seed=7&max_radius_m=2000",
        "method=emerging",
        "method=excess&compare=mom&level=ordinary&level=major&source=d",
    ],
)
def test_every_method_answers_over_http_and_is_not_sent_twice(leader, more):
    first = leader.get(f"{API}&{more}")
    assert first.status_code == 200, first.text
    assert first.json["method"] == more.split("&")[0].split("=")[1]
    assert first.json["notes"][0]["text"]
    again = leader.get(f"{API}&{more}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_the_seed_that_was_asked_for_is_the_seed_that_was_used(leader):
    answer = leader.get(f"{API}&method=scan&seed=7&replicates=99").json
    assert answer["seed"] == 7
    assert answer["settings"]["replicates"] == 99


def test_single_events_that_are_not_there_are_a_refusal(leader):
    for method in ("density", "dbscan", "knox"):
        answer = leader.get(f"{API}&method={method}")
        assert (answer.status_code, answer.json["code"]) == (422, "hotspots.needs")


def test_weeks_have_a_letter_a_unit(leader):
    answer = leader.get(f"{API.replace('?', '/weeks?')}&weeks=8").json
    assert [len(answer["weeks"]), len(answer["paint"])] == [8, 36]
    assert {len(word) for word in answer["paint"].values()} == {8}
    assert {ord(letter) - 97 for word in answer["paint"].values() for letter in word} <= set(
        range(len(answer["classes"]))
    )
    assert answer["weeks"][-1]["until"] == "2025-03-30"


@pytest.mark.parametrize(
    ("kind", "begins"),
    [("png", b"\x89PNG"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbfcode"), ("geojson", b"{")],
)
def test_answers_are_taken_along_as_files_and_that_is_written_down(county, leader, kind, begins):
    before = len(audited(county, "hotspot.export"))
    answer = leader.get(f"{SHEET.replace('sheet', f'file.{kind}')}&method=change")
    assert answer.status_code == 200
    assert answer.data.startswith(begins)
    rows = audited(county, "hotspot.export")
    assert len(rows) == before + 1
    assert rows[-1].facts["kind"] == kind
