"""The admission list from a table."""

from __future__ import annotations

from datetime import date

import pytest

from grids import admission
from grids.errors import Forbidden
from grids.model import Role
from importers.demo.words import FOLDER
from importers.matters import import_matters
from tests.importers.tables import OPERATOR, codes_of, counts_of, options, write

HEADINGS = ["编码", "名称", "部门", "时限", "首接", "临时", "开始日期", "结束日期", "调处次数"]


@pytest.fixture
def take(conn, tmp_path):
    """Write rows to a file and take it in; short rows are filled up with nothing."""

    def take(*rows, headings=HEADINGS, viewer=OPERATOR):
        filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
        return import_matters(
            conn, viewer, write(tmp_path / "list.csv", headings, filled), options()
        )

    return take


def test_what_a_list_leaves_open_has_a_default(conn, take):
    assert take(["0101", "邻里纠纷"]).taken == 1
    assert admission.get(conn, "0101") == admission.Matter(
        code="0101",
        scheme="list",
        name="邻里纠纷",
        department="",
        level="ordinary",
        first_rank="primary",
        limit_hours=72,
        attempts="3-2-1",
        temporary=False,
        since=date(2000, 1, 1),
        until=None,
    )


def test_a_temporary_item_needs_an_end_and_is_in_force_on_its_last_day(conn, take):
    report = take(
        ["T1", "防汛巡查", "", "", "", "是", "2025-06-01"],
        ["T2", "防汛巡查", "", "", "", "是", "2025-06-01", "2025-08-31"],
    )
    assert codes_of(report) == [(2, "matter.no_end")]
    assert admission.get(conn, "T2").temporary
    for day, there in ((date(2025, 8, 31), True), (date(2025, 9, 1), False)):
        assert ("T2" in {m.code for m in admission.list_in_force(conn, day)}) is there


def test_the_same_list_again_changes_nothing_and_a_new_limit_does(conn, take):
    rows = [
        ["0101", "邻里纠纷", "司法所", "72", "信息员"],
        ["0102", "婚恋纠纷", "", "24", "网格员"],
    ]
    assert counts_of(take(*rows)) == {"read": 2, "taken": 2}
    assert counts_of(take(*rows)) == {"read": 2, "unchanged": 2}
    rows[1][3] = "48"
    assert counts_of(take(*rows)) == {"read": 2, "taken": 1, "unchanged": 1}
    assert admission.get(conn, "0102").limit_hours == 48
    assert admission.get(conn, "0101").first_rank == "informant"


def test_what_is_wrong_with_an_item_is_said(take):
    report = take(
        ["", "无码"],
        ["A", ""],
        ["B", "名", "", "0"],
        ["C", "名", "", "1.5"],
        ["D", "名", "", "", "院长"],
        ["E", "名", "", "", "", "", "2025-02-01", "2025-01-01"],
        ["F", "名", "", "", "", "", "", "", "0-1-1"],
        ["G", "名", "", "", "", "", "", "", "often"],
    )
    assert sorted(codes_of(report)) == [
        (2, "value.missing"),
        (3, "value.missing"),
        (4, "value.bad"),
        (5, "value.bad"),
        (6, "value.unknown"),
        (7, "value.bad"),
        (8, "value.bad"),
        (9, "value.bad"),
    ]
    assert report.taken == 0


def test_the_example_list_comes_in_whole(conn):
    report = import_matters(conn, OPERATOR, FOLDER / "matters.csv", options())
    assert counts_of(report) == {"read": 21, "taken": 21}
    assert admission.get(conn, "0101").department == "司法所"


def test_a_worker_does_not_change_the_list(make, take):
    with pytest.raises(Forbidden):
        take(["0101", "邻里纠纷"], viewer=make.viewer(Role.WORKER))
