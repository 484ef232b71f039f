from __future__ import annotations

import pytest
import shapely

from geo.patch import Cell, Multipart, OtherVillage, UnknownGrid, pieces
from geo.patch_reshape import LeavesGrids, NoSharedBorder, TouchesOnce, reshape
from geo.patch_split import BadSketch
from tests.geo.board import board, ids, land, require_proven, sketch, square, state


def moved(*places, cells=None, a="M", b="g12", **more):
    """Reshape on the board, prove the whole again, return the cells afterwards."""
    before = cells or board()
    patch = reshape(before, a, b, sketch(*places), ids(), **more)
    after = patch.apply(state(before))
    require_proven(before, after.values())
    assert patch.inverse().apply(after) == state(before)
    return after


def two(width=4, height=2):
    """Two wide neighbours inside a ring of other land."""
    west, east = square(0, 0, width, height), square(width, 0, width, height)
    around = shapely.difference(
        square(-1, -1, 2 * width + 2, height + 2), shapely.union(west, east)
    )
    ring = Cell(3, "v", "r", None, around)
    return (Cell(1, "v", "a", None, west), Cell(2, "v", "b", None, east), ring)


def test_a_bulge_moves_land_and_the_shared_border_once():
    after = moved((4, 0.5), (5, 0.5), (5, 1.5), (4, 1.5), cells=two(), a="a", b="b")
    bulge = square(4, 0.5)
    assert shapely.equals(land(after, "a"), shapely.union(square(0, 0, 4, 2), bulge))
    assert shapely.equals(land(after, "b"), shapely.difference(square(4, 0, 4, 2), bulge))


def test_ends_near_the_border_are_drawn_on_to_it():
    after = moved((4.03, 0.5), (5, 0.5), (5, 1.5), (3.97, 1.5), cells=two(), a="a", b="b")
    assert land(after, "a").area > land(after, "b").area
    assert len(pieces(after.values())) == 1


def test_case_25_a_line_may_cross_the_old_border_many_times():
    zigzag = [(4, 0.2), (4.3, 0.4), (3.7, 0.8), (4.3, 1.2), (3.7, 1.6), (4, 1.8)]
    after = moved(*zigzag, cells=two(), a="a", b="b")
    assert {c.id for c in after.values()} == {1, 2, 3}


def test_subgroups_follow_and_a_whole_one_keeps_its_name():
    after = moved((2, 2), (3, 2), (3, 3), (2, 3), b="g12", cells=board())
    assert after[22].grid == "g12"
    assert after[22].subgroup == "M-22"


def test_case_26_a_line_into_a_third_grid_is_refused_with_the_place():
    with pytest.raises(LeavesGrids) as refused:
        moved((4, 0.5), (5, 0.5), (5, 2.5), (4, 1.5), cells=two(), a="a", b="b")
    assert len(refused.value.facts["at"]) == 2


def test_a_line_that_would_tear_a_grid_apart_is_refused():
    with pytest.raises(Multipart) as refused:
        moved((4, 0.2), (7, 0), (7, 2), (6, 2), (6, 0.3), (4, 0.5), cells=two(), a="a", b="b")
    assert refused.value.facts["n_pieces"] >= 2


@pytest.mark.parametrize("line", [((1, 1), (2, 1)), ((3, 1), (5, 1)), ((4, 0.2), (4, 1.8))])
def test_a_line_that_does_not_come_back_to_the_border_changes_nothing(line):
    with pytest.raises(TouchesOnce):
        moved(*line, cells=two(), a="a", b="b")


def test_grids_need_a_border_in_one_village_and_a_line():
    with pytest.raises(NoSharedBorder):
        moved((1, 1), (2, 2), a="g00", b="M")
    with pytest.raises(OtherVillage):
        moved((4, 2), (4, 3), b="g42")
    with pytest.raises(UnknownGrid):
        moved((4, 2), (4, 3), b="zz")
    with pytest.raises(BadSketch):
        reshape(board(), "M", "g12", square(0, 0), ids())


def test_case_13_the_border_of_an_enclave_moves_the_short_way_round():
    inner = square(1, 1)
    outer = shapely.Polygon(square(0, 0, 3, 3).exterior, [inner.exterior])
    cells = (Cell(1, "v", "a", None, outer), Cell(2, "v", "b", None, inner))
    after = moved((1.2, 1), (1.5, 0.6), (1.8, 1), cells=cells, a="a", b="b")
    assert land(after, "b").area > inner.area
    after = moved((1, 1.2), (0.6, 1), (1.2, 1), cells=cells, a="a", b="b")
    assert land(after, "b").area == pytest.approx(1.06 * inner.area, rel=0.05)
