from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.county import invented_outline, make_county
from geo.coverage import adjacency, outlines, prove
from geo.lattice import on_lattice
from geo.simplify import NotACoverage, pixel_m, simplify
from tests import strategies


def test_a_pixel_is_half_at_the_next_zoom_and_shrinks_with_latitude():
    assert pixel_m(0, 0) == pytest.approx(156_543.03, abs=0.01)
    assert pixel_m(11, 24.8) == pytest.approx(pixel_m(10, 24.8) / 2)
    assert pixel_m(5, 60) == pytest.approx(pixel_m(5, 0) / 2)


@given(strategies.coverages(), st.integers(4, 20))
@settings(deadline=None)
def test_what_comes_out_is_a_coverage_of_as_many_cells_that_are_still_neighbours(cells, zoom):
    simpler = simplify(cells, zoom)
    assert len(simpler) == len(cells)
    assert on_lattice(simpler)
    assert prove(simpler).exact
    assert shapely.get_num_coordinates(simpler).sum() <= shapely.get_num_coordinates(cells).sum()
    before, after = adjacency(cells), adjacency(simpler)
    assert np.array_equal(before.i, after.i)
    assert np.array_equal(before.j, after.j)


def test_fewer_vertices_at_smaller_scales_and_little_moves():
    county = make_county(invented_outline(seed=1), [3, 3], 30, 150, 1)
    n_before = shapely.get_num_coordinates(county.cells).sum()
    n_vertices = []
    for zoom in (8, 11, 13, 16):
        simpler = simplify(county.cells, zoom)
        n_vertices.append(shapely.get_num_coordinates(simpler).sum())
        moved_m = shapely.hausdorff_distance(simpler, county.cells).max() * 111_000
        assert moved_m < 6 * pixel_m(zoom, 24.8)
        grids = outlines(simpler, county.grid_of)
        assert prove(list(grids.values()), shapely.coverage_union_all(simpler)).exact
    assert n_vertices == sorted(n_vertices)
    assert n_vertices[0] < n_before / 5
    assert n_vertices[-1] > n_before * 0.9


def test_a_lake_in_the_coverage_stays():
    cells = np.delete(strategies.crooked_coverage(3, 3, seed=1), 4)
    united = shapely.coverage_union_all(simplify(cells, 12))
    assert shapely.get_num_interior_rings(united) == 1


def test_polygons_that_are_no_coverage_are_refused():
    cells = strategies.crooked_coverage(3, 3, seed=1)
    with pytest.raises(NotACoverage) as refusal:
        simplify([*cells, cells[0]], 12)
    assert refusal.value.facts["n_half_edges"] > 0
    with pytest.raises(NotACoverage):
        simplify([*cells, shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], 12)
    with pytest.raises(NotACoverage):
        simplify(shapely.transform(cells, lambda xy: xy + 1e-9), 12)


def test_nothing_simplified_is_nothing():
    assert len(simplify([], 12)) == 0
