"""Every command of docs/qgis.md does what the page says, in the order in which it is read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from grids.db import EVERYWHERE, begin, make_engine
from tests.grids.coverage_factory import found_small_county
from web.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "qgis.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sql|sh)(?: ([\w-]+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LOGIN = re.search(r"CREATE ROLE (\w+)", PAGE)[1]


def blocks(kind, who=""):
    return [block for k, w, block in BLOCKS if (k, w) == (kind, who)]


@pytest.fixture(scope="module")
def url(clone):
    found = clone()
    with begin(make_engine(found, pooled=False), EVERYWHERE) as conn:
        found_small_county(conn, free=1)
    yield found
    with make_engine(found, pooled=False).begin() as conn:
        conn.execute(text(f"DROP ROLE IF EXISTS {LOGIN}"))


@pytest.fixture(scope="module")
def psql(url):
    """Run SQL by the program psql, as the owner or the person; return what it prints."""

    def run(sql, user=None):
        given = make_url(url)
        address = {"host": given.query["host"], "port": given.query.get("port")}
        command = [
            *("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
            *("--set=ON_ERROR_STOP=1", f"--dbname={given.database}"),
            *(f"--{name}={value}" for name, value in address.items() if value),
            f"--username={user or given.username}",
        ]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()

    return run


def test_the_page_can_be_followed_from_its_beginning_to_its_end(url, psql, monkeypatch, tmp_path):
    for sql in blocks("sql", "owner"):
        psql(sql)
    answers = [psql(sql, LOGIN) for sql in blocks("sql", "reader")]
    layers, dense, units, cells, _, sent, became = answers
    assert {line.split("|")[0] for line in layers} >= {"grid", "cell", "grid_edit", "unit_version"}
    assert {line.split("|")[2] for line in layers} == {"4490"}
    assert len(dense) == 5
    assert len(units) == 11
    assert len(cells) > len(units)
    assert sent == []
    assert became[0].split("|")[1] == "waiting"

    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    commands = blocks("sh")[0].strip().splitlines()
    listed = wangge(commands[0])
    (edit,) = listed["edits"]
    assert edit["sent_by"] == LOGIN
    taken = wangge(commands[1].replace("EDIT", edit["edit_id"]))
    assert taken["plan_id"]
    assert wangge(commands[2].replace("EDIT", edit["edit_id"]))["state"] == "taken"
    assert psql(blocks("sql", "reader")[-1], LOGIN)[0].split("|")[1] == "taken"

    for sql in blocks("sql", "owner-last"):
        psql(sql)


def wangge(command):
    words = re.findall(r'"([^"]+)"|(\S+)', command)
    _, *given = [quoted or plain for quoted, plain in words]
    result = CliRunner().invoke(main, ["--json", *given])
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def test_the_page_names_every_view(url):
    with begin(make_engine(url, pooled=False), EVERYWHERE) as conn:
        views = conn.execute(
            text("SELECT table_name FROM information_schema.views WHERE table_schema = 'qgis'")
        ).scalars()
        assert {name for name in views if f"`{name}`" not in PAGE} == set()
