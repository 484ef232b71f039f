from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo.crs import MetricFrame, area_m2, length_m, metric_epsg, zone_of
from geo.polygon import NotPolygonal
from geo.position import GEOD
from tests import strategies

CHANGNING = (99.6054, 24.8279)


@pytest.mark.parametrize(
    ("lon", "zone", "epsg"),
    [
        (99.6, 33, 4542),
        (97.5, 33, 4542),
        (97.49, 32, 4541),
        (100.5, 34, 4543),
        (75, 25, 4534),
        (135, 45, 4554),
        (73.4, 24, None),
        (-3.2, -1, None),
        (-180, -60, None),
    ],
)
def test_zones_and_their_codes(lon, zone, epsg):
    assert zone_of(lon) == zone
    assert metric_epsg(lon) == epsg
    assert MetricFrame.at(lon).epsg == epsg
    assert MetricFrame.at(lon).central_meridian == 3 * zone


def test_a_point_in_changning_has_the_published_metres():
    xy = np.array([CHANGNING])
    assert MetricFrame(99).project_xy(xy)[0] == pytest.approx((561200.782, 2747126.143), abs=1e-3)
    assert MetricFrame(102).project_xy(xy)[0] == pytest.approx((257883.331, 2749115.646), abs=1e-3)


@given(strategies.positions(73.6, 1, 136.4, 54))
def test_the_frame_is_the_registered_system(position):
    frame = MetricFrame.at(position.lon)
    registered = Transformer.from_crs(4490, frame.epsg, always_xy=True)
    there = frame.project_xy(np.array([[position.lon, position.lat]]))[0]
    assert there == pytest.approx(registered.transform(position.lon, position.lat), abs=1e-6)


@given(strategies.positions(-180, -84, 180, 84))
def test_any_place_on_earth_has_a_frame_and_comes_back(position):
    frame = MetricFrame.at(position.lon)
    xy = frame.project_xy(np.array([[position.lon, position.lat]]))
    assert abs(xy[0, 0] - 500_000) < 170_000
    turned = frame.unproject_xy(xy)[0] - (position.lon, position.lat)
    assert abs((turned[0] + 180) % 360 - 180) < 1e-10
    assert abs(turned[1]) < 1e-10


def test_geometries_go_and_come_back():
    shapes = [shapely.box(99.5, 24.7, 99.6, 24.8), shapely.Point(99.6, 24.8), None]
    frame = MetricFrame.at(99.6)
    there = frame.project(shapes)
    assert shapely.area(there[0]) == pytest.approx(area_m2(shapes[:1])[0], rel=5e-4)
    back = frame.unproject(there)
    assert shapely.equals_exact(back[:2], shapes[:2], tolerance=1e-11).all()
    assert back[2] is None


@st.composite
def shapes_of_any_size(draw):
    """Polygons of 10 m to 300 km anywhere but at the poles."""
    polygon = draw(strategies.polygons())
    size = 10 ** draw(st.floats(-2, 2.5)) / 4
    lat = draw(st.floats(-75, 75))
    xy = (shapely.get_coordinates(polygon) - strategies.HOME) * size
    xy[:, 0] /= np.cos(np.radians(lat))
    return shapely.set_coordinates(shapely.Polygon(polygon), xy + np.array((20, lat)))


@given(shapes_of_any_size())
def test_areas_are_the_geodesic_areas(polygon):
    oriented = shapely.orient_polygons(polygon)
    geodesic, _ = GEOD.geometry_area_perimeter(oriented)
    # Karney's sums carry centimetres of rounding, which tells on the smallest shapes only.
    assert area_m2([polygon])[0] == pytest.approx(geodesic, rel=1e-6, abs=0.5)


@given(strategies.coverages())
def test_the_areas_of_cells_add_up(cells):
    whole = shapely.coverage_union_all(cells)
    assert area_m2(cells).sum() == pytest.approx(area_m2([whole])[0], rel=1e-9)


def test_holes_parts_and_nothing_count_as_they_are():
    big, small = shapely.box(99, 24, 99.01, 24.01), shapely.box(99.002, 24.002, 99.004, 24.004)
    areas = area_m2(
        [big, small, big.difference(small), shapely.MultiPolygon([small]), shapely.Polygon()]
    )
    assert areas[2] == pytest.approx(areas[0] - areas[1], rel=1e-12)
    assert areas[3] == areas[1]
    assert areas[4] == 0
    with pytest.raises(NotPolygonal):
        area_m2([None])


def test_the_metric_zone_exaggerates_as_published():
    for lon, excess in ((99.6, 0.00009), (100.2, 0.00035)):
        square = shapely.box(lon - 0.001, 24.65, lon + 0.001, 24.652)
        plane = shapely.area(MetricFrame(99).project([square]))[0]
        assert plane / area_m2([square])[0] - 1 == pytest.approx(excess, abs=5e-5)


def test_lengths_are_geodesic_and_polygons_have_their_rings():
    line = shapely.LineString([(99, 24), (99, 25), (99.5, 25)])
    polygon = shapely.Polygon(
        [(99, 24), (99, 25), (99.5, 25)], [[(99.1, 24.8), (99.2, 24.9), (99.1, 24.9)]]
    )
    expected = GEOD.geometry_length(line)
    assert length_m([line, shapely.MultiLineString([line, line])]) == pytest.approx(
        [expected, 2 * expected]
    )
    assert length_m([polygon])[0] == pytest.approx(
        GEOD.geometry_length(polygon.exterior) + GEOD.geometry_length(polygon.interiors[0])
    )
    assert length_m([shapely.GeometryCollection([line, polygon, shapely.Point(1, 1)])])[
        0
    ] == pytest.approx(length_m([line])[0] + length_m([polygon])[0])
    assert length_m([shapely.Polygon()]).tolist() == [0]
