from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import LineString, Polygon

from geo.county import invented_outline, make_county
from geo.coverage import prove, residue
from geo.crs import area_m2
from geo.errors import Refusal
from geo.lattice import SCALE, snap
from geo.patch import (
    Cell,
    Multipart,
    NotAPatch,
    OtherVillage,
    Patch,
    SameGrid,
    StalePatch,
    UnknownCell,
    UnknownGrid,
    assign,
    merge,
    pieces,
)
from geo.patch_split import (
    AlongBorder,
    BadSketch,
    Dangling,
    LockedBorder,
    MissesGrid,
    NotThrough,
    OnlySlivers,
    TooManyParts,
    split,
)
from tests import strategies

WEST, SOUTH, SIDE = 113.0, 30.0, 0.001
ONE = 1 / SCALE


def at(x, y):
    """A place in sides of the board; not rounded to the lattice."""
    return (WEST + x * SIDE, SOUTH + y * SIDE)


def sketch(*places):
    return LineString([at(x, y) for x, y in places])


def square(x, y, dx=1, dy=1):
    return snap([Polygon([at(x, y), at(x + dx, y), at(x + dx, y + dy), at(x, y + dy)])])[0]


@cache
def board(n=6):
    """n x n squares of some 100 m; grid M is the middle 2 x 2, every other square its own grid.

    The two eastern columns belong to another village.
    """
    cells = []
    for x, y in itertools.product(range(n), repeat=2):
        middle = x in {2, 3} and y in {2, 3}
        grid = "M" if middle else f"g{x}{y}"
        village = "east" if x > 3 else "west"
        cells.append(Cell(10 * x + y, village, grid, f"{grid}-{x}{y}", square(x, y)))
    return tuple(cells)


def state(cells):
    return {cell.id: cell for cell in cells}


def ids():
    return itertools.count(1000)


def cut(*places, cells=None, grid="M", **more):
    """Split a grid of the board, prove the whole again, return the cells afterwards."""
    before = cells or board()
    patch = split(before, grid, sketch(*places), "N", ids(), **more)
    after = patch.apply(state(before))
    require_proven(before, after.values())
    assert patch.inverse().apply(after) == state(before)
    return after


def require_proven(before, after):
    outlines = [cell.outline for cell in after]
    assert shapely.is_valid(outlines).all()
    assert residue(outlines) == residue([cell.outline for cell in before])
    assert prove(outlines, shapely.coverage_union_all([c.outline for c in before])).exact


def land(cells, grid):
    return shapely.coverage_union_all([c.outline for c in cells.values() if c.grid == grid])


def vertices(polygon):
    return {
        tuple(p) for p in np.rint(shapely.get_coordinates(polygon) * SCALE).astype(int).tolist()
    }


# --- the patch itself


@settings(max_examples=40, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_whatever_is_assigned_stays_proven_and_is_undone_to_the_byte(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = {k: Cell(k, "v", f"g{k % 3}", None, o) for k, o in enumerate(outlines)}
    before = {k: c.outline.wkb for k, c in cells.items()}
    chosen = rng.choice(len(cells), rng.integers(1, len(cells) + 1), replace=False).tolist()
    patch = assign(cells.values(), chosen, "g0", allow_pieces=True)
    after = patch.apply(cells)
    assert all(after[k].grid == "g0" for k in chosen)
    assert prove([c.outline for c in after.values()]).exact
    undone = patch.inverse().apply(after)
    assert undone == cells
    assert {k: c.outline.wkb for k, c in undone.items()} == before


def test_a_gap_an_overlap_or_a_lone_vertex_is_not_a_patch():
    west, east = square(0, 0), square(1, 0)
    old = (Cell(1, "v", "a", None, west), Cell(2, "v", "b", None, east))
    bent = Polygon([at(0, 0), at(1, 0), at(1, 0.5), at(1, 1), at(0, 1)])
    for outline in (square(0, 0, dy=0.5), square(0, 0, dx=1.5), bent):
        with pytest.raises(NotAPatch) as refused:
            Patch(old, (replace(old[0], outline=outline), old[1])).prove()
        assert {fault["kind"] for fault in refused.value.facts["faults"]} == {"boundary"}
        assert all(len(fault["at"]) == 2 for fault in refused.value.facts["faults"])


@pytest.mark.parametrize(
    ("outline", "kind"),
    [
        (Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)]), "invalid"),
        (Polygon(), "not_polygon"),
        (shapely.MultiPolygon([square(0, 0)]), "not_polygon"),
        (Polygon([at(0, 0), at(1, 0), (WEST + 5.5e-8, SOUTH + SIDE)]), "off_lattice"),
    ],
)
def test_a_new_cell_is_one_valid_polygon_on_the_lattice(outline, kind):
    old = (Cell(1, "v", "a", None, square(0, 0)),)
    with pytest.raises(NotAPatch) as refused:
        Patch(old, (replace(old[0], outline=outline),)).prove()
    assert kind in {fault["kind"] for fault in refused.value.facts["faults"]}


def test_an_id_stands_for_one_cell():
    cell = Cell(1, "v", "a", None, square(0, 0))
    twice = (cell, replace(cell, outline=square(1, 0)))
    with pytest.raises(NotAPatch, match="repeated"):
        Patch(twice, twice).prove()


def test_case_11_and_12_ring_start_and_direction_do_not_matter():
    ring = [at(0, 0), at(1, 0), at(1, 1), at(0, 1)]
    old = (Cell(1, "v", "a", None, snap([Polygon(ring)])[0]),)
    for turned in (ring[2:] + ring[:2], ring[::-1]):
        Patch(old, (replace(old[0], outline=snap([Polygon(turned)])[0]),)).prove()


def test_patches_compose_and_disjoint_ones_commute():
    start = state(board())
    one = assign(board(), [0], "g01")
    other = split(board(), "M", sketch((3, 1.5), (3, 4.5)), "N", ids())
    assert other.apply(one.apply(start)) == one.apply(other.apply(start))
    both = one.then(other)
    assert both.apply(start) == other.apply(one.apply(start))
    assert one.then(one.inverse()) == Patch((), ())
    again = other.then(other.inverse())
    assert again.apply(start) == start


def test_case_43_undo_after_a_later_edit_of_the_same_cell_names_the_cell():
    start = state(board())
    first = assign(board(), [22], "g12")
    later = assign(first.apply(start).values(), [22], "g21", allow_pieces=True)
    now = later.apply(first.apply(start))
    with pytest.raises(StalePatch) as refused:
        first.inverse().apply(now)
    assert refused.value.facts["cells"] == [22]
    with pytest.raises(StalePatch):
        first.then(first)


# --- assign


def test_assign_moves_cells_inside_a_village_and_relabels_them():
    patch = assign(board(), [22, 23], "g12", subgroups={22: "g12-9"})
    assert [(c.id, c.grid, c.subgroup) for c in patch.new] == [
        (22, "g12", "g12-9"),
        (23, "g12", "M-23"),
    ]
    assert [c.id for c in patch.old] == [22, 23]


def test_assign_of_what_is_already_there_changes_nothing():
    assert assign(board(), [22], "M") == Patch((), ())


def test_assign_refuses_what_would_cut_a_grid_in_two_and_lists_the_pieces():
    row = [Cell(k, "v", "a", None, square(k, 0, 1 + (k == 2), 1)) for k in (0, 1, 2)]
    other = Cell(9, "v", "b", None, square(1, 1))
    with pytest.raises(Multipart) as refused:
        assign([*row, other], [1], "b")
    facts = refused.value.facts
    assert (refused.value.code, facts["grid"], facts["n_pieces"]) == ("patch.multipart", "a", 2)
    assert [piece["cells"] for piece in facts["pieces"]] == [[2], [0]]
    assert facts["pieces"][0]["area_m2"] > facts["pieces"][1]["area_m2"]
    assert facts["at"] == facts["pieces"][1]["at"]
    assert assign([*row, other], [1], "b", allow_pieces=True).new[0].grid == "b"


def test_case_18_a_corner_is_no_border_to_hang_together_by():
    with pytest.raises(Multipart):
        assign(board(), [11], "M")


def test_case_37_the_last_cell_may_leave_and_its_grid_ends():
    patch = assign(board(), [12], "M")
    assert not [c for c in patch.apply(state(board())).values() if c.grid == "g12"]


def test_land_may_be_freed_and_taken_again_in_any_number_of_pieces():
    freed = assign(board(), [0, 22, 13], None)
    now = freed.apply(state(board()))
    assert {c.id for c in now.values() if c.grid is None} == {0, 22, 13}
    assert assign(now.values(), [22], "M").new[0].grid == "M"


def test_unknown_cells_and_other_villages_are_refused():
    with pytest.raises(UnknownCell):
        assign(board(), [777], "M")
    with pytest.raises(OtherVillage) as refused:
        assign(board(), [42], "M")
    assert refused.value.facts["cell_village"] == "east"


# --- merge


def test_merge_keeps_subgroups_and_unites_the_undivided_land():
    rest = [Cell(k, "v", g, None, square(k, 0)) for k, g in enumerate("ab")]
    named = Cell(2, "v", "b", "b-1", square(2, 0))
    patch = merge([*rest, named], "b", "a")
    after = patch.apply(state([*rest, named]))
    assert {c.id: (c.grid, c.subgroup) for c in after.values()} == {0: ("a", None), 2: ("a", "b-1")}
    assert after[0].outline.equals(square(0, 0, 2))
    require_proven([*rest, named], after.values())


def test_case_18_corner_neighbours_do_not_merge():
    with pytest.raises(Multipart):
        merge(board(), "g11", "M")


def test_case_24_two_grids_that_meet_twice_merge_around_what_lies_between():
    u = Polygon([at(0, 0), at(3, 0), at(3, 2), at(2, 2), at(2, 1), at(1, 1), at(1, 2), at(0, 2)])
    lid = Polygon([at(0, 2), at(1, 2), at(2, 2), at(3, 2), at(3, 3), at(0, 3)])
    a, b, c = snap([u, lid, square(1, 1)])
    cells = [Cell(1, "v", "u", None, a), Cell(2, "v", "lid", None, b), Cell(3, "v", "in", None, c)]
    after = merge(cells, "lid", "u").apply(state(cells))
    require_proven(cells, after.values())
    assert len(after[1].outline.interiors) == 1


def test_case_38_grids_of_two_villages_do_not_merge():
    with pytest.raises(OtherVillage):
        merge(board(), "g42", "M")


def test_merge_needs_two_grids_that_exist():
    with pytest.raises(SameGrid):
        merge(board(), "M", "M")
    with pytest.raises(UnknownGrid):
        merge(board(), "zz", "M")


# --- split


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
    assert np.allclose(refused.value.facts["vertices"], [at(0, 1), at(2, 1)])


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


RING = ((2.5, 2.5), (3.5, 2.5), (3.5, 3.5), (2.5, 3.5), (2.5, 2.5))


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


# --- all tools on a county


@cache
def county():
    made = make_county(invented_outline(radius_km=6, seed=4), [3, 2], 18, 90, 4)
    named = zip(made.cells, made.grid_of, made.village_of, strict=True)
    cells = tuple(
        Cell(k, f"v{village}", f"g{grid}", f"s{k}", outline)
        for k, (outline, grid, village) in enumerate(named)
    )
    return cells, made.outline


def a_line_through(outline, rng):
    west, south, east, north = outline.bounds
    centre = np.array(outline.point_on_surface().coords[0])
    turn = rng.uniform(0, np.pi)
    reach = np.array([np.cos(turn), np.sin(turn)]) * np.hypot(east - west, north - south)
    shake = rng.normal(size=(3, 2)) * np.hypot(*reach) * 0.05
    return LineString(
        [
            centre - reach,
            centre - reach * 0.2 + shake[0],
            centre + shake[1],
            centre + reach + shake[2],
        ]
    )


def an_edit(cells, rng, fresh):
    """A random wish; most can be granted, all others must be refused with a code."""
    grids = sorted({c.grid for c in cells.values()})
    grid = grids[rng.integers(len(grids))]
    own = [c for c in cells.values() if c.grid == grid]
    outline = shapely.coverage_union_all([c.outline for c in own])
    near = [c for c in cells.values() if c.outline.intersects(outline)]
    others = sorted({c.grid for c in near} - {grid}) or [grid]
    other = others[rng.integers(len(others))]
    both = [c for c in cells.values() if c.grid in {grid, other}]
    match rng.integers(4):
        case 0:
            return assign(both, [own[rng.integers(len(own))].id], other)
        case 1:
            return merge(both, grid, other)
        case _:
            codes = (f"n{next(fresh)}" for _ in range(3))
            line = a_line_through(outline, rng)
            return split(near, grid, line, next(codes), fresh, further_grids=list(codes))


@settings(max_examples=6, deadline=None)
@given(seed=strategies.seeds())
def test_any_edits_in_a_row_stay_proven_whole_and_are_undone_to_the_byte(seed):
    start, frame = county()
    rng, fresh = np.random.default_rng(seed), itertools.count(10_000)
    cells, done, refusals = state(start), [], []
    for _ in range(25):
        try:
            patch = an_edit(cells, rng, fresh)
        except Refusal as refused:
            refusals.append(refused)
            continue
        cells = patch.apply(cells)
        done.append(patch)
        assert prove([c.outline for c in cells.values()], frame).exact
        for grid in {c.grid for c in patch.new}:
            assert len(pieces(c for c in cells.values() if c.grid == grid)) == 1
    assert len(done) > 5
    assert {r.code for r in refusals} <= {
        "patch.multipart",
        "patch.other_village",
        "patch.same_grid",
        "split.locked_border",
        "split.slivers",
        "split.too_many_parts",
    }
    together = done[0]
    for patch in done[1:]:
        together = together.then(patch)
    assert together.apply(state(start)) == cells
    for patch in reversed(done):
        cells = patch.inverse().apply(cells)
    assert {k: c.outline.wkb for k, c in cells.items()} == {c.id: c.outline.wkb for c in start}
    assert cells == state(start)
