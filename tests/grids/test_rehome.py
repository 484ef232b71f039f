"""Homes follow positions, whatever wrote them."""

import pytest
from sqlalchemy import text

from grids.errors import NothingPublished
from grids.model import Level
from grids.publications import outlines_in_force
from grids.rehome import rehome_all
from tests.grids.coverage_factory import COUNTY, found_small_county, scatter_households


def test_without_a_coverage_nothing_can_be_rehomed(conn):
    with pytest.raises(NothingPublished):
        rehome_all(conn)


def test_everything_gets_the_lowest_home_that_covers_it_once(conn):
    cells = found_small_county(conn, free=0)
    scatter_households(conn, cells, 200)
    conn.execute(
        text(
            "INSERT INTO camera (registry, device_id, position, territory_code)"
            " SELECT 'city', number, position, :county FROM household"
        ),
        {"county": COUNTY},
    )
    n = conn.execute(text("SELECT count(*) FROM household")).scalar()
    done = rehome_all(conn)
    assert (done.households, done.cameras, done.incidents) == (n, n, 0)
    wrong = conn.execute(
        text(
            "SELECT count(*) FROM household AS h JOIN cell_version AS c"
            " ON upper_inf(c.valid) AND ST_Covers(c.outline, h.position)"
            ' WHERE coalesce(c.subgroup_code, c.grid_code) COLLATE "C" < h.territory_code'
            "   AND left(c.grid_code, 15) <> h.grid_code"
        )
    ).scalar()
    assert wrong == 0
    assert outlines_in_force(conn, Level.GRID).n_households.sum() == n
    again = rehome_all(conn)
    assert (again.households, again.cameras, again.incidents) == (0, 0, 0)


def test_a_home_by_hand_is_left_alone(conn):
    cells = found_small_county(conn, free=0)
    scatter_households(conn, cells, 5)
    grid = cells.grid[0]
    conn.execute(
        text("UPDATE household SET placed_by = 'hand', grid_code = :grid, territory_code = :grid"),
        {"grid": grid},
    )
    assert rehome_all(conn).households == 0
