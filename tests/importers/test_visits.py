"""Visits from a table."""

from __future__ import annotations

import pytest

from grids.errors import Forbidden
from grids.model import Role
from importers.visits import import_visits
from tests.importers.tables import OPERATOR, codes_of, counts_of, options, rows_of, write

VISITS = ["工号", "户号", "走访时间", "走访结果"]


@pytest.fixture
def take(conn, make, tmp_path):
    """Take in a list of visits to two households of a grid; a third lies nowhere."""
    (grid,) = make.grids(1, 1)
    for number in ("H1", "H2"):
        make.household(number, grid=grid)
    make.household("H3")
    who = make.person("走访员")
    conn.exec_driver_sql("UPDATE person SET source_key = 'W1' WHERE person_id = %s", (who,))

    def take(*rows, viewer=OPERATOR):
        file = write(tmp_path / "visits.csv", VISITS, [list(row) for row in rows])
        return import_visits(conn, viewer, file, options())

    return take


def test_visits_are_taken_once_in_our_words(conn, take):
    rows = [("W1", "H1", "2026/3/5 9:05", "不在家"), ("W1", "H2", "2026-03-05 10:00", "")]
    assert counts_of(take(*rows)) == {"read": 2, "taken": 2}
    assert take(*rows).unchanged == 2
    found = rows_of(
        conn,
        "SELECT number, result, at AT TIME ZONE 'Asia/Shanghai' FROM visit"
        " JOIN household USING (household_id) ORDER BY 1",
    )
    assert [(number, result, str(at)) for number, result, at in found] == [
        ("H1", "not_home", "2026-03-05 09:05:00"),
        ("H2", "met", "2026-03-05 10:00:00"),
    ]


def test_each_row_that_does_not_fit_says_why_and_the_sum_is_the_file(take):
    report = take(
        ("W9", "H1", "2026-03-05", "见到"),
        ("W1", "H9", "2026-03-05", "见到"),
        ("W1", "H3", "2026-03-05", "见到"),
        ("W1", "H1", "", "见到"),
        ("W1", "H1", "2199-01-01", "见到"),
        ("W1", "H1", "2026-03-05", "生病"),
        ("W1", "H1", "2026-03-05", "见到"),
    )
    assert sorted(codes_of(report)) == [
        (2, "person.unknown"),
        (3, "household.unknown"),
        (4, "household.unknown"),
        (5, "value.missing"),
        (6, "value.bad"),
        (7, "value.unknown"),
    ]
    assert report.read == report.taken + report.unchanged + len(report.refusals) == 7


def test_who_may_not_import_takes_in_nothing(make, take):
    with pytest.raises(Forbidden):
        take(("W1", "H1", "2026-03-05", ""), viewer=make.viewer(Role.WORKER))
