"""What is known by its month alone is never read as days; what has no data is never judged."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from grids.db import EVERYWHERE, begin, make_engine, set_scope
from grids.model import Role, Viewer
from layers import hotspot_weeks
from layers.hotspot_answers import prepare
from layers.hotspot_question import Asked
from layers.studies import NeedsDays, NoDenominators, Options
from tests.factories import COUNTY, Make

VIEWER = Viewer(None, "leader", Role.LEADER, COUNTY)
QUICK = Options(replicates=99, max_radius_m=2500)
SIDE = 8
N_MONTHS = 6
COUNT = text(
    "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n, n_by_month)"
    " VALUES (:g, :d, :matter, 'ordinary', 'desk', :n, :months)"
)


def fill(conn):
    """Half a year of months without days; in the last one, four grids have thrice as many."""
    make = Make(conn)
    grids = [unit.code for unit in make.grids(SIDE, SIDE)]
    make.matter("0201")
    make.matter("0202")
    conn.execute(text("UPDATE unit_outline SET n_households = 40"))
    draw = np.random.default_rng(4)
    rows = []
    for month in range(1, N_MONTHS + 1):
        for k, grid in enumerate(grids):
            n = int(draw.poisson(60 if month == N_MONTHS and k in (27, 28, 35, 36) else 20))
            rows.append({"g": grid, "d": date(2026, month, 1), "n": n})
    conn.execute(COUNT, [row | {"matter": "0201", "months": row["n"]} for row in rows])
    # Of another matter the days are known, of May and June, and of nine reports the month.
    days = [
        {"g": grid, "d": date(2026, 5, 1) + timedelta(int(day)), "matter": "0202", "n": 1}
        for grid in grids
        for day in draw.choice(61, 12, replace=False)
    ]
    conn.execute(COUNT.bindparams(months=0), [row for row in days if row["d"].day > 1])
    some = {"g": grids[0], "d": date(2026, 6, 1), "matter": "0202", "n": 9, "months": 9}
    conn.execute(COUNT, some)
    return grids


@pytest.fixture(scope="module")
def engine(clone):
    made = make_engine(clone())
    with begin(made, EVERYWHERE) as conn:
        grids = fill(conn)
    yield made, grids
    made.dispose()


@pytest.fixture
def conn(engine):
    with engine[0].connect() as conn, conn.begin() as transaction:
        set_scope(conn, EVERYWHERE)
        yield conn
        transaction.rollback()


def asked(method, since, until, **given):
    return Asked(since, until, method, options=QUICK, **given)


def ask(conn, method, since=date(2026, 6, 8), until=date(2026, 6, 14), **given):
    return prepare(conn, VIEWER, asked(method, since, until, **given)).document("zh")


def codes(answer):
    return {note["code"] for note in answer["notes"]}


@pytest.mark.parametrize("method", ["count", "excess", "gi", "change"])
def test_a_week_of_months_is_widened_to_the_month_and_says_so(conn, method):
    answer = ask(conn, method, matter="0201")
    assert (answer["window"]["since"], answer["window"]["until"]) == ("2026-06-01", "2026-06-30")
    assert {"hotspots.month_only_widened", "hotspots.month_only"} <= codes(answer)
    assert answer["by_month"]
    assert answer["observed"] == ask(conn, method, date(2026, 6, 1), matter="0201")["observed"]
    assert not any("weeks" in row for row in answer["rows"])
    assert all(note["text"] and "{" not in note["text"] for note in answer["notes"])


def test_months_are_compared_with_months(conn, engine):
    answer = ask(conn, "change", matter="0201")
    assert (answer["compare"]["since"], answer["compare"]["until"]) == ("2026-05-01", "2026-05-31")
    sure = {row["code"] for row in answer["rows"] if row["outline"] == "double"}
    assert {engine[1][k] for k in (27, 28, 35, 36)} <= sure


def test_patterns_are_of_months_where_months_are_known(conn):
    answer = ask(conn, "emerging", matter="0201")
    assert answer["steps"] == N_MONTHS
    assert "hotspots.emerging_counted_months" in codes(answer)
    assert answer["studied"] == {"since": "2026-01-01", "until": "2026-06-30", "days": 181}
    assert {row["last_hot"] for row in answer["rows"]} <= {-1, *range(N_MONTHS)}


@pytest.mark.parametrize("method", ["scan", "knox"])
def test_methods_of_days_say_why_they_cannot_be_had(conn, method):
    with pytest.raises(NeedsDays):
        ask(conn, method, matter="0201")
    assert ask(conn, "scan", matter="0202")["studied"]["days"] == 90


def test_there_are_no_maps_by_week_of_months(conn):
    question = asked("count", date(2026, 6, 1), date(2026, 6, 30), matter="0201")
    with pytest.raises(NeedsDays):
        hotspot_weeks.prepare(conn, VIEWER, question, 12)


def test_a_few_reports_of_unknown_day_count_in_whole_months_and_in_no_week(conn, engine):
    june = ask(conn, "count", date(2026, 6, 1), date(2026, 6, 30), matter="0202")
    first = next(row for row in june["rows"] if row["code"] == engine[1][0])
    assert first["observed"] >= 9
    week = ask(conn, "count", date(2026, 6, 1), date(2026, 6, 7), matter="0202")
    assert week["window"]["days"] == 7
    said = {note["code"]: note["facts"] for note in week["notes"]}
    assert said["hotspots.month_only_left_out"] == {"count": 9}
    assert next(row for row in week["rows"] if row["code"] == engine[1][0])["observed"] < 8
    assert sum(first["weeks"]) <= 12  # of known days alone
    scanned = ask(conn, "scan", date(2026, 6, 24), date(2026, 6, 30), matter="0202")
    assert not scanned["clusters"]


@pytest.mark.parametrize(
    ("since", "until", "given", "why"),
    [
        (date(2010, 1, 1), date(2010, 1, 31), {}, "hotspots.change_no_data"),
        (date(2027, 1, 1), date(2027, 1, 31), {}, "hotspots.change_no_data"),
        (date(2026, 6, 1), date(2026, 6, 30), {"compare": "yoy"}, "hotspots.change_before_data"),
        (date(2026, 1, 1), date(2026, 1, 31), {}, "hotspots.change_before_data"),
    ],
)
def test_a_change_that_cannot_be_known_is_judged_nowhere(conn, since, until, given, why):
    answer = ask(conn, "change", since, until, **given)
    assert why in codes(answer)
    assert {row["paint"] for row in answer["rows"]} == {"not_comparable"}
    assert not any(row["outline"] or row["rank"] for row in answer["rows"])
    assert answer["counts"]["judged"] == 0


def test_known_days_are_not_held_against_a_month_of_unknown_ones(conn):
    conn.execute(text("DELETE FROM daily_count WHERE matter_code = '0202' AND day < '2026-06-01'"))
    may = {"g": f"{COUNTY}101001001", "d": date(2026, 5, 1), "matter": "0202"}
    conn.execute(COUNT, may | {"n": 50, "months": 50})
    week = ask(conn, "change", date(2026, 6, 1), date(2026, 6, 7), matter="0202")
    assert "hotspots.change_by_month" in codes(week)


def test_where_nobody_lives_there_are_counts_and_changes_and_no_rates(conn):
    conn.execute(text("UPDATE unit_outline SET n_households = 0"))
    for method in ("excess", "gi", "emerging"):
        with pytest.raises(NoDenominators):
            ask(conn, method, matter="0202")
    for method in ("count", "change", "scan"):
        answer = ask(conn, method, matter="0202")
        said = {note["code"]: note["facts"] for note in answer["notes"]}
        assert said["hotspots.no_denominators"] == {"count": SIDE * SIDE}
        assert all(row["observed"] is not None for row in answer["rows"])
        assert all("no_denominator" in row["flags"] for row in answer["rows"])
        assert not any(row["paint"] == "suppressed" for row in answer["rows"])


def test_a_stray_date_is_named_and_does_not_begin_the_data(conn):
    conn.execute(
        COUNT,
        {"g": f"{COUNTY}101001001", "d": date(2003, 5, 5), "matter": "0202", "n": 2, "months": 0},
    )
    answer = ask(conn, "count", matter="0202")
    assert answer["data_extent"] == ["2026-01-01", "2026-06-30"]
    said = {note["code"]: note["facts"] for note in answer["notes"]}
    assert said["hotspots.stray_dates"]["count"] == 2
    assert said["hotspots.stray_dates"]["earliest"] == "2003-05-05"
