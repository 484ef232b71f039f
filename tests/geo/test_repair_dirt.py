"""Whatever is wrong with a file of outlines, a proven coverage comes out and nothing is unsaid."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import outlines, prove
from geo.crs import area_m2
from geo.faults import check
from geo.lattice import on_lattice
from geo.repair import repair
from geo.repair_faces import FREE
from tests.geo.dirt import SPOILS, dirtied, redrawn, spoiled
from tests.strategies import coverages, crooked_coverage, seeds

KINDS = st.lists(st.sampled_from(sorted(SPOILS)), max_size=6)
JITTER_M = st.sampled_from([0.0, 0.005, 0.5, 3.0])
DROPPED = st.sampled_from([0.0, 0.05, 0.2])


def assert_all_told(result, n):
    assert result.proof.exact
    assert on_lattice(result.cells)
    assert set(shapely.get_type_id(result.cells).tolist()) <= {3}
    owned = set(result.owner.tolist()) - {FREE}
    assert owned.isdisjoint(result.lost)
    assert owned | set(result.lost) == set(range(n))
    account = json.loads(json.dumps(result.as_dict()))
    assert account["n"] == n
    assert account["free"] == int((result.owner == FREE).sum())


def land_of(result):
    return [*filter(None, result.outlines()), *result.cells[result.owner == FREE]]


@pytest.mark.parametrize("kind", sorted(SPOILS))
def test_each_kind_of_dirt_alone_is_repaired(kind):
    cells = crooked_coverage(4, 4, seed=30)
    dirty = spoiled(cells, 7, [kind])
    result = repair(dirty)
    assert_all_told(result, len(dirty))
    report = check(land_of(result), range(len(land_of(result))))
    assert report.exact
    assert report.faults == ()


@given(coverages(6), seeds(), JITTER_M, DROPPED, KINDS, st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_mixture_of_dirt_becomes_a_proven_coverage(
    cells, seed, jitter_m, dropped, kinds, is_framed
):
    dirty = spoiled(redrawn(cells, seed, (0, jitter_m), dropped), seed, kinds)
    frame = shapely.coverage_union_all(cells) if is_framed else None
    if frame is not None and frame.geom_type != "Polygon":
        frame = None
    result = repair(dirty, frame=frame)
    assert_all_told(result, len(dirty))
    land = land_of(result)
    report = check(land, range(len(land)), frame)
    assert report.exact
    assert report.faults == ()


@given(seeds(), JITTER_M, DROPPED, KINDS)
@settings(deadline=None, max_examples=30)
def test_any_mixture_of_dirt_is_fitted_into_parents(seed, jitter_m, dropped, kinds):
    cells = crooked_coverage(6, 4, seed % 1000)
    parent_of = np.arange(len(cells)) // 4
    parents = list(outlines(cells, parent_of).values())
    dirty = spoiled(redrawn(cells, seed, (0, jitter_m), dropped), seed, kinds)
    inside = shapely.STRtree(parents).nearest(
        shapely.point_on_surface(shapely.make_valid(shapely.force_2d(dirty)))
    )
    result = repair(dirty, parents=parents, parent_of=inside, gap_limit_m=None)
    assert_all_told(result, len(dirty))
    for parent, outline in outlines(result.cells, result.parent).items():
        off = shapely.area(shapely.symmetric_difference(outline, parents[parent]))
        assert off < 2e-7 * outline.length


@given(seeds(), JITTER_M, DROPPED, KINDS)
@settings(deadline=None, max_examples=30)
def test_any_mixture_of_dirt_meets_what_is_there_edge_to_edge(seed, jitter_m, dropped, kinds):
    cells = crooked_coverage(6, 4, seed % 1000)
    there = cells[:12]
    dirty = spoiled(redrawn(cells[12:], seed, (0, jitter_m), dropped), seed, kinds)
    result = repair(dirty, taken=there)
    assert_all_told(result, len(dirty))
    both = np.concatenate((there, result.cells))
    assert prove(both, shapely.coverage_union_all(both)).exact


@pytest.mark.parametrize(("dropped", "most_m2"), [(0.0, 0.01), (0.05, 0.02), (0.2, 0.05)])
def test_drawn_one_by_one_with_corners_forgotten_each_keeps_its_land(dropped, most_m2):
    cells = crooked_coverage(16, 16, seed=31)
    dirt = dirtied(cells, 1, jitter_m=(0.2, 1.0), dropped=dropped, swell_m=5.0)
    result = repair(dirt.outlines)
    assert_all_told(result, len(dirt.outlines))
    assert result.duplicates == ((dirt.copied - 1, len(dirt.outlines) - 1),)
    assert 1.0 <= result.snap_m <= 2.0
    free = result.cells[result.owner == FREE]
    inside = shapely.point_on_surface(cells[dirt.missing])
    assert shapely.contains(free, inside).sum() == 1
    there = [at for at, land in enumerate(result.outlines()) if land is not None]
    now = area_m2([result.outlines()[at] for at in there])
    true = area_m2(cells[dirt.truth[there]])
    assert np.median(np.abs(now - true) / true) < most_m2
