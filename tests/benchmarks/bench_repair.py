"""Repair and check of a county whose grids were drawn one by one, beside GEOS's coverage cleaner.

mapshaper took 27 s for such dirt without snapping and left 117 polygons invalid on the lattice;
with snapping at 6 m it took 7.4 s and left 4 grids in parts. It is no Python library: quoted from
the research of this project, not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coverage import outlines, prove
from geo.crs import area_m2
from geo.faults import check
from geo.lattice import Geometries, snap
from geo.repair import repair
from geo.repair_account import Repair
from geo.repair_faces import FREE
from tests.benchmarks.data import county, grids
from tests.benchmarks.harness import Bench, Count
from tests.geo.dirt import Dirt, dirtied, frame_of

SEED = 3
SNAP_M, GAP_M = 6.0, 25.0


def benches() -> Iterator[Bench | Count]:
    """Yield what is measured, in processor time."""
    for dropped in (0.0, 0.05, 0.2):
        yield from _of_grids(dropped)
    yield Bench(
        "fit 10,386 sub-groups drawn anew into clean grids", _fitted, at_most_s=15, rounds=1
    )
    yield Count("  grids that lost or gained land", _n_grids_changed)
    yield Bench("check 2,110 clean grids", lambda: check(grids(), range(2110)), at_most_s=1)
    cells = county().cells
    yield Bench("check 10,386 clean cells", lambda: check(cells, range(len(cells))), at_most_s=3)
    dirty = _grids(0.05).outlines
    yield Bench("check grids drawn one by one", lambda: check(dirty, range(len(dirty))), rounds=1)


def _of_grids(dropped: float) -> Iterator[Bench | Count]:
    dirt = _grids(dropped)
    frame = frame_of(dirt.outlines)
    valid = shapely.make_valid(
        frame.project(dirt.outlines), method="structure", keep_collapsed=False
    )

    def ours() -> Repair:
        return repair(dirt.outlines)

    def theirs() -> Geometries:
        cleaned: Geometries = shapely.coverage_clean(
            valid, snapping_distance=SNAP_M, gap_width=GAP_M
        )
        return cleaned

    name = f"repair {len(dirt.outlines):,} grids drawn one by one, {dropped:.0%} of vertices lost"
    yield Bench(name, ours, {"coverage_clean": theirs}, rounds=3)
    yield Bench("  its seconds (mapshaper, as quoted: 7.4 s)", ours, at_most_s=5, rounds=1)
    done, cleaned = ours(), snap(frame.unproject(theirs()))
    land = np.array(done.outlines(), dtype=np.object_)
    accounted = {*done.owner.tolist(), *done.lost} - {FREE}
    yield Count("  polygons not accounted for", lambda: len(dirt.outlines) - len(accounted))
    yield Count(
        f"  half-edges that the proof leaves (coverage_clean {_unproven(cleaned):,})",
        lambda: _unproven(done.cells),
    )
    yield Count(
        f"  grids off their land by more than 15 % (median {_off(dirt, land)[0]:.2%}, p99 "
        f"{_off(dirt, land)[1]:.2%}; coverage_clean {_off(dirt, cleaned)[0]:.2%}, "
        f"{_off(dirt, cleaned)[1]:.2%})",
        lambda: int(_off(dirt, land)[2]),
    )
    yield Count(
        f"  grids in more parts than they were drawn in (coverage_clean {_parted(cleaned, valid)})",
        lambda: _parted(land, valid),
    )


def _unproven(cells: Geometries) -> int:
    proof = prove(cells)
    return proof.extra + proof.missing + len(proof.invalid)


def _off(dirt: Dirt, land: Geometries) -> tuple[float, float, int]:
    """Return median and 99th percentile of the share of its land that a grid is off, and how many
    are off by more than 15 %; the bow-tie and copies without land do not count.
    """
    there = ~(shapely.is_missing(land) | shapely.is_empty(land)) & (dirt.truth != dirt.bow_tie)
    off = np.abs(area_m2(land[there]) / area_m2(grids()[dirt.truth[there]]) - 1)
    return float(np.median(off)), float(np.quantile(off, 0.99)), int((off > 0.15).sum())


def _parted(land: Geometries, drawn: Geometries) -> int:
    there = ~shapely.is_missing(land)
    solid = shapely.get_num_geometries(drawn)  # slivers that mending left count as parts here
    return int((shapely.get_num_geometries(land[there]) > solid[there]).sum())


@cache
def _grids(dropped: float) -> Dirt:
    return dirtied(grids(), SEED, dropped=dropped)


@cache
def _subgroups() -> tuple[Dirt, NDArray[np.int64]]:
    dirt = dirtied(county().cells, SEED)
    return dirt, county().grid_of[dirt.truth]


def _fitted() -> Repair:
    dirt, parent_of = _subgroups()
    return repair(dirt.outlines, parents=grids(), parent_of=parent_of, gap_limit_m=None)


def _n_grids_changed() -> int:
    """Return how many grids have not their land, to two lattice steps along their border."""
    done = _fitted()
    united = outlines(done.cells, done.parent)
    now = np.array([united[number] for number in range(len(grids()))], dtype=np.object_)
    off = shapely.area(shapely.symmetric_difference(now, grids()))
    return int((off > 2e-7 * shapely.length(grids())).sum())
