"""Stray dates do not say from when to when there are data."""

from datetime import date, timedelta

import numpy as np

from grids.extent import extent_of

FIRST = date(1990, 1, 1)


def series(**events):
    """Return a daily series from 1990 on with ten events a day of 2014 to 2016, and others."""
    daily = np.zeros(12_000, np.int64)
    daily[(date(2014, 1, 1) - FIRST).days : (date(2017, 1, 1) - FIRST).days] = 10
    for day, n in events.items():
        daily[(date.fromisoformat(day[1:].replace("_", "-")) - FIRST).days] += n
    return daily


def test_a_few_events_years_before_the_others_are_stray():
    found = extent_of(series(d1990_02_01=1, d2003_05_05=2, d2013_12_31=3), FIRST)
    assert (found.first, found.last) == (date(2014, 1, 1), date(2016, 12, 31))
    assert (found.stray, found.earliest) == (6, date(1990, 2, 1))


def test_a_few_events_years_after_the_others_are_stray():
    found = extent_of(series(d2020_06_01=1), FIRST)
    assert (found.last, found.latest, found.stray) == (date(2016, 12, 31), date(2020, 6, 1), 1)


def test_a_slow_beginning_is_no_stray_date():
    found = extent_of(series(d2013_06_01=5, d2013_11_11=9), FIRST)
    assert (found.first, found.stray) == (date(2013, 6, 1), 0)


def test_many_events_far_from_the_others_are_data():
    found = extent_of(series(d2005_06_01=200, d2006_06_01=200), FIRST)
    assert (found.first, found.stray) == (date(2005, 6, 1), 0)


def test_nothing_has_no_extent_and_one_event_its_day():
    assert extent_of(np.zeros(10), FIRST) is None
    found = extent_of(np.eye(1, 10, 4)[0], FIRST)
    assert (found.first, found.last, found.stray) == (FIRST + timedelta(4), FIRST + timedelta(4), 0)
