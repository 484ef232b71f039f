from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import locator_index
from geo.locator import Locator

ENGINES = ("numba", "numpy")


def lowest_covering(polygons, xy):
    """The answer of GEOS alone: every polygon asked about every point."""
    labels = np.full(len(xy), -1)
    for number in range(len(polygons) - 1, -1, -1):
        labels[shapely.covers(polygons[number], shapely.points(xy))] = number
    return labels


def adversarial(polygons, rng, n=400):
    """Vertices, points on edges, their ulp neighbours, points level with vertices, and others."""
    xy = shapely.get_coordinates(polygons)
    k = rng.integers(0, len(xy) - 1, n)
    middle = (xy[k] + xy[k + 1]) / 2
    share = rng.random((n, 1))
    on_edge = xy[k] + share * (xy[k + 1] - xy[k])
    west, south, east, north = shapely.total_bounds(polygons)
    anywhere = rng.uniform([west, south], [east, north], (n, 2))
    upwards = xy[k] + rng.choice([-1.0, 1.0], (n, 2))
    return np.concatenate(
        [
            xy[k],
            middle,
            on_edge,
            np.nextafter(xy[k], upwards),
            np.nextafter(on_edge, upwards),
            middle * (1 + rng.uniform(-3e-16, 3e-16, (n, 2))),
            np.column_stack([anywhere[:, 0], xy[k][:, 1]]),
            np.column_stack([xy[k][:, 0], anywhere[:, 1]]),
            np.column_stack([xy[k][:, 0], xy[k[::-1]][:, 1]]),
            anywhere,
        ]
    )


def fishnet(n, west=112.7, south=28.0, step=0.01):
    return np.array(
        [
            shapely.box(
                west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step
            )
            for j in range(n)
            for i in range(n)
        ]
    )


def voronoi(rng, n, decimals=7):
    seeds = shapely.MultiPoint(rng.uniform([112.0, 28.0], [112.4, 28.3], (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    return shapely.transform(cells, lambda xy: np.round(xy, decimals))


def stars(rng, n, scale=1.0):
    """Overlapping star-shaped polygons with gaps between them, some with a hole."""
    made = []
    for _ in range(n):
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 14)))
        ray = np.column_stack([np.cos(angle), np.sin(angle)])
        centre = rng.uniform(0, 5, 2)
        outer = centre + ray * rng.uniform(0.4, 2.0, (len(angle), 1))
        hole = [centre + ray * 0.2] if rng.random() < 0.5 else []
        made.append(shapely.Polygon(outer * scale, [h * scale for h in hole]))
    return np.array(made)


def rectilinear(rng, n):
    """Overlapping boxes and L-shapes on whole numbers: every edge level or upright."""
    made = []
    for _ in range(n):
        a, b = (
            shapely.box(x, y, x + w, y + h) for x, y, w, h in rng.integers(1, 8, (2, 4)).tolist()
        )
        made.append(rng.choice([shapely.union(a, b), shapely.difference(a, b), a]))
    return np.array(made)


COVERAGES = {
    "fishnet": lambda rng: fishnet(6),
    "voronoi": lambda rng: voronoi(rng, 40),
    "coarse voronoi": lambda rng: voronoi(rng, 25, decimals=2),
    "stars": lambda rng: stars(rng, 12),
    "metres": lambda rng: stars(rng, 12, scale=3e5),
    "minute": lambda rng: stars(rng, 5, scale=1e-13),
    "rectilinear": lambda rng: rectilinear(rng, 8),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", COVERAGES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), resolution=st.sampled_from([None, 8, 64, 700]))
def test_every_answer_is_the_lowest_polygon_that_covers_the_point(kind, engine, seed, resolution):
    rng = np.random.default_rng(seed)
    polygons = COVERAGES[kind](rng)
    xy = adversarial(polygons, rng, n=60)
    located = Locator(polygons, resolution, engine=engine).locate(xy)
    sound = shapely.is_valid(polygons).all()
    expected = lowest_covering(polygons, xy) if sound else lowest_meeting(polygons, xy)
    np.testing.assert_array_equal(located, expected)


def lowest_meeting(polygons, xy):
    labels = np.full(len(xy), -1)
    for number in range(len(polygons) - 1, -1, -1):
        labels[shapely.intersects(polygons[number], shapely.points(xy))] = number
    return labels


@given(
    points=st.lists(
        st.tuples(st.floats(0, 4) | st.integers(0, 8).map(lambda k: k / 2), st.floats(0, 4)),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=60, deadline=None)
def test_points_of_any_bits_get_the_same_answer_from_both_engines_and_geos(points):
    polygons = np.array(
        [
            shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 3), (3, 3), (3, 1)]]),
            shapely.Polygon([(1, 1), (3, 1), (2, 2)]),
            shapely.Polygon([(0, 0), (4, 4), (0, 4)]),
        ]
    )
    xy = np.array(points)
    expected = lowest_covering(polygons, xy)
    for engine in ENGINES:
        locator = Locator(polygons, engine=engine)
        np.testing.assert_array_equal(locator.locate(xy), expected)
        assert [locator.one(*p) for p in points] == expected.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_corner_shared_by_four_cells_belongs_to_the_lowest(engine):
    cells = fishnet(2, west=0, south=0, step=1)
    locator = Locator(cells, engine=engine)
    assert locator.one(1, 1) == 0
    assert locator.locate([(1, 1.5), (1.5, 1), (2, 2), (0, 0)]).tolist() == [2, 1, 3, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_position_or_outside_is_nowhere(engine):
    locator = Locator(fishnet(3), engine=engine)
    nan, inf = np.nan, np.inf
    xy = [(nan, 28), (112.7, nan), (inf, 28), (-inf, -inf), (1e300, 5), (-1e308, 1e308), (0, 0)]
    assert locator.locate(xy).tolist() == [-1] * len(xy)
    assert [locator.one(*p) for p in xy] == [-1] * len(xy)


@pytest.mark.parametrize("engine", ENGINES)
def test_more_polygons_in_one_pixel_than_a_record_holds_are_asked_of_geos(engine):
    angle = np.linspace(0, 2 * np.pi, 81)
    rim = np.column_stack([np.cos(angle), np.sin(angle)])
    fan = np.array([shapely.Polygon([(0, 0), a, b]) for a, b in itertools.pairwise(rim)])
    assert len(fan) > locator_index.MAX_SLOTS
    xy = np.concatenate([adversarial(fan, np.random.default_rng(3)), np.zeros((1, 2))])
    xy = np.concatenate([xy, np.random.default_rng(4).normal(0, 0.01, (300, 2))])
    located = Locator(fan, 16, engine=engine).locate(xy)
    np.testing.assert_array_equal(located, lowest_covering(fan, xy))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_invalid_polygon_is_answered_as_geos_answers_it_and_harms_no_other(engine):
    bow_tie = shapely.Polygon([(2, 2), (4, 4), (4, 2), (2, 4)])
    polygons = np.array([*fishnet(4, 0, 0, 1)[::-1], bow_tie])[::-1].copy()
    xy = adversarial(polygons, np.random.default_rng(5))
    located = Locator(polygons, engine=engine).locate(xy)
    np.testing.assert_array_equal(located, lowest_meeting(polygons, xy))


def test_none_and_empty_polygons_keep_their_index():
    polygons = [None, shapely.Polygon(), shapely.box(0, 0, 1, 1), None]
    assert Locator(polygons).locate([(0.5, 0.5), (2, 2)]).tolist() == [2, -1]
    assert Locator([]).one(0, 0) == -1
    assert Locator([None]).locate([(0, 0)]).tolist() == [-1]


def test_no_points_give_no_answers():
    assert Locator(fishnet(2)).locate(np.empty((0, 2))).shape == (0,)


def test_any_array_of_points_is_taken_without_compiling_again():
    locator = Locator(fishnet(4), engine="numba")
    xy = adversarial(fishnet(4), np.random.default_rng(6), n=50)
    expected = locator.locate(xy)
    frozen = xy.copy()
    frozen.setflags(write=False)
    wide = np.column_stack([xy, xy])[:, :2]
    for same in (frozen, np.asfortranarray(xy), wide, xy.tolist(), xy[::-1][::-1]):
        np.testing.assert_array_equal(locator.locate(same), expected)
    kernels = sys.modules["geo.locator_kernels"]
    assert len(kernels.locate_many.signatures) == len(kernels.locate_one.signatures) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_two_threads_give_the_same_answers_and_callers_may_share_a_locator(engine):
    cells = voronoi(np.random.default_rng(8), 60)
    locator = Locator(cells, engine=engine)
    xy = adversarial(cells, np.random.default_rng(9), n=3000)
    expected = locator.locate(xy)
    np.testing.assert_array_equal(locator.locate(xy, parallel=True), expected)
    with ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda _: locator.locate(xy, parallel=True), range(4)):
            np.testing.assert_array_equal(answer, expected)


def test_without_numba_the_numpy_engine_is_chosen(monkeypatch):
    monkeypatch.setitem(sys.modules, "geo.locator_kernels", None)
    monkeypatch.delattr("geo.locator_kernels", raising=False)
    assert Locator(fishnet(2)).engine == "numpy"
    with pytest.raises(ImportError):
        Locator(fishnet(2), engine="numba")
