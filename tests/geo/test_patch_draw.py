from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

from geo.patch_draw import NoFreeLand, draw_grid
from geo.patch_sketch import BadSketch, TooSmall
from tests.geo.board import board, ids, land, require_proven, square, state


def freed(*numbers):
    return tuple(replace(c, grid=None, subgroup=None) if c.id in numbers else c for c in board())


def drawn(blob, cells, **more):
    """Draw a grid on the board, prove the whole again, return the cells afterwards."""
    patch = draw_grid(cells, blob, "N", ids(), **more)
    after = patch.apply(state(cells))
    require_proven(cells, after.values())
    assert patch.inverse().apply(after) == state(cells)
    (made,) = [c for c in after.values() if c.grid == "N"]
    assert made.subgroup is None
    return after


def test_a_grid_drawn_over_free_land_and_others_is_trimmed_to_the_free_land():
    after = drawn(square(0.5, 0.5, 3, 3), freed(11, 12))
    assert shapely.equals(land(after, "N"), square(1, 1, 1, 2))
    assert {11, 12}.isdisjoint(after)
    assert {k: c for k, c in after.items() if c.grid != "N"} == {
        c.id: c for c in freed(11, 12) if c.id not in {11, 12}
    }


def test_a_grid_inside_free_land_leaves_the_rest_free():
    after = drawn(square(1.2, 1.2, 0.5, 1.5), freed(11, 12))
    assert shapely.equals(land(after, "N"), square(1.2, 1.2, 0.5, 1.5))
    assert shapely.equals(shapely.union(land(after, "N"), land(after, None)), square(1, 1, 1, 2))


def test_of_two_pieces_the_larger_becomes_the_grid_and_the_other_stays_free():
    after = drawn(square(0.5, 1.5, 3, 1), freed(2, 22, 32))
    assert shapely.equals(land(after, "N"), square(2, 2, 1.5, 0.5))
    assert shapely.equals(after[2].outline, square(0, 2))


def test_a_new_grid_lies_in_the_village_with_the_most_free_land_in_the_area():
    after = drawn(square(2.8, 2.2, 2, 0.5), freed(32, 42))
    (made,) = [c for c in after.values() if c.grid == "N"]
    assert made.village == "west"
    assert shapely.equals(made.outline, square(3, 2.2, 1, 0.5))
    assert after[42].grid is None


def test_without_free_land_in_it_an_area_is_refused_with_a_place():
    for blob in (square(0.5, 0.5), square(1, 0)):
        with pytest.raises(NoFreeLand) as refused:
            drawn(blob, freed(11) if blob.bounds[0] > 113.0008 else board())
        assert blob.contains(shapely.Point(refused.value.facts["at"]))


def test_hardly_any_free_land_is_no_grid():
    with pytest.raises(TooSmall) as refused:
        drawn(square(0.96, 0.96, 0.1, 0.1), freed(11))
    assert refused.value.facts["area_m2"] < 50
    with pytest.raises(BadSketch):
        drawn(shapely.Point(113, 30), freed(11))
