import numpy as np
import pytest

from geo.hotspots import cube as cubes
from geo.hotspots.cube import events, keys, space_time_cube
from geo.hotspots.gaps import missing_spans, sudden_gaps
from geo.hotspots.inputs import UnusableCounts

DRAW = np.random.default_rng(1)


def counted(n_rows=400, n_units=7, n_days=30, n_kinds=5):
    cells = DRAW.choice(n_units * n_days * n_kinds, n_rows, replace=False)
    unit, day, kind = np.unravel_index(cells, (n_units, n_days, n_kinds))
    return unit, day, kind, DRAW.integers(1, 9, n_rows).astype(np.int32)


@pytest.mark.parametrize("first", [-3, 0, 11, 29])
def test_a_cube_holds_the_wanted_kinds_of_its_days(first):
    unit, day, kind, n = counted()
    wanted = np.array([True, False, True, True, False])
    cube = events(keys(unit, day, kind), n, 7).cube(first, 12, wanted)
    direct = np.zeros((7, 12), int)
    for u, d, k, some in zip(unit, day, kind, n, strict=True):
        if wanted[k] and first <= d < first + 12:
            direct[u, d - first] += some
    assert (cube == direct).all()


@pytest.mark.parametrize("first", [-40, -3, 0, 11, 29, 60])
def test_sums_over_all_kinds_that_are_kept_are_those_counted_anew(monkeypatch, first):
    unit, day, kind, n = counted()
    everything = np.ones(5, bool)
    anew = events(keys(unit, day + 3, kind), n, 7).cube(first, 12, everything)
    monkeypatch.setattr(cubes, "_MANY", 0)
    kept = events(keys(unit, day + 3, kind), n, 7)
    assert (kept.cube(first, 12, everything) == anew).all()
    assert (kept.cube(first, 12, everything) == anew).all()


def test_kinds_are_summed_over_the_units_that_are_asked_for():
    unit, day, kind, n = counted()
    here = np.arange(7) % 2 == 0
    total = events(keys(unit, day, kind), n, 7).by_kind(5, 10, here, 5)
    inside = here[unit] & (day >= 5) & (day < 15)
    assert (total == np.bincount(kind[inside], n[inside], 5)).all()


def test_merged_counts_hold_over_those_before():
    unit, day, kind, n = counted()
    key = keys(unit, day, kind)
    first, last = slice(0, 300), slice(200, 400)
    merged = events(key[first], n[first] + 100, 7).merged(key[last], n[last], 7)
    everything = np.ones(5, bool)
    expected = events(key, np.where(np.arange(400) < 200, n + 100, n).astype(np.int32), 7)
    assert (np.diff(merged.key) > 0).all()
    assert (merged.cube(0, 30, everything) == expected.cube(0, 30, everything)).all()


def test_numbers_that_do_not_fit_a_key_are_refused():
    one = np.array([0])
    with pytest.raises(UnusableCounts):
        keys(one, np.array([70_000]), one)
    with pytest.raises(UnusableCounts):
        keys(np.array([-1]), one, one)


def test_single_events_are_counted_by_unit_and_day():
    cube = space_time_cube([0, 1, 1, 1], [5, 5, 5, 9], 2, 5, 3)
    assert cube.tolist() == [[1, 0, 0], [2, 0, 0]]
    with pytest.raises(UnusableCounts):
        space_time_cube([2], [5], 2, 5, 3)


def test_a_day_without_reports_is_a_gap_only_where_there_usually_are_some():
    daily = DRAW.poisson(40, 120)
    daily[60] = 2
    assert np.flatnonzero(sudden_gaps(daily)).tolist() == [60]
    assert not sudden_gaps(DRAW.poisson(1.5, 120)).any()


def test_quiet_sundays_are_no_gap():
    daily = DRAW.poisson(30, 140)
    daily[6::7] = 1
    assert not sudden_gaps(daily).any()


def test_a_missing_month_is_found_and_the_time_before_the_first_report_is_none():
    totals, days = [0, 0, 900, 950, 40, 880, 930], [31, 28, 31, 30, 31, 30, 31]
    assert np.flatnonzero(missing_spans(totals, days)).tolist() == [4]
    assert not missing_spans([0, 0, 0], [31, 28, 31]).any()
