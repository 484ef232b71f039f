"""Degenerate numbers: what rounding, floats and thin shapes may do to an edit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import LineString, Polygon

from geo.coverage import prove, residue
from geo.crs import MetricFrame
from geo.errors import Refusal
from geo.lattice import keys, snap
from geo.patch import Cell, Patch, merge
from geo.patch_move import move_vertex
from geo.patch_nibble import nibble
from geo.patch_reshape import reshape
from geo.patch_split import split
from tests import strategies
from tests.geo.board import (
    ONE,
    SIDE,
    SOUTH,
    WEST,
    at,
    board,
    ids,
    land,
    require_proven,
    sketch,
    square,
    state,
)

EXPECTED = {
    "move.folds",
    "move.leaves",
    "move.locked",
    "nibble.nothing",
    "patch.multipart",
    "patch.unproven",
    "reshape.leaves",
    "reshape.no_border",
    "reshape.touches_once",
    "sketch.invalid",
    "split.along_border",
    "split.dangling",
    "split.locked_border",
    "split.misses",
    "split.not_through",
    "split.slivers",
}


def wedge(height_steps):
    """A field with a wedge of a few lattice steps under it, and land below."""
    tip = (WEST + 4 * SIDE, SOUTH + height_steps * ONE)
    rings = {
        "A": [at(0, 1), tip, at(4, 1)],
        "M": [at(0, 0), at(4, 0), tip, at(0, 1)],
        "B": [at(0, -1), at(4, -1), at(4, 0), at(0, 0)],
    }
    return tuple(
        Cell(k, "v", grid, None, snap([Polygon(ring)])[0])
        for k, (grid, ring) in enumerate(rings.items())
    )


def tried(edit):
    """The patch and "made", or none and the code of the refusal."""
    try:
        return edit(), "made"
    except Refusal as refused:
        return None, refused.code


def outcome(cells, edit):
    """The code of a refusal, or "made" after the whole has been proven again."""
    patch, code = tried(edit)
    if patch is not None:
        require_proven(cells, patch.apply(state(cells)).values())
    return code


@settings(max_examples=60, deadline=None)
@given(seed=strategies.seeds())
def test_case_05_what_rounding_pushes_across_a_near_edge_is_proven_after_rounding(seed):
    rng = np.random.default_rng(seed)
    cells = wedge(int(rng.integers(1, 6)))
    x = 4 - rng.choice([1e-5, 1e-4, 1e-3, 0.1, 1.0])
    low, high = sorted(rng.uniform(-0.4, 0.4, 2))
    near = LineString([at(x, low - 0.1), at(x + rng.normal() * 1e-4, high + 0.1)])
    bay = [(x - 0.5, 0), (x, rng.normal() * 2e-4), (4 - 1e-5, 0)]
    blob = Polygon([at(x, -0.2), at(4.2, -0.2), at(4.2, rng.normal() * 1e-3), at(x, 1e-4)])
    found = {
        outcome(cells, lambda: split(cells, "M", near, "N", ids(), min_area_m2=0.0)),
        outcome(cells, lambda: reshape(cells, "M", "B", sketch(*bay), ids(), snap_m=0.5)),
        outcome(cells, lambda: nibble(cells, "B", blob, ids())),
        outcome(cells, lambda: nibble(cells, "A", blob, ids(), loose="keep")),
        outcome(cells, lambda: move_vertex(cells, at(0, 0), at(x, 1e-4), ids())),
    }
    assert found <= {*EXPECTED, "made"}


def test_case_07_a_thin_cell_is_never_rounded_to_nothing():
    thin = Polygon([at(0, 0), at(4, 0), (WEST + 2 * SIDE, SOUTH + 0.4 * ONE)])
    assert shapely.set_precision(thin, ONE).is_empty
    (kept,) = snap([thin])
    assert not kept.is_empty
    assert prove([kept]).invalid == (0,)


def test_case_08_floats_that_differ_in_the_last_bit_are_one_place():
    shaken = tuple(
        replace(c, outline=shapely.transform(c.outline, lambda xy: np.nextafter(xy, np.inf)))
        for c in board()
        if c.id % 2
    )
    given_ = {**state(board()), **state(shaken)}
    assert residue([c.outline for c in given_.values()]) == residue([c.outline for c in board()])
    patch = split(given_.values(), "M", sketch((1.5, 2.5), (4.5, 2.6)), "N", ids())
    require_proven(board(), patch.apply(given_).values())
    moved = move_vertex(given_.values(), at(3, 3), at(3.1, 3.1), ids())
    require_proven(board(), moved.apply(given_).values())


def test_case_09_a_node_lies_on_the_edge_that_is_straight_in_degrees():
    """On an edge of 30 km the straight line in metres runs tens of metres beside it."""
    far = 0.3
    west, east = (99.0, 25.0), (99.0 + far, 25.0 + far)
    upper = snap([Polygon([west, east, (99.0, 25.0 + far)])])[0]
    lower = snap([Polygon([west, (99.0 + far, 25.0), east])])[0]
    plane = MetricFrame.at(99.0)
    ends = plane.project_xy(np.array([west, east]))
    middle = plane.unproject_xy(ends.mean(axis=0))[0]
    assert LineString([west, east]).distance(shapely.Point(middle)) * 111_000 > 5
    cells = (Cell(1, "v", "M", None, upper), Cell(2, "v", "b", None, lower))
    line = LineString([(99.0 - 0.1, 25.0 + far + 0.05), (99.16, 25.1)])
    patch = split(cells, "M", line, "N", ids(), border_reach_m=1e6)
    after = patch.apply(state(cells))
    require_proven(cells, after.values())
    (node,) = {tuple(k) for k in keys(shapely.get_coordinates(after[2].outline)).tolist()} - {
        tuple(k) for k in keys(shapely.get_coordinates(lower)).tolist()
    }
    edge = LineString(keys(np.array([west, east])))
    assert edge.distance(shapely.Point(node)) < 0.75


def test_case_10_spikes_and_repeats_in_a_drawn_area_do_no_harm():
    box = list(square(1.6, 2.2, 1, 0.6).exterior.coords)
    repeated = Polygon([box[0], box[0], box[1], box[1], *box[2:]])
    plain = nibble(board(), "M", Polygon(box), ids()).apply(state(board()))
    assert nibble(board(), "M", repeated, ids()).apply(state(board())) == plain


def test_case_12_heights_measures_and_foreign_srids_leave_no_trace():
    old = (Cell(1, "v", "a", None, square(0, 0)),)
    tall = shapely.set_srid(shapely.force_3d(square(0, 0), 12.5), 4490)
    assert residue([tall]) == residue([old[0].outline])
    Patch(old, (replace(old[0], outline=snap([tall])[0]),)).prove()
    high = [replace(c, outline=shapely.force_3d(c.outline, 3.0)) for c in board()]
    patch = split(high, "M", sketch((1.5, 2.5), (4.5, 2.6)), "N", ids())
    made = [c.outline for c in patch.new if c.grid == "N"]
    assert not shapely.has_z(made).any()


@settings(max_examples=30, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_case_16_the_parts_of_a_split_are_the_grid_and_nothing_else(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = tuple(Cell(k, "v", f"g{k % 3}", None, o) for k, o in enumerate(outlines))
    west, south, east, north = shapely.total_bounds(outlines)
    xy = rng.uniform([west, south], [east, north], (rng.integers(3, 9), 2))
    codes = [f"n{k}" for k in range(40)]
    patch, code = tried(
        lambda: split(cells, "g0", LineString(xy), codes[0], ids(), further_grids=codes[1:])
    )
    assert code in {*EXPECTED, "made"}
    if patch is None:
        return
    after = patch.apply(state(cells))
    require_proven(cells, after.values())
    before = land(state(cells), "g0")
    parts = shapely.coverage_union_all(
        [c.outline for c in after.values() if c.grid == "g0" or c.grid in codes]
    )
    difference = shapely.symmetric_difference(before, parts)
    assert shapely.area(difference) <= 1.5 * ONE * shapely.length(before)


def undivided():
    """The board with grid M as one cell that has the vertices of its neighbours."""
    rest = replace(state(board())[22], subgroup=None, outline=land(state(board()), "M"))
    return (*(c for c in board() if c.grid != "M"), rest)


@pytest.mark.parametrize(
    "line",
    [
        [(1.5, 2.5), (4.5, 2.6)],
        [(3, 1.5), (3, 4.5)],
        [(1.5, 2.2), (3, 3.7), (4.5, 2.9)],
        [(2.5, 2.5), (3.5, 2.5), (3.2, 3.5), (2.5, 2.5)],
    ],
)
def test_case_49_split_and_merged_back_an_undivided_grid_is_the_same_polygon(line):
    cells = undivided()
    there = split(cells, "M", sketch(*line), "N", ids())
    after = there.apply(state(cells))
    back = merge(after.values(), "N", "M").apply(after)
    require_proven(cells, back.values())
    found = sorted(shapely.normalize(c.outline).wkb for c in back.values())
    assert found == sorted(shapely.normalize(c.outline).wkb for c in cells)
    assert {c.grid for c in back.values()} == {c.grid for c in cells}


@settings(max_examples=25, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_case_49_holds_for_any_undivided_grid_and_any_line_that_cuts_it(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = tuple(Cell(k, "v", f"g{k}", None, o) for k, o in enumerate(outlines))
    grid = f"g{rng.integers(len(cells))}"
    west, south, east, north = land(state(cells), grid).bounds
    xy = rng.uniform([west, south], [east, north], (2, 2))
    line = LineString([xy[0] - 3 * (xy[1] - xy[0]), *xy, xy[1] + 3 * (xy[1] - xy[0])])
    patch, code = tried(lambda: split(cells, grid, line, "N", ids()))
    assert code in {*EXPECTED, "made", "split.too_many_parts"}
    if patch is None:
        return
    after = patch.apply(state(cells))
    back = merge(after.values(), "N", grid).apply(after)
    found = sorted(shapely.normalize(c.outline).wkb for c in back.values())
    assert found == sorted(shapely.normalize(c.outline).wkb for c in cells)
