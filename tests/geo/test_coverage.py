from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import (
    BrokenCoverage,
    InvalidFrame,
    adjacency,
    outlines,
    prove,
    residue,
)
from geo.lattice import SCALE, snap
from tests import strategies

MM = 1e-8  # about a millimetre, less than a lattice step
STEP = 1 / SCALE


def frame_of(cells):
    return shapely.coverage_union_all(cells)


def replaced(cells, index, polygon):
    changed = cells.copy()
    changed[index] = polygon
    return changed


def reshaped(cells, index, change):
    """The cells with the shell of one of them changed by a function on its open coordinates."""
    xy = change(shapely.get_coordinates(cells[index].exterior)[:-1].copy())
    return replaced(cells, index, shapely.Polygon(xy, cells[index].interiors))


def vertex_off(by):
    def change(xy):
        xy[1] += by
        return xy

    return change


def with_hole(cells, index, size):
    at = shapely.get_coordinates(shapely.point_on_surface(cells[index]))[0]
    (hole,) = snap([shapely.box(*(at - size), *(at + size))])
    return replaced(cells, index, snap([cells[index].difference(hole)])[0])


def swapped(xy):
    xy[[1, 2]] = xy[[2, 1]]
    return xy


def halved_edge(xy):
    return np.insert(xy, 1, np.rint((xy[0] + xy[1]) / 2 * SCALE) / SCALE, axis=0)


def on_top(cells):
    xy = shapely.get_coordinates(shapely.point_on_surface(cells[0]))[0]
    return np.append(cells, snap([shapely.box(*(xy - 2e-6), *(xy + 2e-6))]))


DEFECTS = {
    "missing polygon": lambda cells: cells[1:],
    "hole of a few metres": lambda cells: with_hole(cells, 0, 2e-5),
    "hole of one lattice step": lambda cells: with_hole(cells, 0, STEP),
    "duplicate polygon": lambda cells: np.append(cells, cells[0]),
    "small polygon on top": on_top,
    "big polygon over all": lambda cells: np.append(cells, shapely.box(99, 24, 100, 25)),
    "vertex dropped": lambda cells: reshaped(cells, 0, lambda xy: np.delete(xy, 1, axis=0)),
    "vertex added": lambda cells: reshaped(cells, 0, halved_edge),
    "vertex moved one lattice step": lambda cells: reshaped(cells, 0, vertex_off((STEP, 0))),
    "vertex moved two metres": lambda cells: reshaped(cells, 0, vertex_off((2e-5, 0))),
    "two vertices swapped": lambda cells: reshaped(cells, 0, swapped),
    "empty cell": lambda cells: replaced(cells, 0, shapely.Polygon()),
    "missing geometry": lambda cells: replaced(cells, 0, None),
    "line instead of a polygon": lambda cells: replaced(cells, 0, cells[0].exterior),
}


@given(strategies.coverages())
def test_a_coverage_is_proven_with_and_without_its_frame(cells):
    for proof in (prove(cells), prove(cells, frame_of(cells))):
        assert proof.exact
        assert (proof.invalid, proof.off_lattice, proof.extra, proof.missing) == ((), (), 0, 0)


@pytest.mark.parametrize("defect", DEFECTS)
@given(cells=strategies.coverages(most=4))
def test_no_defect_escapes_the_proof(defect, cells):
    assert not prove(DEFECTS[defect](cells), frame_of(cells)).exact


@pytest.mark.parametrize("defect", ["hole of a few metres", "hole of one lattice step"])
@given(cells=strategies.coverages(most=4))
def test_a_hole_is_a_gap_even_without_a_frame(defect, cells):
    assert not prove(DEFECTS[defect](cells)).exact


def test_a_missing_polygon_inside_is_a_gap_even_without_a_frame():
    cells = strategies.crooked_coverage(3, 3, seed=1)
    assert prove(np.delete(cells, 0)).exact  # a corner: the rest is a coverage, too
    proof = prove(np.delete(cells, 4))
    assert (proof.exact, proof.extra, proof.missing) == (False, 12, 0)


def test_a_border_vertex_moved_outwards_shows_extra_and_missing_edges():
    cells = strategies.crooked_coverage(3, 3, seed=1)
    frame = frame_of(cells)
    border = set(map(tuple, shapely.get_coordinates(frame)))
    xy = shapely.get_coordinates(cells[0].exterior)
    at = next(
        k for k in range(1, len(xy) - 1) if all(tuple(p) in border for p in xy[k - 1 : k + 2])
    )

    def moved(ring):
        ring[at] -= (2e-5, 2e-5)
        return ring

    proof = prove(snap(reshaped(cells, 0, moved)), frame)
    assert (proof.extra, proof.missing) == (2, 2)


def test_an_enclave_of_another_county_is_no_gap_against_a_frame_with_a_hole():
    cells = np.delete(strategies.crooked_coverage(3, 3, seed=1), 4)
    assert prove(cells, frame_of(cells)).exact


@pytest.mark.filterwarnings("error")
@settings(max_examples=60, deadline=None)
@given(seed=strategies.seeds())
def test_polygons_that_cross_at_random_are_answered_and_not_exact(seed):
    rng = np.random.default_rng(seed)
    corner, cells = np.array([1_130_000_000, 300_000_000]), []
    places = corner + rng.integers(0, rng.choice([8, 100, 3000]), (60, 2))
    for _ in range(rng.integers(3, 40)):
        ring = places[rng.integers(0, 60, rng.integers(3, 8))]
        turn = np.arctan2(*(ring - ring.mean(axis=0)).T)
        cells.append(shapely.Polygon(ring[np.argsort(turn)] / SCALE))
    assert not prove(cells).exact


def test_two_islands_are_proven_together():
    cells = strategies.crooked_coverage(5, 2, seed=2)
    islands = np.delete(cells, [4, 5])
    assert shapely.coverage_union_all(islands).geom_type == "MultiPolygon"
    assert prove(islands).exact
    assert prove(islands, frame_of(islands)).exact


def test_cells_of_several_parts_count_with_all_their_parts():
    cells = strategies.crooked_coverage(3, 3, seed=1)
    apart = np.append(cells[1:8], shapely.MultiPolygon([cells[0], cells[8]]))
    assert prove(apart, frame_of(cells)).exact


def test_coordinates_between_lattice_places_are_not_exact():
    cells = strategies.crooked_coverage(3, 3, seed=1)
    proof = prove(reshaped(cells, 4, vertex_off((MM, 0))), frame_of(cells))
    assert (proof.exact, proof.off_lattice) == (False, (4,))
    assert (proof.invalid, proof.extra, proof.missing) == ((), 0, 0)


def test_a_cell_that_rounding_collapses_is_invalid():
    cells = strategies.crooked_coverage(2, 2, seed=1)
    thin = shapely.Polygon([(99.6, 24.8), (99.6000001, 24.8), (99.6, 24.80000001)])
    assert prove(np.append(cells, thin), frame_of(cells)).invalid == (4,)


def test_nothing_can_be_proven_against_a_twisted_frame():
    twisted = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(InvalidFrame):
        prove([], twisted)
    with pytest.raises(InvalidFrame):
        prove([], shapely.Point(0, 0))


def test_no_cells_leave_nothing():
    assert len(residue([])) == 0
    assert prove([]).exact
    assert prove([], shapely.box(0, 0, 1, 1)).missing == 4


@given(strategies.coverages(), st.integers(0, 30), st.randoms())
def test_a_chain_does_not_know_how_its_rings_were_written(cells, turn, random):
    respelled = []
    for cell in cells:
        xy = np.roll(shapely.get_coordinates(cell.exterior)[:-1], turn, axis=0)
        respelled.append(shapely.Polygon(xy[::-1] if random.random() < 0.5 else xy))
    random.shuffle(respelled)
    assert residue(respelled) == residue(cells)
    assert residue(respelled).digest == residue(cells).digest
    assert hash(residue(respelled)) == hash(residue(cells))


@given(strategies.coverages())
def test_the_residue_of_a_coverage_is_the_boundary_of_its_union(cells):
    assert residue(cells) == residue([frame_of(cells)])
    assert residue(cells) != residue(cells[1:])


@given(strategies.coverages(), strategies.seeds())
def test_a_patch_with_an_unchanged_residue_leaves_the_coverage_proven(cells, seed):
    pairs = adjacency(cells)
    pick = np.random.default_rng(seed).integers(len(pairs.i))
    old = [pairs.i[pick], pairs.j[pick]]
    united = shapely.coverage_union_all(cells[old])
    assert residue([united]) == residue(cells[old])
    assert prove(np.append(np.delete(cells, old), united), frame_of(cells)).exact


def test_duplicates_are_counted_with_multiplicity():
    square = shapely.box(0, 0, 1, 1)
    assert len(residue([square] * 3)) == 12
    assert residue([square] * 3).times.tolist() == [3, 3, 3, 3]
    assert residue([square] * 3) != residue([square])


@given(strategies.coverages())
def test_neighbours_share_what_geos_says_they_share(cells):
    found = adjacency(cells)
    assert (found.i < found.j).all()
    shared = shapely.length(shapely.intersection(cells[found.i], cells[found.j]))
    assert (shared > 0).all()
    degree_m = found.border_m / shared
    assert ((degree_m > 100_000) & (degree_m < 111_500)).all()
    n_touching = sum(
        shapely.length(shapely.intersection(a, b)) > 0
        for k, a in enumerate(cells)
        for b in cells[k + 1 :]
    )
    assert len(found.i) == n_touching


def test_a_corner_makes_queens_not_rooks():
    cells = strategies.crooked_coverage(2, 2, seed=3)
    assert len(adjacency(cells).i) == 4
    queens = adjacency(cells, queen=True)
    assert len(queens.i) == 6
    assert sorted(queens.border_m)[:2] == [0, 0]
    assert sorted(queens.border_m)[2:] == sorted(adjacency(cells).border_m)


@pytest.mark.parametrize("queen", [False, True])
def test_who_stands_alone_has_no_neighbours(queen):
    for cells in (
        [],
        [shapely.box(0, 0, 1, 1)],
        [shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)],
    ):
        assert [len(part) for part in adjacency(cells, queen=queen)] == [0, 0, 0]


@given(strategies.coverages(), st.integers(1, 4))
def test_outlines_cover_what_their_cells_cover(cells, n_groups):
    groups = [("west", "east", None, 7)[k % n_groups] for k in range(len(cells))]
    units = outlines(cells, groups)
    assert list(units) == list(dict.fromkeys(groups))
    assert prove(list(units.values()), frame_of(cells)).exact


def test_cells_that_overlap_are_not_united():
    cells = DEFECTS["small polygon on top"](strategies.crooked_coverage(2, 2, seed=3))
    with pytest.raises(BrokenCoverage) as refusal:
        outlines(cells, ["a", "b", "b", "b", "a"])
    assert refusal.value.facts == {"group": "a"}
    with pytest.raises(BrokenCoverage):
        outlines([cells[0], *cells], ["all"] * 6)
