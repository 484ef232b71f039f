from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.patch import Multipart, UnknownGrid
from geo.patch_nibble import NothingTaken, nibble
from geo.patch_sketch import BadSketch
from tests.geo.board import board, ids, land, require_proven, square, state


def nibbled(blob, grid="M", cells=None, **more):
    """Nibble on the board, prove the whole again, return the cells afterwards."""
    before = cells or board()
    patch = nibble(before, grid, blob, ids(), **more)
    after = patch.apply(state(before))
    require_proven(before, after.values())
    assert patch.inverse().apply(after) == state(before)
    return after


def test_what_the_area_covers_goes_to_the_grid_and_no_more():
    after = nibbled(square(1.6, 2.2, 1, 0.6))
    assert shapely.equals(
        land(after, "M"), shapely.union(square(2, 2, 2, 2), square(1.6, 2.2, 0.4, 0.6))
    )
    assert len([c for c in after.values() if c.grid == "g12"]) == 1


def test_land_of_other_villages_is_left_alone_but_gets_the_nodes_of_the_border():
    after = nibbled(square(3.5, 1.5, 1.2, 1))
    assert shapely.equals(land(after, "g42"), square(4, 2))
    assert land(after, "M").contains(square(3.6, 1.6, 0.3, 0.3))


def test_a_small_fragment_joins_a_neighbour_and_a_larger_one_waits_for_a_name():
    after = nibbled(square(1.8, 2.2, 1, 0.6))
    assert {c.id for c in after.values()} == set(state(board()))
    after = nibbled(square(1.5, 1.9, 1, 1.2))
    assert [c.subgroup for c in after.values() if c.id >= 1000] == [None]


def test_nothing_to_take_is_refused_with_a_place():
    for blob in (square(2.2, 2.2, 0.5, 0.5), square(4.2, 2.2, 0.5, 0.5), square(9, 9)):
        with pytest.raises(NothingTaken) as refused:
            nibbled(blob)
        assert shapely.contains_xy(blob, *refused.value.facts["at"])


def test_a_piece_that_is_cut_off_finds_neighbours_far_from_the_area():
    strip = tuple(replace(c, grid="L") if c.id % 10 == 4 and c.id < 40 else c for c in board())
    blob = square(2.4, 3.5, 0.2, 1.5)
    with pytest.raises(Multipart) as refused:
        nibbled(blob, cells=strip)
    (offered,) = [piece for piece in refused.value.facts["pieces"] if piece["loose"]]
    beside = {neighbour["grid"] for neighbour in offered["neighbours"]}
    assert beside >= {"M", "g35"}
    after = nibbled(blob, cells=strip, loose="g35")
    assert land(after, "g35").contains(square(3, 4))
    assert not land(after, "L").intersects(square(3, 4, 0.9))


def test_what_is_no_area_is_refused():
    bowtie = shapely.Polygon(np.array(square(1.5, 2.2).exterior.coords)[[0, 2, 1, 3]])
    with pytest.raises(BadSketch) as refused:
        nibbled(bowtie)
    assert bowtie.envelope.contains(shapely.Point(refused.value.facts["at"]))
    with pytest.raises(BadSketch):
        nibbled(shapely.Polygon())
    with pytest.raises(UnknownGrid):
        nibbled(square(0, 0), grid="zz")
