"""Cameras: several registries, several datums, ids that say nothing about the place."""

from __future__ import annotations

import pytest

from geo.datum import Datum, from_cgcs2000_array
from geo.errors import UndeclaredDatum
from grids.model import Role
from importers.cameras import import_cameras
from tests.factories import COUNTY
from tests.importers.tables import OPERATOR, codes_of, counts_of, options, rows_of, write

HEADINGS = ["来源", "设备编码", "名称", "状态", "经度", "纬度", "方向"]
DEVICE = "5305240000132{:07d}"


@pytest.fixture
def take(conn, tmp_path):
    """Write rows to a file and take it in."""

    def take(rows, headings=HEADINGS, viewer=OPERATOR, name="police.csv", **given):
        return import_cameras(
            conn, viewer, write(tmp_path / name, headings, rows), options(**given)
        )

    return take


def row(number, at=None, *, registry="公安", status="在线", direction="90", device=None):
    lon, lat = (f"{at.lon:.7f}", f"{at.lat:.7f}") if at else ("", "")
    device = DEVICE.format(number) if device is None else device
    return [registry, device, f"球机{number}", status, lon, lat, direction]


def test_the_position_says_which_grid_and_not_the_id(conn, make, take):
    first, second = make.grids(1, 2, subgroups=2)
    report = take(
        [
            row(1, make.at(first, 0.25, 0.5)),
            row(2, make.at(second, 0.75, 0.5), direction="360"),
            row(3, make.at(first, -1, 0.5)),
            row(4),
        ]
    )
    assert counts_of(report) == {"read": 4, "taken": 4, "unplaced": 2}
    assert rows_of(
        conn,
        "SELECT subgroup_code, territory_code, direction_deg, status FROM camera"
        " ORDER BY device_id",
    ) == [
        (first.code + "01", first.code + "01", 90.0, "on"),
        (second.code + "02", second.code + "02", 0.0, "on"),
        (None, COUNTY, 90.0, "on"),
        (None, COUNTY, 90.0, "on"),
    ]


def test_one_device_in_two_registries_is_two_entries_and_in_one_registry_one(make, take):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    report = take([row(1, at), row(1, at, registry="交通"), row(1, at), row(2, at, device="")])
    assert counts_of(report) == {"read": 4, "taken": 2, "refused": 2}
    assert codes_of(report) == [(4, "row.repeated"), (5, "value.missing")]


def test_without_a_registry_the_sender_or_the_file_stands_for_it(conn, make, take):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    take([row(1, at, registry="")])
    take([row(1, at, registry="")], source="水利")
    assert rows_of(conn, "SELECT registry FROM camera ORDER BY 1") == [("police",), ("水利",)]


def test_foreign_ids_and_strange_states_are_noted_and_taken(conn, make, take):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    report = take([row(1, at, device="CAM-7"), row(2, at, status="检修"), row(3, at, status="")])
    assert report.taken == 3
    assert report.notes == [
        {"code": "camera.foreign_id", "n": 1},
        {"code": "camera.unknown_status", "n": 1},
    ]
    assert set(rows_of(conn, "SELECT status FROM camera")) == {("on",), ("unknown",)}


def test_directions_are_degrees(make, take):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    report = take([row(1, at, direction="361"), row(2, at, direction="东"), row(3, at)])
    assert codes_of(report) == [(2, "value.bad"), (3, "value.bad")]


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_registry_in_another_datum_lands_at_the_same_place(conn, make, take, datum):
    grids = make.grids(2, 2, subgroups=2)
    places = [make.at(grid, x, 0.02) for grid in grids for x in (0.02, 0.98)]
    take([row(k, at) for k, at in enumerate(places)])
    shifted = from_cgcs2000_array([(p.lon, p.lat) for p in places], datum).tolist()
    take(
        [["地图", DEVICE.format(k), "", "", *xy, ""] for k, xy in enumerate(shifted)],
        datum=datum.value,
    )
    far = rows_of(
        conn,
        "SELECT a.device_id FROM camera AS a JOIN camera AS b USING (device_id)"
        " WHERE a.registry = '公安' AND b.registry = '地图'"
        "   AND (ST_Distance(a.position, b.position) > 1e-7 OR a.subgroup_code <> b.subgroup_code)",
    )
    assert far == []


def test_coordinates_without_a_datum_are_refused(make, take):
    (grid,) = make.grids(1, 1)
    with pytest.raises(UndeclaredDatum):
        take([row(1, make.centre_of(grid))], datum=None)


def test_the_same_list_again_changes_nothing_and_news_are_taken(conn, make, take):
    first, second = make.grids(1, 2)
    rows = [row(1, make.centre_of(first)), row(2, make.centre_of(first)), row(3)]
    take(rows)
    before = rows_of(conn, "SELECT * FROM camera ORDER BY device_id")
    assert counts_of(take(rows)) == {"read": 3, "unchanged": 3, "unplaced": 1}
    assert rows_of(conn, "SELECT * FROM camera ORDER BY device_id") == before
    moved = [row(1, make.centre_of(second)), row(2, make.centre_of(first), status="故障"), row(3)]
    assert counts_of(take(moved)) == {"read": 3, "taken": 2, "unchanged": 1, "unplaced": 1}


def test_a_list_of_states_keeps_places_and_names(conn, make, take):
    (grid,) = make.grids(1, 1)
    take([row(1, make.centre_of(grid))])
    columns = "name, direction_deg, grid_code, territory_code, given_x, position::text"
    before = rows_of(conn, f"SELECT {columns} FROM camera")
    headings = ["来源", "设备编码", "状态"]
    assert take([["公安", DEVICE.format(1), "离线"]], headings=headings, datum=None).taken == 1
    assert rows_of(conn, f"SELECT {columns} FROM camera") == before
    assert rows_of(conn, "SELECT status FROM camera") == [("off",)]


def test_only_the_own_territory_can_be_written(make, take):
    (ours,) = make.grids(1, 1)
    (theirs,) = make.grids(1, 1, village=COUNTY + "102001", east_by=3)
    take([row(1, make.centre_of(theirs))])
    report = take(
        [
            row(1, make.centre_of(ours)),
            row(2, make.centre_of(theirs)),
            row(3, make.centre_of(ours)),
        ],
        viewer=make.viewer(Role.GRID_ADMIN, ours.code[:9]),
    )
    assert codes_of(report) == [(2, "territory.outside"), (3, "territory.outside")]
    assert report.taken == 1
