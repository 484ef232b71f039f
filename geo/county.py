"""An invented county for tests and demonstrations: nested, seeded, with natural edges, proven.

Settlements come first. Sub-groups gather around them, so that cells are small in towns and large
in the mountains. Their Voronoi cells are noded on the lattice, townships, villages and grids grow
over neighbouring cells, and shared edges are bent like ridges and streams. A border is bent once
for both sides, so the result is a coverage by construction; the proof confirms it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from geo.county_edges import bend_edges
from geo.county_sites import LocalPlane, Settlements, gather, invented_outline, settle
from geo.coverage import adjacency, outlines, prove
from geo.errors import GeoError
from geo.lattice import Geometries, from_lattice, snap, to_lattice

__all__ = ["ImpossibleCounty", "NestedCounty", "invented_outline", "make_county"]

Labels: TypeAlias = NDArray[np.int64]

_RELAXATIONS = 2


class ImpossibleCounty(GeoError):
    """Numbers of units that cannot be nested, or an outline that cannot hold them."""

    code = "county.impossible"
    sentence = "This county cannot be made: {reason}."


@dataclass(frozen=True, eq=False)
class NestedCounty:
    """Sub-groups nested in grids, villages and townships; every unit is one polygon.

    Attributes
    ----------
    outline
        The county, with the nodes that the cells have on it.
    cells
        One polygon for each sub-group, on the lattice, ordered by township, village and grid.
    grid_of, village_of, township_of
        Number of the unit that each cell belongs to, from 0, consecutive. The villages of the
        first township come first, and so on down.
    settlements
        Where people live: rows of longitude, latitude, weight; the weights sum to 1.
    """

    outline: shapely.Polygon
    cells: Geometries
    grid_of: Labels
    village_of: Labels
    township_of: Labels
    settlements: Settlements


def make_county(
    outline: shapely.Polygon,
    villages_per_township: Sequence[int],
    n_grids: int,
    n_subgroups: int,
    seed: int,
    *,
    settlements: Settlements | None = None,
) -> NestedCounty:
    """Return a county of exactly these numbers of units, the same for the same arguments.

    Parameters
    ----------
    outline
        CGCS2000 degrees; rounded to the lattice.
    villages_per_township
        Number of villages in each township.
    n_grids, n_subgroups
        Grids and sub-groups in the whole county; every village gets at least one grid and every
        grid at least one sub-group.
    seed
        Of everything random.
    settlements
        Rows of longitude, latitude, weight; invented where not given.

    Raises
    ------
    ImpossibleCounty
        If the numbers do not nest, or the outline is not a valid polygon.
    """
    n_villages = sum(villages_per_township)
    if not 0 < n_villages <= n_grids <= n_subgroups or min(villages_per_township) < 1:
        raise ImpossibleCounty(
            reason=f"{n_villages} villages, {n_grids} grids, {n_subgroups} sub-groups do not nest"
        )
    frame = snap([outline])[0]
    if not isinstance(frame, shapely.Polygon) or not frame.is_valid:
        raise ImpossibleCounty(reason="the outline is not one valid polygon")
    rng = np.random.default_rng(seed)
    plane = LocalPlane.around(frame)
    ground = plane.flatten(frame)
    homes = (
        settle(ground, villages_per_township, rng)
        if settlements is None
        else plane.flatten_settlements(settlements)
    )
    seeds = _relaxed(gather(ground, homes, n_subgroups, rng), ground)
    cells = _voronoi_cells(seeds, frame, plane)
    centres = plane.to_metres(shapely.get_coordinates(shapely.point_on_surface(cells)))
    township, village, grid = _nest(
        adjacency(cells)[:2],
        centres,
        homes,
        villages_per_township=villages_per_township,
        n_grids=n_grids,
        rng=rng,
    )
    bent = bend_edges(cells, plane, rng)
    order = np.lexsort((np.arange(n_subgroups), grid))
    (whole,) = outlines(bent, [None] * n_subgroups).values()
    assert isinstance(whole, shapely.Polygon)
    county = NestedCounty(
        outline=whole,
        cells=bent[order],
        grid_of=grid[order],
        village_of=village[order],
        township_of=township[order],
        settlements=plane.unflatten_settlements(homes),
    )
    assert prove(county.cells, whole).exact
    return county


def _relaxed(seeds: NDArray[np.float64], ground: shapely.Polygon) -> NDArray[np.float64]:
    """Return the seeds moved half-way to the middle of their cells, which rounds thin cells."""
    for _ in range(_RELAXATIONS):
        cells = shapely.get_parts(
            shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=ground, ordered=True)
        )
        middle = shapely.get_coordinates(shapely.centroid(shapely.intersection(cells, ground)))
        moved = (seeds + middle) / 2
        inside = shapely.contains_xy(ground, moved)
        seeds = np.where(inside[:, None], moved, seeds)
    return seeds


def _voronoi_cells(
    seeds: NDArray[np.float64], frame: shapely.Polygon, plane: LocalPlane
) -> Geometries:
    """Return the Voronoi cells inside the frame, noded on the lattice, in the order of the seeds.

    A concave frame cuts some cells to pieces; the smaller ones go to the neighbour with whom they
    share the longest border.
    """
    ground = plane.flatten(frame)
    edges: Any = shapely.voronoi_polygons(
        shapely.multipoints(seeds), extend_to=ground, only_edges=True
    )
    lines, origin = to_lattice([plane.raise_up(edges), frame.boundary])
    noded = shapely.union_all(lines, grid_size=1)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    faces = from_lattice(faces, origin)
    inner = shapely.point_on_surface(faces)
    shapely.prepare(frame)
    within = shapely.contains_properly(frame, inner)
    faces, inner = faces[within], inner[within]
    _, label = cKDTree(seeds).query(plane.to_metres(shapely.get_coordinates(inner)))
    label = np.asarray(label, dtype=np.int64)
    area = shapely.area(faces)
    largest = np.full(len(seeds), -1)
    by_area = np.argsort(area, kind="stable")
    largest[label[by_area]] = by_area
    if (largest < 0).any():
        raise ImpossibleCounty(reason="the outline is too small for so many sub-groups")
    scraps = np.setdiff1d(np.arange(len(faces)), largest)
    label[scraps] = -1
    pairs = adjacency(faces)
    i, j = np.concatenate((pairs.i, pairs.j)), np.concatenate((pairs.j, pairs.i))
    border = np.concatenate((pairs.border_m, pairs.border_m))
    while (label < 0).any():
        open_pairs = (label[i] < 0) & (label[j] >= 0)
        order = np.argsort(border[open_pairs], kind="stable")
        label[i[open_pairs][order]] = label[j[open_pairs][order]]
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    cells = np.empty(len(seeds), dtype=np.object_)
    cells[:] = [
        faces[m[0]] if len(m) == 1 else shapely.coverage_union_all(faces[m]) for m in members
    ]
    return cells


def _nest(
    pairs: tuple[Labels, Labels],
    centres: NDArray[np.float64],
    homes: Settlements,
    *,
    villages_per_township: Sequence[int],
    n_grids: int,
    rng: np.random.Generator,
) -> tuple[Labels, Labels, Labels]:
    """Return township, village and grid of each cell: contiguous, grown from the settlements."""
    n = len(centres)
    i, j = pairs
    links = sparse.coo_array((np.ones(2 * len(i)), (np.r_[i, j], np.r_[j, i])), shape=(n, n))
    graph = _Graph(links.tocsr(), _rugged(centres, rng))
    _, home_cell = cKDTree(centres).query(homes[:, :2])
    pull = np.zeros(n)
    np.add.at(pull, home_cell, homes[:, 2])
    everything = np.arange(n)
    counts = np.asarray(villages_per_township)
    township = graph.grow(everything, counts, pull, rng)
    village = np.empty(n, dtype=np.int64)
    first = 0
    for number, n_villages in enumerate(counts):
        members = np.flatnonzero(township == number)
        village[members] = first + graph.grow(members, np.ones(n_villages, int), pull, rng)
        first += int(n_villages)
    grid = np.empty(n, dtype=np.int64)
    first = 0
    for number, n_here in enumerate(_shared_out(n_grids, np.bincount(village))):
        members = np.flatnonzero(village == number)
        grid[members] = first + graph.grow(members, np.ones(n_here, int), pull, rng)
        first += int(n_here)
    return township, village, grid


@dataclass(frozen=True, eq=False)
class _Graph:
    """Cells as nodes of a neighbourhood graph, at their centres."""

    links: sparse.csr_array
    centres: NDArray[np.float64]

    def grow(
        self,
        members: Labels,
        shares: NDArray[np.int_],
        pull: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> Labels:
        """Return a part for each of the connected members: contiguous parts near their shares.

        Every part starts from one cell, far from the others and where people live, and the part
        that is smallest for its share and nearest takes the next cell. No part gets fewer cells
        than its share counts.
        """
        k = len(shares)
        if len(members) < shares.sum():
            raise ImpossibleCounty(reason="some units have too few sub-groups; try another seed")
        links = self.links[members][:, members]
        at = self.centres[members]
        sources = _spread(at, pull[members], k, rng)
        part = np.full(len(members), -1, dtype=np.int64)
        wanted = shares / shares.sum() * len(members)
        size = np.zeros(k)
        queue: list[tuple[float, int, int]] = [(0.0, int(s), p) for p, s in enumerate(sources)]
        heapq.heapify(queue)
        while queue:
            _, cell, to = heapq.heappop(queue)
            if part[cell] >= 0:
                continue
            part[cell] = to
            size[to] += 1
            for near in links.indices[links.indptr[cell] : links.indptr[cell + 1]]:
                if part[near] < 0:
                    away = float(np.hypot(*(at[near] - at[sources[to]])))
                    cost = away * (0.3 + size[to] / wanted[to])
                    heapq.heappush(queue, (cost, int(near), to))
        return part


def _rugged(centres: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return places as they feel on foot: pushed about by hills, so that borders wind."""
    size = float(np.ptp(centres, axis=0).max())
    felt = centres.copy()
    for share in (0.35, 0.2, 0.1, 0.05):
        angle = rng.uniform(0, np.pi)
        along = centres @ np.array((np.cos(angle), np.sin(angle))) / (size * share)
        push = np.array((-np.sin(angle), np.cos(angle))) * size * share * 0.14
        felt += np.sin(2 * np.pi * along + rng.uniform(0, 2 * np.pi))[:, None] * push
    return felt


def _spread(
    at: NDArray[np.float64], pull: NDArray[np.float64], k: int, rng: np.random.Generator
) -> Labels:
    """Return k different cells far from each other, rather where people live."""
    favour = 0.5 + 0.5 * (pull > 0) + pull / max(pull.max(), 1e-12)
    chosen = [int(np.argmax(favour * rng.uniform(0.5, 1, len(at))))]
    nearest = np.full(len(at), np.inf)
    for _ in range(k - 1):
        nearest = np.minimum(nearest, np.hypot(*(at - at[chosen[-1]]).T))
        chosen.append(int(np.argmax(nearest * favour * rng.uniform(0.5, 1, len(at)))))
    return np.array(chosen, dtype=np.int64)


def _shared_out(total: int, room: Labels) -> Labels:
    """Return whole numbers that sum to the total, in proportion to the room, from 1 to the room."""
    given = np.ones(len(room), dtype=np.int64)
    ideal = total * room / room.sum()
    while given.sum() < total:
        lack = np.where(given < room, ideal - given, -np.inf)
        most = np.argsort(-lack, kind="stable")[: total - int(given.sum())]
        most = most[lack[most] > max(0.0, float(lack.max()) - 1)]
        given[most if len(most) else np.argmax(lack)] += 1
    return given
