import csv
import gzip
import json
import time
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from shapely import affinity

from geo.coverage import outlines, prove, residue
from geo.crs import area_m2
from geo.lattice import on_lattice
from geo.polygon import NotPolygonal, is_polygonal, widths
from geo.repair import repair
from geo.repair_account import Repair
from geo.repair_faces import FREE
from geo.repair_misfit import NOISE_M
from tests.strategies import HOME, coverages, crooked_coverage, seeds

M = 1 / 111_320  # degrees of latitude in a metre
TO_METRES = np.array([111_320 * np.cos(np.radians(HOME[1])), 110_800.0])


def jittered(cells, seed, amplitude_m, dropped=0.0):
    """Each cell drawn again on its own: own errors, some vertices left out."""
    rng = np.random.default_rng(seed)
    drawn = []
    for cell in cells:
        xy = shapely.get_coordinates(cell.exterior)[:-1]
        kept = rng.random(len(xy)) >= dropped
        if kept.sum() >= 4:
            xy = xy[kept]
        turn = rng.uniform(0, 2 * np.pi, len(xy))
        by = rng.uniform(0, amplitude_m, (len(xy), 1)) * np.column_stack(
            (np.cos(turn), np.sin(turn))
        )
        drawn.append(shapely.Polygon(xy + by / TO_METRES))
    return np.array(drawn, dtype=object)


def in_metres(shapes):
    return shapely.transform(shapes, lambda xy: (xy - HOME) * TO_METRES)


def assert_sound(result: Repair):
    assert result.proof.exact
    assert on_lattice(result.cells)
    assert set(shapely.get_type_id(result.cells).tolist()) == {3}
    owned = set(result.owner.tolist()) - {FREE}
    assert owned | set(result.lost) == set(range(len(result.ids)))
    json.dumps(result.as_dict())


@given(coverages())
@settings(deadline=None, max_examples=30)
def test_a_clean_coverage_comes_back_as_it_was(cells):
    result = repair(cells)
    assert_sound(result)
    assert residue(result.cells) == residue(cells)
    assert [shapely.equals(a, b) for a, b in zip(result.outlines(), cells, strict=True)]
    assert_array_equal(result.moved_m, 0)
    assert result.as_dict()["changes"] == []


@given(coverages(), seeds())
@settings(deadline=None, max_examples=30)
def test_noise_of_less_than_a_lattice_step_moves_nothing_further(cells, seed):
    result = repair(jittered(cells, seed, 1e-3))
    assert_sound(result)
    assert result.snap_m == NOISE_M
    assert len(result.cells) == len(cells)
    assert result.moved_m.max() < 0.03


@given(coverages(), seeds(), st.floats(0.5, 3), st.sampled_from([0, 0.1]))
@settings(deadline=None, max_examples=40)
def test_cells_drawn_one_by_one_become_one_coverage_with_each_its_own(
    cells, seed, amplitude_m, dropped
):
    drawn = jittered(cells, seed, amplitude_m, dropped)
    result = repair(drawn, tolerance_m=2 * amplitude_m, gap_limit_m=40)
    assert_sound(result)
    assert result.lost == ()
    true, seen = area_m2(cells), area_m2(shapely.make_valid(drawn))
    after = area_m2(result.outlines())
    # A corner of the outer border that was left out is known to nobody.
    off = np.minimum(np.abs(after - true), np.abs(after - seen))
    assert (off / true).max() < 0.25
    if not dropped:
        assert result.moved_m.max() < 6 * amplitude_m


def test_the_snap_distance_is_found_from_how_far_copies_lie_apart():
    cells = crooked_coverage(8, 8, seed=1)
    result = repair(jittered(cells, 2, 2.0), tolerance_m=None)
    assert_sound(result)
    assert 2.0 <= result.snap_m <= 4.0
    assert len(result.cells) == len(cells)


def test_a_vertex_that_only_one_side_has_is_given_to_the_other():
    west = shapely.box(*HOME, HOME[0] + 0.001, HOME[1] + 0.001)
    east = shapely.Polygon(
        [
            (HOME[0] + 0.001, HOME[1]),
            (HOME[0] + 0.002, HOME[1]),
            (HOME[0] + 0.002, HOME[1] + 0.001),
            (HOME[0] + 0.001, HOME[1] + 0.001),
            (HOME[0] + 0.001, HOME[1] + 0.0005),
        ]
    )
    result = repair([west, east])
    assert_sound(result)
    assert len(shapely.get_coordinates(result.outlines()[0])) == 6
    assert result.changed_m2.max() < 1e-3


def test_a_missing_cell_becomes_free_land_and_is_listed():
    cells = crooked_coverage(4, 4, seed=3)
    result = repair(np.delete(cells, 5))
    assert_sound(result)
    (free,) = result.cells[result.owner == FREE]
    assert shapely.equals(free, cells[5])
    (gap,) = [place for place in result.places if place.kind == "gap"]
    assert gap.given_to == FREE
    assert gap.area_m2 == pytest.approx(area_m2([cells[5]])[0], rel=1e-3)
    assert shapely.intersects_xy(cells[5], *gap.at)


def test_a_hole_in_one_cell_is_a_gap():
    cells = crooked_coverage(3, 3, seed=4)
    hole = cells[4].centroid.buffer(15 * M)
    cells[4] = cells[4].difference(hole)
    wide = repair(cells, gap_limit_m=10)
    narrow = repair(cells, gap_limit_m=60)
    assert_sound(wide)
    assert_sound(narrow)
    assert (wide.owner == FREE).sum() == 1
    assert (narrow.owner == FREE).sum() == 0
    assert narrow.places[0].given_to == 4


def test_a_shifted_copy_is_set_aside_and_named():
    cells = crooked_coverage(4, 4, seed=5)
    copy = affinity.translate(cells[6], 0.5 * M, -0.4 * M)
    result = repair(np.append(cells, copy), ids=[*"abcdefghijklmnop", "copy of g"])
    assert_sound(result)
    assert result.duplicates == ((6, 16),)
    assert result.lost == (16,)
    account = result.as_dict()
    assert account["duplicates"] == [{"id": "copy of g", "of": "g"}]
    assert account["lost"] == ["copy of g"]


def test_a_bow_tie_is_mended_with_every_lobe_kept():
    cells = crooked_coverage(4, 4, seed=6)
    xy = shapely.get_coordinates(cells[5].exterior)[:-1]
    xy[[3, 6]] = xy[[6, 3]]
    cells[5] = shapely.Polygon(xy)
    result = repair(cells)
    assert_sound(result)
    assert list(result.mended) == [5]
    assert "Self-intersection" in result.mended[5]
    assert result.lost == ()


@given(seeds())
def test_no_lobe_of_a_bow_tie_is_lost_without_a_word(seed):
    rng = np.random.default_rng(seed)
    cells = crooked_coverage(4, 4, seed=6)
    xy = shapely.get_coordinates(cells[5].exterior)[:-1] + rng.normal(size=2) * 1e-5
    one, other = rng.choice(len(xy), 2, replace=False)
    xy[[one, other]] = xy[[other, one]]
    xy += rng.normal(size=xy.shape) * rng.choice([0, 1e-5, 1e-4])
    cells[5] = shapely.Polygon(xy)
    result = repair(cells)
    drawn = shapely.make_valid(cells[5], method="structure", keep_collapsed=False)
    kept = result.outlines()[5]
    lost = shapely.difference(drawn, kept) if kept is not None else drawn
    told = [p for p in result.places if 5 in p.claimants and p.given_to != 5]
    wide = 2 * result.snap_m
    core = shapely.buffer(in_metres(lost), -wide).area
    assert sum(place.area_m2 for place in told) >= core
    listed = [shapely.Point(p.at) for p in result.places if p.given_to == FREE]
    free = result.cells[result.owner == FREE]
    for cell in free[widths(in_metres(free)) > wide]:
        assert shapely.intersects(cell, listed).any()


def test_a_scrap_that_goes_to_a_neighbour_is_told():
    cells = jittered(crooked_coverage(4, 4, seed=6), 1, 2.0, dropped=0.1)
    inside = cells[10].representative_point()
    scrap = shapely.transform(
        shapely.box(0, 0, 3e-5, 1e-4), lambda xy: np.round(xy + inside.coords[0], 7)
    )
    cells[5] = shapely.MultiPolygon([cells[5], scrap])
    cells[10] = cells[10].difference(scrap)
    result = repair(cells)
    assert_sound(result)
    (told,) = [place for place in result.places if place.kind == "scrap"]
    assert (told.claimants, told.given_to) == ((5,), 10)
    assert shapely.Point(told.at).within(scrap)


def test_a_ring_that_touches_itself_keeps_its_shape():
    x, y = HOME
    step = 0.001
    touching = shapely.Polygon(
        [
            (x, y),
            (x + 2 * step, y),
            (x + step, y + step),
            (x + 2 * step, y + 2 * step),
            (x, y + 2 * step),
            (x + step, y + step),
        ]
    )
    assert not touching.is_valid
    result = repair([touching])
    assert_sound(result)
    assert list(result.mended) == [0]
    assert len(result.cells) == 2
    assert result.moved_m[0] < 1e-6


def test_a_swollen_cell_gives_back_what_its_neighbours_need():
    cells = crooked_coverage(4, 4, seed=7)
    cells[5] = cells[5].buffer(12 * M)
    result = repair(cells)
    assert_sound(result)
    assert result.lost == ()
    assert {place.kind for place in result.places} == {"overlap"}
    assert all(5 in place.claimants for place in result.places)
    assert result.n_overlaps >= 4


def test_a_polygon_that_covers_everything_is_lost_and_nothing_else_is():
    cells = crooked_coverage(3, 3, seed=8)
    result = repair(np.append(cells, shapely.union_all(cells).buffer(-1 * M)))
    assert_sound(result)
    assert result.lost == (9,)


def test_a_small_polygon_drawn_upon_another_is_kept():
    cells = crooked_coverage(3, 3, seed=9)
    small = cells[4].centroid.buffer(30 * M)
    result = repair(np.append(cells, small))
    assert_sound(result)
    assert result.lost == ()
    assert result.changed_m2[9] == pytest.approx(0, abs=2)


def test_islands_stay_parts_of_their_unit():
    cells = list(crooked_coverage(3, 3, seed=10))
    island = affinity.translate(cells[0], -0.1)
    cells[0] = shapely.MultiPolygon([cells[0], island])
    result = repair(cells)
    assert_sound(result)
    assert (result.owner == 0).sum() == 2


def test_a_frame_cuts_off_what_is_outside_and_leaves_free_land_inside():
    cells = crooked_coverage(4, 4, seed=11)
    frame = shapely.box(*shapely.union_all(cells[[5, 6, 9, 10]]).buffer(-20 * M).bounds)
    frame = shapely.box(*np.round(frame.bounds, 7))
    result = repair(np.delete(cells, 6), frame=frame)
    assert_sound(result)
    covered = shapely.union_all(result.cells)
    assert shapely.area(shapely.symmetric_difference(covered, frame)) < 1e-7 * frame.length
    assert (result.owner == FREE).any()
    assert result.proof.exact


def nested(seed):
    """Fine cells, and the coarse parents that they make in pairs."""
    children = crooked_coverage(6, 6, seed=seed)
    parent_of = np.arange(len(children)) // 2
    return children, np.array(list(outlines(children, parent_of).values()), dtype=object), parent_of


@given(seeds())
@settings(deadline=None, max_examples=20)
def test_children_are_fitted_into_parents_that_stay_where_they_are(seed):
    children, parents, parent_of = nested(seed % 1000)
    drawn = jittered(children, seed, 1.5, dropped=0.1)
    result = repair(drawn, parents=parents, parent_of=parent_of, tolerance_m=3, gap_limit_m=3)
    assert_sound(result)
    whole = outlines(result.cells, result.parent)
    for parent, outline in whole.items():
        off = shapely.area(shapely.symmetric_difference(outline, parents[parent]))
        assert off < 1e-7 * outline.length
    owned = result.owner != FREE
    assert_array_equal(parent_of[result.owner[owned]], result.parent[owned])


def test_a_parent_without_children_keeps_its_rest():
    children, parents, parent_of = nested(12)
    result = repair(children[2:], parents=parents, parent_of=parent_of[2:])
    assert_sound(result)
    (rest,) = result.cells[result.owner == FREE]
    assert shapely.equals(rest, parents[0])


def test_a_child_across_two_parents_is_cut_and_listed():
    children, parents, parent_of = nested(13)
    children[1] = shapely.union_all([children[1], children[2].buffer(-30 * M)]).buffer(20 * M)
    children = np.delete(children, 2)
    result = repair(children, parents=parents, parent_of=np.delete(parent_of, 2))
    assert_sound(result)
    assert any(place.kind == "crossing" and 1 in place.claimants for place in result.places)


def test_what_is_no_polygon_is_refused():
    with pytest.raises(NotPolygonal):
        repair([shapely.LineString([(99, 24), (99.1, 24)])])


def test_progress_is_told_from_start_to_proof():
    told = []
    repair(crooked_coverage(2, 2, 1), progress=lambda *step: told.append(step))
    assert [stage for _, _, stage in told] == ["mend", "snap", "prove"]


@pytest.mark.real
def test_the_areas_of_wales_become_nested_coverages(real_data):
    import pyogrio  # noqa: PLC0415

    path = real_data / "wales_areas" / "wales_areas.gpkg.zip"
    frames = {name: pyogrio.read_dataframe(path, layer=name) for name in ("lsoa", "oa")}
    with gzip.open(path.with_name("wales_oa_lsoa_msoa_lad.csv.gz"), "rt") as file:
        grid_of = {row["OA11CD"]: row["LSOA11CD"] for row in csv.DictReader(file)}
    grids = frames["lsoa"].geometry.to_numpy()
    assert not prove(grids[is_polygonal(grids)]).exact
    began = time.process_time()
    coarse = repair(grids, list(frames["lsoa"].LSOA11CD))
    assert_sound(coarse)
    assert len(coarse.mended) == 4
    assert coarse.lost == ()
    assert len(coarse.cells) == shapely.get_num_geometries(grids).sum()
    assert coarse.moved_m.max() < 0.01

    row = {code: i for i, code in enumerate(coarse.ids)}
    parents = np.array(coarse.outlines(), dtype=object)
    fine = repair(
        frames["oa"].geometry.to_numpy(),
        list(frames["oa"].OA11CD),
        parents=parents,
        parent_of=[row[grid_of[code]] for code in frames["oa"].OA11CD],
        gap_limit_m=1.0,
    )
    took_s = time.process_time() - began
    assert_sound(fine)
    assert len(fine.mended) == 23
    assert fine.lost == ()
    assert not (fine.owner == FREE).any()
    assert residue(fine.cells) == residue(coarse.cells)
    assert took_s < 60


@pytest.mark.parametrize("seed", range(6))
def test_files_that_arrive_one_after_the_other_meet_edge_to_edge(seed):
    cells = crooked_coverage(8, 6, seed=20 + seed)
    west = shapely.get_coordinates(shapely.centroid(cells))[:, 0] < HOME[0] + 4 * 0.004
    first = repair(jittered(cells[west], seed, 2.0, dropped=0.1))
    drawn = jittered(cells[~west], seed + 1, 2.0, dropped=0.1)
    second = repair(drawn, taken=first.cells)
    assert_sound(second)
    assert second.lost == ()
    assert prove(np.concatenate((first.cells, second.cells))).exact


def test_a_narrow_neck_that_a_neighbour_drew_over_holds_its_cell_together():
    x, y = HOME
    west = shapely.box(x, y, x + 0.001, y + 0.001)
    east = shapely.box(x + 0.0012, y, x + 0.002, y + 0.001)
    neck = shapely.box(x + 0.001, y + 0.00048, x + 0.0012, y + 0.00052)
    bone = shapely.union_all([west, neck, east])
    above = shapely.box(x + 0.001, y + 0.0005, x + 0.0012, y + 0.001)
    below = shapely.box(x + 0.001, y, x + 0.0012, y + 0.00048)
    over = shapely.union(above, neck)
    result = repair([bone, over, below], tolerance_m=0.5)
    assert_sound(result)
    assert_array_equal(np.bincount(result.owner), [1, 1, 1])


def row(ends, low, high):
    """Rectangles side by side between two heights, in metres from home."""
    boxes = [shapely.box(w, low, e, high) for w, e in pairwise(ends)]
    return shapely.transform(np.array(boxes, dtype=object), lambda xy: HOME + xy / TO_METRES)


def reach_m(result: Repair, outlines):
    """How far the land of each goes beyond what was drawn."""
    after = in_metres(np.array(result.outlines(), dtype=object))
    before = in_metres(np.asarray(outlines))
    return [
        shapely.distance(shapely.points(shapely.get_coordinates(one)), drawn).max()
        for one, drawn in zip(after, before, strict=True)
    ]


cut_points = st.lists(st.integers(1, 19), max_size=4, unique=True).map(
    lambda at: [0, *(50 * one for one in sorted(at)), 1000]
)


@given(cut_points, cut_points, st.floats(2, 12))
@example([0, 250, 700, 1000], [0, 430, 1000], 3.0)
@settings(deadline=None, max_examples=40)
def test_a_strip_between_two_rows_goes_to_those_beside_it_piece_by_piece(below, above, wide_m):
    drawn = np.concatenate((
        row(below, 0, 300),
        row(above, 300 + wide_m, 600),
        row([-50, 0], 0, 600),
        row([1000, 1050], 0, 600),
    ))  # fmt: skip
    result = repair(drawn, tolerance_m=0.5)
    assert_sound(result)
    assert FREE not in result.owner.tolist()
    assert max(reach_m(result, drawn)) <= 1.1 * wide_m


def test_a_strip_along_a_parents_border_is_cut_at_corners_that_are_there():
    parents = np.concatenate((row([0, 1000], 0, 303), row([0, 1000], 303, 600)))
    drawn = np.concatenate((row([0, 250, 700, 1000], 0, 300), row([0, 430, 1000], 306, 600)))
    result = repair(drawn, parents=parents, parent_of=[0, 0, 0, 1, 1], tolerance_m=0.5)
    assert_sound(result)
    assert_array_equal(result.parent[np.argsort(result.owner)], [0, 0, 0, 1, 1])
