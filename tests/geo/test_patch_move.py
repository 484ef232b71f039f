from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import LineString

from geo.arcs import arcs
from geo.errors import Refusal
from geo.lattice import snap
from geo.patch import Cell, Multipart, pieces
from geo.patch_move import (
    Folds,
    LockedVertex,
    NotABorder,
    RunsAway,
    Torn,
    Vanishes,
    move_vertex,
    redraw_arcs,
)
from tests import strategies
from tests.geo.board import at, board, ids, land, require_proven, square, state


def line(*places):
    return LineString([at(*p) for p in places])


def moved(start, to, cells=None, **more):
    before = cells or board()
    return done(before, move_vertex(before, at(*start), at(*to), ids(), **more))


def redrawn(*pairs, cells=None, **more):
    before = cells or board()
    lines = [(line(*old), line(*new)) for old, new in pairs]
    return done(before, redraw_arcs(before, lines, ids(), **more))


def done(before, patch):
    after = patch.apply(state(before))
    require_proven(before, after.values())
    assert patch.inverse().apply(after) == state(before)
    return after


def strip():
    """Three cells in a row, the middle one narrow: grids a, b and c inside a ring of other land."""
    west, middle, east = square(0, 0, 4, 4), square(4, 0, 1, 4), square(5, 0, 4, 4)
    around = shapely.difference(square(-1, -1, 11, 6), shapely.union_all([west, middle, east]))
    return tuple(
        Cell(k, "v", grid, f"{grid}-1", outline)
        for k, (grid, outline) in enumerate(zip("abcr", (west, middle, east, around), strict=True))
    )


@settings(max_examples=60, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_a_vertex_moved_anywhere_stays_proven_or_is_refused_with_a_place(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = [Cell(k, "v", f"g{k % 3}", None, o) for k, o in enumerate(outlines)]
    xy = shapely.get_coordinates(outlines)
    start = xy[rng.integers(len(xy))]
    to = start + rng.normal(size=2) * rng.choice([1e-5, 1e-4, 1e-3])
    refused = None
    try:
        patch = move_vertex(cells, tuple(start), tuple(to), ids(), loose="keep")
    except Refusal as caught:
        refused = caught
    if refused is None:
        done(cells, patch)
    else:
        assert len(refused.facts.get("at") or refused.facts["faults"][0]["at"]) == 2


@settings(max_examples=40, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_an_arc_redrawn_and_redrawn_back_is_as_it_was(outlines, seed):
    rng = np.random.default_rng(seed)
    cells = [Cell(k, "v", "g", None, o) for k, o in enumerate(outlines)]
    inner = [arc for arc in arcs(cells) if arc.right is not None]
    line = inner[rng.integers(len(inner))].line
    xy = shapely.get_coordinates(line)
    crooked = np.insert(xy, 1, xy[:2].mean(axis=0) + rng.normal(size=2) * 2e-5, axis=0)
    new = LineString(crooked)
    try:
        there = redraw_arcs(cells, [(line, new)], ids())
    except Refusal:
        return
    after = done(cells, there)
    back = redraw_arcs(after.values(), [(snap([new])[0], line)], ids()).apply(after)
    assert [shapely.normalize(back[c.id].outline) for c in cells] == [
        shapely.normalize(c.outline) for c in cells
    ]


def test_a_node_of_four_cells_moves_in_all_of_them():
    after = moved((3, 3), (3.2, 3.1))
    assert {k for k, c in after.items() if c != state(board())[k]} == {22, 23, 32, 33}


def test_a_vertex_dragged_on_to_the_next_one_is_gone():
    after = redrawn(([(3, 2), (3, 3)], [(3, 2), (3.2, 2.5), (3, 3)]))
    back = moved((3.2, 2.5), (3, 3), cells=tuple(after.values()))
    assert [shapely.normalize(back[c.id].outline) for c in board()] == [
        shapely.normalize(c.outline) for c in board()
    ]


def test_a_piece_of_a_border_is_redrawn_in_both_its_cells():
    after = redrawn(([(3, 3), (3, 2)], [(3, 3), (2.5, 2.5), (3, 2)]))
    assert len(after[22].outline.exterior.coords) == len(after[32].outline.exterior.coords) == 6
    assert after.keys() == state(board()).keys()


def test_case_04_the_county_border_is_locked():
    with pytest.raises(LockedVertex) as refused:
        moved((0, 3), (0.1, 3))
    assert refused.value.facts["at"] == pytest.approx(at(0, 3))
    with pytest.raises(LockedVertex):
        redrawn(([(0, 3), (0, 4)], [(0, 3), (0.1, 3.5), (0, 4)]))
    with pytest.raises(LockedVertex):
        redrawn(([(1, 3), (0, 3)], [(1, 3), (0, 3.5)]))
    with pytest.raises(LockedVertex):
        redrawn(([(1, 3), (1, 2)], [(1, 3), (-1, 2.5), (1, 2)]))


def test_a_node_moves_with_all_its_borders_or_not_at_all():
    with pytest.raises(Torn) as refused:
        redrawn(([(3, 2), (3, 3)], [(3, 2), (3.2, 3)]))
    assert refused.value.facts["at"] == pytest.approx(at(3, 3))


def test_what_is_no_border_any_more_is_refused():
    with pytest.raises(NotABorder):
        moved((2.5, 2.5), (2.6, 2.5))
    for line in ([(2, 2), (3, 3)], [(2, 2), (3, 2), (4, 2), (4, 3), (3, 3)]):
        with pytest.raises(NotABorder) as refused:
            redrawn((line, [line[0], (2.5, 2.2), line[-1]]))
        assert len(refused.value.facts["at"]) == 2


def test_case_27_a_node_dragged_across_another_edge_is_refused_with_the_place():
    with pytest.raises(RunsAway) as refused:
        moved((3, 3), (3.4, 4.5))
    assert shapely.contains_xy(square(2, 4, 2, 1), *refused.value.facts["at"])


@pytest.mark.parametrize(
    "course",
    [
        [(3.5, 2.8), (2.5, 2.4), (3.5, 2.3), (2.5, 2.7), (2.5, 2.1)],
        [(2.5, 2.9), (3.5, 2.5), (2.5, 2.1), (2.9, 2.9)],
    ],
)
def test_a_bow_tie_is_refused_with_the_place(course):
    with pytest.raises(Folds) as refused:
        redrawn(([(3, 3), (3, 2)], [(3, 3), *course, (3, 2)]))
    assert shapely.contains_xy(square(2, 2, 2, 1), *refused.value.facts["at"])


def test_case_28_a_drag_that_makes_only_the_neighbour_invalid_is_refused():
    """The cell on the left stays a fine polygon; the narrow one on the right would be pierced."""
    before = done(
        strip(),
        redraw_arcs(
            strip(),
            [(line((4, 0), (4, 4)), line((4, 0), (4, 2), (4, 4)))],
            ids(),
        ),
    )
    with pytest.raises(RunsAway) as refused:
        moved((4, 2), (6, 2), cells=tuple(before.values()))
    assert shapely.contains_xy(square(5, 0, 4, 4), *refused.value.facts["at"])


def test_a_border_drawn_through_further_cells_of_its_grids_takes_them_along():
    cells = [replace(c, grid="b") if c.grid == "c" else c for c in strip()]
    after = redrawn(
        ([(4, 0), (4, 4)], [(4, 0), (4, 1), (7, 1), (7, 3), (4, 3), (4, 4)]), cells=cells
    )
    assert shapely.equals(land(after, "a"), shapely.union(square(0, 0, 4, 4), square(4, 1, 3, 2)))
    assert len(pieces(c for c in after.values() if c.grid == "b")) == 1


def test_what_a_redrawn_border_cuts_off_is_offered():
    cells = [replace(c, grid="b") if c.id == 4 else c for c in strip()]
    course = ([(4, 0), (4, 4)], [(4, 0), (4, 1), (5, 1), (5, 3), (4, 3), (4, 4)])
    with pytest.raises(Multipart) as refused:
        redrawn(course, cells=cells)
    assert [p["loose"] for p in refused.value.facts["pieces"]] == [False, True]
    assert len(redrawn(course, cells=cells, loose="keep")) >= len(cells)
    given_away = redrawn(course, cells=cells, loose="c")
    assert len(pieces(c for c in given_away.values() if c.grid == "b")) == 1


def test_a_cell_is_not_swallowed_by_a_drag():
    with pytest.raises((Vanishes, Folds)):
        redrawn(([(3, 3), (3, 2)], [(3, 3), (4, 3), (4, 2), (3, 2)]))
