from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.county import invented_outline, make_county
from geo.coverage import outlines
from grids.model import Level
from layers.print import fonts
from layers.print.label_board import crosses
from layers.print.labels import place
from layers.print.land import PrintedUnit
from layers.print.lettering import Lettering, Wanted
from layers.print.naming import names_wanted, short_names, units_wanted, wordings
from layers.print.paper import MM, PAPERS, Box, MapView, round_scale

FRAME = Box(20, 20, 420, 300)


def mosaic(rng: np.random.Generator, n: int) -> list[shapely.Polygon]:
    """Return n polygons that fill the frame, small ones crowded in a corner."""
    at = rng.beta(1, 3, (n, 2)) * (FRAME.width, FRAME.height) + FRAME[:2]
    frame = shapely.box(*FRAME)
    cells = shapely.voronoi_polygons(shapely.multipoints(at), extend_to=frame)
    return [shapely.intersection(cell, frame) for cell in cells.geoms]


def assert_legible(lettering: Lettering, keys: list[str], frame: Box) -> None:
    """Nothing overlaps, nothing leaves the frame, nothing is forgotten."""
    labels = lettering.labels
    assert sorted([*(label.key for label in labels), *lettering.unplaced]) == sorted(keys)
    for label in labels:
        assert frame.holds(label.box), label
    for one, other in combinations(labels, 2):
        assert not one.box.meets(other.box), (one, other)
        for led, beside in ((one, other), (other, one)):
            assert not (led.leader and crosses(led.leader, beside.box)), (led, beside)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 120), st.integers(2, 9), st.floats(5, 14))
def test_labels_are_disjoint_inside_the_frame_and_complete(seed, n, length, size):
    rng = np.random.default_rng(seed)
    wanted = [
        Wanted(f"{k}", shape, wordings("第二十三网格村寨"[:length], size, number=f"{k}"))
        for k, shape in enumerate(mosaic(rng, n))
    ]
    above = [Wanted("over", shapely.box(*FRAME), wordings("大田坝镇", 20, bold=True))]
    taken = [Box(20, 20, 90, 50)]
    lettering = place(wanted, FRAME, fonts.width, above=above, taken=taken)
    assert_legible(lettering, [one.key for one in (*above, *wanted)], FRAME)
    assert not any(label.box.meets(taken[0]) for label in lettering.labels)


def test_a_name_lies_on_its_own_unit_or_is_a_number():
    wanted = [
        Wanted(f"{k}", shape, wordings("第二十三网格", 8, tail="网格", number=f"{k}"))
        for k, shape in enumerate(mosaic(np.random.default_rng(5), 60))
    ]
    shapes = {one.key: one.shape for one in wanted}
    lettering = place(wanted, FRAME, fonts.width)
    for label in lettering.labels:
        own = shapely.area(shapely.intersection(shapes[label.key], shapely.box(*label.box)))
        share = own / (label.box.width * label.box.height)
        assert label.leader or share > (0.29 if label.wording.number else 0.6)


def test_a_leader_begins_on_the_unit_and_ends_at_its_number():
    tiny = shapely.box(200, 150, 203, 153)
    rest = shapely.box(*FRAME).difference(tiny)
    wanted = [
        Wanted("tiny", tiny, wordings("第一网格", 8, number="17")),
        Wanted("rest", rest, wordings("第二网格", 8, number="18")),
    ]
    label = next(one for one in place(wanted, FRAME, fonts.width).labels if one.key == "tiny")
    assert label.wording.lines == ("17",)
    start, end = label.leader
    assert tiny.contains(shapely.Point(start))
    assert shapely.box(*label.box).boundary.distance(shapely.Point(end)) < 1e-9


@pytest.mark.parametrize("paper", ["A3", "A1"])
def test_all_205_grids_of_a_township_are_named_or_numbered(paper):
    county = make_county(invented_outline(seed=8, radius_km=11), [12], 205, 1000, 8)
    numbers = outlines(county.cells, county.grid_of)
    codes = {int(n): f"53052410{k:07d}" for k, n in enumerate(numbers)}
    village_of = dict(zip(county.grid_of.tolist(), county.village_of.tolist(), strict=True))
    drawn = {codes[int(n)]: shape for n, shape in numbers.items()}
    villages = []
    for v, shape in outlines(county.cells, county.village_of).items():
        village = PrintedUnit(f"v{v}", Level.VILLAGE, f"大寨{v}村民委员会", 1.0, 1)
        drawn[village.code] = shape
        members = [codes[g] for g, of in village_of.items() if of == v]
        named = [
            PrintedUnit(code, Level.GRID, f"大寨{v}第{k}网格", 1.0, 1)
            for k, code in enumerate(members)
        ]
        villages.append((village, named))
    width, height = (side * MM for side in PAPERS[paper])
    frame = Box(0, 0, height, width).inset(15 * MM)
    view = MapView.fit(county.cells, frame)
    numbered = dict.fromkeys(codes.values(), "888")
    wanted = names_wanted(view, drawn, villages, numbered, least=4.5, most=12)
    above = units_wanted(view, drawn, [village for village, _ in villages], 9)
    lettering = place(wanted, frame, fonts.width, above=above)
    assert len(wanted) == 205
    assert_legible(lettering, [one.key for one in (*above, *wanted)], frame)
    assert set(lettering.unplaced) & set(codes.values()) == set()
    assert len(lettering.numbered) < 40


def test_names_are_short_where_their_village_is_named_beside_them():
    def unit(name: str) -> PrintedUnit:
        return PrintedUnit(name, Level.GRID, name, 1.0, 1)

    grids = [unit("关庙第一网格"), unit("关庙第二网格")]
    assert list(short_names(grids, "关庙社区居民委员会").values()) == ["第一网格", "第二网格"]
    twins = [unit("关庙一"), unit("一")]
    assert list(short_names(twins, "关庙社区居民委员会").values()) == ["关庙一", "一"]


@given(st.floats(1.0, 1e7))
def test_scales_are_round_and_not_larger_than_they_may_be(least):
    scale = round_scale(least)
    assert least * 0.999 <= scale + 0.5
    assert scale <= least * 1.34 + 1
    assert len(str(scale).rstrip("0")) <= 3


@settings(max_examples=30, deadline=None)
@given(st.floats(76, 134), st.floats(20, 50), st.floats(0.01, 0.4))
def test_a_map_is_as_large_as_its_scale_says(lon, lat, size):
    shape = np.array([shapely.box(lon, lat, lon + size, lat + size / 2)], dtype=np.object_)
    view = MapView.fit(shape, FRAME)
    (drawn,) = view.shapes(shape)
    assert FRAME.holds(Box(*drawn.bounds))
    (ground,) = view.zone.project(shape)
    width_m = ground.bounds[2] - ground.bounds[0]
    metres_on_paper = (drawn.bounds[2] - drawn.bounds[0]) / 72 * 0.0254
    assert metres_on_paper * view.scale == pytest.approx(width_m, rel=1e-9)
    assert view.degrees()[0] <= lon
    assert view.degrees()[3] >= lat + size / 2 - 1e-6
