"""Two real places taken in by the batch door and asked: months stay months, strays stay strays."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime

import pytest

from grids import board, counts_held
from grids.access import everyone
from grids.window import Window
from importers.fields import declare
from importers.grids import import_grids
from importers.households import import_households
from importers.incidents import import_incidents
from importers.options import ImportOptions
from importers.units import import_units
from layers import hotspot_weeks
from layers.county_tally import usual_window
from layers.hotspot_answers import prepare
from layers.hotspot_question import Asked
from layers.studies import NeedsDays, NoDenominators, Options
from tests.importers.tables import rows_of

pytestmark = pytest.mark.real

VIEWER = everyone("operator")
LEADER = everyone()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUICK = Options(replicates=99)
AUTUMN = (date(2018, 10, 1), date(2018, 12, 31))


def options(*fields, **more):
    return ImportOptions(datum="wgs84", declared=declare(fields), **more)


def thinned(packed, folder, every):
    """Write every so many rows of a packed table to a file of the same name."""
    target = folder / packed.name.removesuffix(".gz")
    with (
        gzip.open(packed, "rt", encoding="utf-8", newline="") as rows,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        for k, row in enumerate(csv.reader(rows)):
            if k % every == 0:
                csv.writer(out).writerow(row)
    return target


def draw(conn, file, given, **more):
    """Put the areas of a file in force, each as the one grid of the one village of a township."""
    for level in ("township", "village"):
        import_units(conn, VIEWER, [file], options(*given, codes="assign", level=level, **more))
    return import_grids(conn, VIEWER, [file], options(*given, codes="assign", **more)).taken


def ask(conn, method, since, until, **given):
    asked = Asked(since, until, method, options=QUICK, **given)
    return prepare(conn, LEADER, asked).document("zh")


def facts(answer):
    return {note["code"]: note["facts"] for note in answer["notes"]}


@pytest.fixture
def wales(conn, real_data, in_process, tmp_path):
    """22 districts, every sixteenth of their address points and of their events."""
    areas = real_data / "wales_areas" / "wales_areas.gpkg.zip"
    assert draw(conn, areas, ("code=LAD13CD", "name=LAD13NM"), layer="lad") == 22
    points = real_data / "wales_households_postcodes" / "wales_postcodes_2014.csv.gz"
    declared = declare(("number=Postcode", "lon=Eastings", "lat=Northings"))
    import_households(
        conn,
        VIEWER,
        thinned(points, tmp_path, 16),
        ImportOptions(datum="EPSG:27700", declared=declared),
    )
    events = real_data / "wales_incidents_2018q4" / "wales_incidents_2018q4.csv.gz"
    named = ("matter_code=Crime type", "occurred_at=Month", "lon=Longitude", "lat=Latitude")
    report = import_incidents(
        conn, VIEWER, thinned(events, tmp_path, 16), options(*named, new_matters=True)
    )
    assert {"code": "incident.known_by_month", "n": report.taken} in report.notes
    return conn, report


def test_wales_is_told_in_months_and_in_nothing_shorter(wales):
    conn, report = wales
    whole = ask(conn, "count", *AUTUMN)
    assert report.taken == 4_765
    assert whole["observed"] == report.taken - report.unplaced
    assert whole["data_extent"] == ["2018-10-01", "2018-12-31"]
    by_months = sum(
        ask(conn, "count", date(2018, month, 9), date(2018, month, 12))["observed"]
        for month in (10, 11, 12)
    )
    assert by_months == whole["observed"]
    rates = ask(conn, "excess", date(2018, 12, 8), date(2018, 12, 20))
    assert facts(rates)["hotspots.month_only_widened"] == {
        "since": "2018-12-01", "until": "2018-12-31",
    }  # fmt: skip
    assert not any("weeks" in row for row in rates["rows"])
    change = ask(conn, "change", date(2018, 12, 8), date(2018, 12, 20))
    assert change["compare"]["since"] == "2018-11-01"
    assert ask(conn, "emerging", *AUTUMN)["steps"] == 3
    for method in ("scan", "knox"):
        with pytest.raises(NeedsDays):
            ask(conn, method, *AUTUMN)
    with pytest.raises(NeedsDays):
        hotspot_weeks.prepare(conn, LEADER, Asked(*AUTUMN, "count"), 12)
    assert usual_window(counts_held.read(conn), date(2026, 1, 1)).interval == (
        "2018-12-01/2018-12-31"
    )
    year = ask(conn, "change", *AUTUMN, compare="yoy")
    assert "hotspots.change_before_data" in facts(year)
    assert not any(row["outline"] for row in year["rows"])
    months = board.read(conn, LEADER, Window(*AUTUMN), NOW)
    assert months.days == []
    assert [one.key for one in months.months] == ["2018-10", "2018-11", "2018-12"]
    assert sum(one.counts["valid"] for one in months.months) == report.taken
    cut = board.read(conn, LEADER, Window(date(2018, 12, 2), date(2018, 12, 31)), NOW)
    assert (cut.total.counts["valid"], cut.days) == (0, [])
    assert cut.left_out == months.months[-1].counts["valid"]
    assert cut.total.comparable


@pytest.fixture
def toronto(conn, real_data, in_process, tmp_path):
    """The 140 neighbourhoods, where nobody is registered, and every fifth of their events."""
    folder = real_data / "toronto_neighbourhoods_cameras"
    outlines = tmp_path / "toronto.geojson"
    outlines.write_bytes(
        gzip.decompress((folder / "toronto_neighbourhoods_140.geojson.gz").read_bytes())
    )
    assert draw(conn, outlines, ("code=AREA_S_CD", "name=AREA_NAME")) == 140
    events = real_data / "toronto_incidents_30k" / "toronto_incidents_30k.csv.gz"
    named = ("matter_code=MCI", "occurred_at=occurrencedate", "lon=Long", "lat=Lat")
    report = import_incidents(
        conn, VIEWER, thinned(events, tmp_path, 5), options(*named, new_matters=True)
    )
    return conn, report


def test_toronto_has_days_stray_dates_and_nobody_registered(toronto):
    conn, report = toronto
    assert report.read == report.taken + report.refused == 6_000
    held = counts_held.read(conn)
    assert not held.has_months
    assert held.extent.first.year == 2014
    assert date(2021, 12, 25) < held.extent.last <= date(2021, 12, 31)
    early = "SELECT count(grid_code) FROM incident WHERE local_day(occurred_at) < '2014-01-01'"
    assert rows_of(conn, early) == [(held.extent.stray,)]
    assert 0 < held.extent.stray < 0.01 * report.taken
    usual = usual_window(held, date(2026, 11, 22))
    assert (usual.until, usual.days) == (held.extent.last, 30)
    counted = ask(conn, "count", usual.since, usual.until)
    assert counted["observed"] > 20
    assert facts(counted)["hotspots.no_denominators"] == {"count": 140}
    assert facts(counted)["hotspots.stray_dates"]["count"] == held.extent.stray
    for method in ("excess", "gi", "emerging"):
        with pytest.raises(NoDenominators):
            ask(conn, method, usual.since, usual.until)
    year = ask(conn, "change", date(2021, 10, 1), date(2021, 12, 31), compare="yoy")
    assert year["counts"]["judged"] > 50
    for since, until, kind in (
        (date(2003, 1, 1), date(2003, 12, 31), "prev"),
        (date(2014, 3, 1), date(2014, 3, 31), "yoy"),
    ):
        unknown = ask(conn, "change", since, until, compare=kind)
        assert unknown["counts"]["judged"] == 0
        assert not any(row["outline"] for row in unknown["rows"])
    days = board.read(conn, LEADER, usual, NOW, compare="before")
    assert (days.months, days.left_out) == ([], 0)
    assert sum(one.counts["valid"] for one in days.days) == days.total.counts["valid"]
    assert days.total.comparable == ""
