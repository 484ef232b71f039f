from datetime import date, datetime, timedelta, timezone

import pytest

from grids.local_time import CHINA
from importers.rows import parse_time


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-05",
        "2025/3/5",
        "2025.3.5",
        "2025年3月5日",
        "2025-3-5",
        "20250305",
        "２０２５年３月５日",
    ],
)
def test_days_are_read_as_spreadsheets_write_them(text):
    assert parse_time(text) == datetime(2025, 3, 5, tzinfo=CHINA)


@pytest.mark.parametrize("text", ["2025/3/5 9:05", "2025-03-05T09:05:00", "2025年3月5日 9:05:00"])
def test_hours_need_no_zero_before_them(text):
    assert parse_time(text) == datetime(2025, 3, 5, 9, 5, tzinfo=CHINA)


@pytest.mark.parametrize("text", ["2025-03", "2025/3", "2025年3月"])
def test_a_month_is_its_first_day(text):
    assert parse_time(text) == datetime(2025, 3, 1, tzinfo=CHINA)


def test_an_offset_is_kept():
    wanted = datetime(2025, 3, 5, 9, 5, tzinfo=timezone(timedelta(hours=1)))
    assert parse_time("2025-3-5 9:05:00+01:00") == wanted


def test_cells_that_are_times_already_pass():
    assert parse_time(date(2025, 3, 5)) == datetime(2025, 3, 5, tzinfo=CHINA)
    assert parse_time("") is None


@pytest.mark.parametrize("text", ["soon", "2025-13-01", "2025-02-30", "5/3", "2025-3-5 25:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)
