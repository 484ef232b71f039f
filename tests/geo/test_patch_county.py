from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import shapely

from geo.county import invented_outline, make_county
from geo.coverage import prove
from geo.patch import pieces
from tests.benchmarks.data import county
from tests.geo.edits import TOOLS, Ground, Hand, cells_of

STEPS = 500

# Refusals that name units and no place: what was asked for was wrong, not what was drawn.
PLACELESS = {"patch.same_grid"}


@cache
def small_county():
    return make_county(invented_outline(radius_km=1.5, seed=4), [2, 1], 6, 24, 4)


def worked_on(made, seed, proof_every):
    """Random boundary work: the ground after it, the patches made, the hand that made them."""
    ground = Ground(cells_of(made))
    hand = Hand(ground, np.random.default_rng(seed))
    done = []
    for step in range(STEPS):
        patch = hand.try_one(TOOLS[hand.rng.integers(len(TOOLS))])
        if patch is None:
            continue
        ground.apply(patch.prove())
        done.append(patch)
        if step % proof_every == 0:
            require_exact(ground, made)
    require_exact(ground, made)
    return ground, done, hand


def require_exact(ground, made):
    assert prove([cell.outline for cell in ground.cells.values()], made.outline).exact


def require_undone(ground, done, made):
    """Everything taken back, the last step first, leaves what there was to the byte."""
    for patch in reversed(done):
        ground.apply(patch.inverse())
    start = {cell.id: cell for cell in cells_of(made)}
    assert ground.cells == start
    for number, cell in start.items():
        assert shapely.to_wkb(ground.cells[number].outline) == shapely.to_wkb(cell.outline)


@pytest.mark.parametrize("seed", range(18))
def test_five_hundred_edits_stay_proven_and_are_undone_to_the_byte(seed):
    made = small_county()
    ground, done, hand = worked_on(made, seed, proof_every=25)
    assert len(done) > STEPS / 2
    assert {tool for tool, outcome in hand.outcomes if outcome == "ok"} == set(TOOLS)
    for refused in hand.refusals:
        assert refused.message
        assert refused.code in PLACELESS or len(refused.facts["at"]) == 2, refused.code
    for grid in ground.members.keys() - {None}:
        assert len(pieces(ground.cells[k] for k in ground.members[grid])) == 1
    require_undone(ground, done, made)


@pytest.mark.parametrize("seed", [18, 19])
def test_five_hundred_edits_of_a_whole_county_stay_proven_and_are_undone_to_the_byte(seed):
    made = county()
    assert len(made.cells) == 10_386
    ground, done, _ = worked_on(made, seed, proof_every=250)
    require_undone(ground, done, made)
