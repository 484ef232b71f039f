"""A whole country's nested areas, as its statistical office published them, defects included."""

import csv
import gzip

import pytest
from sqlalchemy import select

from geo.coverage import residue
from grids import publications
from grids.access import everyone
from grids.model import Level
from grids.schema import unit
from importers.fields import declare
from importers.grids import import_grids
from importers.options import ImportOptions
from importers.subgroups import import_subgroups
from importers.units import import_units

pytestmark = pytest.mark.real


@pytest.fixture
def wales(real_data):
    return real_data / "wales_areas"


def options(layer, fields, level=None):
    return ImportOptions(
        datum="wgs84", layer=layer, codes="assign", level=level, declared=declare(fields)
    )


def counts(report):
    answer = report.as_dict()
    return {name: answer[name] for name in ("read", "taken", "unchanged", "refused", "repaired")}


def all_taken(n, repaired=0):
    return {"read": n, "taken": n, "unchanged": 0, "refused": 0, "repaired": repaired}


def test_every_area_of_wales_comes_into_force_and_is_accounted_for(conn, wales):
    files, viewer = [wales / "wales_areas.gpkg.zip"], everyone()
    lad = options("lad", ["code=LAD13CD", "name=LAD13NM"], "township")
    assert counts(import_units(conn, viewer, files, lad)) == all_taken(22)
    msoa = options("msoa", ["code=MSOA11CD", "name=MSOA11NM", "parent=LAD11CD"], "village")
    assert counts(import_units(conn, viewer, files, msoa)) == all_taken(410, repaired=1)
    lsoa = options("lsoa", ["code=LSOA11CD", "name=LSOA11NM"])
    grids = import_grids(conn, viewer, files, lsoa)
    assert counts(grids) == all_taken(1909, repaired=4)
    before = residue(publications.cells_in_force(conn).outline)
    oa = options("oa", ["code=OA11CD"])
    subgroups = import_subgroups(conn, viewer, files, oa)
    assert counts(subgroups) == all_taken(10036, repaired=23)

    cells = publications.cells_in_force(conn)
    assert publications.prove_in_force(conn).exact
    assert residue(cells.outline) == before
    assert None not in set(cells.subgroup.tolist())
    assert len(set(cells.subgroup.tolist())) == 10036
    for report, n_listed in ((grids, 79), (subgroups, 190)):
        (islands,) = [note for note in report.notes if note["code"] == "units.multipart"]
        assert len(islands["units"]) == n_listed
        (fitted,) = [note for note in report.notes if note["code"] == "coverage.fitted"]
        assert fitted["moved_m"] < 0.01

    with gzip.open(wales / "wales_oa_lsoa_msoa_lad.csv.gz", "rt") as file:
        nesting = {row["OA11CD"]: list(row.values())[1:] for row in csv.DictReader(file)}
    source = {
        str(row.code): row.source_code
        for row in conn.execute(select(unit.c.code, unit.c.source_code))
    }
    found = {
        source[code]: [source[code[: level.digits]] for level in list(Level)[3:0:-1]]
        for code in set(cells.subgroup.tolist())
    }
    assert found == nesting

    again = import_grids(conn, viewer, files, lsoa)
    assert (again.taken, again.unchanged) == (0, 1909)
    assert publications.require_current(conn).number == 2
