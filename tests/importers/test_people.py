"""People, their duties and absences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from grids import assign
from grids.model import Role
from importers.duties import import_duties
from importers.people import import_people
from tests.factories import COUNTY, VILLAGE
from tests.importers.tables import KEYS, OPERATOR, codes_of, counts_of, options, rows_of, write

PEOPLE = ["工号", "姓名", "联系电话", "所属单元"]
DUTIES = ["工号", "单元编码", "职责", "开始日期", "结束日期", "请假开始", "请假结束"]
NOW = datetime(2025, 6, 15, 4, tzinfo=UTC)


@pytest.fixture
def staff(conn, tmp_path):
    """Take in a list of people."""

    def staff(rows, headings=PEOPLE, viewer=OPERATOR, **given):
        file = write(tmp_path / "people.csv", headings, rows)
        return import_people(conn, viewer, file, options(**given))

    return staff


@pytest.fixture
def duties(conn, tmp_path):
    """Take in a list of duties; short rows are filled up with nothing."""

    def duties(*rows, viewer=OPERATOR):
        filled = [[*row, *[""] * (len(DUTIES) - len(row))] for row in rows]
        file = write(tmp_path / "duties.csv", DUTIES, filled)
        return import_duties(conn, viewer, file, options())

    return duties


@pytest.fixture
def two(make, staff):
    """Two grids and two people."""
    grids = make.grids(1, 2, subgroups=2)
    staff([["W1", "李一", "", grids[0].code], ["W2", "王二", "", grids[1].code]])
    return grids


def held(conn):
    return rows_of(
        conn,
        "SELECT source_key, duty.unit_code, rank, lower(valid)::text, upper(valid)::text"
        "  FROM duty JOIN person USING (person_id) ORDER BY 1, 2, 3, 4",
    )


def test_people_are_known_by_the_senders_key(conn, make, staff):
    (grid,) = make.grids(1, 1)
    rows = [["W1", "李一", "13811112222", grid.code], ["W2", "王二", "", VILLAGE]]
    assert counts_of(staff(rows)) == {"read": 2, "taken": 2}
    assert counts_of(staff(rows)) == {"read": 2, "unchanged": 2}
    rows[0][1], rows[1][2] = "李逸", "13833334444"
    assert staff(rows).taken == 2
    found = rows_of(conn, "SELECT name, phone_cipher, phone_mask, unit_code FROM person ORDER BY 1")
    assert [(name, mask, unit) for name, _, mask, unit in found] == [
        ("李逸", "138****2222", grid.code),
        ("王二", "138****4444", VILLAGE),
    ]
    assert [KEYS.decrypt(bytes(cipher)) for _, cipher, _, _ in found] == [
        "13811112222",
        "13833334444",
    ]
    assert all("13811112222" not in row for (row,) in rows_of(conn, "SELECT p::text FROM person p"))


def test_a_list_without_numbers_keeps_them(conn, make, staff):
    (grid,) = make.grids(1, 1)
    staff([["W1", "李一", "13811112222", grid.code]])
    staff([["W1", "李逸", grid.code]], headings=["工号", "姓名", "所属单元"], keys=None)
    assert rows_of(conn, "SELECT name, phone_mask FROM person") == [("李逸", "138****2222")]


def test_a_refused_row_has_no_say_in_whether_a_telephone_number_changed(make, staff):
    make.grids(1, 1)
    twice = [["w1", "甲", "13900000001", VILLAGE], ["w1", "甲", "13900000002", VILLAGE]]
    assert staff(twice).taken == 1
    again = staff(twice)
    assert (again.taken, again.unchanged, again.refused) == (0, 1, 1)


def test_what_is_wrong_with_a_person_is_said(make, staff):
    (grid,) = make.grids(1, 1)
    report = staff(
        [
            ["", "李一", "", grid.code],
            ["W2", "", "", grid.code],
            ["W3", "王三", "", ""],
            ["W4", "王四", "", "530599"],
            ["W5", "王五", "", grid.code],
            ["W5", "王五", "", grid.code],
        ]
    )
    assert sorted(codes_of(report)) == [
        (2, "value.missing"),
        (3, "value.missing"),
        (4, "value.missing"),
        (5, "unit.unknown"),
        (7, "row.repeated"),
    ]
    assert report.taken == 1


def test_nobody_takes_over_people_of_another_territory(make, staff):
    (ours,) = make.grids(1, 1)
    (theirs,) = make.grids(1, 1, village=COUNTY + "102001", east_by=3)
    staff([["W1", "李一", "", theirs.code]])
    report = staff(
        [["W1", "李一", "", ours.code], ["W2", "王二", "", theirs.code]],
        viewer=make.viewer(Role.GRID_ADMIN, ours.code[:9]),
    )
    assert codes_of(report) == [(2, "territory.outside"), (3, "territory.outside")]


def test_the_last_day_is_still_served(conn, two, duties):
    first, _ = two
    report = duties(
        ["W1", first.code, "网格员", "2024-01-01", "2025-06-15"], ["W2", first.code, "协管"]
    )
    assert counts_of(report) == {"read": 2, "taken": 2}
    assert held(conn) == [
        ("W1", first.code, "primary", "2024-01-01", "2025-06-16"),
        ("W2", first.code, "deputy", "2000-01-01", None),
    ]
    assert assign.responsible(conn, first.code, None, NOW).person.name == "李一"


def test_a_second_primary_worker_is_refused_and_a_successor_is_not(conn, two, duties):
    first, _ = two
    duties(["W1", first.code, "primary", "2024-01-01"])
    refused = duties(["W2", first.code, "primary", "2025-01-01"])
    assert codes_of(refused) == [(2, "duty.second_primary")]
    # Listed first, but heard after the one who hands over.
    report = duties(
        ["W2", first.code, "primary", "2025-01-01"],
        ["W1", first.code, "primary", "2024-01-01", "2024-12-31"],
    )
    assert counts_of(report) == {"read": 2, "taken": 2}
    assert held(conn) == [
        ("W1", first.code, "primary", "2024-01-01", "2025-01-01"),
        ("W2", first.code, "primary", "2025-01-01", None),
    ]


def test_two_in_one_file_cannot_be_primary_of_one_grid(two, duties):
    first, _ = two
    report = duties(["W1", first.code, "primary"], ["W2", first.code, "primary"])
    assert (report.taken, codes_of(report)) == (1, [(3, "duty.second_primary")])


def test_the_same_list_again_changes_nothing(conn, two, duties):
    first, second = two
    rows = [
        ["W1", first.code, "primary", "2024-01-01", "", "2025-06-10", "2025-06-20"],
        ["W1", first.code + "01", "信息员", "2024-01-01"],
        ["W2", second.code, "primary", "2024-01-01", "2030-12-31"],
        ["W2", VILLAGE, "值班"],
    ]
    assert duties(*rows).taken == 4
    before = held(conn)
    assert counts_of(duties(*rows)) == {"read": 4, "unchanged": 4}
    assert held(conn) == before
    assert rows_of(conn, "SELECT count(*) FROM leave") == [(1,)]


def test_a_row_twice_in_one_file_is_refused_once(two, duties):
    first, _ = two
    report = duties(["W1", first.code, "deputy"], ["W1", first.code, "deputy", "2025-01-01"])
    assert codes_of(report) == [(3, "row.repeated")]


def test_who_is_on_leave_is_stood_in_for(conn, two, duties):
    first, _ = two
    duties(
        ["W1", first.code, "primary", "", "", "2025-06-15", "2025-06-15"],
        ["W2", first.code, "deputy"],
    )
    during = assign.responsible(conn, first.code, None, NOW)
    assert (during.person.name, during.reason) == ("王二", "deputy")
    assert during.skipped[0]["reason"] == "on_leave"
    # The day is China's: it ends at 16:00 UTC.
    after = assign.responsible(conn, first.code, None, datetime(2025, 6, 15, 16, tzinfo=UTC))
    assert after.person.name == "李一"


def test_a_longer_absence_takes_the_place_of_the_one_that_it_contains(conn, two, duties):
    first, _ = two
    duties(["W1", first.code, "primary", "", "", "2025-06-10", "2025-06-12"])
    again = duties(["W1", first.code, "primary", "", "", "2025-06-12", "2025-06-20"])
    assert again.taken == 1
    assert rows_of(
        conn,
        "SELECT (lower(during) AT TIME ZONE 'Asia/Shanghai')::text,"
        " (upper(during) AT TIME ZONE 'Asia/Shanghai')::text FROM leave",
    ) == [("2025-06-10 00:00:00", "2025-06-21 00:00:00")]


def test_what_is_wrong_with_a_duty_is_said(two, duties):
    first, _ = two
    report = duties(
        ["W9", first.code, "primary"],
        ["W1", "530599", "primary"],
        ["W1", first.code, ""],
        ["W1", first.code, "chief"],
        ["W1", first.code, "deputy", "2025-02-01", "2025-01-01"],
        ["W1", first.code, "deputy", "soon"],
        ["W1", first.code, "deputy", "", "", "", "2025-01-01"],
    )
    assert sorted(codes_of(report)) == [
        (2, "person.unknown"),
        (3, "unit.unknown"),
        (4, "value.missing"),
        (5, "value.unknown"),
        (6, "value.bad"),
        (7, "value.bad"),
        (8, "value.bad"),
    ]
    assert report.taken == 0
