"""Degenerate shapes and structures: what passes for valid elsewhere and is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon

from geo.coverage import prove, residue
from geo.faults import check
from geo.lattice import snap
from geo.patch import Cell, NotAPatch, Patch, assign, merge, pieces
from geo.patch_draw import draw_grid
from geo.patch_nibble import nibble
from geo.patch_reshape import reshape
from geo.polygon import rings
from geo.repair import repair
from tests.geo.board import at, board, cut, ids, land, require_proven, sketch, square, state


def squares():
    return [c.outline for c in board()]


def frame():
    return shapely.coverage_union_all(squares())


# --- shape


def test_case_14_a_hole_along_an_edge_of_the_shell_is_no_cell():
    shell, along, corner = square(0, 0, 4, 4), square(0, 1, 2, 2), [at(0, 0), at(2, 1), at(1, 2)]
    old = (Cell(1, "v", "a", None, shell),)
    bad = Polygon(shell.exterior, [along.exterior])
    torn = Patch(old, (replace(old[0], outline=bad), Cell(2, "v", "b", None, along)))
    with pytest.raises(NotAPatch) as refused:
        torn.prove()
    assert "invalid" in {fault["kind"] for fault in refused.value.facts["faults"]}
    inner = snap([Polygon(corner)])[0]
    good = Polygon(shell.exterior, [inner.exterior])
    Patch(old, (replace(old[0], outline=good), Cell(2, "v", "b", None, inner))).prove()


def test_case_15_a_spiral_cuts_as_many_parts_as_it_closes():
    turn = np.linspace(0, 3.9 * np.pi, 60)
    arm = np.column_stack((np.cos(turn), np.sin(turn))) * np.linspace(0.9, 0.25, 60)[:, None] + 3
    ways = [(5, 3), *arm.tolist()]
    closed = [*ways, (3, 3), (3.2, 3.95)]
    after = cut(*closed, further_grids=["O", "P", "Q", "R"], min_area_m2=1.0)
    parts = {c.grid for c in after.values()} - {c.grid for c in board()}
    assert len(parts) >= 2
    assert all(
        len(pieces(c for c in after.values() if c.grid == grid)) == 1 for grid in (*parts, "M")
    )


def ring_around(middle):
    """The 3 x 3 in the west as one grid M around an untouched cell of another."""
    around = {(x, y) for x in (0, 1, 2) for y in (1, 2, 3)} - {(1, 2)}
    return tuple(
        replace(c, grid="M") if divmod(c.id, 10) in around else replace(c, grid=f"g{c.id}")
        for c in board()
        if middle or c.id != 12
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda cells: nibble(cells, "g24", square(0.5, 1.5, 2, 2.6), ids(), loose="keep"),
        lambda cells: nibble(cells, "M", square(0.5, 1.5, 2, 2.6), ids(), loose="keep"),
        lambda cells: reshape(cells, "M", "g12", sketch((1, 2.2), (0.5, 2.5), (1, 2.8)), ids()),
    ],
)
def test_case_17_what_the_edited_cells_surround_keeps_its_owner(edit):
    cells = ring_around(middle=True)
    patch = edit(cells)
    after = patch.apply(state(cells))
    require_proven(cells, after.values())
    assert sum(c.outline.area for c in after.values()) == pytest.approx(36e-6)


def test_case_17_a_hole_that_nobody_owns_is_not_made_into_land():
    """An enclave of another county inside the cells that are edited."""
    cells = ring_around(middle=False)
    patch = nibble(cells, "M", square(0.5, 0.5, 2, 2), ids(), loose="keep")
    after = patch.apply(state(cells))
    assert residue([c.outline for c in after.values()]) == residue([c.outline for c in cells])
    assert not any(c.outline.contains(shapely.Point(at(1.5, 2.5))) for c in after.values())
    free = tuple(replace(c, grid=None) if c.grid == "M" else c for c in cells)
    made = draw_grid(free, square(0.5, 1.5, 2, 2), "N", ids()).apply(state(free))
    assert not land(made, "N").contains(shapely.Point(at(1.5, 2.5)))


def test_case_24_a_line_moves_the_piece_of_border_that_it_comes_back_to():
    """Two grids that meet on both sides of a third."""
    u = Polygon([at(0, 0), at(3, 0), at(3, 2), at(2, 2), at(2, 1), at(1, 1), at(1, 2), at(0, 2)])
    lid = Polygon([at(0, 2), at(1, 2), at(2, 2), at(3, 2), at(3, 3), at(0, 3)])
    around = shapely.difference(square(-1, -1, 5, 5), square(0, 0, 3, 3))
    around = snap(
        [Polygon(around.exterior, [[at(0, 0), at(3, 0), at(3, 2), at(3, 3), at(0, 3), at(0, 2)]])]
    )
    shapes = [*snap([u, lid, square(1, 1)]), *around]
    cells = tuple(
        Cell(k, "v", g, None, o) for k, (g, o) in enumerate(zip("abcr", shapes, strict=True))
    )
    for x in (0, 2):
        line = sketch((x + 0.1, 2), (x + 0.5, 2.4), (x + 0.9, 2))
        after = reshape(cells, "a", "b", line, ids()).apply(state(cells))
        require_proven(cells, after.values())
        assert land(after, "a").contains(shapely.Point(at(x + 0.5, 2.2)))
        assert shapely.equals(land(after, "c"), square(1, 1))


# --- structure: what a tolerance check lets pass and the proof does not


def test_case_29_a_missing_polygon_passes_for_valid_and_is_disproven():
    missing = [o for c, o in zip(board(), squares(), strict=True) if c.id != 22]
    assert shapely.coverage_is_valid(missing)
    assert prove(missing, frame()).missing + prove(missing, frame()).extra == 4


def test_case_30_a_hole_inside_a_cell_passes_for_valid_and_is_disproven():
    holed = squares()
    holed[0] = Polygon(square(0, 0).exterior, [square(0.3, 0.3, 0.2, 0.2).exterior])
    assert shapely.coverage_is_valid(holed)
    assert not prove(holed, frame()).exact
    assert not prove(holed).exact


def test_case_31_a_wide_look_for_gaps_misses_a_narrow_one_and_the_proof_does_not():
    west = [(0, 10), (10, 10), (10, 7), (10, 3), (10, 0), (0, 0)]
    east = [(10, 10), (20, 10), (20, 0), (10, 0), (10, 3), (11, 5), (10, 7)]
    assert not shapely.coverage_is_valid([Polygon(west), Polygon(east)], gap_width=1.0)
    assert shapely.coverage_is_valid([Polygon(west), Polygon(east)], gap_width=5.0)
    both = snap([Polygon(np.array(ring) * 1e-5 + (113, 30)) for ring in (west, east)])
    assert not prove(both).exact


@pytest.mark.parametrize(
    "more", [square(2, 2), square(2.0005, 2), square(2.2, 2.2, 0.5, 0.5), square(2, 2, 2, 2)]
)
def test_case_32_a_duplicate_exact_shifted_or_nested_is_disproven(more):
    assert not prove([*squares(), more], frame()).exact
    faults = check([*squares(), more], range(37), frame()).faults
    assert {fault.kind for fault in faults} <= {"duplicate", "overlap"}
    assert faults


def test_case_33_and_34_a_bow_tie_and_a_cover_for_everything_are_disproven():
    bow = Polygon([at(2, 2), at(3, 3), at(3, 2), at(2, 3)])
    twisted = [o for c, o in zip(board(), squares(), strict=True) if c.id != 22]
    assert prove([*twisted, bow], frame()).invalid == (35,)
    assert not prove([*squares(), square(-1, -1, 9, 9)], frame()).exact


def test_case_33_a_bow_tie_over_its_neighbours_is_told_and_repaired():
    bow = Polygon([at(1.8, 1.8), at(3.2, 3.1), at(3.2, 1.8), at(1.8, 3.1)])
    drawn = [bow if c.id == 22 else c.outline for c in board()]
    report = check(drawn, range(36), frame())
    assert report.count("invalid") == 1
    repaired = repair(drawn, [c.id for c in board()])
    proof = prove(repaired.cells)
    assert proof.exact
    assert repaired.lost == ()
    assert len(repaired.mended) == 1
    assert {c.id for c in board()} == {repaired.ids[k] for k in repaired.owner if k >= 0}


def test_case_35_a_grid_without_subgroups_and_one_that_they_do_not_fill_are_edited_alike():
    """Undivided land is a cell like any other; it joins other undivided land of its grid."""
    rest = tuple(replace(c, subgroup=None) if c.id in {12, 22} else c for c in board())
    after = merge(rest, "g12", "M").apply(state(rest))
    require_proven(rest, after.values())
    assert after[12].subgroup is None
    assert shapely.equals(after[12].outline, square(1, 2, 2, 1))
    assert {after[k].subgroup for k in (23, 32, 33)} == {"M-23", "M-32", "M-33"}
    bare = assign(rest, [22], None)
    assert bare.apply(state(rest))[22].grid is None


def test_case_40_every_part_of_a_multipolygon_counts():
    both = MultiPolygon([square(0, 0), square(2, 0)])
    assert len(shapely.get_rings(shapely.get_parts([both]))) == 2
    assert len(rings([both]).xy) == 8
    assert residue([both]) == residue([square(0, 0), square(2, 0)])


def test_case_41_repair_loses_no_polygon_where_cleaning_without_snapping_does():
    one = Polygon([(1, 0), (1, 1), (1, 3), (4, 0)])
    other = Polygon([(0, 4), (1, 3), (1, 0)])
    assert shapely.coverage_clean([one, other], snapping_distance=0)[1].area == 0
    given = [shapely.transform(o, lambda xy: xy * 1e-4 + (113, 30)) for o in (one, other)]
    repaired = repair(given, ["one", "other"])
    assert prove(repaired.cells).exact
    assert shapely.area(repaired.cells) == pytest.approx(shapely.area(given), rel=0.01)


@pytest.mark.parametrize(
    "broken",
    [
        LineString([at(2, 2), at(3, 3)]),
        Polygon([at(2, 2), at(3, 3), at(2, 2), at(2, 2)]),
        shapely.GeometryCollection([shapely.Point(at(2, 2)), square(2, 2)]),
        None,
    ],
)
def test_case_42_lines_points_and_collections_are_named_and_never_cells(broken):
    others = [o for c, o in zip(board(), squares(), strict=True) if c.id != 22]
    assert prove([*others, broken], frame()).invalid == (35,)
    assert check([*others, broken], range(36), frame()).count("invalid") == 1
