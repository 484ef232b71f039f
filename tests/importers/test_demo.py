"""The invented county: drawn alike by the same seed, taken in whole or not at all, with a truth."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from geo.hotspots.excess import upper_tail
from grids import db, people, publications
from grids.access import everyone
from grids.model import Level, Role
from importers.demo import load
from importers.demo.build import build
from importers.demo.county import SCALES
from importers.demo.words import matters, units
from tests.importers.tables import KEYS, rows_of
from web.cli.root import cli

N_INCIDENTS = 6_000
DAY = date(2025, 11, 20)
NOW = datetime(2025, 11, 20, 4, tzinfo=UTC)
SMALL = SCALES["small"]


def run_demo(url: str, home: Path) -> dict:
    """Call `wangge --json demo` on a database and return its document."""
    arguments = ["--json", "demo", "--scale", "small", "--incidents", str(N_INCIDENTS)]
    environment = {"DATABASE_URL": url, "WANGGE_HOME": str(home)}
    result = CliRunner().invoke(cli, arguments, env=environment, catch_exceptions=False)
    document = json.loads(result.stdout_bytes)
    return {"exit": result.exit_code, **document}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(clone) -> str:
    return clone()


@pytest.fixture(scope="module")
def loaded(url, home) -> dict:
    """What the first call said."""
    return run_demo(url, home)


@pytest.fixture(scope="module")
def county(url, loaded):
    """A connection to the loaded county."""
    with db.begin(db.make_engine(url, pooled=False), db.EVERYWHERE) as conn:
        yield conn


@pytest.fixture(scope="module")
def truth(home, loaded) -> dict:
    return json.loads((home / "demo" / "truth.json").read_bytes())


def test_the_county_has_the_size_it_says(county, loaded):
    assert publications.counts_by_level(county) == {
        Level.COUNTY: 1,
        Level.TOWNSHIP: SMALL.townships,
        Level.VILLAGE: SMALL.villages,
        Level.GRID: SMALL.grids,
        Level.SUBGROUP: SMALL.subgroups,
    }
    assert loaded["counts"]["households"] == SMALL.households
    assert rows_of(county, "SELECT count(*) FROM household") == [(SMALL.households,)]


def test_its_coverage_is_proven(county):
    assert publications.prove_in_force(county).exact


def test_every_row_that_was_written_was_taken(county, loaded, truth):
    assert loaded["counts"]["incidents"] == truth["n_incidents"]
    assert loaded["counts"]["matters"] == len(matters())
    assert loaded["counts"]["people"] == loaded["counts"]["duties"]
    tables = {"incidents": "incident", "cameras": "camera", "duties": "duty", "matters": "matter"}
    for kind, table in tables.items():
        assert rows_of(county, f"SELECT count(*) FROM {table}") == [(loaded["counts"][kind],)]


def test_households_lie_in_the_sub_group_that_their_list_names(county, home):
    register = (home / "demo" / "households.csv").read_text("utf-8").splitlines()[1:]
    said = {row.split(",")[0]: row.split(",")[-1] for row in register}
    found = rows_of(county, "SELECT number, coalesce(subgroup_code, '') FROM household")
    assert dict(found) == said


def test_households_are_counted_up_to_the_county(county):
    units_of = dict(rows_of(county, "SELECT unit_code, n_households FROM unit_outline"))
    placed = Counter(
        code[:digits]
        for (code,) in rows_of(county, "SELECT subgroup_code FROM household WHERE grid_code <> ''")
        for digits in (6, 9, 12, 15, 17)
    )
    assert units_of == {code: placed[code] for code in units_of}


def test_planted_hotspots_stand_out_of_what_was_loaded(county, truth):
    homes = dict(rows_of(county, "SELECT unit_code, n_households FROM unit_outline"))
    counted = rows_of(county, "SELECT grid_code, day, matter_code, n FROM daily_count")
    grids = {code for code in homes if len(code) == 15}
    assert [spot["name"] for spot in truth["planted"]] == ["persistent", "emerging", "new", "past"]
    for spot in truth["planted"]:
        since, until = date.fromisoformat(spot["since"]), date.fromisoformat(spot["until"])
        inside: Counter[bool] = Counter()
        for grid, day, matter, n in counted:
            if since <= day <= until and spot["matter"] in (None, matter):
                inside[grid in spot["grids"]] += n
        own = sum(homes[grid] for grid in spot["grids"])
        expected = inside[False] * own / sum(homes[grid] for grid in grids - set(spot["grids"]))
        p = upper_tail(np.array([inside[True]], float), np.array([expected]), np.zeros(1))[0]
        assert inside[True] > 2 * expected
        assert p < 1e-2, spot["name"]


def test_there_is_an_account_for_each_role_and_its_password_fits(county, loaded):
    accounts = {account["login"]: account for account in loaded["accounts"]}
    assert {account["role"] for account in accounts.values()} == {role.value for role in Role}
    township = next(unit.code for unit in units() if unit.level == "township")
    assert accounts["township"]["unit_code"] == township
    for login, account in accounts.items():
        row = county.execute(
            text("SELECT password_hash, must_change FROM account WHERE login = :l"), {"l": login}
        ).one()
        assert people.passwords.matches(row.password_hash, account["password"])
        assert not row.must_change


def test_the_worker_is_primary_of_a_grid_with_open_incidents(county, loaded):
    worker = next(one for one in loaded["accounts"] if one["login"] == "worker")
    ((n,),) = rows_of(
        county,
        "SELECT count(*) FROM incident AS i JOIN account AS a ON a.person_id = i.owner_id"
        " WHERE a.login = 'worker' AND i.step = 'reported'"
        f"   AND i.grid_code = '{worker['unit_code']}'",
    )
    assert n >= 1


def test_a_second_call_prints_the_same_accounts_and_changes_nothing(url, home, loaded):
    again = run_demo(url, home)
    assert again["exit"] == 0
    assert not again["loaded"]
    assert again["accounts"] == loaded["accounts"]
    assert stat.S_IMODE((home / "demo-accounts.json").stat().st_mode) == 0o600


def test_accounts_of_another_county_are_not_shown(url, loaded, tmp_path):
    assert run_demo(url, tmp_path)["accounts"] is None


def test_no_telephone_number_of_the_lists_stands_in_the_clear(county, home):
    register = (home / "demo" / "households.csv").read_text("utf-8").splitlines()[1:50]
    for row in register:
        phone = row.split(",")[7]
        assert rows_of(county, f"SELECT 1 FROM household AS h WHERE h::text LIKE '%{phone}%'") == []


def test_a_database_with_data_of_its_own_is_refused_and_left_alone(clone, tmp_path):
    url = clone()
    engine = db.make_engine(url, pooled=False)
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO person (name, unit_code) VALUES ('王', '530524')"))
    document = run_demo(url, tmp_path)
    assert document["exit"] == 1
    assert document["error"]["code"] == "demo.not_empty"
    with engine.connect() as conn:
        assert rows_of(conn, "SELECT name FROM person") == [("王",)]


def test_a_demo_killed_half_way_leaves_the_database_empty(clone, tmp_path):
    url = clone()
    process = subprocess.Popen(
        [Path(sys.executable).parent / "wangge", "demo", "--scale", "small"],
        env={**os.environ, "DATABASE_URL": url, "WANGGE_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine = db.make_engine(url, pooled=False)
    with engine.connect() as conn:
        busy = text(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " WHERE c.relname = 'cell_version' AND l.mode = 'RowExclusiveLock'"
            "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        patience = time.monotonic() + 60
        while conn.execute(busy).scalar() == 0 and time.monotonic() < patience:
            time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        while conn.execute(busy).scalar() and time.monotonic() < patience:
            time.sleep(0.1)
        conn.rollback()
        assert load.loaded_before(conn) is None


def test_a_file_of_ours_that_is_refused_stops_everything(conn, tmp_path):
    files = build(tmp_path, "small", seed=3, n_incidents=10, today=DAY)
    village = next(file for file in files if file.level == "village")
    village.path.write_text("code,name,parent\n12,无,530524101\n", "utf-8")
    with pytest.raises(load.FilesRefused):
        load.load(conn, everyone("test"), files, scale="small", seed=3, keys=KEYS, now=NOW)


def test_the_same_seed_writes_the_same_files_and_another_seed_others(tmp_path):
    def written(name: str, seed: int) -> dict[str, bytes]:
        files = build(tmp_path / name, "small", seed=seed, n_incidents=300, today=DAY)
        return {f.path.name: f.path.read_bytes() for f in files if f.path.suffix == ".csv"}

    one, same, other = written("a", 1), written("b", 1), written("c", 2)
    assert one == same
    differing = {name for name in one if one[name] != other[name]}
    given = {"county.csv", "township.csv", "village.csv", "matters.csv", "2025.csv", "2026.csv"}
    assert differing == set(one) - given


def test_recurring_work_is_mostly_done_and_some_waits_for_the_worker(county):
    rows = county.execute(
        text(
            "SELECT kind, period, starts_on, due_on >= local_day(now()) AS runs, count(*) AS n,"
            " count(done_at) AS n_done, count(*) FILTER (WHERE done_at > now()) AS n_ahead"
            " FROM task GROUP BY 1, 2, 3, 4 ORDER BY 1, 3"
        )
    ).all()
    assert [(row.kind, row.period, row.runs) for row in rows] == [
        ("patrol", "week", False),
        ("patrol", "week", True),
        ("visit", "month", False),
        ("visit", "month", True),
    ]
    assert {row.n for row in rows} == {SMALL.grids}
    assert sum(row.n_ahead for row in rows) == 0
    for row in rows:
        share = row.n_done / row.n
        assert 0 < share < 0.6 if row.runs else 0.7 < share < 1
    worker = text(
        "SELECT count(*) FROM task JOIN account ON login = 'worker'"
        " JOIN duty ON duty.person_id = account.person_id AND duty.unit_code = task.unit_code"
        " WHERE done_at IS NULL"
    )
    assert county.execute(worker).scalar_one() >= 2
