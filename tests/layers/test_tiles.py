from collections import Counter
from itertools import combinations
from math import asinh, floor, pi, radians, tan

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from grids import display
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Level
from grids.publications import outlines_in_force
from layers import tiles
from layers.tiles import NoSuchTile
from tests.factories import COUNTY, Make
from tests.grids.coverage_factory import found_small_county
from tests.layers.mvt import read

NOBODY = None  # a connection that would fail when used
REACH = 64
# Of a screen that draws a tile with 512 pixels, in square units of the tile.
PIXEL = (4096 / 512) ** 2


def address(lon, lat, z):
    """Return column and row of the tile that holds a position."""
    n = 2**z
    return floor((lon + 180) / 360 * n), floor((1 - asinh(tan(radians(lat))) / pi) / 2 * n)


def around(bounds, z):
    """Return the addresses of all tiles that a box in degrees touches."""
    west, south, east, north = bounds
    (left, bottom), (right, top) = address(west, south, z), address(east, north, z)
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


@pytest.fixture(scope="module")
def county(clone):
    """A published county in a database of its own, which nobody changes."""
    with begin(make_engine(clone(), pooled=False), EVERYWHERE) as conn:
        found_small_county(conn, free=0, keep=0)
        yield conn, outlines_in_force(conn, Level.GRID)


def drawn(county, z):
    conn, grids = county
    for x, y in around(shapely.total_bounds(grids.outline), z):
        yield read(tiles.units_tile(conn, z, x, y).plain)


def codes_of(conn, level):
    return set(outlines_in_force(conn, level).code.tolist())


@pytest.mark.parametrize(
    ("z", "levels"),
    [
        (0, {"county", "township"}),
        (7, {"county", "township"}),
        (8, {"county", "township", "village", "grid"}),
        (11, {"county", "township", "village", "grid"}),
        (12, {"county", "township", "village", "grid", "subgroup"}),
        (16, {"county", "township", "village", "grid", "subgroup"}),
    ],
)
def test_a_level_is_drawn_from_its_first_zoom(county, z, levels):
    found = {name for tile in drawn(county, z) for name in tile}
    # At zoom 0 the whole county is smaller than a place of the tile.
    assert found <= levels | {f"{level}_label" for level in levels}
    if z >= 7:
        assert {name for name in found if not name.endswith("_label")} == levels


@pytest.mark.parametrize("z", [9, 12, 14])
def test_every_unit_is_on_the_tiles_with_its_name(county, z):
    conn, _ = county
    seen = {}
    for tile in drawn(county, z):
        for level, features in tile.items():
            for feature in features:
                seen.setdefault(level, {})[feature.properties["code"]] = feature.properties
    for level in (Level.VILLAGE, Level.GRID, *([Level.SUBGROUP] if z >= 12 else [])):
        assert set(seen[level.value]) == codes_of(conn, level)
    assert all(set(one) == {"level", "code", "name", "kind"} for one in seen["grid"].values())


@pytest.mark.parametrize("z", [9, 13, 15])
def test_every_unit_is_labelled_once_and_inside_its_tile(county, z):
    conn, _ = county
    counted = Counter()
    for tile in drawn(county, z):
        for level, features in tile.items():
            if level.endswith("_label"):
                counted.update((level, one.properties["code"]) for one in features)
                places = np.array([place for one in features for place in one.points])
                assert ((places >= 0) & (places <= 4096)).all()
    assert set(counted.values()) == {1}
    for level in (Level.COUNTY, Level.VILLAGE, Level.GRID):
        labelled = {code for name, code in counted if name == f"{level.value}_label"}
        assert labelled == codes_of(conn, level)


@pytest.mark.parametrize("z", [9, 10, 11, 12, 13, 14, 15, 16])
@pytest.mark.parametrize("level", ["grid", "subgroup"])
def test_neighbours_leave_no_gap_and_no_overlap_at_any_zoom(county, z, level):
    for tile in drawn(county, z):
        if level in tile:
            (whole,) = tile["county"]
            units = [one.polygon() for one in tile[level]]
            united = shapely.union_all(units)
            assert sum(one.area for one in units) - united.area < PIXEL
            assert united.symmetric_difference(whole.polygon()).area < PIXEL


@pytest.mark.parametrize("z", [9, 12, 15])
def test_a_common_border_is_the_same_line_on_both_sides(county, z):
    for tile in drawn(county, z):
        units = [one.polygon() for one in tile.get("grid", [])]
        for a, b in combinations(units, 2):
            if a.distance(b) < 1:
                common = a.boundary.intersection(b.boundary).length
                near = a.boundary.intersection(b.boundary.buffer(1)).length
                assert near - common < 30  # round the ends of the common line


def test_the_finest_tiles_show_the_outlines_themselves(county):
    conn, grids = county
    k = 5
    place = grids.outline[k].representative_point()
    x, y = address(place.x, place.y, 18)
    assert tiles.display_zoom(18) == tiles.display_zoom(15) == display.ZOOMS[-1]
    (inside,) = [
        one
        for one in read(tiles.units_tile(conn, 18, x, y).plain)["grid"]
        if one.properties["code"] == grids.code[k]
    ]
    frame = shapely.box(-REACH, -REACH, 4096 + REACH, 4096 + REACH)
    exact = shapely.transform(grids.outline[k], lambda xy: in_tile(xy, 18, x, y))
    difference = inside.polygon().symmetric_difference(exact.intersection(frame))
    assert difference.area <= difference.length  # rounding to the tile's places, no more


def in_tile(xy, z, x, y):
    n = 2**z
    column = (xy[:, 0] + 180) / 360 * n
    row = (1 - np.arcsinh(np.tan(np.radians(xy[:, 1]))) / pi) / 2 * n
    return np.column_stack(((column - x) * 4096, (row - y) * 4096))


def test_a_tile_says_which_publication_it_shows(county):
    conn, _ = county
    assert tiles.units_tile(conn, 12, 0, 0).plain == b""
    assert tiles.units_tile(conn, 12, 0, 0).publication == 2


@pytest.mark.parametrize("address", [(-1, 0, 0), (19, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_an_address_outside_the_pyramid_is_refused_before_any_query(address):
    with pytest.raises(NoSuchTile):
        tiles.units_tile(NOBODY, *address)
    with pytest.raises(NoSuchTile):
        tiles.points_tile(NOBODY, "incidents", COUNTY, *address)


@pytest.mark.parametrize(("layer", "z"), [("households", 14), ("cameras", 12), ("incidents", 5)])
def test_places_are_not_drawn_from_afar(layer, z):
    with pytest.raises(NoSuchTile):
        tiles.points_tile(NOBODY, layer, COUNTY, z, 0, 0)


def test_a_layer_that_is_none_is_refused():
    with pytest.raises(NoSuchTile):
        tiles.points_tile(NOBODY, "people", COUNTY, 16, 0, 0)


# Places: two villages side by side, seen by the web role -----------------------------------------

OWN, FOREIGN = COUNTY + "101001", COUNTY + "101002"


@pytest.fixture
def places(conn):
    make = Make(conn)
    own = make.grids(1, 2, village=OWN)
    foreign = make.grids(1, 2, village=FOREIGN, east_by=2)
    make.matter()
    for number, grid in enumerate([*own, *foreign]):
        make.household(f"h{number}", grid=grid, at=make.at(grid, 0.5, 0.5))
        make.camera(f"c{number}", grid, make.at(grid, 0.5, 0.5))
    return make, own, foreign


def open_incident(make, grid, at, step="reported", n=1):
    make.conn.execute(
        text(
            "INSERT INTO incident (reported_at, occurred_at, number, matter_code, summary, source,"
            " external_id, position, placement, grid_code, territory_code, step, owner_unit,"
            " owner_rank, owner_reason) SELECT now(), now(), 'n' || k, '0201', 's', 'desk',"
            " gen_random_uuid(), ST_SetSRID(ST_MakePoint(:lon, :lat), 4490), 'inside', :grid,"
            " :territory, :step, :territory, 'desk', '{}' FROM generate_series(1, :n) AS k"
        ),
        {
            "lon": at.lon,
            "lat": at.lat,
            "grid": grid and grid.code,
            "territory": grid.code if grid else OWN,
            "step": step,
            "n": n,
        },
    )


def everything(conn, layer, scope, z, make):
    places = [make.at(type("U", (), {"code": code}), 0.5, 0.5) for code in make.squares]
    found = []
    for x, y in sorted({address(at.lon, at.lat, z) for at in places}):
        found += read(tiles.points_tile(conn, layer, scope, z, x, y)).get(layer, [])
    return [one.properties for one in found]


@pytest.mark.parametrize("layer", ["households", "cameras"])
def test_a_viewer_sees_the_places_of_the_own_territory_alone(places, as_web, layer):
    make, own, _ = places
    everywhere = everything(make.conn, layer, COUNTY, 15, make)
    assert len({one["id"] for one in everywhere}) == 4
    conn = as_web(OWN)
    assert len({one["id"] for one in everything(conn, layer, OWN, 15, make)}) == 2
    # The second wall: a wider scope than the transaction's own shows no more.
    assert len({one["id"] for one in everything(conn, layer, COUNTY, 15, make)}) == 2
    one_grid = own[0].code
    assert len({one["id"] for one in everything(conn, layer, one_grid, 15, make)}) == 1


def test_nothing_personal_leaves_with_a_household(places):
    make, *_ = places
    assert set(everything(make.conn, "households", OWN, 16, make)[0]) == {"id", "class"}


def test_open_incidents_are_places_when_near_and_counts_when_far(places, as_web):
    make, own, foreign = places
    at = make.at(own[0], 0.5, 0.5)
    open_incident(make, own[0], at, n=3)
    open_incident(make, own[0], at, step="closed")
    open_incident(make, foreign[0], make.at(foreign[0], 0.5, 0.5))
    open_incident(make, None, make.at(own[1], 0.2, 0.2))
    conn = as_web(OWN)
    near = everything(conn, "incidents", OWN, 14, make)
    assert len({one["id"] for one in near}) == 4
    assert {one["step"] for one in near} == {"reported"}
    far = everything(conn, "incidents", OWN, 8, make)
    assert sum(one["n"] for one in far) == 4
    assert all(set(one) == {"n"} for one in far)


def test_the_informant_of_a_subgroup_sees_its_places(places):
    make, own, _ = places
    make.unit(own[0].code + "01", Level.SUBGROUP)
    make.conn.execute(
        text("UPDATE household SET subgroup_code = :s, territory_code = :s WHERE number = 'h0'"),
        {"s": own[0].code + "01"},
    )
    assert len(everything(make.conn, "households", own[0].code + "01", 15, make)) == 1
