"""Working time: weekends, holidays, worked Saturdays, and clocks that go back."""

from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids import holidays
from grids.access import everyone
from grids.errors import BadValue, Forbidden
from grids.holidays import CalendarDay, WholeCounty
from grids.local_time import CHINA
from grids.model import Role
from grids.working_days import CLOCKS, WorkingDays
from importers.holidays import import_holidays
from importers.options import ImportOptions
from tests.conftest import PROJECT
from tests.factories import COUNTY, TOWNSHIP

SHIPPED = [PROJECT / "data" / "calendar" / f"{year}.csv" for year in (2025, 2026)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.fixture
def arranged(conn) -> WorkingDays:
    """The working days of 2025 and 2026 as they are shipped."""
    for file in SHIPPED:
        report = import_holidays(conn, everyone(), file, ImportOptions())
        assert (report.refused, report.taken) == (0, report.read)
    return holidays.load(conn)


def test_what_is_shipped_is_what_the_state_council_arranged(arranged):
    day = date(2025, 1, 1)
    while day.year < 2027:
        assert arranged.is_worked(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # Without a holiday: over a weekend, and inside a day.
        ("2026-03-06 10:00", 72, "2026-03-11 10:00"),
        ("2026-03-03 10:00", 4, "2026-03-03 14:00"),
        # The National Day of 2025: a Sunday is worked before it, a Saturday after it.
        ("2025-09-27 08:00", 24, "2025-09-29 00:00"),
        ("2025-09-30 10:00", 24, "2025-10-09 10:00"),
        ("2025-09-30 10:00", 72, "2025-10-11 10:00"),
        # Spring Festival of 2026: nine days off, a worked Saturday before and one after.
        ("2026-02-13 18:00", 24, "2026-02-14 18:00"),
        ("2026-02-14 12:00", 24, "2026-02-24 12:00"),
        ("2026-02-27 09:00", 24, "2026-02-28 09:00"),
        # Given in the middle of a holiday, it begins with the first day of work.
        ("2026-10-03 15:00", 24, "2026-10-09 00:00"),
        # Over the end of a month, and over a leap day that is none.
        ("2026-04-29 16:00", 24, "2026-04-30 16:00"),
        ("2026-02-26 09:00", 48, "2026-02-28 09:00"),
    ],
)
def test_a_limit_counts_the_days_that_are_worked(arranged, start, hours, due):
    assert arranged.after(at(start), hours, "working") == at(due)


def test_all_hours_know_no_holiday(arranged):
    assert arranged.after(at("2025-09-30 10:00"), 24, "all") == at("2025-10-01 10:00")


def test_a_clock_that_was_put_back_gives_no_negative_duration(arranged):
    now = at("2026-03-04 10:00")
    for clock in CLOCKS:
        assert arranged.between(now, now - timedelta(minutes=5), clock) == 0.0
        assert arranged.after(now, -1, clock) == now


moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=CHINA)
)
# What is off or worked against its weekday, by number of the day from the first.
swaps = st.dictionaries(st.integers(0, 760), st.booleans(), max_size=60)


@given(moments, st.integers(1, 400 * 60), swaps, st.sampled_from(CLOCKS))
def test_so_many_hours_later_so_many_hours_have_run(start, minutes, swapped, clock):
    days = WorkingDays({date(2025, 1, 1) + timedelta(days=n): w for n, w in swapped.items()})
    due = days.after(start, minutes / 60, clock)
    assert due > start
    assert days.between(start, due, clock) == pytest.approx(minutes / 60)
    earlier = due - timedelta(seconds=1)
    assert days.between(start, earlier, clock) < minutes / 60


def test_a_calendar_without_a_working_day_is_no_calendar():
    days = WorkingDays({date(2026, 1, 1) + timedelta(days=n): False for n in range(99)})
    with pytest.raises(ValueError, match="days off"):
        days.after(at("2026-01-01 00:00"), 1, "working")


def test_a_file_sent_again_changes_nothing_and_a_changed_day_is_taken(conn, arranged, tmp_path):
    again = import_holidays(conn, everyone(), SHIPPED[1], ImportOptions())
    assert (again.taken, again.unchanged) == (0, again.read)
    file = tmp_path / "more.csv"
    lines = ["日期,类型,名称", "2026/10/8,放假,县庆", "2026-10-08,班,", "2026-02-30,休,", ",休,"]
    file.write_text("\n".join(lines), "utf-8")
    report = import_holidays(conn, everyone(), file, ImportOptions())
    assert (report.read, report.taken, report.refused) == (4, 1, 3)
    codes = sorted(refusal.code for refusal in report.refusals)
    assert codes == ["row.repeated", "value.bad", "value.missing"]
    assert not holidays.load(conn).is_worked(date(2026, 10, 8))


def test_a_year_is_replaced_whole_by_who_manages_the_county(conn, make, arranged):
    admin = make.viewer(Role.GRID_ADMIN, COUNTY)
    new = [CalendarDay(date(2026, 5, 1), "off", "劳动节")]
    assert holidays.replace_year(conn, admin, 2026, new) == new
    assert holidays.list_year(conn, 2025)
    with pytest.raises(BadValue):
        holidays.replace_year(conn, admin, 2027, new)
    with pytest.raises(BadValue):
        holidays.replace_year(conn, admin, 2026, new * 2)
    with pytest.raises(WholeCounty):
        holidays.replace_year(conn, make.viewer(Role.GRID_ADMIN, TOWNSHIP), 2026, new)
    with pytest.raises(Forbidden):
        holidays.replace_year(conn, make.viewer(Role.DISPATCHER, COUNTY), 2026, new)
