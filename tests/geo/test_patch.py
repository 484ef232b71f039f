from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import Polygon

from geo.coverage import prove
from geo.lattice import snap
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
    split,
)
from tests import strategies
from tests.geo.board import (
    SIDE,
    SOUTH,
    WEST,
    at,
    board,
    ids,
    require_proven,
    sketch,
    square,
    state,
)


@settings(max_examples=40, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_whatever_is_assigned_stays_proven_and_is_undone_to_the_byte(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = {k: Cell(k, "v", f"g{k % 3}", None, o) for k, o in enumerate(outlines)}
    before = {k: c.outline.wkb for k, c in cells.items()}
    chosen = rng.choice(len(cells), rng.integers(1, len(cells) + 1), replace=False).tolist()
    patch = assign(cells.values(), chosen, "g0", loose="keep")
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
    later = assign(first.apply(start).values(), [22], "g21", loose="keep")
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
    assert [piece["cell_ids"] for piece in facts["pieces"]] == [[2], [0]]
    assert facts["pieces"][0]["area_m2"] > facts["pieces"][1]["area_m2"]
    assert facts["at"] == facts["pieces"][1]["at"]
    assert assign([*row, other], [1], "b", loose="keep").new[0].grid == "b"


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


def test_a_new_grid_is_made_of_what_was_freed_of_others():
    freed = assign(board(), [12, 11], None).apply(state(board()))
    assert {freed[k].grid for k in (11, 12)} == {None}
    founded = assign(freed.values(), [11, 12], "new", subgroups={11: None, 12: None})
    after = founded.apply(freed)
    assert len(pieces(c for c in after.values() if c.grid == "new")) == 1
    assert merge(after.values(), "new", "g10").apply(after)[10].grid == "g10"


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
