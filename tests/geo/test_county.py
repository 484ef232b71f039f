from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.county import ImpossibleCounty, invented_outline, make_county
from geo.coverage import outlines, prove
from geo.crs import area_m2
from geo.lattice import on_lattice, snap
from tests import strategies

SMALL = ([3, 3], 12, 40)


def units_of(county):
    return {
        level: outlines(county.cells, labels)
        for level, labels in (
            ("grid", county.grid_of),
            ("village", county.village_of),
            ("township", county.township_of),
        )
    }


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(0, 8),
    st.integers(0, 30),
    strategies.seeds(),
)
@settings(max_examples=40, deadline=None)
def test_every_county_is_exact_nested_and_in_one_piece_everywhere(villages, more, rest, seed):
    n_grids = sum(villages) + more
    n_subgroups = 3 * n_grids + rest
    outline = invented_outline(seed=seed % 7)
    county = make_county(outline, villages, n_grids, n_subgroups, seed)
    assert len(county.cells) == n_subgroups
    assert on_lattice(county.cells)
    assert prove(county.cells, county.outline).exact
    units = units_of(county)
    counts = {level: len(found) for level, found in units.items()}
    assert counts == {"grid": n_grids, "village": sum(villages), "township": len(villages)}
    assert {unit.geom_type for found in units.values() for unit in found.values()} == {"Polygon"}
    for child, parent in (
        (county.grid_of, county.village_of),
        (county.village_of, county.township_of),
    ):
        assert len(np.unique(np.column_stack((child, parent)), axis=0)) == child.max() + 1
    assert np.array_equal(county.township_of, np.sort(county.township_of))
    per_township = np.unique(np.column_stack((county.township_of, county.village_of)), axis=0)
    assert np.bincount(per_township[:, 0]).tolist() == villages


def test_the_same_seed_makes_the_same_county_and_another_does_not():
    outline = invented_outline(seed=1)
    first, again, other = (make_county(outline, *SMALL, seed) for seed in (5, 5, 6))
    assert shapely.equals_identical(first.cells, again.cells).all()
    assert np.array_equal(first.settlements, again.settlements)
    assert not shapely.equals_identical(first.cells, other.cells).all()


def test_cells_are_small_where_people_live():
    outline = invented_outline(seed=1)
    county = make_county(outline, [4, 4], 60, 400, 3)
    area = area_m2(county.cells)
    assert np.quantile(area, 0.95) > 4 * np.quantile(area, 0.05)
    tree = shapely.STRtree(county.cells)
    point, cell = tree.query(shapely.points(county.settlements[:, :2]), predicate="intersects")
    assert np.average(area[cell], weights=county.settlements[point, 2]) < 0.6 * area.mean()
    assert county.settlements[:, 2].sum() == pytest.approx(1)


def test_given_settlements_are_kept():
    outline = invented_outline(seed=1)
    homes = np.array([[99.6, 24.83, 30.0], [99.5, 24.8, 10.0]])
    county = make_county(outline, *SMALL, 3, settlements=homes)
    assert county.settlements[:, :2] == pytest.approx(homes[:, :2], abs=1e-12)
    assert county.settlements[:, 2].tolist() == [0.75, 0.25]


def test_borders_between_cells_are_bent():
    county = make_county(invented_outline(seed=1), *SMALL, 3)
    assert shapely.get_num_coordinates(county.cells).mean() > 50


@pytest.mark.parametrize("seed", range(5))
def test_an_invented_outline_is_one_valid_polygon_of_its_size(seed):
    outline = invented_outline((99.6, 24.83), 34.8, seed)
    assert outline.geom_type == "Polygon"
    assert outline.is_valid
    assert on_lattice([outline])
    assert area_m2([outline])[0] == pytest.approx(3_800e6, rel=0.02)


@pytest.mark.parametrize(
    ("villages", "n_grids", "n_subgroups"),
    [([2, 2], 3, 10), ([2, 2], 10, 9), ([2, 0], 4, 10), ([], 0, 0)],
)
def test_numbers_that_do_not_nest_are_refused(villages, n_grids, n_subgroups):
    with pytest.raises(ImpossibleCounty):
        make_county(invented_outline(), villages, n_grids, n_subgroups, 1)


def test_an_outline_that_is_no_polygon_is_refused():
    with pytest.raises(ImpossibleCounty):
        make_county(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), *SMALL, 1)


@pytest.mark.real
def test_the_real_outline_of_changning_holds_the_whole_county(real_data):
    feature = json.loads((real_data / "changning_cn/changning_530524.geojson").read_text())
    geometry = feature["features"][0]["geometry"]
    outline = shapely.get_parts(shapely.from_geojson(json.dumps(geometry)))[0]
    villages = [12, 11, 10, 9, 9, 10, 10, 9, 9, 8, 9, 9, 9]
    county = make_county(outline, villages, 2110, 10386, 1)
    assert len(county.cells) == 10386
    assert {level: len(found) for level, found in units_of(county).items()} == {
        "grid": 2110,
        "village": 124,
        "township": 13,
    }
    assert prove(county.cells, county.outline).exact
    (frame,) = snap([outline])
    moved = shapely.hausdorff_distance(county.outline, frame)
    assert moved < 1e-7
