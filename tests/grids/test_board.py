"""Counts keep their definitions apart, open into their rows, admit what is not comparable."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from grids import board, board_rows
from grids.access import everyone
from grids.errors import BadValue, NotFound
from grids.model import Role, Viewer
from grids.window import Window
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))
OTHER = COUNTY + "102"


@pytest.fixture
def county(make):
    """Two townships of four grids each, with forty households in every grid."""
    grids = [*make.grids(2, 2), *make.grids(2, 2, village=OTHER + "001", east_by=4)]
    make.matter("0201")
    make.matter("0301")
    make.duty(COUNTY, "desk")
    make.conn.execute(
        text(
            "UPDATE unit_outline SET n_households = CASE level WHEN 'grid' THEN 40"
            " WHEN 'village' THEN 160 WHEN 'township' THEN 160 WHEN 'county' THEN 320 ELSE 0 END"
        )
    )
    return grids


INCIDENT = text(
    "INSERT INTO incident (reported_at, occurred_at, number, matter_code, summary, source,"
    " external_id, placement, grid_code, territory_code, owner_unit, owner_rank, owner_reason)"
    " VALUES (:at, :at, :key, :matter, '路灯不亮', 'seed', :key, 'inside', :grid, :grid, :grid,"
    " 'desk', '{}') RETURNING incident_id"
)
STEP = text(
    "INSERT INTO incident_step (incident_id, seq, action, to_step, at, facts, territory_code)"
    " VALUES (:id, :seq, :action, :to, :at, CAST(:facts AS jsonb), :grid)"
)
MOVE = text(
    "UPDATE incident SET step = :to, closed_at = CASE WHEN :to = 'closed' THEN"
    " CAST(:at AS timestamptz) END WHERE incident_id = :id"
)
LEADS_TO = {
    "accept": "accepted",
    "start": "in_progress",
    "resolve": "resolved",
    "verify": "verified",
    "close": "closed",
    "reject": "rejected",
    "assign": "reported",
}


@pytest.fixture
def report(conn, county):
    """`report(grid, at, "accept", ...)` writes an event whose steps follow an hour apart."""
    n = iter(range(1, 1000))

    def come(grid, at, *actions, matter="0201", closed_after=None):
        given = {"grid": grid.code, "matter": matter, "at": at, "key": f"D{next(n):04d}"}
        one = {"id": conn.execute(INCIDENT, given).scalar_one(), "grid": grid.code, "facts": "{}"}
        conn.execute(STEP, one | {"seq": 1, "action": "report", "to": "reported", "at": at})
        conn.execute(
            text(
                "INSERT INTO daily_count VALUES (:grid, local_day(:at), :matter, 'o', 'd', 1)"
                " ON CONFLICT DO NOTHING"
            ),
            given,
        )
        for seq, action in enumerate(actions, start=2):
            did = one | {"to": LEADS_TO[action], "at": at + timedelta(hours=seq - 1)}
            conn.execute(MOVE, did)
            conn.execute(STEP, did | {"seq": seq, "action": action})
        if closed_after:
            over = one | {"to": "closed", "at": at + closed_after, "facts": '{"came_closed": true}'}
            conn.execute(MOVE, over)
            conn.execute(STEP, over | {"seq": 2, "action": "close"})
        return one["id"]

    return come


def day(n, month=6, year=2026):
    return datetime(year, month, n, 2, tzinfo=UTC)


CLOSING = ("accept", "start", "resolve", "verify", "close")


def test_collected_reported_valid_and_closed_are_kept_apart(conn, county, report):
    report(county[0], day(2), *CLOSING)
    report(county[0], day(3), "accept")
    report(county[1], day(4), "reject")
    report(county[4], day(5), matter="0301")
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    counts = found.total.counts
    assert counts["collected"] == 4
    assert counts["reported"] == 4
    assert counts["valid"] == 3
    assert counts["taken_up"] == 2
    assert counts["closed"] == counts["closed_grid"] == 1
    assert counts["open"] == 2
    assert [(one.line.key, one.line.counts["valid"]) for one in found.units] == [
        (TOWNSHIP, 2),
        (OTHER, 1),
    ]
    assert [(one.key, one.counts["valid"]) for one in found.matters] == [("0201", 2), ("0301", 1)]
    assert {one.key: one.counts["valid"] for one in found.days} == {
        "2026-06-02": 1,
        "2026-06-03": 1,
        "2026-06-04": 0,
        "2026-06-05": 1,
    }


def test_a_duplicate_is_collected_but_not_reported(conn, county, report):
    report(county[0], day(2))
    conn.execute(text("UPDATE incident SET step = 'duplicate', closed_at = now()"))
    counts = board.read(conn, everyone(scope=COUNTY), JUNE, NOW).total.counts
    assert (counts["collected"], counts["reported"], counts["valid"]) == (1, 0, 0)


def test_every_number_opens_into_exactly_its_rows(conn, county, report):
    report(county[0], day(2), *CLOSING)
    report(county[0], day(3), "accept")
    report(county[1], day(4), "reject")
    report(county[1], day(6), closed_after=timedelta(hours=5))
    report(county[4], day(29))
    viewer = everyone(scope=COUNTY)
    for area in (COUNTY, TOWNSHIP, VILLAGE, county[0].code, OTHER):
        found = board.read(conn, viewer, JUNE, NOW, area=area)
        for measure, n in found.total.counts.items():
            rows, total = board_rows.list_rows(conn, viewer, measure, JUNE, NOW, area=area)
            assert (len(rows), total) == (n, n), (area, measure)
        for colour, n in found.colours.items():
            rows, total = board_rows.list_rows(conn, viewer, colour, None, NOW, area=area)
            assert (len(rows), total) == (n, n), (area, colour)


def test_colours_are_those_of_what_is_open_and_of_its_limit(conn, county, report):
    conn.execute(text("DELETE FROM colour_rule WHERE code NOT IN ('overdue', 'at_risk')"))
    report(county[0], NOW - timedelta(hours=10))
    report(county[0], NOW - timedelta(hours=90))
    report(county[4], NOW - timedelta(hours=200))
    conn.execute(
        text(
            "UPDATE incident SET due_at = reported_at + interval '100 hours',"
            " warn_at = reported_at + interval '80 hours'"
        )
    )
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert found.colours == {"red": 1, "yellow": 1, "green": 1}
    assert found.units[0].colours == {"red": 0, "yellow": 1, "green": 1}


def test_a_response_is_the_first_act_of_a_person_and_an_old_case_has_none(conn, county, report):
    report(county[0], day(2), "assign", "accept")
    report(county[1], day(3), *CLOSING)
    report(county[1], day(4), closed_after=timedelta(hours=50))
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert (found.response.n, found.response.mean_s, found.response.median_s) == (2, 5400, 3600)
    assert found.total.counts["came_closed"] == 1
    assert found.closing.n == 2
    assert found.closing.mean_s == (5 * 3600 + 50 * 3600) / 2


def test_rates_carry_both_numbers_and_small_grids_tell_none(conn, county, report):
    report(county[0], day(2))
    conn.execute(
        text("UPDATE unit_outline SET n_households = 4 WHERE unit_code = :c"), {"c": county[1].code}
    )
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW, area=VILLAGE)
    first, second = found.units[0], found.units[1]
    assert (first.incidence.numerator, first.incidence.denominator) == (1, 40)
    assert first.incidence.value == pytest.approx(25.0)
    assert (second.n_households, second.incidence) == (None, None)
    assert found.incidence.value == pytest.approx(1000 / 160)


def test_a_year_before_is_compared_only_where_it_can_be(conn, county, report):
    report(county[0], day(2))
    early = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert (early.total.then, early.total.comparable) == (0, "before_data")
    report(county[0], day(9, 5, 2025))
    report(county[4], day(10, 6, 2025))
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert (found.total.then, found.total.comparable) == (1, "")
    assert [(one.line.then, one.line.comparable) for one in found.units] == [(0, ""), (1, "")]
    before = board.read(conn, everyone(scope=COUNTY), JUNE, NOW, compare="before")
    assert before.base.window == Window(date(2026, 5, 2), date(2026, 5, 31))
    assert before.total.comparable == "month_missing"
    assert before.base.missing == ("2026-05",)


def test_land_that_changed_its_township_is_not_compared(conn, county, report):
    for when in (day(9, 5, 2025), day(10, 6, 2025), day(2)):
        report(county[0], when)
    conn.execute(
        text(
            "INSERT INTO publication (number, base, at, in_force_from, n_changed, digest)"
            " VALUES (2, 1, '2026-01-01', '2026-01-01', 1, 'x')"
        )
    )
    lineage = text(
        "INSERT INTO lineage (publication, from_code, to_code, kind, area_m2)"
        " VALUES (2, :a, :b, 'transfer', 1)"
    )
    conn.execute(lineage, {"a": county[0].code, "b": county[1].code})
    viewer = everyone(scope=COUNTY)
    inside = board.read(conn, viewer, JUNE, NOW)
    assert [one.line.comparable for one in inside.units] == ["", ""]
    grids = {u.line.key: u for u in board.read(conn, viewer, JUNE, NOW, area=VILLAGE).units}
    assert grids[county[0].code].line.comparable == "border_changed"
    assert grids[county[2].code].line.comparable == ""
    conn.execute(lineage, {"a": county[0].code, "b": county[4].code})
    across = board.read(conn, viewer, JUNE, NOW)
    assert [one.line.comparable for one in across.units] == ["border_changed"] * 2
    assert across.total.comparable == ""


def test_a_viewer_sees_the_own_territory_and_nothing_of_others(conn, county, report, as_web):
    report(county[0], day(2))
    report(county[4], day(3))
    viewer = Viewer(None, "leader", Role.LEADER, TOWNSHIP)
    as_web(TOWNSHIP)
    found = board.read(conn, viewer, JUNE, NOW)
    assert (found.area, found.total.counts["collected"]) == (TOWNSHIP, 1)
    assert [one["code"] for one in found.path] == [TOWNSHIP]
    with pytest.raises(NotFound):
        board.read(conn, viewer, JUNE, NOW, area=OTHER)
    with pytest.raises(NotFound):
        board.read(conn, viewer, JUNE, NOW, area=TOWNSHIP + "999")
    with pytest.raises(BadValue):
        board_rows.list_rows(conn, viewer, "closed", None, NOW)


def test_moving_an_incident_moves_its_count(conn, county, report):
    report(county[0], day(2))
    conn.execute(
        text("UPDATE incident SET territory_code = :c, grid_code = :c"), {"c": county[4].code}
    )
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert [one.line.counts["valid"] for one in found.units] == [0, 1]
    conn.execute(text("DELETE FROM incident"))
    assert board.read(conn, everyone(scope=COUNTY), JUNE, NOW).total.counts["collected"] == 0


def known_by_month(conn, report, grid, n, month):
    """Write incidents of which only the month is known, as an import does."""
    for _ in range(n):
        report(grid, datetime(2026, month, 1, tzinfo=UTC) - timedelta(hours=8))
    for known in (
        "UPDATE incident SET occurred_precision = 'month' WHERE local_day(occurred_at) = :d",
        "UPDATE daily_count SET n_by_month = n WHERE day = :d",
    ):
        conn.execute(text(known), {"d": date(2026, month, 1)})


def test_what_is_known_by_its_month_counts_in_whole_months_and_on_no_day(conn, county, report):
    known_by_month(conn, report, county[0], 3, 6)
    report(county[0], day(1))
    whole = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert whole.total.counts["valid"] == 4
    assert [(one.key, one.counts["valid"]) for one in whole.days] == [("2026-06-01", 1)]
    assert [(one.key, one.counts["valid"]) for one in whole.months] == [("2026-06", 3)]
    assert whole.left_out == 0
    week = Window(date(2026, 6, 1), date(2026, 6, 7))
    cut = board.read(conn, everyone(scope=COUNTY), week, NOW)
    assert (cut.total.counts["valid"], cut.left_out) == (1, 3)
    assert cut.months == []
    for window, n in ((JUNE, 4), (week, 1)):
        rows, total = board_rows.list_rows(conn, everyone(scope=COUNTY), "valid", window, NOW)
        assert (len(rows), total) == (n, n)


def test_days_are_not_compared_with_a_month_of_unknown_days(conn, county, report):
    known_by_month(conn, report, county[0], 3, 5)
    for n in range(1, 8):
        report(county[0], day(n))
    week = Window(date(2026, 6, 1), date(2026, 6, 7))
    found = board.read(conn, everyone(scope=COUNTY), week, NOW, compare="before")
    assert found.total.comparable == "known_by_month"


def test_a_stray_date_does_not_begin_the_data(conn, county, report):
    for n in range(1, 29):
        report(county[0], day(n))
    conn.execute(text("UPDATE daily_count SET n = 9"))
    report(county[0], day(1, 1, 2003))
    found = board.read(conn, everyone(scope=COUNTY), JUNE, NOW)
    assert (found.first_day, found.stray) == (date(2026, 6, 1), 1)
    assert found.total.comparable == "before_data"
