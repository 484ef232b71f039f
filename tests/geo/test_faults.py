from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import InvalidFrame
from geo.crs import area_m2
from geo.faults import check
from geo.lattice import snap
from tests import strategies
from tests.geo.dirt import dirtied

METRE = 1e-5  # of a degree, about
HALF_MM = 5e-9

CELLS = strategies.crooked_coverage(4, 4, seed=11)
IDS = [f"c{k}" for k in range(16)]
INNER = 5
FRAME = shapely.coverage_union_all(CELLS)


def with_cell(index, polygon):
    cells = CELLS.copy()
    cells[index] = polygon
    return cells


def with_vertex_moved(index, by):
    xy = shapely.get_coordinates(CELLS[index])
    xy[2] += by
    return with_cell(index, shapely.Polygon(xy))


def summary(report):
    answer = report.as_dict()
    assert json.loads(json.dumps(answer)) == answer
    counts = ("invalid", "overlaps", "gaps", "outside", "duplicates", "noise")
    return answer["exact"], {key: answer[key] for key in counts if answer[key]}


def only(report, kind):
    (fault,) = [fault for fault in report.faults if fault.kind == kind]
    return fault


@given(strategies.coverages())
def test_a_coverage_has_no_fault(cells):
    for within in (None, shapely.coverage_union_all(cells)):
        assert summary(check(cells, range(len(cells)), within)) == (True, {})


def test_cells_that_meet_in_a_corner_in_the_middle_of_their_rings_are_exact():
    corners = [(0, 0), (METRE * 30, METRE * 30), (METRE * 60, 0)]
    squares = [shapely.box(x, y, x + METRE * 30, y + METRE * 30) for x, y in corners]
    rings = [np.roll(square.exterior.coords[:-1], 1, axis=0) for square in squares]
    turned = [shapely.Polygon(ring) for ring in rings]
    assert check(snap(turned), range(3)).exact


@given(strategies.coverages(), st.floats(0.01, 3), st.floats(0.01, 3))
def test_floats_off_the_lattice_may_be_exact(cells, east, north):
    moved = shapely.transform(cells, lambda xy: xy * (east, north) / 3)
    assert summary(check(moved, range(len(cells)))) == (True, {})


@pytest.mark.parametrize("within", [None, FRAME])
def test_a_missing_polygon_is_a_gap_of_its_size_and_place(within):
    report = check(np.delete(CELLS, INNER), IDS[:INNER] + IDS[INNER + 1 :], within)
    assert summary(report) == (False, {"gaps": 1})
    gap = only(report, "gap")
    assert gap.area_m2 == pytest.approx(area_m2([CELLS[INNER]])[0], rel=1e-4)
    assert CELLS[INNER].contains(shapely.Point(gap.at))
    assert gap.width_m > 300
    assert {"c1", "c4", "c6", "c9"} <= set(gap.codes)


def test_a_missing_polygon_at_the_border_shows_against_the_frame_only():
    rest, ids = CELLS[1:], IDS[1:]
    assert summary(check(rest, ids)) == (True, {})
    assert summary(check(rest, ids, FRAME)) == (False, {"gaps": 1})


@pytest.mark.parametrize("size_m", [0.2, 3, 30])
def test_a_hole_in_a_cell_is_a_gap(size_m):
    x, y = shapely.get_coordinates(shapely.point_on_surface(CELLS[INNER]))[0]
    half = size_m * METRE / 2
    hole = shapely.box(x - half, y - half, x + half, y + half)
    report = check(with_cell(INNER, CELLS[INNER].difference(hole)), IDS)
    assert summary(report) == (False, {"gaps": 1})
    assert only(report, "gap").codes == (IDS[INNER],)
    assert only(report, "gap").width_m == pytest.approx(size_m, rel=0.15)


def test_a_polygon_written_twice_is_a_duplicate():
    report = check([*CELLS, CELLS[3], CELLS[3].reverse()], [*IDS, "again", "turned"])
    assert summary(report) == (False, {"duplicates": 2})
    assert [fault.codes for fault in report.faults] == [("c3", "again"), ("c3", "turned")]


def test_a_polygon_drawn_twice_is_a_duplicate():
    shifted = shapely.transform(CELLS[INNER], lambda xy: xy + 0.5 * METRE)
    report = check([*CELLS, shifted], [*IDS, "again"])
    assert report.duplicates == 1
    assert only(report, "duplicate").codes == (IDS[INNER], "again")
    assert all("again" in fault.codes for fault in report.faults)


def test_overlaps_name_the_pair_and_the_place():
    swollen = shapely.transform(CELLS[INNER], lambda xy: (xy - xy.mean(0)) * 1.1 + xy.mean(0))
    report = check(with_cell(INNER, swollen), IDS)
    assert set(summary(report)[1]) == {"overlaps"}
    for fault in report.faults:
        one, other = (IDS.index(code) for code in fault.codes)
        assert INNER in (one, other)
        assert shapely.Point(fault.at).within(swollen.intersection(CELLS[one + other - INNER]))


def test_a_polygon_over_everything_overlaps_everything_and_lies_outside():
    over = shapely.box(*FRAME.buffer(METRE).bounds)
    report = check([*CELLS, over], [*IDS, "over"], FRAME)
    counts = summary(report)[1]
    assert counts["overlaps"] == 16
    assert counts["outside"] >= 1
    assert {fault.codes for fault in report.faults if fault.kind == "outside"} == {("over",)}


def test_a_county_border_that_was_moved_is_found_on_both_sides():
    border = set(map(tuple, shapely.get_coordinates(FRAME)))
    xy = shapely.get_coordinates(CELLS[0])
    at = next(
        k for k in range(1, len(xy) - 1) if all(tuple(p) in border for p in xy[k - 1 : k + 2])
    )
    for outwards, kind in ((1, "outside"), (-1, "gap")):
        moved = xy.copy()
        moved[at] += (
            outwards * 5 * METRE * np.sign(xy[at] - shapely.get_coordinates(FRAME.centroid)[0])
        )
        cells = with_cell(0, shapely.Polygon(moved))
        assert [fault.kind for fault in check(cells, IDS, FRAME).faults] == [kind]
        assert not check(cells, IDS, FRAME).exact


def test_a_bow_tie_is_invalid_at_its_crossing():
    xy = shapely.get_coordinates(CELLS[INNER])
    xy[[1, 5]] = xy[[5, 1]]
    twisted = shapely.Polygon(xy)
    report = check(with_cell(INNER, twisted), IDS)
    fault = only(report, "invalid")
    assert fault.codes == (IDS[INNER],)
    assert shapely.dwithin(twisted.exterior, shapely.Point(fault.at), 1e-9)
    assert not report.exact


@pytest.mark.parametrize("nothing", [None, shapely.Polygon(), CELLS[INNER].exterior])
def test_what_is_no_polygon_is_invalid_and_leaves_a_gap(nothing):
    report = check(with_cell(INNER, nothing), IDS)
    assert summary(report) == (False, {"invalid": 1, "gaps": 1})


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        ((HALF_MM, 0), {"noise": 2}),
        ((0, 2 * METRE), {"gaps": 1}),
        ((0, -2 * METRE), {"overlaps": 1}),
    ],
)
def test_the_tolerance_parts_noise_from_faults(move, expected):
    cells = with_vertex_moved(INNER, move)
    exact, found = summary(check(cells, IDS))
    assert not exact
    assert found.keys() == expected.keys()
    assert summary(check(cells, IDS, tolerance_m=10))[1].keys() == {"noise"}


def test_a_vertex_that_the_neighbour_lacks_is_noise():
    xy = shapely.get_coordinates(CELLS[INNER])
    cells = with_cell(INNER, shapely.Polygon(np.insert(xy, 1, (xy[0] + xy[1]) / 2, axis=0)))
    assert summary(check(cells, IDS)) == (False, {"noise": 2})


def noisy(cells):
    """Every cell redrawn on its own, 0.1 mm off."""
    rng = np.random.default_rng(1)

    def redrawn(cell):
        xy = shapely.get_coordinates(cell)[:-1]
        return shapely.Polygon(xy + rng.uniform(-1e-9, 1e-9, xy.shape))

    return [redrawn(cell) for cell in cells]


def test_noise_everywhere_hides_no_hole():
    assert summary(check(noisy(CELLS), IDS)) == (False, {"noise": 16})
    with_hole = np.delete(CELLS, INNER)
    assert summary(check(noisy(with_hole), IDS[1:])) == (False, {"gaps": 1, "noise": 15})
    assert summary(check(snap(noisy(CELLS)), IDS)) == (True, {})


def test_an_empty_file_is_exact_and_has_no_county():
    assert summary(check([], [])) == (True, {})
    assert summary(check([], [], FRAME)) == (False, {"gaps": 1})


def test_a_twisted_frame_is_refused():
    with pytest.raises(InvalidFrame):
        check(CELLS, IDS, shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))


@pytest.mark.real
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("lad", (True, {})),
        ("ward", (True, {})),
        ("msoa", (False, {"invalid": 1, "noise": 410})),
        ("lsoa", (False, {"invalid": 4, "noise": 1909})),
        ("oa", (False, {"invalid": 23})),
    ],
)
def test_the_published_areas_of_wales(real_data, layer, expected):
    file = real_data / "wales_areas/wales_areas.gpkg.zip"
    _, _, wkb, _ = pyogrio.raw.read(f"/vsizip/{file}", layer=layer)
    polygons = shapely.from_wkb(wkb)
    assert summary(check(polygons, range(len(polygons)))) == expected


def shaken(frame, by_deg, seed=3):
    xy = shapely.get_coordinates(frame)[:-1]
    return shapely.Polygon(xy + np.random.default_rng(seed).uniform(-by_deg, by_deg, xy.shape))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(shaken(FRAME, 1e-7), id="rounded otherwise"),
        pytest.param(shapely.segmentize(FRAME, 0.0003), id="with more vertices"),
        pytest.param(shapely.transform(FRAME, lambda xy: xy + 3e-9), id="off the lattice"),
    ],
)
def test_a_frame_that_is_the_same_line_but_for_rounding_leaves_a_coverage_exact(frame):
    assert summary(check(CELLS, IDS, frame)) == (True, {})


def test_a_frame_that_differs_by_less_than_the_tolerance_is_told_as_noise():
    exact, counts = summary(check(CELLS, IDS, shaken(FRAME, 4e-7)))
    assert not exact
    assert set(counts) == {"noise"}


def test_a_frame_does_not_hide_a_hole_that_its_coverage_has():
    report = check(np.delete(CELLS, INNER), IDS[:INNER] + IDS[INNER + 1 :], shaken(FRAME, 1e-7))
    assert summary(report) == (False, {"gaps": 1})


def test_each_kind_of_dirt_is_counted_once():
    cells = strategies.crooked_coverage(7, 7, seed=5)
    dirt = dirtied(cells, seed=1, jitter_m=(0, 0), swell_m=5.0)
    report = check(dirt.outlines, dirt.truth)
    assert not report.exact
    assert [fault.codes for fault in report.faults if fault.kind == "invalid"] == [
        (str(dirt.bow_tie),)
    ]
    (copied,) = [fault for fault in report.faults if fault.kind == "duplicate"]
    assert set(copied.codes) == {str(dirt.copied)}
    gaps = [fault for fault in report.faults if fault.kind == "gap"]
    missing = cells[dirt.missing]
    assert [gap for gap in gaps if missing.contains(shapely.Point(gap.at))]
    around = np.flatnonzero(shapely.touches(cells, cells[dirt.swollen]))
    swollen_on = {
        code
        for fault in report.faults
        if fault.kind == "overlap" and str(dirt.swollen) in fault.codes
        for code in fault.codes
    }
    assert swollen_on == {str(dirt.swollen), *map(str, around.tolist())} - {str(dirt.missing)}
