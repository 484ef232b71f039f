from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from hypothesis import given, settings

from geo.arcs import arcs
from geo.coverage import chain
from geo.lattice import keys, pack
from geo.patch import Cell
from tests import strategies
from tests.geo.board import board, square


def made_of(outlines):
    return [Cell(k, "v", "g", None, outline) for k, outline in enumerate(outlines)]


@settings(max_examples=50, deadline=None)
@given(outlines=strategies.coverages())
def test_each_border_is_one_arc_and_the_arcs_around_a_cell_are_its_rings(outlines):
    cells = made_of(outlines)
    found = arcs(cells)
    for cell in cells:
        u, v = [], []
        for arc in found:
            line = pack(keys(np.array(arc.line.coords)))
            if arc.left == cell.id:
                u, v = [*u, *line[:-1]], [*v, *line[1:]]
            if arc.right == cell.id:
                u, v = [*u, *line[1:]], [*v, *line[:-1]]
        ring = pack(keys(np.array(shapely.orient_polygons(cell.outline).exterior.coords)))
        assert chain(np.array(u), np.array(v)) == chain(ring[:-1], ring[1:])


@settings(max_examples=20, deadline=None)
@given(outlines=strategies.coverages(), seed=strategies.seeds())
def test_arcs_do_not_depend_on_the_order_of_cells_or_the_start_of_rings(outlines, seed):
    cells = made_of(outlines)
    rng = np.random.default_rng(seed)
    turned = []
    for cell in rng.permutation(np.array(cells, dtype=object)).tolist():
        ring = list(cell.outline.exterior.coords)[:-1]
        by = int(rng.integers(len(ring)))
        ring = (ring[by:] + ring[:by])[:: rng.choice((-1, 1))]
        turned.append(replace(cell, outline=shapely.Polygon(ring)))
    assert arcs(turned) == arcs(cells)


def test_an_arc_ends_where_three_borders_meet_and_names_both_sides():
    west, north, south = square(0, 0, 1, 2), square(1, 1), square(1, 0)
    west = shapely.Polygon(
        [*west.exterior.coords[:2], *south.exterior.coords[3:4], *west.exterior.coords[2:4]]
    )
    found = {(a.left, a.right): a for a in arcs(made_of((west, north, south)))}
    assert set(found) == {(0, None), (1, None), (2, None), (0, 1), (0, 2), (1, 2)}
    middle = tuple(keys(np.array(south.exterior.coords[3:4]))[0].tolist())
    assert all(middle in (found[k].start, found[k].end) for k in ((0, 1), (0, 2), (1, 2)))


def test_the_border_of_an_enclave_is_one_closed_arc_from_its_westernmost_vertex():
    inner = square(1, 1)
    outer = shapely.Polygon(square(0, 0, 3, 3).exterior, [inner.exterior])
    arc = next(a for a in arcs(made_of((outer, inner))) if a.right == 1)
    assert arc.line.is_closed
    assert arc.start == arc.end == tuple(keys(np.array(inner.exterior.coords)).min(axis=0).tolist())


def test_two_cells_that_meet_in_two_places_have_two_arcs():
    ring = shapely.Polygon(square(0, 0, 3, 3).exterior, [square(1, 1).exterior])
    left = shapely.intersection(ring, square(0, 0, 1.5, 3))
    cells = made_of((left, shapely.difference(ring, left), square(1, 1)))
    assert len([a for a in arcs(cells) if (a.left, a.right) == (0, 1)]) == 2


def test_no_cells_have_no_arcs_and_a_board_has_one_for_each_side():
    assert arcs([]) == ()
    assert len(arcs(board(6))) == 2 * 6 * 5 + 4 * 6 - 4
