from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.errors import BadValue
from grids.periods import PERIODS, period_of

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 30))


@given(DAYS, st.sampled_from(PERIODS))
def test_every_day_lies_in_one_period_and_periods_follow_each_other(day, period):
    first, last = period_of(period, day)
    assert first <= day <= last
    assert period_of(period, first) == period_of(period, last) == (first, last)
    assert period_of(period, last + timedelta(days=1)).first == last + timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        ("xun", "2026-02-20", "2026-02-11", "2026-02-20"),
        ("xun", "2026-02-21", "2026-02-21", "2026-02-28"),
        ("xun", "2028-02-29", "2028-02-21", "2028-02-29"),
        ("xun", "2026-12-31", "2026-12-21", "2026-12-31"),
        ("half_month", "2026-02-15", "2026-02-01", "2026-02-15"),
        ("half_month", "2026-02-16", "2026-02-16", "2026-02-28"),
        ("week", "2027-01-01", "2026-12-28", "2027-01-03"),
        ("month", "2026-04-30", "2026-04-01", "2026-04-30"),
    ],
)
def test_the_ends_of_months_and_years(period, day, first, last):
    said = period_of(period, date.fromisoformat(day))
    assert (said.first.isoformat(), said.last.isoformat()) == (first, last)


def test_another_period_is_refused():
    with pytest.raises(BadValue):
        period_of("fortnight", date(2026, 1, 1))
