"""Areas divided into parts of equal households that hang together."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from geo.county import invented_outline
from geo.coverage import prove
from geo.crs import MetricFrame, area_m2, length_m
from geo.lattice import snap
from geo.partition import NobodyThere, Scattered, TooManyParts, contiguous, partition
from geo.partition_graph import OutsideArea, buildings_graph, cells_graph
from tests.strategies import HOME, coverages, crooked_coverage, seeds

AREA = snap([invented_outline(radius_km=0.8, seed=3)])[0]


def homes(area, n, seed):
    """Households in buildings, most of them in hamlets; shape (n, 2)."""
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    hamlets = rng.uniform((west, south), (east, north), (6, 2))
    found = []
    while len(found) < n:
        at = hamlets[rng.integers(6)] + rng.normal(0, 0.0015, 2)
        at = rng.uniform((west, south), (east, north)) if rng.random() < 0.3 else at
        if shapely.contains_xy(area, *np.round(at, 7)):
            found += [np.round(at, 7)] * int(rng.choice([1, 1, 1, 2, 4]))
    return np.array(found[:n])


def divided(n, k, **more):
    graph = buildings_graph(AREA, homes(AREA, n, 0))
    return graph, partition(graph, k, **more)


@settings(max_examples=40, deadline=None)
@given(coverages(), seeds(), st.integers(1, 8))
def test_cells_go_to_exactly_one_part_each_part_hangs_together_and_nobody_is_lost(cells, seed, k):
    households = np.random.default_rng(seed).integers(0, 9, len(cells))
    assume((households > 0).sum() >= k)
    graph = cells_graph(cells, households)
    result = partition(graph, k, seed=seed)
    assert set(result.part) == set(range(k))
    assert contiguous(graph, result.part)
    assert result.weight.sum() == households.sum()
    assert (result.weight > 0).all()
    for p in range(k):
        assert shapely.union_all(cells[result.part == p]).geom_type == "Polygon"


@settings(max_examples=15, deadline=None)
@given(seeds(), st.integers(1, 12), st.integers(40, 200))
def test_buildings_stay_whole_and_their_land_covers_the_area(seed, k, n):
    at = homes(AREA, n, seed)
    graph = buildings_graph(AREA, at)
    assert graph.weight.sum() == n
    assert prove(graph.outlines).exact
    assert graph.area_m2.sum() == pytest.approx(area_m2([AREA])[0], rel=1e-6)
    result = partition(graph, k, seed=seed)
    assert contiguous(graph, result.part)
    of_place = {}
    for place, p in zip(map(tuple, at), result.part[graph.unit_of], strict=True):
        assert of_place.setdefault(place, p) == p
    counted = np.bincount(result.part[graph.unit_of], minlength=k)
    assert counted.tolist() == result.weight.tolist()


@settings(max_examples=15, deadline=None)
@given(seeds(), st.integers(2, 120))
def test_all_land_goes_to_the_nearest_building(seed, n):
    at = homes(AREA, n, seed)
    graph = buildings_graph(AREA, at, building_m=0.0)
    west, south, east, north = AREA.bounds
    places = np.random.default_rng(seed).uniform((west, south), (east, north), (200, 2))
    places = places[shapely.contains_xy(AREA, *places.T)]
    frame = MetricFrame.at(west)
    sites = frame.project_xy(at)
    away, _ = cKDTree(sites).query(frame.project_xy(places))
    place, unit = shapely.STRtree(graph.outlines).query(shapely.points(places), "intersects")
    lived = graph.weight[unit] > 0  # the others are scraps that the outline cuts off
    for k, u in zip(place[lived], unit[lived], strict=True):
        own = sites[graph.unit_of == u]
        distance = np.hypot(*(own - frame.project_xy(places[k])[0]).T).min()
        assert distance <= away[k] + 0.1


@settings(max_examples=10, deadline=None)
@given(seeds(), st.integers(2, 9))
def test_the_same_seed_gives_the_same_answer(seed, k):
    at = homes(AREA, 150, 1)
    one, other = (partition(buildings_graph(AREA, at), k, seed=seed, tries=3) for _ in range(2))
    assert np.array_equal(one.part, other.part)


def test_more_tries_never_cost_balance_and_roundness_together():
    few, many = (divided(400, 9, tries=tries)[1] for tries in (1, 12))
    assert many.max_mean <= few.max_mean or many.compactness.mean() >= few.compactness.mean()


@pytest.mark.parametrize(("n", "k"), [(500, 5), (1000, 17), (1000, 22)])
def test_a_village_is_balanced_within_four_per_cent_and_its_parts_are_compact(n, k):
    graph, result = divided(n, k)
    assert result.max_mean <= 1.04
    assert result.min_mean >= 0.96
    assert result.compactness.mean() > 0.45
    assert contiguous(graph, result.part)


def test_the_compactness_is_that_of_the_drawn_parts():
    graph, result = divided(200, 5)
    for p in range(5):
        drawn = shapely.coverage_union_all(graph.outlines[result.part == p])
        expected = 4 * np.pi * area_m2([drawn])[0] / length_m([drawn])[0] ** 2
        assert result.compactness[p] == pytest.approx(expected, rel=1e-4)


def test_a_tower_that_is_bigger_than_the_mean_is_said_and_the_rest_is_still_balanced():
    at = homes(AREA, 300, 4)
    at = np.concatenate((at, np.repeat(at[:1], 200, axis=0)))
    graph = buildings_graph(AREA, at)
    result = partition(graph, 6)
    (tower,) = result.excess
    assert tower.n >= 201
    assert tower.at is not None
    others = np.delete(result.weight, tower.part)
    assert tower.over == pytest.approx(tower.n - tower.mean)
    assert others.max() / others.mean() <= 1.04
    assert result.max_mean > 1.5


def test_positions_a_step_apart_are_one_building():
    at = homes(AREA, 60, 5)
    near = np.concatenate((at, np.round(at + np.array((5e-6, 0)), 7)))  # half a metre to the east
    inside = shapely.contains_xy(AREA, *near.T)
    graph = buildings_graph(AREA, near[inside])
    twin = graph.unit_of[60:]
    assert np.array_equal(twin, graph.unit_of[:60][inside[60:]])


def test_more_parts_than_inhabited_units_are_refused_with_the_numbers():
    cells = crooked_coverage(3, 3, 1)
    with pytest.raises(TooManyParts) as refusal:
        partition(cells_graph(cells, [1, 2, 3, 0, 0, 0, 0, 0, 0]), 4)
    assert refusal.value.facts == {"k": 4, "n_units": 3}
    with pytest.raises(NobodyThere):
        partition(cells_graph(cells, np.zeros(9)), 1)


def test_every_inhabited_unit_can_be_a_part_of_its_own():
    cells = crooked_coverage(4, 4, 2)
    graph = cells_graph(cells, np.arange(16) % 3)
    lived = int((graph.weight > 0).sum())
    result = partition(graph, lived)
    assert (result.weight > 0).all()
    assert contiguous(graph, result.part)


def test_one_household_alone_gives_one_part_of_the_whole_area():
    graph = buildings_graph(AREA, homes(AREA, 1, 0))
    result = partition(graph, 1)
    assert len(graph) == 1
    assert (result.max_mean, result.min_mean) == (1.0, 1.0)


def test_a_position_outside_the_area_is_refused_with_its_place():
    with pytest.raises(OutsideArea) as refusal:
        buildings_graph(AREA, [[AREA.bounds[0] - 0.01, AREA.bounds[1]]])
    assert refusal.value.facts["n"] == 1


def test_an_area_in_pieces_gets_parts_in_each_piece_or_is_refused():
    cells = crooked_coverage(5, 4, 3)
    x = shapely.get_x(shapely.centroid(cells))
    order = np.argsort(x)
    apart = np.concatenate((cells[order[:8]], cells[order[12:]]))
    graph = cells_graph(apart, np.full(16, 5))
    result = partition(graph, 4)
    assert contiguous(graph, result.part)
    with pytest.raises(Scattered) as refusal:
        partition(graph, 1)
    assert refusal.value.facts["n_pieces"] == 2


def river(x=0.5):
    """A line from south to north across the board of `crooked_coverage(4, 4)`."""
    lon = HOME[0] + 4 * 0.004 * x
    return shapely.LineString([(lon, HOME[1] - 0.01), (lon, HOME[1] + 0.03)])


def test_a_river_with_enough_people_on_both_banks_is_not_crossed():
    area = shapely.union_all(crooked_coverage(4, 4, 6))
    at = homes(area, 240, 6)
    graph = buildings_graph(area, at, barriers=[river()])
    for k in (2, 3, 7):
        result = partition(graph, k)
        assert result.n_across == 0
        sides = {p: set() for p in range(k)}
        for p, lon in zip(result.part[graph.unit_of], at[:, 0], strict=True):
            sides[int(p)].add(lon > river().coords[0][0])
        assert all(len(side) == 1 for side in sides.values())
        assert contiguous(graph, result.part)
    assert partition(graph, 1).n_across == 1


def test_a_river_is_crossed_where_too_few_live_beyond_it():
    area = shapely.union_all(crooked_coverage(4, 4, 6))
    at = homes(area, 240, 6)
    east = at[:, 0] > river().coords[0][0]
    few = np.concatenate((at[~east], at[east][:3]))
    graph = buildings_graph(area, few, barriers=[river()])
    result = partition(graph, 4)
    assert result.n_across >= 1
    assert result.max_mean <= 1.05


def test_cells_on_two_banks_are_kept_apart():
    cells = crooked_coverage(4, 4, 8)
    graph = cells_graph(cells, np.full(16, 10), barriers=[river()])
    result = partition(graph, 4)
    assert result.n_across == 0
    east = shapely.get_x(shapely.point_on_surface(cells)) > river().coords[0][0]
    assert not set(result.part[east]) & set(result.part[~east])
