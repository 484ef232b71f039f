"""Parts of an area become cells again: proven, whole, sub-groups following."""

import itertools
from functools import cache

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.county import invented_outline, make_county
from geo.coverage import prove
from geo.partition import partition
from geo.partition_graph import buildings_graph
from geo.partition_patch import draw_parts, relabel
from geo.patch import Cell, outlines_of, pieces
from tests.geo.test_partition import homes
from tests.strategies import seeds


@cache
def county():
    return make_county(invented_outline(radius_km=3, seed=5), [2, 2], 24, 90, 5)


def cells():
    made = county()
    labels = zip(made.cells, made.grid_of, made.village_of, strict=True)
    return [Cell(k, f"v{v}", f"g{g}", f"s{k}", cell) for k, (cell, g, v) in enumerate(labels)]


def drawn(village, k, seed, **more):
    """Divide a village of the county; return all cells after, positions and their parts."""
    every = cells()
    own = [cell for cell in every if cell.village == village]
    area = shapely.coverage_union_all(outlines_of(own))
    at = homes(area, 200, seed)
    graph = buildings_graph(area, at)
    part = partition(graph, k, seed=seed).part
    lands = np.array(
        [shapely.coverage_union_all(graph.outlines[part == p]) for p in range(k)], object
    )
    codes = [f"n{p}" for p in range(k)]
    near = [cell for cell in every if shapely.intersects(cell.outline, area)]
    ids = [cell.id for cell in own]
    patch = draw_parts(near, ids, lands, codes, itertools.count(1000), **more)
    return patch.apply({cell.id: cell for cell in every}), at, part[graph.unit_of]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 3), st.integers(2, 8), seeds(), st.sampled_from([None, 12.0, 15.0]))
def test_a_village_divided_is_proven_and_every_part_is_one_grid_in_one_piece(v, k, seed, smooth_m):
    after, at, part = drawn(f"v{v}", k, seed, smooth_m=smooth_m)
    assert prove([cell.outline for cell in after.values()], county().outline).exact
    own = [cell for cell in after.values() if cell.village == f"v{v}"]
    assert {cell.grid for cell in own} == {f"n{p}" for p in range(k)}
    for p in range(k):
        assert len(pieces(cell for cell in own if cell.grid == f"n{p}")) == 1
    outside = {cell.id: cell.grid for cell in cells() if cell.village != f"v{v}"}
    assert {n: cell.grid for n, cell in after.items() if cell.village != f"v{v}"} == outside
    if smooth_m is None:
        points = shapely.points(at)
        for p in range(k):
            land = shapely.coverage_union_all(outlines_of(c for c in own if c.grid == f"n{p}"))
            assert shapely.intersects(land, points[part == p]).all()


def test_smoothed_lines_have_fewer_vertices_and_move_hardly_anybody():
    crooked, at, part = drawn("v1", 6, 11)
    smooth, _, _ = drawn("v1", 6, 11, smooth_m=15.0)
    count = [
        shapely.get_num_coordinates(outlines_of(c for c in after.values() if c.village == "v1"))
        for after in (crooked, smooth)
    ]
    assert count[1].sum() < count[0].sum()
    land = {
        p: shapely.coverage_union_all(outlines_of(c for c in smooth.values() if c.grid == f"n{p}"))
        for p in range(6)
    }
    moved = sum(
        not land[p].covers(place) for p, place in zip(part, shapely.points(at), strict=True)
    )
    assert moved <= 4


def test_one_part_takes_all_cells_as_they_are():
    after, _, _ = drawn("v2", 1, 0)
    before = {cell.id: cell for cell in cells()}
    assert after.keys() == before.keys()
    assert all(after[n].outline == cell.outline for n, cell in before.items())


def test_whole_cells_change_their_grid_and_nothing_else():
    every = cells()
    moving = {cell.id: "n1" for cell in every if cell.grid == "g0"}
    patch = relabel(every, moving)
    assert {cell.id for cell in patch.new} == set(moving)
    assert {cell.grid for cell in patch.new} == {"n1"}
    assert [cell.outline for cell in patch.old] == [cell.outline for cell in patch.new]
