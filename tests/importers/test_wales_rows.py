"""A country's address points and events, held against the areas that their publishers say."""

from __future__ import annotations

import csv
import gzip

import pytest

from grids.access import everyone
from importers.fields import declare
from importers.grids import import_grids
from importers.households import import_households
from importers.incidents import import_incidents
from importers.options import ImportOptions
from importers.units import import_units
from tests.importers.tables import rows_of

pytestmark = pytest.mark.real

VIEWER = everyone("operator")
N_POINTS, N_EVENTS, N_EVENTS_NOWHERE = 90_685, 76_245, 714


def options(*fields, datum="wgs84", **more):
    return ImportOptions(datum=datum, declared=declare(fields), **more)


def table(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def wales(conn, real_data, in_process):
    """Put 22 districts, 410 and 1,909 areas in force under codes of ours."""
    files = [real_data / "wales_areas" / "wales_areas.gpkg.zip"]
    lad = options("code=LAD13CD", "name=LAD13NM", layer="lad", codes="assign", level="township")
    import_units(conn, VIEWER, files, lad)
    above = ("code=MSOA11CD", "name=MSOA11NM", "parent=LAD11CD")
    msoa = options(*above, layer="msoa", codes="assign", level="village")
    import_units(conn, VIEWER, files, msoa)
    lsoa = options("code=LSOA11CD", "name=LSOA11NM", layer="lsoa", codes="assign")
    assert import_grids(conn, VIEWER, files, lsoa).taken == 1_909
    return conn


def test_address_points_and_events_of_wales_lie_where_their_publishers_say(wales, real_data):
    conn = wales
    points = real_data / "wales_households_postcodes" / "wales_postcodes_2014.csv.gz"
    report = import_households(
        conn,
        VIEWER,
        points,
        options("number=Postcode", "lon=Eastings", "lat=Northings", datum="EPSG:27700"),
    )
    assert (report.read, report.taken, report.refused) == (N_POINTS, N_POINTS, 0)
    district = dict(
        rows_of(
            conn,
            "SELECT h.number, u.source_code FROM household AS h"
            "  LEFT JOIN unit AS u ON u.code = left(h.grid_code, 9)",
        )
    )
    said = {row["Postcode"]: row["Admin_district_code"] for row in table(points)}
    agree = sum(district[number] == code for number, code in said.items())
    assert agree >= 0.999 * N_POINTS
    queue = rows_of(conn, "SELECT count(*) FROM household WHERE placed_by = 'unplaced'")
    assert queue == [(report.unplaced,)] == [(sum(code is None for code in district.values()),)]

    events = real_data / "wales_incidents_2018q4" / "wales_incidents_2018q4.csv.gz"
    how = options(
        "matter_code=Crime type",
        "occurred_at=Month",
        "place=Location",
        "lon=Longitude",
        "lat=Latitude",
        "summary=LSOA code",
        new_matters=True,
    )
    report = import_incidents(conn, VIEWER, events, how)
    assert (report.read, report.taken, report.refused) == (N_EVENTS, N_EVENTS, 0)
    assert sum(note["code"] == "matter.made" for note in report.notes) == 14
    assert rows_of(
        conn,
        "SELECT count(*) FILTER (WHERE placement = 'unplaced'),"
        "       count(*) FILTER (WHERE grid_code IS NULL AND review) FROM incident",
    ) == [(N_EVENTS_NOWHERE, report.unplaced)]
    ((n_located, n_agree),) = rows_of(
        conn,
        "SELECT count(i.position), count(*) FILTER (WHERE u.source_code = i.summary)"
        "  FROM incident AS i LEFT JOIN unit AS u ON u.code = i.grid_code",
    )
    assert n_located == N_EVENTS - N_EVENTS_NOWHERE
    assert n_agree >= 0.974 * n_located

    again = import_incidents(conn, VIEWER, events, how)
    assert (again.taken, again.unchanged, again.refused) == (0, N_EVENTS, 0)
    assert rows_of(conn, "SELECT count(*) FROM incident") == [(N_EVENTS,)]
