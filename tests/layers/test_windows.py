from datetime import date

import pytest
from lunar_python import Solar

from grids.window import Window
from layers.lineage import Flow, recount
from layers.windows import comparison_window


def window(since, until):
    return Window(date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize(
    ("given", "kind", "calendar", "found"),
    [
        ("2026-11-16/2026-11-22", "prev", "solar", "2026-11-09/2026-11-15"),
        ("2026-11-16/2026-11-22", "mom", "solar", "2026-10-16/2026-10-22"),
        ("2026-11-16/2026-11-22", "yoy", "solar", "2025-11-16/2025-11-22"),
        # Whole months are compared with whole months, whatever their length.
        ("2026-03-01/2026-03-31", "mom", "solar", "2026-02-01/2026-02-28"),
        ("2025-02-01/2025-02-28", "yoy", "solar", "2024-02-01/2024-02-29"),
        ("2026-01-01/2026-03-31", "mom", "solar", "2025-10-01/2025-12-31"),
        # The last day of a shorter month stands for the 29th of February and the 31st.
        ("2024-02-23/2024-02-29", "yoy", "solar", "2023-02-22/2023-02-28"),
        ("2026-03-25/2026-03-31", "mom", "solar", "2026-02-22/2026-02-28"),
        # New year's week of the lunar calendar: 2026-02-17 and 2025-01-29 are both 正月初一.
        ("2026-02-11/2026-02-17", "yoy", "lunar", "2025-01-23/2025-01-29"),
        # 2025 has a sixth leap month: its days are held against the sixth month of 2024.
        ("2025-07-25/2025-07-31", "yoy", "lunar", "2024-07-06/2024-07-12"),
        # 除夕 of 2025 is the 29th, that of 2024 the 30th of the twelfth month.
        ("2024-02-03/2024-02-09", "yoy", "lunar", "2023-01-15/2023-01-21"),
    ],
)
def test_a_period_is_compared_with_one_of_its_kind(given, kind, calendar, found):
    asked = window(*given.split("/"))
    assert comparison_window(asked, kind, calendar).interval == found


def test_a_spring_festival_is_compared_with_a_spring_festival():
    for year in range(2020, 2030):
        for day in (date(year, 3, 30), date(year, 9, 18), date(year, 12, 31)):
            then = comparison_window(Window(day, day), "yoy", "lunar").until
            now, before = (Solar.fromYmd(d.year, d.month, d.day).getLunar() for d in (day, then))
            assert now.getYear() - before.getYear() == 1
            assert abs(now.getMonth()) == before.getMonth()
            assert before.getDay() in (now.getDay(), 29)


def flows(*rows):
    return [Flow(*row) for row in rows]


def settled(rows, in_force, digits=3):
    found = recount(flows(*rows), frozenset(in_force), lambda code: code[:digits])
    return dict(found.heir), set(found.redrawn)


def test_a_grid_that_was_absorbed_takes_its_reports_along():
    assert settled([(2, "a01", "a02"), (2, "a02", "a02")], ["a02"]) == (
        {"a01": "a02", "a02": "a02"},
        set(),
    )


def test_and_so_through_several_publications():
    chain = [(2, "a01", "a02"), (2, "a02", "a02"), (5, "a02", "b07")]
    assert settled(chain, ["b07"])[0]["a01"] == "b07"


def test_what_was_divided_is_not_comparable_on_either_side():
    assert settled([(2, "a01", "a01"), (2, "a01", "a02")], ["a01", "a02"])[1] == {"a01", "a02"}
    # A grid in force that gave ground away still holds the rest.
    assert settled([(2, "a01", "a02")], ["a01", "a02"])[1] == {"a01", "a02"}


def test_redrawing_inside_a_village_does_not_touch_the_village():
    rows = [(2, "a01", "a01"), (2, "a01", "a02"), (3, "b01", "b01"), (3, "b01", "a02")]
    assert settled(rows[:2], ["a01", "a02"], digits=1) == ({"a01": "a01"}, set())
    assert settled(rows, ["a01", "a02", "b01"], digits=1)[1] == {"a", "b"}


def test_ground_from_and_to_free_land_cannot_be_divided():
    assert settled([(2, None, "a01")], ["a01"])[1] == {"a01"}
    assert settled([(2, "a01", None), (2, "a01", "a01")], ["a01"])[1] == {"a01"}


def test_what_happened_before_a_grid_came_does_not_concern_it():
    # a03 gave ground to b01 first, and took a01 in as a whole later.
    rows = [(2, "a03", "b01"), (4, "a01", "a03")]
    heir, redrawn = settled(rows, ["a03", "b01"])
    assert heir == {"a01": "a03"}
    assert redrawn == {"a03", "b01"}
