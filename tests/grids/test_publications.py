"""What is in force can be read and proven."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import prove
from grids import publications
from grids.errors import NothingPublished
from grids.model import Level
from tests.grids.coverage_factory import VILLAGES, found_small_county


def test_before_the_first_boundaries_nothing_is_current(conn):
    assert publications.current(conn) is None
    for ask in (publications.require_current, publications.prove_in_force, publications.hold):
        with pytest.raises(NothingPublished):
            ask(conn)


def test_what_is_in_force_is_what_was_imported(conn):
    cells = found_small_county(conn, keep=0, free=0)
    there = publications.cells_in_force(conn)
    assert sorted(there.subgroup) == sorted(cells.subgroup)
    order = np.argsort(there.subgroup.astype(str))
    given = cells.county.cells[np.argsort(cells.subgroup)]
    assert shapely.equals_exact(there.outline[order], given).all()
    assert publications.prove_in_force(conn).exact
    assert [p.number for p in publications.list_all(conn)] == [2, 1]
    assert publications.counts_by_level(conn) == {
        Level.COUNTY: 1,
        Level.TOWNSHIP: 2,
        Level.VILLAGE: 3,
        Level.GRID: 12,
        Level.SUBGROUP: 44,
    }


def test_outlines_of_every_level_cover_the_county_exactly(conn):
    cells = found_small_county(conn, keep=0, free=0)
    for level in Level:
        outlines = publications.outlines_in_force(conn, level)
        assert prove(outlines.outline, cells.county.outline).exact, level


def test_an_area_cuts_cells_and_outlines(conn):
    found_small_county(conn)
    village = VILLAGES[1]
    assert set(publications.cells_in_force(conn, village).village) == {village}
    grid = publications.outlines_in_force(conn, Level.GRID, village).code[0]
    assert set(publications.cells_in_force(conn, grid).grid) == {grid}
    assert publications.counts_by_level(conn, village)[Level.VILLAGE] == 1


def test_the_database_proves_the_same_coverage_by_itself(conn):
    found_small_county(conn)
    every = text("SELECT count(*) FROM coverage_residue(:levels)")
    assert conn.execute(every, {"levels": [level.value for level in Level]}).scalar() == 0


RING = "ST_ExteriorRing(outline)"


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (f"ST_SnapToGrid(ST_SetPoint({RING}, 1, ST_Centroid(outline)), 1e-7)", "extra"),
        (f"ST_SnapToGrid(ST_Scale({RING}, 'POINT(0.999 1)'::geometry), 1e-7)", "extra"),
        (f"ST_SetPoint({RING}, 1, ST_Translate(ST_PointN({RING}, 2), 3e-8, 0))", "off_lattice"),
    ],
)
def test_the_database_notices_a_tampered_cell(conn, tamper, fault):
    found_small_county(conn)
    cell_id = publications.cells_in_force(conn).cell_id[-3]
    conn.execute(
        text(
            f"UPDATE cell_version SET outline = ST_MakePolygon({tamper})"
            " WHERE cell_id = :id AND upper_inf(valid)"
        ),
        {"id": int(cell_id)},
    )
    found = set(conn.execute(text("SELECT fault FROM coverage_residue()")).scalars())
    assert fault in found
    assert not publications.prove_in_force(conn).exact


def test_the_database_notices_a_missing_cell(conn):
    found_small_county(conn)
    conn.execute(
        text(
            "UPDATE cell_version SET valid = tstzrange(lower(valid), now() + interval '1 day')"
            " WHERE cell_id = (SELECT max(cell_id) FROM cell_version)"
        )
    )
    assert "missing" in set(conn.execute(text("SELECT fault FROM coverage_residue()")).scalars())
    assert not publications.prove_in_force(conn).exact


def test_the_digest_is_that_of_what_is_in_force(conn):
    found_small_county(conn)
    digest = conn.execute(text("SELECT coverage_digest()")).scalar()
    assert bytes(digest) == publications.require_current(conn).digest
    former = publications.list_all(conn)[1].digest
    assert former != bytes(digest)
