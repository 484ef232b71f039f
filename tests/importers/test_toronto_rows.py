"""Thirty thousand events of a city through the batch door: every row has its account."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter

import pytest

from grids.access import everyone
from importers.fields import declare
from importers.grids import import_grids
from importers.incidents import import_incidents
from importers.options import ImportOptions
from importers.units import import_units
from tests.importers.tables import rows_of

pytestmark = pytest.mark.real

VIEWER = everyone("operator")
N_EVENTS = 30_000


def unpacked(file, folder):
    target = folder / file.name.removesuffix(".gz")
    with gzip.open(file, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


@pytest.fixture
def toronto(conn, real_data, in_process, tmp_path):
    """Put the 140 neighbourhoods in force as the grids of one village each."""
    file = real_data / "toronto_neighbourhoods_cameras" / "toronto_neighbourhoods_140.geojson.gz"
    outlines = unpacked(file, tmp_path)
    named = declare(["code=AREA_S_CD", "name=AREA_NAME"])
    for level in ("township", "village"):
        given = ImportOptions(datum="wgs84", declared=named, codes="assign", level=level)
        import_units(conn, VIEWER, [outlines], given)
    given = ImportOptions(datum="wgs84", declared=named, codes="assign")
    assert import_grids(conn, VIEWER, [outlines], given).taken == 140
    return conn


def test_every_event_of_toronto_is_taken_unchanged_or_refused(toronto, real_data, tmp_path):
    packed = real_data / "toronto_incidents_30k" / "toronto_incidents_30k.csv.gz"
    events = unpacked(packed, tmp_path)
    how = ImportOptions(
        datum="wgs84",
        declared=declare(
            [
                "matter_code=MCI",
                "occurred_at=occurrencedate",
                "place=premises_type",
                "summary=Neighbourhood",
                "lon=Long",
                "lat=Lat",
            ]
        ),
        new_matters=True,
    )
    report = import_incidents(toronto, VIEWER, events, how)
    assert (report.read, report.taken, report.refused) == (N_EVENTS, 29_993, 7)
    assert report.taken + report.refused == N_EVENTS
    assert all(refusal.code and refusal.message for refusal in report.refusals)
    assert rows_of(toronto, "SELECT count(*) FROM incident") == [(report.taken,)]
    with events.open(encoding="utf-8", newline="") as file:
        said = Counter(row["Neighbourhood"].strip() for row in csv.DictReader(file))
    placed = rows_of(
        toronto,
        "SELECT count(*), count(*) FILTER (WHERE starts_with(u.name, i.summary))"
        "  FROM incident AS i JOIN unit AS u ON u.code = i.grid_code",
    )
    assert sum(said.values()) == N_EVENTS
    assert placed[0][0] + report.unplaced == report.taken
    # The two files spell some neighbourhoods differently.
    assert placed[0][1] > 0.85 * report.taken

    again = import_incidents(toronto, VIEWER, events, how)
    assert (again.taken, again.unchanged) == (0, report.taken)
    assert again.refused == report.refused
