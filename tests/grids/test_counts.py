"""Counts per grid and day."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from grids import counts, incidents
from grids.access import everyone
from grids.incident_position import Spot, move
from grids.incidents import IncidentReport

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def grids(conn, make):
    found = make.grids(1, 3)
    make.matter("0201")
    make.matter("0301")
    plan = [
        (0, datetime(2026, 11, 1, 15, tzinfo=UTC), "0201"),
        # Past midnight of China's clock: the next day.
        (0, datetime(2026, 11, 1, 17, tzinfo=UTC), "0201"),
        (1, datetime(2026, 11, 10, 3, tzinfo=UTC), "0201"),
        (1, datetime(2026, 11, 10, 3, tzinfo=UTC), "0301"),
    ]
    for k, (grid, at, matter) in enumerate(plan):
        where = make.centre_of(found[grid])
        report = IncidentReport(
            "t", str(k), matter, "x", x=where.lon, y=where.lat, datum="cgcs2000", occurred_at=at
        )
        incidents.receive(conn, None, report, NOW)
    incidents.receive(conn, None, IncidentReport("t", "no place", "0201", "x"), NOW)
    return [grid.code for grid in found]


def test_a_period_includes_both_its_days(conn, grids):
    first, second, _ = grids
    assert counts.daily(conn, date(2026, 11, 1), date(2026, 11, 1)) == {first: 1}
    assert counts.daily(conn, date(2026, 11, 2), date(2026, 11, 10)) == {first: 1, second: 2}


def test_counts_are_cut_to_a_matter_and_a_territory(conn, grids):
    whole = date(2026, 11, 1), date(2026, 11, 30)
    assert counts.daily(conn, *whole, matter="0301") == {grids[1]: 1}
    assert counts.daily(conn, *whole, scope=grids[0]) == {grids[0]: 2}
    assert counts.by_day(conn, *whole, scope=grids[1]) == {date(2026, 11, 10): 2}


def test_several_windows_are_counted_in_one_question(conn, grids):
    windows = [
        (date(2026, 11, 1), date(2026, 11, 5)),
        (date(2026, 11, 6), date(2026, 11, 30)),
        (date(2025, 11, 1), date(2025, 11, 30)),
    ]
    assert counts.window_counts(conn, windows) == [{grids[0]: 2}, {grids[1]: 2}, {}]
    assert counts.days(conn) == (date(2026, 11, 1), date(2026, 11, 10))


def test_counted_again_from_the_incidents_the_numbers_are_the_same(conn, grids):
    kept = conn.execute(text("SELECT * FROM daily_count ORDER BY 1, 2, 3, 4, 5")).all()
    assert counts.rebuild(conn) == len(kept) == 4
    assert conn.execute(text("SELECT * FROM daily_count ORDER BY 1, 2, 3, 4, 5")).all() == kept


def test_a_border_that_moves_later_leaves_the_day_where_it_was(conn, grids):
    conn.execute(text("UPDATE incident SET grid_code = :code"), {"code": grids[2]})
    counts.rebuild(conn)
    assert grids[2] not in counts.daily(conn, date(2026, 11, 1), date(2026, 11, 30))


def kept(conn):
    rows = conn.execute(
        text("SELECT grid_code, day, matter_code, level, source, n FROM daily_count WHERE n <> 0")
    )
    return sorted(tuple(row) for row in rows)


def test_a_pin_that_is_moved_takes_its_count_along_and_so_does_what_becomes_of_it(
    conn, make, grids
):
    found = conn.execute(text("SELECT incident_id FROM incident WHERE external_id = '0'")).one()
    at = make.squares[grids[2]].at(0.5, 0.5)
    spot = Spot(lon=at.lon, lat=at.lat, datum="cgcs2000")
    card = move(conn, everyone(), found.incident_id, spot, version=1, reassign=False, now=NOW)
    day = date(2026, 11, 1)
    assert counts.daily(conn, day, day) == {grids[0]: 0, grids[2]: 1}
    before = kept(conn)
    counts.rebuild(conn)
    assert kept(conn) == before
    version = card.incident.version
    for action, n in (("reject", 0), ("reopen", 1)):
        step = incidents.step(
            conn, everyone(), found.incident_id, action, note="x", version=version, now=NOW
        )
        version = step.incident.version
        assert counts.daily(conn, day, day).get(grids[2], 0) == n
        before = kept(conn)
        counts.rebuild(conn)
        assert kept(conn) == before


def test_a_rejected_incident_does_not_count(conn, grids):
    row = conn.execute(text("SELECT incident_id FROM incident WHERE external_id = '0'")).one()
    incidents.step(conn, everyone(), row.incident_id, "reject", note="x", version=1, now=NOW)
    day = date(2026, 11, 1)
    assert counts.daily(conn, day, day) == {grids[0]: 0}
    counts.rebuild(conn)
    assert counts.daily(conn, day, day) == {}


def test_households_of_every_grid_are_there_also_where_nobody_lives(conn, grids):
    assert counts.households(conn) == dict.fromkeys(grids, 0)
    assert counts.households(conn, grids[1]) == {grids[1]: 0}
