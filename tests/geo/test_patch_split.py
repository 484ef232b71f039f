from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon

from geo.crs import area_m2
from geo.errors import Refusal
from geo.lattice import snap
from geo.patch import (
    Cell,
    UnknownGrid,
    merge,
    pieces,
)
from geo.patch_pieces import LockedBorder
from geo.patch_split import (
    AlongBorder,
    BadSketch,
    Dangling,
    MissesGrid,
    NotThrough,
    OnlySlivers,
    TooManyParts,
    split,
)
from tests.geo.board import (
    ONE,
    RING,
    SIDE,
    SOUTH,
    WEST,
    at,
    board,
    cut,
    ids,
    land,
    require_proven,
    sketch,
    square,
    state,
    vertices,
)


def test_a_split_along_subgroup_borders_moves_whole_cells():
    after = cut((3, 1.5), (3, 4.5))
    sides = [{c.id for c in after.values() if c.grid == grid} for grid in "MN"]
    assert sorted(sides, key=min) == [{22, 23}, {32, 33}]
    assert after.keys() == state(board()).keys()


def test_the_larger_part_keeps_the_code_and_the_larger_piece_its_subgroup():
    after = cut((1.5, 2.6), (4.5, 2.6))
    assert land(after, "M").area > land(after, "N").area
    assert {c.subgroup for c in after.values() if c.grid == "N"} == {"M-22", "M-32"}
    new = sorted(c.id for c in after.values() if c.id >= 1000)
    assert [(after[k].grid, after[k].subgroup) for k in new] == [("M", None), ("M", None)]
    assert all(area_m2([after[k].outline])[0] > 0.34 * area_m2([square(2, 2)])[0] for k in new)


def test_a_small_fragment_of_a_subgroup_joins_its_neighbour_on_that_side():
    after = cut((1.5, 2.8), (4.5, 2.8))
    assert {c.id: c.grid for c in after.values() if c.grid in "MN"} == {
        22: "N",
        32: "N",
        23: "M",
        33: "M",
    }
    assert after[23].outline.area == pytest.approx(1.2 * SIDE**2, rel=1e-4)


def test_case_01_a_line_that_ends_a_billionth_short_of_the_border_cuts_all_the_same():
    after = cut((2 + 1e-6, 2.5), (4 - 1e-6, 2.5))
    assert land(after, "N").area == pytest.approx(land(after, "M").area / 3, rel=1e-5)


def test_case_02_a_sketch_vertex_five_millimetres_from_a_node_uses_the_node():
    close = 0.45 * ONE / SIDE
    after = cut((2 - close, 2 + close), (3 + close, 3), (4, 4 - close))
    known = set().union(*(vertices(c.outline) for c in board()))
    assert set().union(*(vertices(c.outline) for c in after.values())) == known


def test_case_03_a_new_node_enters_every_cell_on_its_edge():
    after = cut((1.5, 2.5), (4.5, 2.6))
    nodes = {k: vertices(after[k].outline) for k in (12, 42, 22, 32)}
    new_west = nodes[12] - vertices(square(1, 2))
    new_east = nodes[42] - vertices(square(4, 2))
    assert len(new_west) == len(new_east) == 1
    assert new_west <= vertices(land(after, "M")) | vertices(land(after, "N"))
    assert new_east <= vertices(land(after, "M")) | vertices(land(after, "N"))


def test_case_04_on_a_village_border_the_node_goes_into_the_next_village():
    after = cut((1.5, 2.5), (4.5, 2.5))
    changed = after[42]
    assert changed.village == "east"
    assert (changed.grid, changed.subgroup) == ("g42", "g42-42")
    assert len(vertices(changed.outline)) == 5


def test_case_04_the_county_border_takes_no_new_node():
    lone = (Cell(1, "v", "M", None, square(0, 0, 2, 1)), Cell(2, "v", "b", None, square(2, 0)))
    with pytest.raises(LockedBorder) as refused:
        split(lone, "M", sketch((1, -0.5), (1, 1.5)), "N", ids())
    assert refused.value.facts["away_m"] > 30
    y = round((refused.value.facts["at"][1] - SOUTH) / SIDE)
    assert np.allclose(refused.value.facts["vertices"], [at(2 * y, y), at(2 - 2 * y, y)])


def test_case_04_near_a_vertex_of_the_county_border_the_line_is_bent_to_it():
    ring = [at(0, 0), at(1.1, 0), at(2, 0), at(2, 1), at(0.9, 1), at(0, 1)]
    lone = (Cell(1, "v", "M", None, snap([Polygon(ring)])[0]),)
    after = cut((1, -0.5), (1, 1.5), cells=lone)
    assert sorted(c.grid for c in after.values()) == ["M", "N"]
    assert set().union(*(vertices(c.outline) for c in after.values())) == vertices(lone[0].outline)


def test_case_06_edges_closer_than_a_lattice_step_end_in_a_proof_or_a_refusal():
    thin = Polygon([at(0, 0), at(4, 0), (WEST + 4 * SIDE, SOUTH + ONE), at(0, 1)])
    above = Polygon([at(0, 1), (WEST + 4 * SIDE, SOUTH + ONE), at(4, 1)])
    below = Polygon([at(0, -1), at(4, -1), at(4, 0), at(0, 0)])
    cells = [
        Cell(k, "v", g, None, snap([o])[0])
        for k, (g, o) in enumerate(zip("MAB", (thin, above, below), strict=True))
    ]
    codes = set()
    for x in (1.0, 3.9, 3.99999, 4 - ONE / SIDE):
        try:
            patch = split(cells, "M", sketch((x, -0.5), (x, 1)), "N", ids(), min_area_m2=0.0)
        except Refusal as refused:
            codes.add(refused.code)
        else:
            require_proven(cells, patch.apply(state(cells)).values())
    assert codes <= {"patch.unproven", "split.locked_border", "split.along_border"}


def test_case_10_repeated_places_and_spikes_in_the_sketch_do_no_harm():
    plain = cut((1.5, 2.5), (4.5, 2.5))
    twice = cut((1.5, 2.5), (1.5, 2.5), (3, 2.5), (3, 2.5), (3.4, 2.5), (3, 2.5), (4.5, 2.5))
    assert shapely.equals(land(plain, "N"), land(twice, "N"))


def test_case_12_clockwise_outlines_split_like_the_others():
    turned = tuple(replace(c, outline=c.outline.reverse()) for c in board())
    after = cut((1.5, 2.5), (4.5, 2.5), cells=turned)
    assert shapely.equals(land(after, "N"), land(cut((1.5, 2.5), (4.5, 2.5)), "N"))


def test_case_13_and_21_a_closed_sketch_makes_an_enclave_and_merging_closes_the_hole():
    after = cut(*RING)
    assert len(land(after, "M").interiors) == 1
    assert shapely.equals(land(after, "N"), square(2.5, 2.5))
    back = merge(after.values(), "N", "M").apply(after)
    assert shapely.equals(land(back, "M"), square(2, 2, 2, 2))
    require_proven(board(), back.values())


def test_case_14_an_enclave_that_touches_the_border_in_one_vertex():
    after = cut((2, 2), (3.5, 2.5), (2.5, 3.5), (2, 2))
    assert shapely.is_valid(land(after, "M"))
    assert len(pieces(c for c in after.values() if c.grid == "M")) == 1


def hollow_board():
    """The board with an enclave E in the middle of grid M."""
    ringed = cut(*RING).values()
    return tuple(replace(c, grid="E") if c.grid == "N" else c for c in ringed)


def test_case_15_a_line_through_a_hole_cuts_and_one_that_ends_in_it_does_not():
    after = cut((1.5, 3), (4.5, 3), cells=hollow_board())
    assert {c.grid for c in after.values()} >= {"M", "N", "E"}
    assert shapely.equals(land(after, "E"), square(2.5, 2.5))
    with pytest.raises(NotThrough):
        cut((1.5, 3), (3, 3), cells=hollow_board())


def test_case_17_an_untouched_cell_that_the_cut_cells_surround_stays_what_it_is():
    around = set(itertools.product((1, 2, 3), repeat=2)) - {(2, 2)}
    cells = [
        replace(c, grid="M") if divmod(c.id, 10) in around else replace(c, grid=f"g{c.id}")
        for c in board()
    ]
    ring = [(1.5, 1.5), (3.5, 1.5), (3.5, 3.5), (1.5, 3.5), (1.5, 1.5)]
    after = cut(*ring, cells=cells)
    assert after[22] == next(c for c in cells if c.id == 22)
    assert len(land(after, "N").interiors) == len(land(after, "M").interiors) == 1


def comb():
    """A grid with three teeth and the free land around them, nothing locked on the north side."""
    teeth = [
        (0, 0),
        (5, 0),
        (5, 2),
        (4, 2),
        (4, 1),
        (3, 1),
        (3, 2),
        (2, 2),
        (2, 1),
        (1, 1),
        (1, 2),
        (0, 2),
    ]
    shape = snap([Polygon([at(*p) for p in teeth])])[0]
    rest = snap([shapely.difference(square(-1, -1, 7, 4), shape)])[0]
    return (Cell(1, "v", "M", None, shape), Cell(2, "v", "b", None, rest))


def test_case_19_a_concave_grid_falls_into_as_many_parts_as_there_are_codes_for():
    across = ((-0.5, 1.5), (5.5, 1.5))
    with pytest.raises(TooManyParts) as refused:
        cut(*across, cells=comb())
    assert refused.value.facts["n_parts"] == len(refused.value.facts["parts"]) == 4
    after = cut(*across, cells=comb(), further_grids=["O", "P", "Q"])
    assert {c.grid for c in after.values()} == {"M", "N", "O", "P", "b"}
    assert land(after, "M").area > 6 * SIDE**2


@pytest.mark.parametrize(
    "line", [((2, 2), (2, 4)), ((2, 2), (4, 2), (4, 4)), ((2, 2.3), (2, 3.6)), ((1, 2), (4, 2))]
)
def test_case_20_a_line_along_the_own_border_is_refused(line):
    with pytest.raises(AlongBorder) as refused:
        cut(*line)
    assert len(refused.value.facts["at"]) == 2


def test_case_20_a_line_that_leaves_the_border_cuts_from_where_it_leaves():
    after = cut((2, 2), (2, 3), (4, 3), (4, 4))
    assert shapely.equals(shapely.union(land(after, "M"), land(after, "N")), square(2, 2, 2, 2))
    assert after.keys() == state(board()).keys()


def test_case_21_a_sketch_that_crosses_itself_makes_three_parts():
    loop = ((1.5, 2.4), (3.6, 2.4), (3.6, 3.6), (2.4, 3.6), (2.4, 1.5))
    with pytest.raises(TooManyParts) as refused:
        cut(*loop)
    assert refused.value.facts["n_parts"] == 3
    after = cut(*loop, further_grids="O")
    assert {c.grid for c in after.values()} >= set("MNO")


@pytest.mark.parametrize("end", [(0, 0), (5e-5, 0), (-3e-5, 4e-5)])
def test_case_21_a_double_click_on_the_start_closes_the_sketch(end):
    """The start comes once more, there or some millimetres beside it."""
    beside = (RING[0][0] + end[0], RING[0][1] + end[1])
    once, twice = cut(*RING), cut(*RING[:-1], beside, beside)
    assert shapely.equals(land(twice, "N"), land(once, "N"))
    require_proven(board(), twice.values())


def test_case_22_a_sketch_inside_one_cell_dangles():
    with pytest.raises(Dangling) as refused:
        cut((2.2, 2.2), (2.8, 2.8))
    assert shapely.contains_xy(square(2, 2), *refused.value.facts["at"])


def test_a_line_that_ends_inside_the_grid_dangles_even_if_it_cuts_a_subgroup():
    with pytest.raises(Dangling):
        cut((1.5, 2.5), (3.5, 2.5))


def test_case_23_what_lies_outside_the_grid_is_ignored():
    after = cut((-3, 2.5), (9, 2.5))
    assert {c.id for c in after.values() if c != state(board()).get(c.id)} >= {12, 42}
    assert after[2] == state(board())[2]
    assert after[52] == state(board())[52]


@pytest.mark.parametrize("line", [((0.2, 0.2), (0.8, 5)), ((1, 1.5), (1, 4.5)), ((1, 3), (3, 1))])
def test_a_line_that_does_not_enter_the_grid_misses_it(line):
    with pytest.raises(MissesGrid):
        cut(*line)


def test_what_is_too_small_to_be_a_grid_is_not_cut_off():
    with pytest.raises(OnlySlivers):
        cut((2.1, 1.96), (1.96, 2.1))
    after = cut((2.1, 1.96), (1.96, 2.1), min_area_m2=1.0)
    assert {c.grid for c in after.values()} >= {"M", "N"}


def test_a_sliver_beside_a_real_cut_joins_its_neighbour():
    after = cut((2.05, 1.5), (1.99, 2.06), (1.99, 3), (4.5, 3))
    assert shapely.equals(shapely.union(land(after, "M"), land(after, "N")), square(2, 2, 2, 2))
    assert len(pieces(c for c in after.values() if c.grid == "N")) == 1


@pytest.mark.parametrize(
    "line",
    [LineString(), LineString([at(3, 3), at(3, 3 + 1e-6)]), square(2, 2), shapely.Point(at(3, 3))],
)
def test_what_is_no_line_is_refused(line):
    with pytest.raises(BadSketch):
        split(board(), "M", line, "N", ids())


def test_a_grid_that_is_not_there_cannot_be_split():
    with pytest.raises(UnknownGrid):
        cut((1.5, 2.5), (4.5, 2.5), grid="zz")


def test_case_49_split_and_merged_back_the_grid_is_the_same_land_under_its_old_code():
    for line in (((1.5, 2.5), (4.5, 3)), ((3, 1.5), (3, 4.5)), RING):
        after = cut(*line)
        back = merge(after.values(), "N", "M").apply(after)
        difference = shapely.symmetric_difference(land(back, "M"), square(2, 2, 2, 2))
        assert area_m2(shapely.get_parts([difference])).sum() < 1
        assert not [c for c in back.values() if c.grid == "N"]
        require_proven(board(), back.values())
