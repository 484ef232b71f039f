"""Every method answers from one county: rows, clusters, what was asked and what limits it."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from grids import counts_held
from grids.db import EVERYWHERE, begin, make_engine, set_scope
from grids.model import Level, Role, Viewer
from grids.window import Window
from layers import hotspot_documents
from layers.hotspot_answers import prepare
from layers.hotspot_methods import NoSuchMethod
from layers.hotspot_notes import month_only, of_days
from layers.hotspot_question import METHODS, Asked
from layers.studies import Options
from tests.factories import COUNTY, VILLAGE, Make

UNTIL = date(2026, 6, 30)
SIDE = 10
QUICK = Options(replicates=99, max_radius_m=2500)
OTHER = COUNTY + "102001"
BURST = slice(44, 47)


def fill(conn):
    """Two villages with a steady year; in the last week three grids report many times as much."""
    make = Make(conn)
    grids = [unit.code for unit in make.grids(SIDE, SIDE)]
    grids += [unit.code for unit in make.grids(2, 4, village=OTHER, east_by=SIDE)]
    make.matter("0201")
    make.matter("0202")
    conn.execute(text("UPDATE unit_outline SET n_households = 40"))
    for code, households in ((grids[0], 0), (grids[1], 3)):
        conn.execute(
            text("UPDATE unit_outline SET n_households = :n WHERE unit_code = :code"),
            {"n": households, "code": code},
        )
    draw = np.random.default_rng(2)
    counts = draw.poisson(0.12, (len(grids), 400))
    counts[BURST, -6:] += draw.poisson(2.0, (3, 6))
    conn.execute(
        text(
            "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n)"
            " VALUES (:g, :d, '0201', 'ordinary', 'desk', :n)"
        ),
        [
            {"g": grids[i], "d": UNTIL - timedelta(399 - int(j)), "n": int(counts[i, j])}
            for i, j in np.argwhere(counts)
        ],
    )
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


@pytest.fixture
def grids(engine):
    return engine[1]


VIEWER = Viewer(None, "leader", Role.LEADER, COUNTY)


def ask(conn, method="excess", days=7, viewer=VIEWER, locale="en", **given):
    since = UNTIL - timedelta(days - 1)
    asked = Asked(since, UNTIL, method, options=QUICK, **given)
    return prepare(conn, viewer, asked).document(locale)


def codes(answer):
    return [note["code"] for note in answer["notes"]]


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("density", "dbscan", "knox")])
@pytest.mark.parametrize("by", [Level.GRID, Level.VILLAGE])
def test_every_method_answers_at_every_level_in_one_shape(conn, method, by):
    answer = ask(conn, method, days=30, by=by)
    json.dumps(answer, allow_nan=False)
    assert {
        *("method", "level", "window", "compare", "publication", "data_version", "seed"),
        *("settings", "n", "counts", "notes", "rows", "observed"),
    } <= set(answer)
    assert len(answer["rows"]) == (108 if by is Level.GRID else 2)
    for row in answer["rows"]:
        assert {"code", "name", "households", "observed", "paint", "outline", "flags"} <= set(row)
    assert all(note["text"] and "{" not in note["text"] for note in answer["notes"])


def test_what_is_new_this_week_is_found_and_told_in_days(conn, grids):
    answer = ask(conn, "scan")
    first = answer["clusters"][0]
    assert set(grids[BURST]) <= set(first["units"])
    assert first["observed"] > 2 * first["expected"]
    assert first["start"] >= "2026-06-24"
    assert (answer["seed"], answer["studied"]["days"]) == (1, 90)
    assert first["recurrence_days"] == pytest.approx(100, rel=0.01)
    assert not first["is_new"]  # 99 simulations cannot say less than once in 100 days
    painted = {row["code"] for row in answer["rows"] if row["paint"] in ("c1", "c2")}
    assert painted == {code for one in answer["clusters"] for code in one["units"]}
    again = ask(conn, "scan")
    assert again["clusters"] == answer["clusters"]


def test_more_than_before_is_found_with_both_counts(conn, grids):
    answer = ask(conn, "change")
    assert answer["compare"]["since"] == "2026-06-17"
    top = min((row for row in answer["rows"] if row["rank"]), key=lambda row: row["rank"])
    assert top["code"] in grids[33:59]
    assert top["direction"] == 1
    assert top["outline"] == "double"
    assert top["around"]["observed"] > top["around"]["then"]
    assert top["around"]["minimum_detectable_ratio"] > 1
    assert {"hotspots.compared_prev", "hotspots.detectable"} <= set(codes(answer))
    year = ask(conn, "change", compare="yoy", calendar="lunar")
    assert year["compare"]["since"] == "2025-06-05"  # 五月初十 to 五月十六
    assert "hotspots.compared_lunar" in codes(year)


def test_patterns_in_time_have_plain_words(conn, grids):
    answer = ask(conn, "emerging")
    by_code = {row["code"]: row for row in answer["rows"]}
    assert answer["steps"] == 52
    assert by_code[grids[45]]["paint"] == "new"
    assert by_code[grids[45]]["class_17"] == "New Hot Spot"
    assert sum(row["paint"] == "none" for row in answer["rows"]) > 70


def test_volume_shows_places_where_nobody_lives_and_withholds_few_households(conn, grids):
    rows = {row["code"]: row for row in ask(conn, "count", days=365)["rows"]}
    assert rows[grids[0]]["observed"] > 0
    assert rows[grids[0]]["flags"] == ["no_denominator"]
    assert rows[grids[1]]["observed"] is None
    assert rows[grids[1]]["paint"] == "suppressed"
    ranked = sorted((row for row in rows.values() if row["rank"]), key=lambda row: row["rank"])
    counts = [row["observed"] for row in ranked]
    assert counts == sorted(counts, reverse=True)


def test_significant_units_say_at_how_many_scales_they_hold(conn, grids):
    answer = ask(conn)
    assert "hotspots.detectable" in codes(answer)
    held = {row["code"]: row["scales"] for row in answer["rows"] if "scales" in row}
    assert set(held) == {row["code"] for row in answer["rows"] if row["outline"]}
    assert held[grids[45]]["of"] == 3
    assert held[grids[45]]["at"][0] == "own"


def test_the_version_changes_with_the_question_and_with_the_data(conn, grids):
    def version(method="change", **given):
        asked = Asked(UNTIL - timedelta(6), UNTIL, method, options=QUICK, **given)
        return prepare(conn, VIEWER, asked).version

    first = version()
    assert first == version()
    others = {
        version("scan"),
        version(compare="yoy"),
        version(by=Level.VILLAGE),
        version(matter="0202"),
    }
    assert len(others | {first}) == 5
    # A report a fortnight back changes what is compared with, and nothing of the period itself.
    conn.execute(
        text(
            "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n)"
            " VALUES (:g, :d, '0202', 'ordinary', 'desk', 1)"
        ),
        {"g": grids[5], "d": UNTIL - timedelta(8)},
    )
    assert version() != first


def test_a_shifted_source_and_a_silent_day_are_said(conn, grids):
    conn.execute(
        text(
            "UPDATE daily_count SET source = 'campaign' WHERE day BETWEEN :a AND :b"
            " AND grid_code < :half"
        ),
        {"a": UNTIL - timedelta(6), "b": UNTIL, "half": grids[70]},
    )
    conn.execute(text("UPDATE daily_count SET n = 0 WHERE day = :d"), {"d": UNTIL - timedelta(3)})
    answer = ask(conn, "change")
    said = {note["code"]: note["facts"] for note in answer["notes"]}
    assert said["hotspots.gap_days"] == {"count": 1, "days": "2026-06-27"}
    assert said["hotspots.source_shift"]["source"] in ("campaign", "desk")


def test_periods_beyond_the_data_are_said(conn):
    answer = ask(conn, "change", days=300, compare="yoy")
    assert "hotspots.before_data" in codes(answer)
    late = Asked(UNTIL, UNTIL + timedelta(9), options=QUICK)
    assert "hotspots.after_data" in codes(prepare(conn, VIEWER, late).document("zh"))


def test_months_without_days_are_taken_for_what_they_are():
    first = date(2024, 1, 1)
    daily = np.zeros(366)
    for month in range(1, 13):
        daily[(date(2024, month, 1) - first).days] = 3 if month == 7 else 400
    assert month_only(daily, first)
    found = dict(of_days(daily, first, [Window(first, date(2024, 12, 31))]))
    assert set(found) == {"hotspots.month_only", "hotspots.gap_months"}
    assert found["hotspots.gap_months"]["months"] == "2024-07"
    assert not month_only(np.full(366, 3.0), first)


def test_a_method_that_is_none_is_refused(conn):
    with pytest.raises(NoSuchMethod) as refusal:
        ask(conn, "guess")
    assert "scan" in refusal.value.as_dict()["methods"]


def test_an_answer_is_made_once(conn, engine, monkeypatch):
    with begin(engine[0], EVERYWHERE) as clean:
        counts_held.read(clean)
    first = ask(conn, "gi")
    monkeypatch.setattr(hotspot_documents, "rate_map", None)
    assert ask(conn, "gi") == first


def test_a_village_of_the_viewer_is_all_that_is_told(conn):
    answer = ask(conn, "change", viewer=Viewer(None, "v", Role.LEADER, OTHER))
    assert {row["code"][:12] for row in answer["rows"]} == {OTHER}
    assert {row["code"][:12] for row in ask(conn, area=VILLAGE)["rows"]} == {VILLAGE}
