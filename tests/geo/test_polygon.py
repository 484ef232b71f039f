from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.polygon import NotPolygonal, holes, orient, parts, rings, widths
from tests import strategies

DONUT = shapely.Polygon(
    [(0, 0), (0, 9), (9, 9), (9, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]]
)  # both rings the wrong way round
TWO = shapely.MultiPolygon([shapely.box(50, 0, 51, 1), shapely.box(52, 0, 55, 3)])


def test_parts_keep_their_owner():
    simple, owner = parts([DONUT, TWO, DONUT])
    assert len(simple) == 4
    assert owner.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("other", [None, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])])
def test_what_is_no_polygon_is_refused_not_passed_over(other):
    with pytest.raises(NotPolygonal) as refusal:
        parts([DONUT, other])
    assert refusal.value.facts["index"] == 1


def test_holes_come_as_polygons_with_their_owner():
    inner, owner = holes([TWO, DONUT])
    assert [hole.wkt for hole in inner] == ["POLYGON ((1 1, 2 1, 2 2, 1 2, 1 1))"]
    assert owner.tolist() == [1]


def directed(polygons):
    xy, after, owner = rings(polygons)
    return sorted((*a, *b, o) for a, b, o in zip(xy, xy[after], owner, strict=True))


def test_rings_have_the_interior_on_the_left():
    xy, after, owner = rings([DONUT, shapely.Polygon(), TWO])
    cross = xy[:, 0] * xy[after, 1] - xy[after, 0] * xy[:, 1]
    assert np.bincount(owner, cross / 2).tolist() == [80, 0, 10]


@given(strategies.polygons(), st.integers(0, 20), st.booleans())
def test_ring_start_and_direction_do_not_matter(polygon, turn, reverse):
    def respelled(ring):
        xy = np.roll(shapely.get_coordinates(ring)[:-1], turn, axis=0)
        return xy[::-1] if reverse else xy

    other = shapely.Polygon(respelled(polygon.exterior), [respelled(r) for r in polygon.interiors])
    assert directed([other]) == directed([polygon])
    assert directed(orient([other])) == directed([polygon])


def test_a_corridor_is_as_wide_as_its_greatest_circle():
    corridor = shapely.box(0, 0, 100, 2)
    cross = shapely.union(corridor, shapely.box(49, -20, 51, 20))
    assert widths([corridor, TWO]) == pytest.approx([2, 3], rel=2e-2)
    assert 2 < widths([cross])[0] < 3
    assert widths([shapely.Polygon()]).tolist() == [0]
