"""One door a kind: several files of one kind are one account, and a dry run keeps nothing."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from grids import db
from importers import doors
from importers.fields import FOLDER, fields_of
from importers.table import read_table
from tests.factories import Make
from tests.importers.tables import OPERATOR, counts_of, options, rows_of, write
from web.cli.root import cli

HEADINGS = ["户号", "经度", "纬度", "网格编码"]


def test_there_is_a_door_for_every_kind_of_file_whose_headings_are_known():
    known = {file.stem for file in FOLDER.glob("*.toml")} - {"outlines"}
    assert known | {"grids", "subgroups"} == doors.KINDS


def test_several_files_are_one_account_that_says_which_file(conn, make, tmp_path):
    first, second = make.grids(1, 2)
    one = write(tmp_path / "one.csv", HEADINGS, [["1", "", "", first.code], ["", "", "", ""]])
    two = write(tmp_path / "two.csv", HEADINGS, [["2", "", "", second.code], ["3", "", "", "999"]])
    three = write(tmp_path / "three.csv", HEADINGS, [["1", "", "", first.code]])
    report = doors.take_in(conn, OPERATOR, "households", [one, two, three], options())
    assert counts_of(report) == {"read": 4, "taken": 2, "unchanged": 1, "refused": 1}
    assert [(r.file, r.row, r.code) for r in report.refusals] == [(str(two), 3, "unit.unknown")]


def test_refused_rows_come_back_as_a_file_to_mend_and_send_again(conn, make, tmp_path):
    (grid,) = make.grids(1, 1)
    file = write(tmp_path / "a.csv", HEADINGS, [["1", "", "", grid.code], ["2", "", "", "999"]])
    report = doors.take_in(conn, OPERATOR, "households", [file], options())
    rejects = tmp_path / "rejects.csv"
    assert report.write_rejects(rejects) == 1
    table = read_table(rejects)
    assert table.columns["户号"] == ["2"]
    assert "999" in str(table.columns["问题"][0])
    table.columns["网格编码"][0] = grid.code
    columns = [table.columns[heading] for heading in HEADINGS]
    mended = write(tmp_path / "mended.csv", HEADINGS, zip(*columns, strict=True))
    assert doors.take_in(conn, OPERATOR, "households", [mended], options()).taken == 1


@pytest.fixture(scope="module")
def county(clone):
    """A database that the command line can open, with one grid in it."""
    url = clone()
    with db.begin(db.make_engine(url, pooled=False), db.EVERYWHERE) as conn:
        (grid,) = Make(conn).grids(1, 1)
    return url, grid.code


def command(url, home, *arguments):
    environment = {"DATABASE_URL": url, "WANGGE_HOME": str(home)}
    return CliRunner().invoke(cli, ["--json", "import", *arguments], env=environment)


def test_a_dry_run_counts_the_same_and_keeps_nothing(county, tmp_path):
    url, grid = county
    file = write(tmp_path / "a.csv", HEADINGS, [["1", "", "", grid], ["2", "", "", "999"]])
    tried = command(url, tmp_path, "households", str(file), "--dry-run")
    assert tried.exit_code == 0
    with db.make_engine(url, pooled=False).connect() as conn:
        for table in ("household", "import_batch", "audit"):
            assert rows_of(conn, f"SELECT count(*) FROM {table}") == [(0,)]
    done = command(url, tmp_path, "households", str(file))
    tried_document, document = json.loads(tried.stdout), json.loads(done.stdout)
    assert tried_document.pop("dry_run")
    assert tried_document == document
    assert (document["read"], document["taken"], document["refused"]) == (2, 1, 1)


def test_where_nothing_but_refusals_came_of_it_the_command_ends_with_1(county, tmp_path):
    url, _ = county
    file = write(tmp_path / "a.csv", HEADINGS, [["7", "", "", "999"]])
    result = command(url, tmp_path, "households", str(file))
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "import.refused"


def test_new_matters_are_made_only_when_the_command_says_so(county, tmp_path):
    url, grid = county
    headings = ["事项编码", "网格编码", "发生时间"]
    file = write(tmp_path / "log.csv", headings, [["噪声", grid, "2025-03-01"]])
    assert command(url, tmp_path, "incidents", str(file)).exit_code == 1
    document = json.loads(command(url, tmp_path, "incidents", str(file), "--new-matters").stdout)
    assert (document["taken"], document["notes"][0]["code"]) == (1, "matter.made")
    with db.make_engine(url, pooled=False).connect() as conn:
        found = conn.execute(text("SELECT name, scheme FROM matter")).one()
    assert tuple(found) == ("噪声", "log")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(doors.ROWS)),
    data=st.data(),
)
def test_whatever_a_table_holds_its_rows_are_all_accounted_for(conn, make, tmp_path, kind, data):
    (grid,) = make.grids(1, 1)
    make.matter()
    headings = sorted(fields_of(kind))
    values = st.sampled_from(
        ["", "1", "A", "0201", grid.code, grid.code[:12], "primary", "closed", "2025-03-01", "99.6"]
    )
    width = len(headings)
    rows = data.draw(st.lists(st.lists(values, min_size=width, max_size=width), max_size=8))
    file = write(tmp_path / "any.csv", headings, rows)
    report = doors.take_in(conn, OPERATOR, kind, [file], options())
    assert report.read == report.taken + report.unchanged + report.refused
    again = doors.take_in(conn, OPERATOR, kind, [file], options())
    assert (again.read, again.refused) == (report.read, report.refused)
