from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from geo.datum import (
    Datum,
    Epsg,
    from_cgcs2000,
    from_cgcs2000_array,
    parse_datum,
    to_cgcs2000,
    to_cgcs2000_array,
)
from geo.errors import BadPosition, UndeclaredDatum, UnsupportedDatum
from geo.position import Position, distance_m
from tests import strategies

# WGS84, GCJ-02, BD-09; agreed with gcoord 1.0.7, coordtransform 2.1.2 and coord-convert 0.2.1.
VECTORS = {
    "Changning": (99.6054, 24.8279, 99.606241656, 24.824717165, 99.612657199, 24.830996697),
    "Changning W": (99.27, 24.95, 99.270881626, 24.947020114, 99.277372888, 24.953003308),
    "Changning E": (100.02, 24.65, 100.021137888, 24.647055684, 100.027723875, 24.652759153),
    "Changning N": (99.55, 25.15, 99.550884613, 25.146900865, 99.557441274, 25.152647684),
    "Changning S": (99.72, 24.25, 99.721037247, 24.247057614, 99.727471632, 24.253358043),
    "Baoshan": (99.167, 25.112, 99.167911999, 25.109133108, 99.174492103, 25.114898135),
    "Kunming": (102.8329, 24.8801, 102.834316194, 24.877030776, 102.840762980, 24.883330106),
    "Beijing": (116.3913, 39.9075, 116.397541182, 39.908901276, 116.403913944, 39.915244664),
    "Shanghai": (121.4737, 31.2304, 121.478223059, 31.228457738, 121.484781469, 31.234310594),
    "Urumqi": (87.6168, 43.8256, 87.619649949, 43.826805393, 87.626099771, 43.832949795),
    "Lhasa": (91.1409, 29.6456, 91.142429336, 29.642863987, 91.149020388, 29.648593693),
    "Harbin": (126.6425, 45.7569, 126.648470085, 45.758851206, 126.655099921, 45.764544500),
    "Sanya": (109.5119, 18.2528, 109.515984295, 18.251094792, 109.522531792, 18.256876554),
    "cusp": (105, 35, 105.003286241, 34.999098632, 105.009666828, 35.005403668),
    "Myitkyina": (97.4, 25.38, 97.400585775, 25.377190321, 97.407124638, 25.383052788),
    "Tokyo": (139.6917, 35.6895, 139.6917, 35.6895, 139.698122526, 35.695845453),
}
TOLERANCE_DEG = 1e-8


@pytest.mark.parametrize("place", VECTORS)
@pytest.mark.parametrize(("datum", "column"), [(Datum.WGS84, 0), (Datum.GCJ02, 2), (Datum.BD09, 4)])
def test_published_positions_agree_both_ways(place, datum, column):
    row = VECTORS[place]
    true, given_there = row[:2], row[column : column + 2]
    assert from_cgcs2000(Position(*true), datum) == pytest.approx(given_there, abs=TOLERANCE_DEG)
    back = to_cgcs2000(*given_there, datum)
    assert (back.lon, back.lat) == pytest.approx(true, abs=TOLERANCE_DEG)


@given(strategies.positions_in_china(), strategies.datums())
def test_every_datum_is_undone_to_1e_12_degree(position, datum):
    there = from_cgcs2000(position, datum)
    back = to_cgcs2000(*there, datum)
    assert abs(back.lon - position.lon) < 1e-12
    assert abs(back.lat - position.lat) < 1e-12


@given(strategies.positions(-179, -85, 179, 85), strategies.datums())
def test_bd09_is_undone_everywhere_else_too(position, datum):
    margin = 0.02  # where shifted and unshifted places meet, two of them share their coordinates
    assume(
        min(abs(position.lon - 72.004), abs(position.lon - 137.8347)) > margin
        and min(abs(position.lat - 0.8293), abs(position.lat - 55.8271)) > margin
    )
    assume(np.hypot(position.lon, position.lat) > 1)  # BD-09 turns about (0, 0)
    assume(position.lon > 0)  # and its angle jumps in the west
    back = to_cgcs2000(*from_cgcs2000(position, datum), datum)
    assert distance_m(back, position) < 1e-5


def test_gcj02_in_changning_is_325_to_364_m_off():
    for place in ("Changning", "Changning W", "Changning E", "Changning N", "Changning S"):
        lon, lat, gcj_lon, gcj_lat, _, _ = VECTORS[place]
        assert 324 < distance_m(Position(lon, lat), Position(gcj_lon, gcj_lat)) < 365


def test_tokyo_is_not_shifted():
    assert from_cgcs2000(Position(139.6917, 35.6895), Datum.GCJ02) == (139.6917, 35.6895)


@given(st.lists(strategies.positions_in_china(), min_size=1, max_size=20), strategies.datums())
def test_many_rows_are_the_rows_one_by_one(positions, datum):
    xy = np.array([(p.lon, p.lat) for p in positions])
    together = to_cgcs2000_array(from_cgcs2000_array(xy, datum), datum)
    assert np.abs(together - xy).max() < 1e-12
    single = [to_cgcs2000(*from_cgcs2000(p, datum), datum) for p in positions]
    assert np.abs(together - [(p.lon, p.lat) for p in single]).max() < 1e-13


@pytest.mark.parametrize("datum", [*Datum, Epsg(4490), Epsg(4542)])
def test_a_bad_row_stops_no_other(datum):
    good = from_cgcs2000(Position(99.6, 24.8), datum)
    rows = np.array([(np.nan, 1), good, (np.inf, 1), (1e9, -1e9), (0, np.nan)])
    result = to_cgcs2000_array(rows, datum)
    assert np.isnan(result[[0, 2, 3, 4]]).all()
    assert result[1] == pytest.approx((99.6, 24.8), abs=1e-9)
    assert to_cgcs2000_array(np.empty((0, 2)), datum).shape == (0, 2)


@pytest.mark.parametrize("datum", [*Datum, Epsg(4542)])
def test_one_bad_position_is_refused(datum):
    with pytest.raises(BadPosition):
        to_cgcs2000(np.nan, 24.8, datum)
    with pytest.raises(BadPosition):
        to_cgcs2000(1e9, 24.8, datum)


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        ("wgs84", Datum.WGS84),
        ("WGS-84", Datum.WGS84),
        (" Cgcs2000 ", Datum.CGCS2000),
        ("GCJ02", Datum.GCJ02),
        ("gcj-02", Datum.GCJ02),
        ("BD-09", Datum.BD09),
        ("EPSG:4490", Epsg(4490)),
        ("epsg:4542", Epsg(4542)),
        ("urn:ogc:def:crs:EPSG::27700", Epsg(27700)),
        ("urn:ogc:def:crs:EPSG:9.9.1:4326", Epsg(4326)),
    ],
)
def test_declared_datums_are_read(text, datum):
    assert parse_datum(text) == datum
    assert parse_datum(str(datum)) == datum


@pytest.mark.parametrize("text", [None, "", "  ", "gcj", "4490", "EPSG:", "mercator", "火星坐标"])
def test_a_datum_that_is_not_declared_is_refused_with_the_choices(text):
    with pytest.raises(UndeclaredDatum) as refusal:
        parse_datum(text)
    for choice in (*Datum, "EPSG:n"):
        assert choice in refusal.value.message


@pytest.mark.parametrize(
    "code",
    [
        *(4610, 4214, 4555, 2327, 2357, 2378, 2390, 2401, 2409, 2430, 2442),
        *(21413, 21417, 21423, 21453, 21463),
    ],
)
def test_old_chinese_datums_are_refused_with_the_reason(code):
    with pytest.raises(UnsupportedDatum) as refusal:
        parse_datum(f"EPSG:{code}")
    assert "local parameters" in refusal.value.message
    with pytest.raises(UnsupportedDatum):
        to_cgcs2000(99.6, 24.8, Epsg(code))


@pytest.mark.parametrize("code", [1, 99999, 4978, 5773])
def test_codes_of_nothing_on_a_map_are_refused(code):
    with pytest.raises(UnsupportedDatum):
        parse_datum(f"EPSG:{code}")


@pytest.mark.parametrize(
    ("code", "xy"),
    [
        (4521, (33561200.782, 2747126.143)),
        (4542, (561200.782, 2747126.143)),
        (4543, (257883.331, 2749115.646)),
        (32647, (561176.301, 2746027.293)),
        (4490, (99.6054, 24.8279)),
    ],
)
def test_projected_coordinates_are_read_east_first(code, xy):
    position = to_cgcs2000(*xy, Epsg(code))
    assert distance_m(position, Position(99.6054, 24.8279)) < 0.002
    assert from_cgcs2000(Position(99.6054, 24.8279), Epsg(code)) == pytest.approx(xy, abs=0.002)


def test_another_datum_is_shifted_not_renamed():
    # Ordnance Survey's worked example: Caister water tower, TG 51409 13177, in ETRS89 degrees.
    position = to_cgcs2000(651409.903, 313177.270, Epsg(27700))
    assert distance_m(position, Position(1.716073973, 52.658007833)) < 10
    with_no_shift = to_cgcs2000(1.717921583, 52.657570139, Epsg(4277))
    assert distance_m(with_no_shift, position) < 10
