from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import shapely
from hypothesis import given, settings
from shapely.geometry import LineString

from geo.county import invented_outline, make_county
from geo.coverage import prove
from geo.errors import Refusal
from geo.patch import (
    Cell,
    assign,
    merge,
    pieces,
)
from geo.patch_reshape import reshape
from geo.patch_split import (
    split,
)
from tests import strategies
from tests.geo.board import (
    state,
)


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


def a_line_beside(both, grid, other, rng):
    """A crooked line from one place on the border of two grids to another."""
    mine, theirs = (
        shapely.coverage_union_all([c.outline for c in both if c.grid == g]) for g in (grid, other)
    )
    border = shapely.line_merge(shapely.intersection(mine.boundary, theirs.boundary))
    longest = max(shapely.get_parts(border), key=lambda line: line.length)
    along = np.sort(rng.uniform(0, 1, 2))
    inner = np.linspace(*along, rng.integers(3, 8))
    xy = shapely.get_coordinates(shapely.line_interpolate_point(longest, inner, normalized=True))
    xy[1:-1] += rng.normal(size=(len(xy) - 2, 2)) * longest.length * 0.1
    return LineString(xy)


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
    match rng.integers(5):
        case 0:
            return assign(both, [own[rng.integers(len(own))].id], other)
        case 1:
            return merge(both, grid, other)
        case 2:
            touching = shapely.union_all([c.outline for c in both])
            around = [c for c in cells.values() if c.outline.intersects(touching)]
            line = a_line_beside(both, grid, other, rng)
            return reshape(around, grid, other, line, fresh)
        case _:
            codes = (f"n{next(fresh)}" for _ in range(3))
            line = a_line_through(outline, rng)
            return split(near, grid, line, next(codes), fresh, further_grids=list(codes))


@settings(max_examples=20, deadline=None)
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
        "reshape.leaves",
        "reshape.no_border",
        "reshape.touches_once",
    }
    together = done[0]
    for patch in done[1:]:
        together = together.then(patch)
    assert together.apply(state(start)) == cells
    for patch in reversed(done):
        cells = patch.inverse().apply(cells)
    assert {k: c.outline.wkb for k, c in cells.items()} == {c.id: c.outline.wkb for c in start}
    assert cells == state(start)
